"""The one orchestrator: Parasol.load(...).stylize(...). Commands, servers and tests all call it.

`stylize` first writes the recipe of the picture and then paints from the recipe alone, so that `replay` is the second
half of the very same path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import Any, Literal, Unpack, cast, final

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.adaptation import Adaptation, Adaptations
from parasol.bundle import Bundle, StrengthStop, shortened
from parasol.cards import CardError, StyleCard, Styles, StyleSource, open_style, taught_cards, title, weighted
from parasol.choice import model_for
from parasol.conditions import Style, mixed_style
from parasol.dials import PAPER, STRENGTH, Dials, chosen
from parasol.dials.keywords import DialKeywords
from parasol.directions import is_far, leaned
from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.encoders.text import TextEncoder, Words
from parasol.errors import ParasolError, brought_by
from parasol.finishing import FinishPart, Seen, blank_ground, finish_of, has_parts, is_flat, seen
from parasol.images import fit, from_uint8, load, load_rgba, load_shown, stretch, to_uint8
from parasol.images.ground import shows_nothing
from parasol.images.read import DRAWN, MIN_SIDE, Source, blank_picture
from parasol.maths.colour import colour_statistics
from parasol.maths.interpolation import mix
from parasol.painting import MEMORY, Painter, Progress, timed
from parasol.recipe import COLOURLESS, NOTHING_KEPT, ModelPart, Recipe, RecipeError
from parasol.result import Result
from parasol.runtime import Components
from parasol.types import Picture
from parasol.vector import Palette, given_palette
from parasol.version import __version__

SMALLEST_SIZE, LARGEST_SIZE = 32, 2048  # px, longer side; time and the latents kept grow with the area

Contents = Source | Words | Sequence[Source | Words | tuple[Source | Words, float]]
"""What is shown: one picture or words, several, or several with signed weights."""

Size = int | Literal["content"] | None
"""Longer side of a picture in px: a number, the content picture's own (1024 for an SVG), or the model's own."""


@final
class Parasol:
    """A model, ready to use."""

    def __init__(self, bundle: Bundle, components: Components) -> None:
        self.bundle = bundle
        self.components = components
        self._style = StyleEncoder(components=components, card=bundle.manifest.style)
        self._content = ContentEncoder(components=components, card=bundle.manifest.content)
        self._text = TextEncoder(bundle=bundle, components=components)
        self._known: dict[str, Adaptation] = {}  # what cards have taught, by digest
        self.painter = Painter(components=components, style=self._style, content=self._content)

    @classmethod
    def load(cls, model: str | Path | None = None, *, runtime: str = "onnx", threads: int = 0) -> "Parasol":
        """The bundled default, a bundled model by name, one of several by NAME@HASH, or a bundle's folder.

        HASH is the beginning of an identity or of a manifest's hash, of a bundled model or of one in the folders that
        the environment variable `PARASOL_MODELS` names.
        `runtime` is "onnx" or, with the train extra, "torch", which bundles on a backbone have in any case. `threads` 0
        uses every core (onnx).

        Raises:
            BundleError: there is no such model, or it is damaged, changed, or of another format.
            ValueError: there is no such runtime.
        """
        bundle = Bundle.open(model)
        return cls(bundle, _components(bundle, runtime, threads))

    @classmethod
    def of(cls, part: ModelPart, *, runtime: str = "onnx", threads: int = 0) -> "Parasol":
        """The very model that a recipe or a session names (its `model`), bundled or in `PARASOL_MODELS`.

        Raises:
            BundleError: it is not installed, in one line that says how to get it; else as `load` does.
        """
        bundle = Bundle.named(part.name, part.hash)
        return cls(bundle, _components(bundle, runtime, threads))

    @staticmethod
    def suited(content: Source | Words | None = None, style: Styles | None = None) -> str:
        """The model, for `load`, that `parasol style` takes for a content picture and styles where none is named.

        A style card goes with the model of its encoder; without one, photographs and paintings have a model of their
        own. What cannot be read says nothing.
        """
        styles = [] if style is None else [source for source, _ in weighted(style)]
        return model_for([] if content is None else [content], styles)

    def stylize(
        self,
        content: Source | Words | None,
        style: Styles,
        *,
        lean: Mapping[str, float] | None = None,
        shows: Contents | None = None,
        size: Size = None,
        mask: Source | None = None,
        protect: Source | None = None,
        ground: str = "keep",
        palette: Palette | str | None = None,
        colors: int | None = None,
        finish: str = "none",
        progress: Progress | None = None,
        **dials: Unpack[DialKeywords],
    ) -> Result:
        """The content picture in the style of another, of a card, or of a mix of several with signed weights.

        `shows` says what the picture is to show instead, in the layout of the content picture: words, another picture,
        or a mix of several with signed weights. Without a content picture (None, or words) there is no layout: the
        picture is a square from new noise (`fresh`). Dials that are left out are the model's own;
        `DialKeywords` says what each means. `size` is the longer side in px, "content" the content picture's own;
        the shape stays that picture's. Where `mask` is black, in the same shape, the content picture stays as it is to
        the pixel. Where `protect` is white structure is kept to the last step, black as `structure` says, grey between.
        `lean` moves the style along named directions (`parasol.directions`), as `style` does.

        What is transparent in the content picture is so in the result, unless `ground` says otherwise: "transparent",
        "white" or "#rrggbb" in place of "keep". `palette` (a palette, colours as "#rrggbb,...", a file or a picture)
        or `colors`, their number, leave the result those colours alone; `finish` "flat" makes it flat art, "auto" (as
        the command does) where style and content are such.

        Raises:
            ValueError: a picture cannot be read, or a dial is out of range; one line that names the way out.
        """
        chosen = self.dials(**dials)
        seconds: dict[str, float] = {}
        with timed(seconds, "describe"):
            few = self.finish(style, lean=lean, palette=palette, colors=colors, finish=finish)
            recipe = self.recipe(
                content,
                self.style(style, lean=lean),
                chosen,
                shows=shows,
                size=size,
                mask=mask,
                protect=protect,
                ground=ground,
                finish=few,
            )
        result = self.paint(recipe, progress=progress)
        return replace(result, seconds=seconds | result.seconds)

    def dials(self, **given: Unpack[DialKeywords]) -> Dials:
        """The dials that are given, and the model's own for those that are not.

        `strength` in 0..1 stands for a style scale and a structure together, such that the distance to the style falls
        linearly with it: 0 is the content picture, 1 as far as this model goes. `paper` takes the paper's dials in
        place of the model's own.

        Raises:
            ParasolError: a dial is out of range, `strength` meets one that it stands for, or the model has no
                calibration or no content map.
        """
        words: dict[str, Any] = dict(given)
        paper, strength = words.pop(PAPER.name, None), words.pop(STRENGTH.name, None)
        own = {} if paper else self.bundle.manifest.dials.model_dump()
        if words.get("sampler") == "ddim" and own.get("sampler") == "dpm":
            own.pop("steps")  # which are dpm's
        if words.get("flat_steps") is None:
            words["flat_steps"] = words.get("steps")
        if paper and strength is not None:
            raise ParasolError("strength is calibrated with the model's own dials and paper leaves them: give one")
        if strength is not None:
            if any(words.get(name) is not None for name in StrengthStop.model_fields):
                raise ParasolError("strength stands for style_scale and structure: give it alone, or those two")
            words |= self._at_strength(STRENGTH.taken(strength))
        dials = chosen(words, own)
        self._require_parts(dials)
        return dials

    def recipe(
        self,
        content: Source | Words | None,
        style: Styles | Style,
        dials: Dials,
        *,
        shows: Contents | None = None,
        size: Size = None,
        mask: Source | None = None,
        protect: Source | None = None,
        ground: str = "keep",
        finish: FinishPart | None = None,
    ) -> Recipe:
        """Everything that `paint` needs: read and fit the pictures, describe them, fix the dials.

        A `Style` is one that `style` has described before, a finish one that `finish` has made.
        """
        self._require_parts(dials)
        if content is None or isinstance(content, Words):
            for name, given in (("a mask", mask), ("protect", protect)):
                if given is not None:
                    raise ParasolError(
                        f"{name} is given and no content picture, of which it could keep a part: leave it out"
                    )
            shows, dials = _without_picture(content, shows, dials)
            blank = fit(np.ones((8, 8, 3), np.float32), self._size(size))
            look_at = Seen(picture=blank, ground=blank_ground(ground))
        else:
            look_at = self._seen(content, size, ground, blank=dials.fresh and shows is not None)
        flat = finish is not None and finish.look and not _otherwise(dials, shows, mask) and is_flat(look_at)
        if finish and finish.automatic and not flat:
            finish = None
        tile = finish.look.tile if finish and finish.look else None
        kept = mask is not None or protect is not None
        if finish and tile and (kept or dials.fresh or look_at.picture.shape[0] != look_at.picture.shape[1]):
            finish = finish.untiled
        elif tile:
            look_at = self._seen(cast("Source", content), size, ground, blank=False, room=tile[2])
        dials = dials.flat() if flat and finish and has_parts(look_at, finish) else dials
        picture = look_at.picture
        self.painter.prepare(dials)
        look = style if isinstance(style, Style) else self.style(style)
        if dials.color == "match" and look.colours is None:
            raise ParasolError(COLOURLESS)
        if protect is not None and dials.fresh:
            raise ParasolError(NOTHING_KEPT)
        return Recipe.write(
            version=__version__,
            model=ModelPart.of(self.bundle),
            picture=picture,
            content=self._content(picture) if shows is None else self.shown(shows),
            shows_other=shows is not None,
            style=look,
            dials=dials,
            region=_region("mask", mask, picture, "nothing may change: paint white what is to be restyled"),
            protected=_region("protect mask", protect, picture, "it protects nothing: leave it out"),
            ground=look_at.ground,
            finish=finish,
            guide=self.bundle.guide,
        )

    def finish(
        self,
        style: Styles,
        *,
        lean: Mapping[str, float] | None = None,
        palette: Palette | str | None = None,
        colors: int | None = None,
        finish: str = "none",
    ) -> FinishPart | None:
        """The few colours that results get, as `stylize` takes them; none where nothing asks for them.

        A style that leans is no longer as its pictures look, so "auto" takes nothing from these. A card of flat art
        holds the look of its pictures.

        Raises:
            ValueError: they make no sense together, or a palette cannot be read.
        """
        if lean and finish == "auto":
            finish = "none"
        given = given_palette(palette) if isinstance(palette, str) else palette
        wanted = [source for source, weight in weighted(style) if weight > 0] if finish in ("auto", "flat") else []
        opened = [open_style(source) for source in wanted if not isinstance(source, Words)]
        card = opened[0] if len(weighted(style)) == len(opened) == 1 else None
        if isinstance(card, StyleCard) and card.look and given is None and colors is None:
            return card.look.model_copy(update={"flat": finish == "flat"})
        references = [look for look in opened if not isinstance(look, StyleCard)]
        if finish == "auto" and len(references) < len(weighted(style)):
            references = []  # what else says how to draw has no look
        return finish_of(palette=given, colors=colors, finish=finish, references=references)

    def canvas(self, content: Source, *, size: int | None = None, memory: int = MEMORY) -> "Canvas":
        """A content picture to draw in many styles, with `memory` bytes, at most, of its own to keep what they share.

        Raises:
            PictureError: it cannot be read. ValueError: the size is out of range.
        """
        return Canvas(self, self._fitted(content, size), memory)

    def replay(self, source: str | Path | bytes, *, progress: Progress | None = None) -> Result:
        """The picture of a PNG again, pixel for pixel, from the recipe that it carries.

        Raises:
            RecipeError: it carries none, or one for another model, which `of` finds.
        """
        return self.paint(Recipe.read(source), progress=progress)

    def paint(self, recipe: Recipe, *, progress: Progress | None = None) -> Result:
        """The picture of a recipe: encode, sample, decode, colour step.

        Raises:
            RecipeError: the recipe is for another model, or damaged.
        """
        self._require_own(recipe)
        return self.painter.paint(recipe, progress, taught=self.taught(recipe))

    def taught(self, recipe: Recipe) -> Adaptations:
        """What a recipe names as taught: of cards that this model was given, or in the folders of `PARASOL_MODELS`.

        Raises:
            RecipeError: a card is not at hand.
        """
        parts = recipe.taught or ()
        if any(part.digest not in self._known for part in parts):
            self._known.update((adaptation.digest, adaptation) for adaptation in taught_cards(self.bundle.identity))
        for part in parts:
            if part.digest not in self._known:
                raise RecipeError(
                    f"this was drawn with the taught style card {part.digest[:12]}, which is not at hand: name its "
                    "file with --card, or put it into a folder that PARASOL_MODELS names"
                )
        return tuple((self._known[part.digest], part.share) for part in parts)

    def reconstruct(self, content: Source, *, size: int | None = None) -> Image.Image:
        """D(E(x)) of the fitted picture: what `structure=1` gives, and the ceiling of every picture."""
        return _image(self.painter.reconstruct(self._fitted(content, size)))

    def embed_content(self, content: Source | Words) -> Float[np.ndarray, " d"]:
        """The unit-norm content descriptor c = C(x) of a picture, or that of words."""
        return self._text.content(content) if isinstance(content, Words) else self._content(load_shown(content))

    def embed_style(self, picture: Source) -> Float[np.ndarray, " a"]:
        """The unit-norm style descriptor a = A(x)."""
        return self._style(load_shown(picture))

    def shown(self, contents: Contents) -> Float[np.ndarray, " d"]:
        """The content descriptor of one picture or words, or of a mix of several (paper, "Content Interpolation")."""
        parts = weighted(contents)
        descriptors = [self.embed_content(source) for source, _ in parts]
        weights = [weight for _, weight in parts]
        if len(parts) == 1 or (np.count_nonzero(weights) == 1 and max(weights) > 0.0):
            return descriptors[int(np.argmax(weights))]  # to the bit: weights of 0 are as good as absent
        return mix(np.stack(descriptors), weights)

    def style(self, style: Styles, *, lean: Mapping[str, float] | None = None) -> Style:
        """Descriptor, colours and texture of one style or of a mix: what recipes and cards keep.

        `lean` moves it along named directions ({"saturation": 0.5}), each by -1 to 1; `directions_of` names them.
        """
        mixed = mixed_style([(self._opened(source), weight) for source, weight in weighted(style)])
        return leaned(mixed, self.bundle.manifest, lean or {})

    def far(self, style: Style) -> bool:
        """Whether a style lies far from all that the model was trained on, so that results may not be like it."""
        return is_far(style.descriptor, self.bundle.manifest)

    def card(self, style: Styles, *, lean: Mapping[str, float] | None = None) -> StyleCard:
        """A style or a mix as a card, which `save` writes and which stands wherever a style picture does."""
        parts = [(title(source), weight) for source, weight in weighted(style)]
        look = self.finish(style, lean=lean, finish="auto")
        return StyleCard.write(self.style(style, lean=lean), self.bundle.manifest, parts, look)

    def _at_strength(self, strength: float) -> dict[str, float]:
        """The dials that a strength stands for."""
        stops = self.bundle.manifest.strength
        if not stops:
            raise ParasolError(
                f"strength is given and the model {self.bundle.manifest.name!r} is not calibrated: give style_scale "
                "and structure"
            )
        STRENGTH.check(strength)
        at = np.linspace(0.0, 1.0, len(stops))
        return {
            name: float(np.interp(strength, at, [getattr(stop, name) for stop in stops]))
            for name in StrengthStop.model_fields
        }

    def _opened(self, source: StyleSource) -> Style:
        if isinstance(source, Words):
            return Style(descriptor=self._text.style(source), colours=None)
        opened = open_style(source)
        if isinstance(opened, StyleCard):
            return self._learned(opened.of(self.bundle.manifest))
        return Style(
            descriptor=self._style(opened),
            colours=colour_statistics(opened),
            texture=self.painter.texture(opened),
        )

    def _learned(self, style: Style) -> Style:
        """The style of a card, whose adaptation recipes may name from now on."""
        for adaptation, _ in style.taught:
            if adaptation.model != self.bundle.identity:
                raise CardError(
                    f"the style card was taught to another model, of hash {shortened(adaptation.model)}, than "
                    f"{self.bundle.manifest.name!r}: name that one with --model, or teach this one with `parasol teach`"
                )
            self._known[adaptation.digest] = adaptation
        return style

    def _fitted(self, content: Source, size: int | None) -> Picture:
        return _wide_enough(fit(load_shown(content), self._size(size)))

    def _seen(self, content: Source, size: Size, ground: str, *, blank: bool, room: float = 1.0) -> Seen:
        """The picture as the model sees it. blank: whether it may show nothing, for it gives its shape alone. room: of
        the side, that a drawing may fill.
        """
        if size == "content":
            drawn = load_rgba(content)
            longer = max(SMALLEST_SIZE, *drawn.shape[:2])
        else:
            longer = self._size(size)
            drawn = load_rgba(content, drawn=max(longer, DRAWN))
        view = seen(drawn, longer, ground, room)
        if shows_nothing(view.picture) and not blank:
            raise blank_picture(content)
        _wide_enough(view.picture)
        return view

    def _size(self, size: Size) -> int:
        if size == "content":
            raise ParasolError("size is 'content' and there is no content picture to have one: give a number of px")
        longer = self.bundle.manifest.default_size if size is None else index(size)
        if not SMALLEST_SIZE <= longer <= LARGEST_SIZE:
            raise ParasolError(f"size is {longer}; the longer side must have {SMALLEST_SIZE} to {LARGEST_SIZE} px")
        return longer

    def _require_parts(self, dials: Dials) -> None:
        if dials.distilled and self.bundle.guide is None:
            raise ParasolError(
                f"distilled is asked for and the model {self.bundle.manifest.name!r} has no guide: leave it out"
            )
        if dials.content_map and not self.bundle.manifest.content_map:
            raise ParasolError(
                f"a content map is asked for and the model {self.bundle.manifest.name!r} has none: leave it out"
            )

    def _require_own(self, recipe: Recipe) -> None:
        if not self.bundle.goes_by(recipe.model.hash):
            raise RecipeError(f"the recipe is for the model {recipe.model.another(self.bundle)}")


@final
class Canvas:
    """One content picture, read once, that answers quickly when a dial moves.

    It keeps what does not depend on the style (`painting` says what): a dial of the style then runs the branches of the
    new style alone, a dial of the colours no network. The pixels are those of `Parasol.stylize`.
    """

    def __init__(self, model: Parasol, picture: Picture, memory: int) -> None:
        self._model = model
        self._picture = picture
        self._painter = replace(model.painter, limit=memory)

    def draw(
        self,
        style: Styles | Style,
        dials: Dials | None = None,
        *,
        shows: Contents | None = None,
        mask: Source | None = None,
        protect: Source | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """The picture in a style; `Parasol.dials` makes the dials, the model's own where they are left out.

        `Parasol.style` describes a style once for many pictures.

        Raises:
            ValueError: a picture cannot be read, or the dials make no sense with it.
        """
        chosen = self._model.dials() if dials is None else dials
        size = max(self._picture.shape[:2])
        recipe = self._model.recipe(self._picture, style, chosen, shows=shows, size=size, mask=mask, protect=protect)
        return self._painter.paint(recipe, progress, taught=self._model.taught(recipe))


_kept: dict[tuple[str, str, str, int], Components] | None = None
MOST_KEPT = 2  # models open at once


def keep_opened() -> None:
    """From here on a model stays open in this process once it is: for one that runs command after command."""
    global _kept
    _kept = {} if _kept is None else _kept


def _components(bundle: Bundle, runtime: str, threads: int) -> Components:
    """The networks of a model, those that are open already where they are kept."""
    if _kept is None:
        return _opened(bundle, runtime, threads)
    key = (str(bundle.folder), bundle.hash, runtime, threads)
    opened = _kept.pop(key, None)
    while len(_kept) >= MOST_KEPT:
        _kept.pop(next(iter(_kept)))  # before there is one more
    _kept[key] = opened or _opened(bundle, runtime, threads)
    return _kept[key]


def _opened(bundle: Bundle, runtime: str, threads: int) -> Components:
    if runtime == "onnx" and not bundle.manifest.backbone:
        from parasol.runtime.onnx import OnnxComponents

        return OnnxComponents(bundle, threads=threads)
    if runtime == "torch" or (runtime == "onnx" and bundle.manifest.backbone):
        try:
            from parasol.runtime.torch import open_components
        except ImportError as error:
            missing, extra = f"the torch runtime needs {error.name}", "scale" if bundle.manifest.backbone else "train"
            bringer = brought_by(error, extra)
            raise ParasolError(f"{missing}: pip install '{bringer}', or use the onnx runtime") from error
        return open_components(bundle)
    raise ParasolError(f"runtime is {runtime!r}; it must be onnx or torch")


def _without_picture(content: Words | None, shows: Contents | None, dials: Dials) -> tuple[Contents, Dials]:
    """What is shown, and dials that start from new noise."""
    if content is not None and shows is not None:
        raise ParasolError(f"both the content {content.text!r} and `shows` say what is shown: leave one out")
    contents = shows if content is None else content
    if contents is None:
        raise ParasolError("neither a content picture nor what to show is given: name one")
    if dials.color == "keep":
        raise ParasolError(
            "color is 'keep' and there is no content picture whose colours could be kept: use off or match"
        )
    return contents, replace(dials, fresh=True)


def _region(name: str, mask: Source | None, picture: Picture, black: str) -> Float[np.ndarray, "h w"] | None:
    """A mask's lightness, where there is one, in the shape of the fitted picture; transparent parts are black.

    A mask of 0 and 1, as programs that label pictures write them, means black and white. Its shape may be off by what
    rounding half or a quarter of the sides comes to. name: of the mask. black: what it would mean that it is black
    everywhere, and the way out.
    """
    if mask is None:
        return None
    pixels = load(mask, background=(0.0, 0.0, 0.0))
    if pixels.max() * 255.0 <= 1.0:
        pixels = pixels * 255.0
    if not _same_shape(pixels, picture):
        (height, width), (h, w) = picture.shape[:2], fit(pixels, max(picture.shape[:2])).shape[:2]
        raise ParasolError(
            f"the {name} comes to {w} x {h} px and the content to {width} x {height} px: give both one shape"
        )
    region = from_uint8(to_uint8(stretch(pixels, *picture.shape[:2]).mean(axis=2)))
    if not region.any():
        raise ParasolError(f"the {name} is black everywhere, so that {black}")
    return region


def _otherwise(dials: Dials, shows: Contents | None, mask: Source | None) -> bool:
    """Whether colours, or what is to be seen where, are asked for in a way that the look of a style says nothing of.

    The colours of the style are what the look gives.
    """
    matched = dials.color == "match" and dials.color_strength == 1
    kept = dials.structure == 1 or dials.style_scale == 0 or (dials.color != "off" and not matched)
    return kept or dials.fresh or shows is not None or mask is not None


def _wide_enough(picture: Picture) -> Picture:
    """A fitted picture that has no side too short for a recipe. Raises ParasolError."""
    short, longer = sorted(picture.shape[:2])
    if short < MIN_SIDE:
        raise ParasolError(
            f"at a size of {longer} the shorter side has {short} px and needs {MIN_SIDE}: use a size of "
            f"{-(-2 * MIN_SIDE * longer // (2 * short - 1))} or more, or cut a part out"
        )
    return picture


def _same_shape(mask: Float[np.ndarray, "_ _ 3"], picture: Float[np.ndarray, "_ _ 3"]) -> bool:
    """Whether two pictures are one shape but for the rounding of their shorter sides, a pixel of the mask at most."""
    sides = mask.shape[:2], picture.shape[:2]
    long = int(np.argmax(sides[1]))
    shorter, of = ([side[1 - long] / side[long] for side in sides], [side[long] for side in sides])
    return abs(shorter[0] - shorter[1]) <= 1.0 / of[0] + 0.5 / of[1] + 1e-9


def _image(pixels: Picture) -> Image.Image:
    return Image.fromarray(to_uint8(pixels))
