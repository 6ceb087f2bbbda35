"""From a recipe to its picture: encode, sample, decode, colour step, all of it from what the recipe holds.

A picture with a side above 576 px is encoded, sampled and decoded in overlapping tiles, so that networks take the
memory of one tile whatever the size. Noise and descriptors are the whole's. The content map, which says where things
are, is of each tile's own pixels, so that its places are the tile's places, as an untiled picture's are its own.

What depends on the content picture alone is kept for the next recipe of the same one: its latents, descriptors and
content map, the stored chain of a seed, and what the network predicts along it under the picture's own style, branch
by branch. Another style, weight, scale, structure or texture then costs the target's branches alone, and another colour
step no network. The network gives the same bits in any batch, so the pixels are those of a painter without memory.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import final

import numpy as np
from jaxtyping import Float

from parasol.adaptation import Adaptations
from parasol.conditions import Style, Texture, condition
from parasol.dials import Dials
from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.finishing import finished
from parasol.images import Box, crop, fit, load, pad_to_multiple
from parasol.maths.colour import LUMA, ColourMatch, colour_statistics, keep_colours, match_colours
from parasol.maths.schedule import Step, switch_step
from parasol.maths.texture import texture_of, towards_texture
from parasol.memory import Memory, OwnedMemory
from parasol.recipe import ANOTHER_PICTURE, Recipe, RecipeError
from parasol.result import Result
from parasol.runtime import Components
from parasol.sampling.guided import Begun, Guide, Known, guided
from parasol.sampling.sampler import (
    FRESH_ETA,
    INVERSION_ETA,
    ddim,
    dpm,
    free,
    keep,
    restyle,
    sample_fresh,
    stored_chain,
)
from parasol.sampling.textured import textured
from parasol.sampling.tiles import Tiles, Window, blend, tiled
from parasol.types import EpsFn, Picture

PIXELS = 8  # to a latent, along either side, in every autoencoder here
TILE, OVERLAP = 72, 16  # latents; two such tiles are 1024 px, and up to 576 px nothing is tiled
MARGIN = 5  # latents: with it, encoding and decoding in tiles are as untiled to 1e-6
GRAIN = 2  # times that pixels go to a texture where latents go once: they keep edges better at an equal brushwork
SPECKLE = 0.015  # noise that pixels have before: what is flat would take the decoder's blocks for its grain
BRANCHES = 4  # arrays of a latent's size to a step: one of the chain, three of the network as a rule
MEMORY = 64 * 2**20  # bytes, kept between pictures: some ten contents of 256 px with 25 steps, or one of 896 px
LOUDEST = 5.0  # style scale beyond which texture adds nothing but time

STAGES = ("encode", "sample", "decode", "colour", "finish")

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

SAMPLERS = {"ddim": ddim, "dpm": dpm}
Mask = Float[np.ndarray, "1 1 h w"]

Places = Callable[[Window], Float[np.ndarray, "p d"]]
"""The spatial content tokens for each window of latents."""


@final
@dataclass(frozen=True, kw_only=True)
class Painter:
    """What paints the recipes of one model.

    Raises:
        ValueError: when it paints, `overlap` has no room for two margins and more, or fills a tile.
    """

    components: Components
    style: StyleEncoder
    content: ContentEncoder
    tile: int = TILE
    """Longest side, in latents, that a network is given; like `overlap` a multiple of what the U-Net takes."""

    overlap: int = OVERLAP
    """Latents that neighbouring tiles share at least."""

    limit: int = MEMORY
    """Bytes, at most, of what is kept from one picture to the next; 0 keeps nothing."""

    memory: Memory = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", Memory(self.limit))

    def prepare(self, dials: Dials) -> None:
        """Ready what describes a style and paints it with such dials, in the order of use, while other work goes on."""
        maps = ("content_map",) if dials.content_map else ()
        drawn = (
            ("denoise", *(("guide",) if dials.distilled else ()), *maps, "project")
            if dials.fresh or _kept(dials) < dials.steps
            else ()
        )
        self.components.prepare("style", *drawn[:1], "encode", "content", *drawn[1:], "decode")

    def paint(self, recipe: Recipe, progress: Progress | None = None, *, taught: Adaptations = ()) -> Result:
        """The picture of a recipe for this very model, with what it names as taught.

        Raises RecipeError where the recipe is damaged.
        """
        bundle = self.components.bundle
        manifest, recipe = bundle.manifest, recipe.by(bundle.guide)
        seconds: dict[str, float] = {stage: 0.0 for stage in STAGES}  # noqa: C420 (fromkeys would narrow the keys)
        picture, style = recipe.picture(), recipe.style_parts(manifest.style.dimension, manifest.latent_channels)
        region, protected = recipe.mask(), recipe.protection()
        alpha = None if recipe.ground is None or recipe.ground.alpha is None else load(recipe.ground.alpha)[..., 0]
        for mask in (region, protected, alpha):
            if mask is not None and mask.shape != picture.shape[:2]:
                raise RecipeError(f"a mask of the recipe has not the shape of its content picture: {ANOTHER_PICTURE}")
        uncoloured = self.memory.get(_all_but_colour(recipe))
        if uncoloured is None:
            uncoloured = self._draw(
                recipe, self._taught(recipe.dials, taught), picture, style, protected, region, seconds, progress
            )
            self.memory.put(_all_but_colour(recipe), uncoloured)
        elif progress:
            for done in range(recipe.dials.steps):
                progress(done + 1, recipe.dials.steps)
        with timed(seconds, "colour"):
            by_look = recipe.dials.color == "match" and recipe.finish is not None and recipe.finish.automatic
            coloured = _colour_step(recipe.dials, uncoloured, picture, style, by_look=by_look)
        drawn = coloured.pixels if region is None else _within(region, coloured.pixels, picture)
        with timed(seconds, "finish"):
            kept = _kept_lightness(recipe.dials, region)
            made = finished(
                recipe.ground, recipe.finish, drawn, picture, kept=kept, fresh=recipe.dials.fresh, matched=by_look
            )
        return Result(
            pixels=made.pixels,
            rgba=made.rgba,
            palette=made.palette,
            choice=made.choice,
            index=made.index,
            recipe=recipe,
            clipped_share=coloured.clipped_share,
            seconds=seconds,
        )

    def _draw(
        self,
        recipe: Recipe,
        by: Components,
        picture: Picture,
        style: Style,
        protected: Float[np.ndarray, "h w"] | None,
        region: Float[np.ndarray, "h w"] | None,
        seconds: dict[str, float],
        progress: Progress | None,
    ) -> Picture:
        """The picture before the colour step, its target predicted `by`; its stages go into `seconds`."""
        manifest, dials = self.components.bundle.manifest, recipe.dials
        picture, neutral = _neutralised(dials, picture, protected)
        own = self.memory.owned_by(hashlib.sha256(recipe.content.picture).digest(), *neutral)
        padded, box = pad_to_multiple(picture, manifest.stride)
        with timed(seconds, "encode"):
            if dials.fresh and region is None:  # from new noise, of which the latents say the shape alone
                sides = (side // PIXELS for side in padded.shape[:2])
                z_0 = np.zeros((1, manifest.latent_channels, *sides), np.float32)
            else:
                z_0 = own.once("latents", lambda: self.encode(padded))
        with timed(seconds, "sample"):
            shown = recipe.shown_descriptor(manifest.content.dimension)
            where, kept = (
                None if mask is None else _in_latents(mask, manifest.stride, z_0) for mask in (region, protected)
            )
            for done, z in self._sample(dials, own, by, z_0, picture, style, shown, where, kept):  # noqa: B007 (the last z is the picture)
                if progress:
                    progress(done, dials.steps)
        with timed(seconds, "decode"):
            decoded = self.decode(z, box)
            if style.texture is not None:
                decoded = _grained(dials, decoded, style.texture, protected)
        return decoded

    def _taught(self, dials: Dials, taught: Adaptations) -> Components:
        """The components, with what the model was taught as far as the style scale goes.

        At 0 and below nothing of it is left, from 1 on it is whole.
        """
        share = min(max(dials.style_scale, 0.0), 1.0)
        if not taught or share == 0.0:
            return self.components
        return self.components.adapted(tuple((adaptation, share * part) for adaptation, part in taught))

    def reconstruct(self, picture: Picture) -> Picture:
        """D(E(x)) of a fitted picture."""
        padded, box = pad_to_multiple(picture, self.components.bundle.manifest.stride)
        return self.decode(self.encode(padded), box)

    def texture(self, picture: Float[np.ndarray, "_ _ 3"]) -> Texture:
        """The texture of a style picture, seen at the size that results have where none is asked for."""
        fitted = fit(picture, self.components.bundle.manifest.default_size)
        latents = self.encode(pad_to_multiple(fitted, PIXELS)[0])[0]
        return Texture(latents=texture_of(latents), pixels=texture_of(fitted.transpose(2, 0, 1)))

    def tiles(self, height: int, width: int) -> Tiles:
        """The tiles of height x width latents, with the margin that the autoencoder needs."""
        return Tiles(height=height, width=width, tile=self.tile, overlap=self.overlap, margin=MARGIN)

    def encode(self, padded: Picture) -> Float[np.ndarray, "1 C h w"]:
        """z_0 = E(x) of a picture whose sides are multiples of the model's stride."""
        pixels = np.ascontiguousarray(padded.transpose(2, 0, 1))[None]
        tiles = self.tiles(padded.shape[0] // PIXELS, padded.shape[1] // PIXELS)
        return blend((self.components.encode(window.scaled(PIXELS).of(pixels)) for window in tiles.windows), tiles)

    def decode(self, z: Float[np.ndarray, "1 C h w"], box: Box) -> Picture:
        """D(z), cut to what was there before the padding."""
        tiles = self.tiles(z.shape[2], z.shape[3])
        pixels = blend((self.components.decode(window.of(z)) for window in tiles.windows), tiles.scaled(PIXELS))
        return crop(pixels[0].transpose(1, 2, 0), box)

    def _sample(
        self,
        dials: Dials,
        own: OwnedMemory,
        by: Components,
        z_0: Float[np.ndarray, "1 C h w"],
        picture: Picture,
        style: Style,
        shown: Float[np.ndarray, " d"] | None,
        where: Mask | None,
        kept: Mask | None,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(steps done, latent), ending with the latent of the picture. All noise comes from the seed alone.

        `by` predicts the target, with what the model was taught of the style; the source is predicted without, or the
        content picture's own ink would count as what is left to explain, and come back.
        `shown` is what to show instead of what the picture shows, and is nowhere in particular. `where` is above 0 at
        the latents that may change. `kept` is the share, of what `structure` leaves free, that each latent keeps.
        """
        steps = self.components.bundle.manifest.schedule.steps(dials.steps)
        random = np.random.default_rng(dials.seed)
        places = self.places(picture, own) if dials.content_map else None
        guide = self.guide(dials) if shown is None and by is self.components else None  # both ends have it, or none
        path, lam = own.owned_by(dials.seed, dials.steps, dials.sampler), int(_kept(dials))
        # Chain and predictions are asked for in turns: what does not fit as a whole would only drive out the rest.
        fits = BRANCHES * (dials.steps + 1) * z_0.nbytes <= self.limit

        def content() -> Float[np.ndarray, " d"]:
            return own.once("content", lambda: self.content(picture))

        def foreseen(window: Window) -> Known | None:
            return path.owned_by("eps", dials.content_map, window) if fits else None

        def begun(window: Window) -> Known | None:
            source = foreseen(window)
            return None if source is None or dials.fresh or lam == dials.steps else Begun(source, steps[lam].t)

        if shown is None:
            known = begun if by is self.components else lambda _: None
            target = self.predictor(dials, lambda: style.descriptor, content, places, known, by, guide)
        else:
            target = self.predictor(dials, lambda: style.descriptor, lambda: shown, None, by=by)
        if style.texture is not None:
            target = textured(
                target,
                style.texture.latents,
                share=_heard(dials),
                alpha_bars=self.components.bundle.manifest.schedule.alpha_bars,
                velocity=steps[0].velocity,
            )
        if dials.fresh:
            z_T = _noise(random, z_0)
            hold = free
            if where is not None:
                hold = keep(_held(dials, -1.0, where, None), self.chain(dials, z_0, random))
            yield from sample_fresh(target, z_T, steps, eta=FRESH_ETA, hold=hold, sampler=SAMPLERS[dials.sampler])
            return
        if fits:
            stored = path.once("chain", lambda: np.concatenate(self.chain(dials, z_0, random)))
            chain = np.split(stored, dials.steps + 1)
        else:
            chain = self.chain(dials, z_0, random)
        source = self.predictor(
            dials, lambda: own.once("style", lambda: self.style(picture)), content, places, foreseen, guide=guide
        )
        yield from restyled(dials, source, target, chain, steps, where, kept)

    def chain(
        self, dials: Dials, z_0: Float[np.ndarray, "1 C h w"], random: np.random.Generator
    ) -> list[Float[np.ndarray, "1 C h w"]]:
        """The forward process on the grid of the dials' steps."""
        return stored_chain(z_0, random, self.components.bundle.manifest.schedule, dials.steps, dials.sampler)

    def guide(self, dials: Dials) -> Guide | None:
        """What those dials ask in place of the bare branches; it knows those of the U-Net as it is, with a map."""
        return self.components.guide if dials.distilled and dials.content_map else None

    def predictor(
        self,
        dials: Dials,
        style: Callable[[], Float[np.ndarray, " a"]],
        content: Callable[[], Float[np.ndarray, " d"]],
        places: Places | None,
        known: Callable[[Window], Known | None] = lambda _: None,
        by: Components | None = None,
        guide: Guide | None = None,
    ) -> EpsFn[np.ndarray]:
        """The guided predictor of latents of any size, tile by tile; `known` is what is known of a window already."""
        denoise, levels = (by or self.components).denoise, self.components.bundle.manifest.schedule.train_steps
        since = round((1.0 - dials.guidance_interval) * levels)

        @cache
        def eps_at(window: Window) -> EpsFn[np.ndarray]:
            content_map = None if places is None else places(window)
            tokens = condition(self.components, style=style(), content=content(), content_map=content_map)
            return guided(
                denoise,
                tokens,
                g_s=dials.style_scale,
                g_y=dials.content_scale,
                joint=dials.guidance == "joint",
                since=since,
                known=known(window),
                guide=guide,
            )

        return tiled(eps_at, tile=self.tile, overlap=self.overlap)

    def places(self, picture: Picture, own: OwnedMemory) -> Places:
        """The content map's tokens of a picture, wherever they are asked for; what is found is kept on `own`."""
        padded, _ = pad_to_multiple(picture, self.components.bundle.manifest.stride)

        @cache
        def places(window: Window) -> Float[np.ndarray, "p d"]:
            here = crop(padded, Box(*window.scaled(PIXELS)))
            return own.once(
                ("places", window), lambda: self.content.map(picture if here.shape == padded.shape else here)
            )

        return places


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Put the wall time of a block into `seconds`."""
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started


def restyled(
    dials: Dials,
    source: EpsFn[np.ndarray],
    target: EpsFn[np.ndarray],
    chain: Sequence[Float[np.ndarray, "B C h w"]],
    steps: Sequence[Step],
    where: Mask | None = None,
    kept: Mask | None = None,
) -> Iterator[tuple[int, Float[np.ndarray, "B C h w"]]]:
    """(steps done, latent): along the stored chain as far as the dials and masks say, then under the new style."""
    last = _kept(dials)
    hold = free
    if where is not None or kept is not None or last % 1.0:
        hold = keep(_held(dials, last, where, kept), chain)
    sampler, lam = SAMPLERS[dials.sampler], int(last)
    yield from restyle(source, target, chain, steps, lam=lam, eta=INVERSION_ETA, hold=hold, sampler=sampler)


def _kept(dials: Dials) -> float:
    """How many steps keep to the stored chain."""
    return switch_step(dials.structure, dials.steps, gradual=dials.gradual)


def _all_but_colour(recipe: Recipe) -> bytes:
    """What a picture before its colour step depends on, and the style's colours, in a few bytes."""
    return hashlib.sha256(recipe.drawn().text().encode()).digest()


def _kept_lightness(dials: Dials, region: Float[np.ndarray, "h w"] | None) -> Float[np.ndarray, "h w"] | float:
    """Where a result has the lightness of its content: where the style has no say, or its colours are not taken."""
    if dials.color == "keep" or dials.style_scale == 0.0 or _kept(dials) == dials.steps:
        return 1.0
    return 0.0 if region is None else 1.0 - region


def _in_latents(region: Float[np.ndarray, "h w"], stride: int, like: np.ndarray) -> Float[np.ndarray, "1 1 H W"]:
    """The largest value of a region at each latent."""
    padded, _ = pad_to_multiple(np.repeat(region[..., None], 3, axis=2), stride)
    height, width = like.shape[2:]
    blocks = padded[..., 0].reshape(height, padded.shape[0] // height, width, padded.shape[1] // width)
    return blocks.max(axis=(1, 3))[None, None]


def _held(dials: Dials, last: float, where: Mask | None, kept: Mask | None) -> list[Float[np.ndarray, "1 1 _ _"]]:
    """The share of the stored chain in each latent by steps done: all of it to `last`, where no mask says otherwise."""
    until = np.full((1, 1, 1, 1), last, np.float32)
    if kept is not None:
        until = (dials.structure + (1.0 - dials.structure) * kept) * dials.steps
        until = until if dials.gradual else np.rint(until)
    if where is not None:
        until = np.where(where > 0.0, until, np.float32(dials.steps))
    return [np.clip(until - done + 1.0, 0.0, 1.0).astype(np.float32) for done in range(dials.steps + 1)]


def _within(region: Float[np.ndarray, "h w"], drawn: Picture, picture: Picture) -> Picture:
    """`drawn` where the region is 1, the very picture where it is 0."""
    share = region[..., None]
    return share * drawn + (1.0 - share) * picture


def _colour_step(dials: Dials, pixels: Picture, content: Picture, style: Style, *, by_look: bool) -> ColourMatch:
    """By means and covariances; flat art has too few colours for that (its fills come out as rainbows), and where its
    finish goes `by_look`, that gives each part one of the style's own."""
    if dials.color == "keep" and not dials.fresh:
        return keep_colours(pixels, content, strength=dials.color_strength)
    wanted = style.colours if dials.color == "match" else colour_statistics(content)
    if dials.color == "off" or wanted is None or by_look:  # `recipe` lets no style without colours be matched
        return ColourMatch(pixels=pixels, clipped_share=0.0)
    return match_colours(pixels, wanted, strength=dials.color_strength)


def _neutralised(
    dials: Dials, picture: Picture, protected: Float[np.ndarray, "h w"] | None
) -> tuple[Picture, tuple[float | bytes, ...]]:
    """The content picture as it is inverted, and what it depends on beside the picture: grey as far as is asked for.

    Inversion keeps what the network can't explain of a picture, and that is above all its colours: strong ones come
    through whatever the style is.
    """
    share = 0.0 if dials.fresh else dials.neutral * (1.0 - dials.structure)
    if share == 0.0:
        return picture, ()
    free = np.float32(share) if protected is None else np.float32(share) * (1.0 - protected[..., None])
    red, green, blue = (np.float32(part) * picture[..., k, None] for k, part in enumerate(LUMA))
    grey = red + green + blue
    mask = b"" if protected is None else protected.tobytes()
    return np.asarray(picture + free * (grey - picture), np.float32), (share, mask)


def _heard(dials: Dials) -> float:
    """How often a picture goes all of the way to the style's texture: more by its scale, less by what structure keeps.

    The square lets edges come back soon: at half the structure a quarter of the texture is left.
    """
    free = 1.0 if dials.fresh else 1.0 - dials.structure
    return dials.texture * min(max(dials.style_scale, 0.0), LOUDEST) * free**2


def _grained(dials: Dials, pixels: Picture, texture: Texture, protected: Float[np.ndarray, "h w"] | None) -> Picture:
    """A picture with the texture of pixels, finer than latents can say it; none of it where all structure is kept."""
    share = GRAIN * _heard(dials)
    if share == 0.0:
        return pixels
    random = np.random.default_rng([dials.seed, 1])  # another stream than that of sampling
    speckled = pixels + np.float32(min(share, 1.0) * SPECKLE) * _noise(random, pixels)
    moved = towards_texture(speckled.transpose(2, 0, 1), texture.pixels, share).transpose(1, 2, 0).clip(0.0, 1.0)
    if protected is not None:
        moved = _within(1.0 - protected, moved, pixels)
    return np.ascontiguousarray(moved)


def _noise(random: np.random.Generator, like: np.ndarray) -> np.ndarray:
    return random.standard_normal(like.shape, dtype=np.float32)
