"""The one orchestrator: Parasol.load(...).stylize(...). Commands, servers and tests all call it.

`stylize` first writes the recipe of the picture and then paints from the recipe alone, so that `replay` is the second
half of the very same path.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol import __version__
from parasol.bundle import Bundle
from parasol.cards import StyleCard, Styles, StyleSource, open_style, title, weighted
from parasol.conditions import Style, condition, mixed_style, style_of
from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.encoders.text import TextEncoder, Words
from parasol.images import Box, crop, fit, from_uint8, load, pad_to_multiple, save_png, to_uint8
from parasol.images.read import Source
from parasol.maths.colour import ColourMatch, colour_statistics, match_colours
from parasol.maths.interpolation import mix
from parasol.maths.schedule import switch_step
from parasol.recipe import KEYWORD, Dials, ModelPart, Recipe, RecipeError
from parasol.runtime import Components
from parasol.sampling.guided import guided
from parasol.sampling.sampler import at_levels, ddim, dpm, forward_chain, free, keep_outside, restyle, sample_fresh
from parasol.types import Condition, EpsFn, Picture

INVERSION_ETA = 1.0  # DDPM: the forward chain that is inverted is a Markov chain
FRESH_ETA = 0.0  # DDIM
PATH_STEPS = 50  # whose forward process the sampler dpm follows, however few its own steps are
SMALLEST_SIZE = 32  # px, longer side
LARGEST_GROWTH = 4  # times the model's own size; self-attention's memory grows with the fourth power of the side

Contents = Source | Words | Sequence[Source | Words | tuple[Source | Words, float]]
"""What is shown: one picture or words, several, or several with signed weights."""

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A picture and how it came to be."""

    pixels: Picture
    """On the 8-bit grid, so that saving loses nothing."""

    recipe: Recipe
    """Everything needed to make the picture again."""

    clipped_share: float
    """Share of pixels, 0..1, that the colour step had to clip."""

    seconds: dict[str, float]
    """Wall time of each stage."""

    @property
    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return _image(self.pixels)

    def save(self, path: str | Path) -> None:
        """Write a PNG that carries the recipe; "-" is standard output. Raises PictureError, leaving nothing behind."""
        save_png(path, self.pixels, text={KEYWORD: self.recipe.text()})


@final
class Parasol:
    """A model, ready to use."""

    def __init__(self, bundle: Bundle, components: Components) -> None:
        self.bundle = bundle
        self.components = components
        self._style = StyleEncoder(components=components, card=bundle.manifest.style)
        self._content = ContentEncoder(components=components, card=bundle.manifest.content)
        self._text = TextEncoder(bundle=bundle, components=components)

    @classmethod
    def load(cls, model: str | Path | None = None, *, runtime: str = "onnx", threads: int = 0) -> "Parasol":
        """The bundled default, a bundled model by name, or a bundle's folder.

        `runtime` is "onnx" or, with the train extra, "torch". `threads` 0 uses every core (onnx).

        Raises:
            BundleError: there is no such model, or it is damaged, changed, or of another format.
            ValueError: there is no such runtime.
        """
        bundle = Bundle.open(model)
        return cls(bundle, _components(bundle, runtime, threads))

    def stylize(
        self,
        content: Source | Words | None,
        style: Styles,
        *,
        shows: Contents | None = None,
        style_scale: float | None = None,
        content_scale: float | None = None,
        structure: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        fresh: bool = False,
        color: str = "off",
        size: int | None = None,
        mask: Source | None = None,
        content_map: bool | None = None,
        strength: float | None = None,
        sampler: str = "ddim",
        progress: Progress | None = None,
    ) -> Result:
        """The content picture in the style of another, of a card, or of a mix of several with signed weights.

        `shows` says what the picture is to show instead, in the layout of the content picture: words, another picture,
        or a mix of several with signed weights. Without a content picture (None, or words) there is no layout: the
        picture is a square from new noise (`fresh`). Dials that are left out take the model's own defaults; `Dials`
        says what each means. `size` is the longer side in px; the shape stays the content picture's. Where `mask` is
        black, in the same shape, the content picture stays as it is to the pixel.

        Raises:
            ValueError: a picture cannot be read, or a dial is out of range; one line that names the way out.
        """
        dials = self.dials(
            style_scale=style_scale, content_scale=content_scale, structure=structure, strength=strength, steps=steps,
            seed=seed, fresh=fresh, color=color, content_map=content_map, sampler=sampler,
        )  # fmt: skip
        seconds: dict[str, float] = {}
        with _timed(seconds, "describe"):
            recipe = self.recipe(content, style, dials, shows=shows, size=size, mask=mask)
        result = self.paint(recipe, progress=progress)
        return replace(result, seconds=seconds | result.seconds)

    def dials(
        self,
        *,
        style_scale: float | None = None,
        content_scale: float | None = None,
        structure: float | None = None,
        strength: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        fresh: bool = False,
        color: str = "off",
        content_map: bool | None = None,
        sampler: str = "ddim",
    ) -> Dials:
        """The dials that are given, and the model's own for those that are not.

        `strength` in 0..1 stands for a style scale and a structure together, such that the distance to the style falls
        linearly with it: 0 is the content picture, 1 as far as this model goes.

        Raises:
            ValueError: a dial is out of range, or `strength` meets one that it stands for, or no calibration.
        """
        own = self.bundle.manifest.dials
        if strength is not None:
            if style_scale is not None or structure is not None:
                raise ValueError("strength stands for style_scale and structure together: give it alone, or the two")
            style_scale, structure = self._at_strength(float(strength))
        return Dials(
            style_scale=float(own.style_scale if style_scale is None else style_scale),
            content_scale=float(own.content_scale if content_scale is None else content_scale),
            structure=float(own.structure if structure is None else structure),
            steps=index(own.steps if steps is None else steps),
            seed=index(seed),
            fresh=bool(fresh),
            color=color,
            content_map=own.content_map if content_map is None else bool(content_map),
            sampler=sampler,
        )

    def recipe(
        self,
        content: Source | Words | None,
        style: Styles,
        dials: Dials,
        *,
        shows: Contents | None = None,
        size: int | None = None,
        mask: Source | None = None,
    ) -> Recipe:
        """Everything that `paint` needs: read and fit the pictures, describe them, fix the dials."""
        if dials.content_map and not self.bundle.manifest.content_map:
            raise ValueError(
                f"a content map is asked for and the model {self.bundle.manifest.name!r} has none: leave it out"
            )
        if content is None or isinstance(content, Words):
            if mask is not None:
                raise ValueError("a mask is given and no content picture, of which it could keep a part: leave it out")
            content, shows, dials = _without_picture(content, shows, dials)
        picture, look = self._fitted(content, size), self.style(style)
        if dials.color == "match" and look.colours is None:
            raise ValueError(
                "color is 'match' and the style is words alone, which have no colours: add a style picture"
            )
        return Recipe.write(
            version=__version__,
            model=ModelPart(name=self.bundle.manifest.name, hash=self.bundle.hash),
            picture=picture,
            content=self._content(picture) if shows is None else self.shown(shows),
            told=shows is not None,
            style=look,
            dials=dials,
            region=None if mask is None else _region(mask, picture),
        )

    def replay(self, source: str | Path | bytes, *, progress: Progress | None = None) -> Result:
        """The picture of a PNG again, pixel for pixel, from the recipe that it carries.

        Raises:
            RecipeError: it carries none, or one for another model or version.
        """
        return self.paint(Recipe.read(source), progress=progress)

    def paint(self, recipe: Recipe, *, progress: Progress | None = None) -> Result:
        """The picture of a recipe: encode, sample, decode, colour step.

        Raises:
            RecipeError: the recipe is for another model, or damaged.
        """
        seconds: dict[str, float] = {}
        self._require_own(recipe)
        picture, style = recipe.picture(), recipe.style_parts(self.bundle.manifest.style.dimension)
        region = recipe.mask()
        padded, box = pad_to_multiple(picture, self.bundle.manifest.stride)
        with _timed(seconds, "encode"):
            z_0 = self.components.encode(_batch(padded))
        with _timed(seconds, "sample"):
            shown = recipe.shown_descriptor(self.bundle.manifest.content.dimension)
            where = None if region is None else _in_latents(region, self.bundle.manifest.stride, z_0)
            for done, z in self._sample(recipe.dials, z_0, picture, style, shown, where):  # noqa: B007 (the last z is the picture)
                if progress:
                    progress(done, recipe.dials.steps)
        with _timed(seconds, "decode"):
            decoded = self._decode(z, box)
        with _timed(seconds, "colour"):
            coloured = _colour_step(recipe.dials.color, decoded, picture, style)
        drawn = coloured.pixels if region is None else _within(region, coloured.pixels, picture)
        pixels = from_uint8(to_uint8(drawn))
        return Result(pixels=pixels, recipe=recipe, clipped_share=coloured.clipped_share, seconds=seconds)

    def reconstruct(self, content: Source, *, size: int | None = None) -> Image.Image:
        """D(E(x)) of the fitted picture: what `structure=1` gives, and the ceiling of every picture."""
        padded, box = pad_to_multiple(self._fitted(content, size), self.bundle.manifest.stride)
        return _image(self._decode(self.components.encode(_batch(padded)), box))

    def embed_content(self, content: Source | Words) -> Float[np.ndarray, " d"]:
        """The unit-norm content descriptor c = C(x) of a picture, or that of words."""
        return self._text.content(content) if isinstance(content, Words) else self._content(load(content))

    def embed_style(self, picture: Source) -> Float[np.ndarray, " a"]:
        """The unit-norm style descriptor a = A(x)."""
        return self._style(load(picture))

    def shown(self, contents: Contents) -> Float[np.ndarray, " d"]:
        """The content descriptor of one picture or words, or of a mix of several (paper, "Content Interpolation")."""
        parts = weighted(contents)
        descriptors = [self.embed_content(source) for source, _ in parts]
        weights = [weight for _, weight in parts]
        if len(parts) == 1 or (np.count_nonzero(weights) == 1 and max(weights) > 0.0):
            return descriptors[int(np.argmax(weights))]  # to the bit: weights of 0 are as good as absent
        return mix(np.stack(descriptors), weights)

    def style(self, style: Styles) -> Style:
        """Descriptor and colours of one style or of a mix: what recipes and cards keep."""
        return mixed_style([(self._opened(source), weight) for source, weight in weighted(style)])

    def card(self, style: Styles) -> StyleCard:
        """A style or a mix as a card, which `save` writes and which stands wherever a style picture does."""
        parts = [(title(source), weight) for source, weight in weighted(style)]
        return StyleCard.write(self.style(style), self.bundle.manifest.style, parts)

    def _at_strength(self, strength: float) -> tuple[float, float]:
        stops = self.bundle.manifest.strength
        if not stops:
            raise ValueError(
                f"strength is given and the model {self.bundle.manifest.name!r} is not calibrated: give style_scale "
                "and structure"
            )
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"strength is {strength}; it must lie in 0 (the content picture) to 1 (all of the style)")
        at = np.linspace(0.0, 1.0, len(stops))
        return (
            float(np.interp(strength, at, [stop.style_scale for stop in stops])),
            float(np.interp(strength, at, [stop.structure for stop in stops])),
        )

    def _opened(self, source: StyleSource) -> Style:
        if isinstance(source, Words):
            return Style(descriptor=self._text.style(source), colours=None)
        opened = open_style(source)
        if isinstance(opened, StyleCard):
            return opened.of(self.bundle.manifest.style)
        return style_of(opened, self._style)

    def _fitted(self, content: Source, size: int | None) -> Picture:
        longer = self.bundle.manifest.size if size is None else index(size)
        largest = LARGEST_GROWTH * self.bundle.manifest.size
        if not SMALLEST_SIZE <= longer <= largest:
            raise ValueError(f"size is {longer}; with this model the longer side has {SMALLEST_SIZE} to {largest} px")
        return fit(load(content), longer)

    def _require_own(self, recipe: Recipe) -> None:
        if recipe.model.hash != self.bundle.hash:
            raise RecipeError(
                f"the recipe is for the model {recipe.model.name!r} with hash {recipe.model.hash[:12]} and this is "
                f"{self.bundle.manifest.name!r} with hash {self.bundle.hash[:12]}: name that model or its folder"
            )

    def _sample(
        self,
        dials: Dials,
        z_0: Float[np.ndarray, "1 C h w"],
        picture: Picture,
        style: Style,
        shown: Float[np.ndarray, " d"] | None,
        where: Float[np.ndarray, "1 1 h w"] | None,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(steps done, latent), ending with the latent of the picture. All noise comes from the seed alone.

        `shown` is what to show instead of what the picture shows, and is nowhere in particular; `where` are the latents
        that may change.
        """
        steps = self.bundle.manifest.schedule.steps(dials.steps)
        sampler = dpm if dials.sampler == "dpm" else ddim
        random = np.random.default_rng(dials.seed)
        content = self._content(picture)
        places = self._content.map(picture) if dials.content_map else None
        wanted = condition(
            self.components,
            style=style.descriptor,
            content=content if shown is None else shown,
            content_map=places if shown is None else None,
        )
        target = self._guided(dials, wanted)
        if dials.fresh:
            z_T = _noise(random, z_0)
            hold = free
            if where is not None:
                hold = keep_outside(where, self._chain(dials, z_0, random))
            yield from sample_fresh(target, z_T, steps, eta=FRESH_ETA, hold=hold, sampler=sampler)
            return
        own_style = self._style(picture)
        own = condition(self.components, style=own_style, content=content, content_map=places)
        source = self._guided(dials, own)
        chain = self._chain(dials, z_0, random)
        hold = free if where is None else keep_outside(where, chain)
        lam = switch_step(dials.structure, len(steps))
        yield from restyle(source, target, chain, steps, lam=lam, eta=INVERSION_ETA, hold=hold, sampler=sampler)

    def _chain(
        self, dials: Dials, z_0: Float[np.ndarray, "1 C h w"], random: np.random.Generator
    ) -> list[Float[np.ndarray, "1 C h w"]]:
        """The forward process on the grid of the steps. With dpm it is that of `PATH_STEPS`, whatever the steps."""
        steps = self.bundle.manifest.schedule.steps(dials.steps)
        if dials.sampler == "ddim":
            return forward_chain(z_0, [_noise(random, z_0) for _ in steps], steps)
        path = self.bundle.manifest.schedule.steps(PATH_STEPS)
        stored = forward_chain(z_0, [_noise(random, z_0) for _ in path], path)
        return at_levels(stored, path, [_noise(random, z_0) for _ in steps], steps)

    def _guided(self, dials: Dials, tokens: Condition[np.ndarray]) -> EpsFn[np.ndarray]:
        return guided(self.components.denoise, tokens, g_s=dials.style_scale, g_y=dials.content_scale)

    def _decode(self, z: Float[np.ndarray, "1 C h w"], box: Box) -> Picture:
        return crop(self.components.decode(z)[0].transpose(1, 2, 0), box)


def _components(bundle: Bundle, runtime: str, threads: int) -> Components:
    if runtime == "onnx":
        from parasol.runtime.onnx import OnnxComponents

        return OnnxComponents(bundle, threads=threads)
    if runtime == "torch":
        try:
            from parasol.runtime.torch import TorchComponents
        except ImportError as error:
            missing = f"the torch runtime needs {error.name}"
            raise ValueError(f"{missing}: pip install 'parasol-style[train]', or use the onnx runtime") from error
        return TorchComponents(bundle)
    raise ValueError(f"runtime is {runtime!r}; it must be onnx or torch")


def _without_picture(content: Words | None, shows: Contents | None, dials: Dials) -> tuple[np.ndarray, Contents, Dials]:
    """A blank picture for its shape alone, what is shown, and dials that start from new noise."""
    if content is not None and shows is not None:
        raise ValueError(f"both the content {content.text!r} and `shows` say what is shown: leave one out")
    told = shows if content is None else content
    if told is None:
        raise ValueError("neither a content picture nor what to show is given: name one")
    if dials.color == "keep":
        raise ValueError(
            "color is 'keep' and there is no content picture whose colours could be kept: use off or match"
        )
    return np.ones((8, 8, 3), np.float32), told, replace(dials, fresh=True)


def _region(mask: Source, picture: Picture) -> Float[np.ndarray, "h w"]:
    """A mask's lightness in the shape of the fitted picture; transparent parts are black."""
    height, width = picture.shape[:2]
    fitted = fit(load(mask, background=(0.0, 0.0, 0.0)), max(height, width))
    if fitted.shape != picture.shape:
        found = f"{fitted.shape[1]} x {fitted.shape[0]} px"
        raise ValueError(f"the mask comes to {found} and the content to {width} x {height} px: give both one shape")
    region = from_uint8(to_uint8(fitted.mean(axis=2)))
    if not region.any():
        raise ValueError("the mask is black everywhere, so that nothing may change: paint white what is to be restyled")
    return region


def _in_latents(region: Float[np.ndarray, "h w"], stride: int, like: np.ndarray) -> Float[np.ndarray, "1 1 H W"]:
    """The latents that a region touches."""
    padded, _ = pad_to_multiple(np.repeat(region[..., None], 3, axis=2), stride)
    height, width = like.shape[2:]
    blocks = padded[..., 0].reshape(height, padded.shape[0] // height, width, padded.shape[1] // width)
    return (blocks.max(axis=(1, 3)) > 0.0).astype(np.float32)[None, None]


def _within(region: Float[np.ndarray, "h w"], drawn: Picture, picture: Picture) -> Picture:
    """`drawn` where the region is 1, the very picture where it is 0."""
    share = region[..., None]
    return share * drawn + (1.0 - share) * picture


def _colour_step(color: str, pixels: Picture, content: Picture, style: Style) -> ColourMatch:
    wanted = style.colours if color == "match" else colour_statistics(content)
    if color == "off" or wanted is None:  # `recipe` lets no style without colours be matched
        return ColourMatch(pixels=pixels, clipped_share=0.0)
    return match_colours(pixels, wanted)


def _noise(random: np.random.Generator, like: np.ndarray) -> np.ndarray:
    return random.standard_normal(like.shape, dtype=np.float32)


def _batch(picture: Picture) -> Float[np.ndarray, "1 3 H W"]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1))[None]


def _image(pixels: Picture) -> Image.Image:
    return Image.fromarray(to_uint8(pixels))


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started
