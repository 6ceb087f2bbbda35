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
from parasol.bundle import Bundle, Short, first_fault, shortened
from parasol.cards import Share, StylePart, descriptor_hash, float32_bytes, read_descriptor
from parasol.conditions import Style
from parasol.dials import Dials
from parasol.errors import ParasolError
from parasol.finishing import FinishPart, GroundPart
from parasol.images import encode_png, load, read_bytes, read_text
from parasol.images.endings import is_drawing
from parasol.strict import Strict
from parasol.types import Picture
from parasol.vector import read_metadata

FORMAT = 1
KEYWORD = "parasol"
"""Keyword of the PNG text that holds a recipe."""

ANOTHER_PICTURE = "give the file that Parasol wrote, not a copy that another program saved"
STEP, ONCE = 7.0, 2.0
"""Seconds of one core for a million pixels, each step and once: `painting` takes 14.4 of them for two steps at 1024 px
(lab/results/cost.json)."""
LONGEST = 64_000_000  # bytes of a recipe as JSON, before anything reads it
AFTERWARDS = ("ground", "finish")
"""Fields of what becomes of a drawn picture."""

LATER = (*AFTERWARDS, "taught", "guide")
"""Fields that are not written where they say nothing, so that recipes without them are the same bytes as ever."""


class RecipeError(ParasolError):
    """A recipe that is missing, broken, or meant for another model or version. One line, with the way out."""


class ModelPart(Strict):
    """The model that a recipe is for."""

    name: Short
    """For the reader."""

    hash: Short
    """The model's identity. Pictures of before there were identities have the hash of a bundle's whole manifest."""

    @classmethod
    def of(cls, bundle: Bundle) -> "ModelPart":
        """What names a model."""
        return cls(name=bundle.manifest.name, hash=bundle.identity)

    def another(self, bundle: Bundle) -> str:
        """For an error: which model this names, that another is at hand, and how to get it."""
        present = ModelPart.of(bundle)
        wanted, other = (editions.titled(part.name, part.hash) for part in (self, present))
        return f"{wanted} and this is {other}: {editions.way_to(self.hash)}"


COLOURLESS = "color is 'match' and the style is words alone, which have no colours: add a style picture"
NOTHING_KEPT = "protect keeps structure and fresh starts without any: leave one out"


class ContentPart(Strict):
    """picture: the fitted content as a PNG, blank where there is none. descriptor_hash: SHA-256 of float32 bytes.

    descriptor: little-endian float32, where something else says what is shown; else it is the picture's own.
    """

    picture: Base64Bytes
    descriptor_hash: str
    descriptor: Base64Bytes | None = None


class TaughtRef(Strict):
    """What the model was taught of the style, by the SHA-256 of the adaptation that a style card holds, and its share.

    The card itself is too long to go along in every picture.
    """

    digest: Short
    share: Share


class Recipe(Strict):
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

    taught: tuple[TaughtRef, ...] | None = None
    """What the model was taught of the style, if anything."""

    guide: Short | None = None
    """The model's guide by its SHA-256, where the dial `distilled` asks for it."""

    @classmethod
    def write(
        cls,
        *,
        version: str,
        model: ModelPart,
        picture: Picture,
        content: Float[np.ndarray, " d"],
        shows_other: bool,
        style: Style,
        dials: Dials,
        region: Float[np.ndarray, "h w"] | None = None,
        protected: Float[np.ndarray, "h w"] | None = None,
        ground: GroundPart | None = None,
        finish: FinishPart | None = None,
        guide: str | None = None,
    ) -> "Recipe":
        """A recipe of a fitted content picture, its descriptor (or, where `shows_other`, another), style and dials."""
        return cls(
            format=FORMAT,
            version=version,
            model=model,
            content=ContentPart(
                picture=b64encode(encode_png(picture)),
                descriptor_hash=descriptor_hash(content),
                descriptor=b64encode(float32_bytes(content)) if shows_other else None,
            ),
            style=StylePart.of(style),
            dials=dials,
            region=None if region is None else _grey_png(region),
            protected=None if protected is None else _grey_png(protected),
            ground=ground,
            finish=finish,
            taught=_taught(style),
            guide=guide if dials.distilled else None,
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
            later = [fault["loc"][-1] for fault in error.errors() if fault["type"] == "unexpected_keyword_argument"]
            if later:
                raise RecipeError(
                    f"{name} has the dial {shortened(later[0])}, which this version does not know: update parasol-style"
                ) from error
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
        relabelled = self.model_copy(update={"version": other.version, "model": other.model})
        return bundle.goes_by(self.model.hash) and relabelled.spare() == other.spare()

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
        if chosen.color == "match" and self.style.mean is None:
            raise ParasolError(COLOURLESS)
        if chosen.fresh and self.protected is not None:
            raise ParasolError(NOTHING_KEPT)
        return self.model_copy(update={"dials": chosen})

    def drawn(self) -> "Recipe":
        """The recipe of what the model draws, whatever becomes of that afterwards."""
        return self.varied(color="off", color_strength=1.0).model_copy(update=dict.fromkeys(AFTERWARDS))

    def by(self, guide: str | None) -> "Recipe":
        """The recipe as a model with that guide paints it: named where it takes part, and not where it does not.

        Raises:
            RecipeError: another guide took part, or the model has none.
        """
        named = guide if self.dials.distilled else None
        if self.dials.distilled and (guide is None or self.guide not in (None, guide)):
            present = "it has none" if guide is None else f"its is {guide[:12]}"
            wanted = "a guide" if self.guide is None else f"the guide {self.guide[:12]}"
            raise RecipeError(
                f"this asks for {wanted} of the model, and {present}: get the package that made it, or draw it anew "
                "without distilled"
            )
        return self if named == self.guide else self.model_copy(update={"guide": named})

    def changed(self, *, style: Style | None = None, shown: Float[np.ndarray, " d"] | None = None) -> "Recipe":
        """The same recipe in another style, or showing what another content descriptor says."""
        update: dict[str, Any] = {} if style is None else {"style": StylePart.of(style), "taught": _taught(style)}
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

    def seconds(self, pixels: int) -> float:
        """About how long one core draws it, of so many pixels; known before anything is drawn."""
        return pixels / 1e6 * (STEP * self.dials.steps + ONCE)

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


def _taught(style: Style) -> tuple[TaughtRef, ...] | None:
    return tuple(TaughtRef(digest=adaptation.digest, share=share) for adaptation, share in style.taught) or None


def _of_drawing(data: bytes) -> str | None:
    """The recipe that an SVG of ours remembers; None where it remembers none."""
    try:
        metadata = json.loads(read_metadata(data.decode()) or "{}")
    except ValueError:
        return None
    recipe = metadata.get("recipe") if isinstance(metadata, dict) else None
    return recipe if recipe is None or isinstance(recipe, str) else json.dumps(recipe)  # in full, as it once was


def _unpacked(text: str) -> bytes:
    """The JSON of a packed recipe; what is none as it is, so that the reader tells what is wrong."""
    try:
        return zlib.decompressobj().decompress(b64decode(text, validate=True), LONGEST)
    except (ValueError, zlib.error):
        return text.encode()


def _grey_png(region: Float[np.ndarray, "h w"]) -> bytes:
    return b64encode(encode_png(np.repeat(region[..., None], 3, axis=2)))
