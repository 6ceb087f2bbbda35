"""Recipes: everything that makes one picture again, carried inside its PNG.

A recipe holds the fitted content picture, the style's descriptor, colours and texture (not the style picture), the
dials, and the identity of the model. With the model at hand it is complete: `Parasol.stylize` itself paints from
nothing else.
"""

import dataclasses
import json
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import Base64Bytes, ValidationError

from parasol import editions
from parasol.bundle import Bundle, first_fault
from parasol.cards import Part, StylePart, descriptor_hash, float32_bytes, read_descriptor
from parasol.conditions import Style
from parasol.errors import ParasolError
from parasol.finishing import FinishPart, GroundPart
from parasol.images import encode_png, load, read_bytes, read_text
from parasol.images.endings import is_drawing
from parasol.types import Picture
from parasol.vector import read_metadata

FORMAT = 1
KEYWORD = "parasol"
"""Keyword of the PNG text that holds a recipe."""

COLOUR_STEPS = ("off", "match", "keep")
SAMPLERS = ("ddim", "dpm")
GUIDANCES = ("apart", "joint")
LARGEST_SCALE = 100.0
QUICK_STEPS = 10  # of dpm, for a look at what is to come
LARGEST_SEED = 2**63 - 1
ANOTHER_PICTURE = "give the file that Parasol wrote, not a copy that another program saved"
LONGEST = 64_000_000  # bytes of a recipe as JSON, before anything reads it
LATER = ("ground", "finish")
"""Fields that are not written where they say nothing, so that recipes without them are the same bytes as ever."""


class RecipeError(ParasolError):
    """A recipe that is missing, broken, or meant for another model or version. One line, with the way out."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dials:
    """Every choice that a caller has once content, style and size are fixed.

    Raises:
        ValueError: a dial is outside the range that its field states.
    """

    style_scale: float
    """g_s: 0 ignores the style, 1 is plain conditional, more is emphasis, less than 0 the opposite."""

    content_scale: float
    """g_y: the same for the content descriptor."""

    structure: float
    """lambda / T in 0..1: share of the steps that rebuild the content picture before the style takes over."""

    steps: int
    """T, sampling steps, 1 to 1000."""

    seed: int
    """Of the noise, 0 to 2^63 - 1."""

    fresh: bool
    """Start from new noise instead of the inverted content picture, of which its descriptor and shape remain."""

    color: str
    """Colour step: off, match (to the style's colours) or keep (the content picture's own, place by place; from new
    noise, where no place is what it was, as `match` does)."""

    content_map: bool = False
    """Tell by spatial content tokens where things are in the content picture, beside what it shows (not in paper)."""

    sampler: str = "ddim"
    """How steps are taken: ddim (the paper's), or dpm, which takes 8 to 20 steps nearly where ddim takes 50."""

    guidance: str = "apart"
    """What the scales weigh: what each modality says apart from the other (the paper's), or jointly what both share."""

    color_strength: float = 1.0
    """Share of the way that the colour step goes: 0 changes nothing, 1 reaches the wanted colours."""

    texture: float = 0.0
    """Share of the way, 0..1, that each step goes to the style's texture, where it has one, at a style scale of 1 and a
    structure of 0: as often as the scale says up to 5, and less by the square of what structure leaves free (not in
    paper)."""

    def __post_init__(self) -> None:
        for name in ("style_scale", "content_scale"):
            value = getattr(self, name)
            if not -LARGEST_SCALE <= value <= LARGEST_SCALE:
                raise ParasolError(f"{name} is {value}; it must lie in -100 to 100, usually 0 (ignored) to 10")
        if not 0.0 <= self.structure <= 1.0:
            raise ParasolError(
                f"structure is {self.structure}; it must lie in 0 (free) to 1 (the content picture itself)"
            )
        if not 0.0 <= self.texture <= 1.0:
            raise ParasolError(
                f"texture is {self.texture}; it must lie in 0 (by the descriptor alone) to 1 (all of it)"
            )
        if not 0.0 <= self.color_strength <= 1.0:
            raise ParasolError(
                f"color_strength is {self.color_strength}; it must lie in 0 (no colour step) to 1 (all of it)"
            )
        if not 1 <= self.steps <= 1000:
            raise ParasolError(f"steps is {self.steps}; it must lie in 1 to 1000, usually 20 to 50")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ParasolError(f"seed is {self.seed}; it must be a whole number from 0 to 2^63 - 1")
        if self.color not in COLOUR_STEPS:
            raise ParasolError(f"color is {self.color!r}; it must be one of {', '.join(COLOUR_STEPS)}")
        if self.sampler not in SAMPLERS:
            raise ParasolError(
                f"sampler is {self.sampler!r}; it must be one of {', '.join(SAMPLERS)}: ddim for 50 steps, dpm for 10"
            )
        if self.guidance not in GUIDANCES:
            raise ParasolError(
                f"guidance is {self.guidance!r}; it must be one of {', '.join(GUIDANCES)}: apart is the paper's"
            )

    def quick(self) -> "Dials":
        """The same in few steps, for a look at what is to come."""
        if self.steps <= QUICK_STEPS:
            return self
        return dataclasses.replace(self, steps=QUICK_STEPS, sampler="dpm")


class ModelPart(Part):
    """The model that a recipe is for."""

    name: str
    """For the reader."""

    hash: str
    """The model's identity. Pictures of before there were identities have the hash of a bundle's whole manifest."""

    @classmethod
    def of(cls, bundle: Bundle) -> "ModelPart":
        """What names a model."""
        return cls(name=bundle.manifest.name, hash=bundle.identity)

    def another(self, bundle: Bundle) -> str:
        """For an error: which model this names, that another is at hand, and how to get it."""
        own = ModelPart.of(bundle)
        told, other = (editions.titled(one.name, one.hash) for one in (self, own))
        return f"{told} and this is {other}: {editions.way_to(self.hash)}"


NOTHING_KEPT = "protect keeps structure and fresh starts without any: leave one out"


class ContentPart(Part):
    """picture: the fitted content as a PNG, blank where there is none. descriptor_hash: SHA-256 of float32 bytes.

    descriptor: little-endian float32, where something else says what is shown; else it is the picture's own.
    """

    picture: Base64Bytes
    descriptor_hash: str
    descriptor: Base64Bytes | None = None


class Recipe(Part):
    """What one picture is made from, and all that it is made from."""

    format: int
    version: str
    """Of Parasol, for the record."""

    model: ModelPart
    content: ContentPart
    style: StylePart
    dials: Dials
    region: Base64Bytes | None = None
    """Where the style goes, as a grey PNG in the content picture's shape: white there, black where all stays."""

    protected: Base64Bytes | None = None
    """Where structure is kept more strictly, in the same form: black as elsewhere, white to the last step."""

    ground: GroundPart | None = None
    """What lies behind the drawing, where that is not simply part of the picture."""

    finish: FinishPart | None = None
    """Few colours, where they are asked for."""

    @classmethod
    def write(
        cls,
        *,
        version: str,
        model: ModelPart,
        picture: Picture,
        content: Float[np.ndarray, " d"],
        told: bool,
        style: Style,
        dials: Dials,
        region: Float[np.ndarray, "h w"] | None = None,
        protected: Float[np.ndarray, "h w"] | None = None,
        ground: GroundPart | None = None,
        finish: FinishPart | None = None,
    ) -> "Recipe":
        """A recipe from a fitted content picture, its descriptor (or, where `told`, another), a style and the dials."""
        return cls(
            format=FORMAT,
            version=version,
            model=model,
            content=ContentPart(
                picture=b64encode(encode_png(picture)),
                descriptor_hash=descriptor_hash(content),
                descriptor=b64encode(float32_bytes(content)) if told else None,
            ),
            style=StylePart.of(style),
            dials=dials,
            region=None if region is None else _grey_png(region),
            protected=None if protected is None else _grey_png(protected),
            ground=ground,
            finish=finish,
        )

    @classmethod
    def parse(cls, text: str, name: str = "the recipe") -> "Recipe":
        """Inverse of `text` and of `packed`.

        Raises:
            RecipeError: the text is no recipe, or one of a format that this version does not read.
        """
        try:
            recipe = cls.model_validate_json(text if text.lstrip()[:1] == "{" else _unpacked(text))
        except ValidationError as error:
            raise RecipeError(f"{name} is broken at {first_fault(error)}: {ANOTHER_PICTURE}") from error
        if recipe.format != FORMAT:
            raise RecipeError(
                f"{name} has format {recipe.format} and this version reads format {FORMAT}: update parasol-style"
            )
        return recipe

    @classmethod
    def read(cls, source: str | Path | bytes) -> "Recipe":
        """The recipe inside a PNG, WebP, JPEG or SVG that Parasol wrote (path, bytes, or "-" for standard input).

        Raises:
            PictureError: the source is not a whole file.
            RecipeError: it carries no recipe, or a broken one.
        """
        name = "the picture" if isinstance(source, bytes) else repr(str(source))
        data = source if isinstance(source, bytes) else read_bytes(source)
        text = _of_drawing(data) if is_drawing(data) else read_text(data, KEYWORD, name=name)
        if text is None:
            raise RecipeError(f"{name} carries no recipe: {ANOTHER_PICTURE}")
        return cls.parse(text, f"the recipe in {name}")

    def repeats(self, other: "Recipe", bundle: Bundle) -> bool:
        """Whether this makes the same picture as another recipe, one for that model: versions and names apart."""
        own = self.model_copy(update={"version": other.version, "model": other.model})
        return bundle.goes_by(self.model.hash) and own.spare() == other.spare()

    def text(self) -> str:
        """The recipe as one line of JSON."""
        silent: dict[str, Any] = {name: True for name in LATER if getattr(self, name) is None}
        if self.finish is not None and self.finish.look is None:
            silent["finish"] = {"look"}
        return self.model_dump_json(exclude=silent)

    def spare(self) -> "Recipe":
        """The same without a texture that its dials make nothing of, most of a recipe."""
        if self.dials.texture:
            return self
        return self.model_copy(update={"style": self.style.model_copy(update={"texture": None})})

    def packed(self) -> str:
        """All that makes the picture in few signs, for files that are text; `parse` reads it too."""
        return b64encode(zlib.compress(self.spare().text().encode(), 9)).decode()

    def varied(self, **dials: Any) -> "Recipe":
        """The same recipe with some dials set otherwise.

        Raises:
            ValueError: a dial is outside its range, or structure is protected and would have none.
        """
        chosen = dataclasses.replace(self.dials, **dials)
        if chosen.fresh and self.protected is not None:
            raise ParasolError(NOTHING_KEPT)
        return self.model_copy(update={"dials": chosen})

    def drawn(self) -> "Recipe":
        """The recipe of what the model draws, whatever becomes of that afterwards."""
        return self.varied(color="off", color_strength=1.0).model_copy(update=dict.fromkeys(LATER))

    def changed(self, *, style: Style | None = None, shown: Float[np.ndarray, " d"] | None = None) -> "Recipe":
        """The same recipe in another style, or showing what another content descriptor says."""
        update: dict[str, Any] = {} if style is None else {"style": StylePart.of(style)}
        if shown is not None:
            part = {"descriptor": float32_bytes(shown), "descriptor_hash": descriptor_hash(shown)}
            update["content"] = self.content.model_copy(update=part)
        return self.model_copy(update=update)

    def picture(self) -> Picture:
        """The fitted content picture, pixel for pixel.

        Raises:
            PictureError: it is damaged.
        """
        return load(self.content.picture)

    def mask(self) -> Float[np.ndarray, "h w"] | None:
        """Where the style goes, 0..1, in the content picture's shape; none where it goes everywhere.

        Raises:
            PictureError: it is damaged.
        """
        return None if self.region is None else load(self.region)[..., 0]

    def protection(self) -> Float[np.ndarray, "h w"] | None:
        """Share of what `structure` leaves free that is kept here too, 0..1, in the content picture's shape, if any is.

        Raises:
            PictureError: it is damaged.
        """
        return None if self.protected is None else load(self.protected)[..., 0]

    def shown_descriptor(self, dimension: int) -> Float[np.ndarray, " d"] | None:
        """The content descriptor, of the model's `dimension`, where it is not the picture's own.

        Raises:
            RecipeError: it is damaged.
        """
        if self.content.descriptor is None:
            return None
        try:
            return read_descriptor(
                self.content.descriptor, self.content.descriptor_hash, dimension, "content descriptor"
            )
        except ValueError as error:
            raise RecipeError(f"the recipe's {error}: {ANOTHER_PICTURE}") from error

    def style_parts(self, dimension: int, channels: int) -> Style:
        """The style: descriptor of the model's `dimension`, colours, texture of latents with so many `channels`.

        Raises:
            RecipeError: descriptor or texture is damaged.
        """
        try:
            return self.style.style(dimension, channels)
        except ValueError as error:
            raise RecipeError(f"the recipe's {error}: {ANOTHER_PICTURE}") from error


def _of_drawing(data: bytes) -> str | None:
    """The recipe that an SVG of ours remembers; None where it remembers none."""
    try:
        found = json.loads(read_metadata(data.decode()) or "{}")
    except ValueError:
        return None
    recipe = found.get("recipe") if isinstance(found, dict) else None
    return recipe if recipe is None or isinstance(recipe, str) else json.dumps(recipe)  # in full, as it once was


def _unpacked(text: str) -> bytes:
    """The JSON of a packed recipe; what is none as it is, so that the reader tells what is wrong."""
    try:
        return zlib.decompressobj().decompress(b64decode(text, validate=True), LONGEST)
    except (ValueError, zlib.error):
        return text.encode()


def _grey_png(region: Float[np.ndarray, "h w"]) -> bytes:
    return b64encode(encode_png(np.repeat(region[..., None], 3, axis=2)))
