"""Synthetic media: a photograph painted by filters whose few continuous parameters are the style.

Each medium is a pure function `(picture, seed, *parameters)` with every parameter in 0..1; `MEDIA` names them. Nearby
parameters give nearby pictures, so that distances between parameters teach and measure a style space. Lengths are in
pixels at a side of 128 and grow with the picture. The seed decides where strokes, tiles and grains lie.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from jaxtyping import Float

from parasol.corpora.brushwork import (
    LUMA,
    Picture,
    Strokes,
    between,
    blurred,
    detail_lost,
    flow_of,
    graded,
    kuwahara,
    layer_of,
    lit,
    mean_along,
    mixed,
    moved,
    noise_of,
    paper_of,
    pixels_of,
    primed,
    scale_of,
    sites_of,
    slope_of,
    step,
    stretched,
    tinted,
)
from parasol.errors import ParasolError

_INKS = ((15.0, (0.05, 0.62, 0.86)), (75.0, (0.88, 0.1, 0.5)), (0.0, (0.99, 0.9, 0.1)), (45.0, (0.1, 0.09, 0.1)))
_SPOTS = 0.5 + 0.25 * np.add.outer(*2 * [np.cos(2.0 * np.pi * (np.arange(64) + 0.5) / 64)])
# Threshold of the screen above which lies as much of it as an ink's amount; past the ends none of it, or all.
_AMOUNTS = np.linspace(-0.02, 1.02, 53)
_THRESHOLDS = np.concatenate([[1.2], np.quantile(_SPOTS, np.linspace(1.0, 0.0, 51)), [-0.2]])


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A function that paints, and of each of its parameters, in order, the words for little and for much of it."""

    paint: Callable[..., Picture]
    words: Mapping[str, tuple[str, str]]


def paint(medium: str, picture: Picture, parameters: Sequence[float] | Float[np.ndarray, " k"], seed: int) -> Picture:
    """A picture in 0..1 in a medium of `MEDIA`, in 0..1 again. The same arguments give the same picture.

    Raises ValueError for an unknown medium, and for parameters that are not as many as the medium has, each in 0..1.
    """
    if medium not in MEDIA:
        raise ParasolError(f"medium {medium!r} is unknown; it must be one of {', '.join(MEDIA)}")
    names = tuple(MEDIA[medium].words)
    if len(parameters) != len(names) or not all(0.0 <= value <= 1.0 for value in parameters):
        raise ParasolError(f"{medium} needs {len(names)} parameters in 0..1 ({', '.join(names)}), not {parameters}")
    return MEDIA[medium].paint(picture, seed, *map(float, parameters))


def oil(
    picture: Picture, seed: int, brush: float, length: float, relief: float, saturation: float, warmth: float
) -> Picture:
    """Bristle strokes along the edges, a coarse layer and a finer one where there is detail, lit from the top left.

    Layers and strokes after Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes" (1998); light
    on the height of the paint after Hertzmann, "Fast Paint Texture" (2002).
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    broad = scale * between(brush, 1.6, 4.5)  # half the width of a stroke
    flow = flow_of(picture, 2.0 * scale, random.uniform(0.2, 1.2))
    aspect, canvas = between(length, 1.3, 3.2), primed(picture, broad)
    for width, where in ((broad, 1.0), (0.55 * broad, detail_lost(picture, broad))):
        strokes = Strokes(half_width=width, aspect=aspect, corner=3.0, smear=0.0, bristles=0.35, ridge=0.0)
        canvas = layer_of(random, picture, flow, strokes, where, canvas)
    return graded(lit(canvas, scale * between(relief, 0.05, 0.5)), saturation, warmth)


def knife(
    picture: Picture, seed: int, blade: float, smear: float, relief: float, saturation: float, warmth: float
) -> Picture:
    """Palette knife: broad flat facets with straight sides that drag one colour into the next, and ridges of paint.

    The strokes of `oil` (Hertzmann 1998, 2002) over the anisotropic Kuwahara filter (Kyprianidis, Kang and Doellner,
    "Image and Video Abstraction by Anisotropic Kuwahara Filtering", 2009).
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    broad = scale * between(blade, 2.6, 6.5)
    flow = flow_of(picture, 3.0 * scale, random.uniform(-0.9, -0.3))
    flat = kuwahara(picture, 0.6 * broad, flow)
    dragged, canvas = between(smear, 0.0, 1.2), primed(flat, broad)
    for width, where in ((broad, 1.0), (0.5 * broad, detail_lost(picture, broad))):
        strokes = Strokes(half_width=width, aspect=1.8, corner=9.0, smear=dragged, bristles=0.0, ridge=0.8)
        canvas = layer_of(random, flat, flow, strokes, where, canvas)
    return graded(lit(canvas, scale * between(relief, 0.05, 0.5)), saturation, warmth)


def watercolour(
    picture: Picture, seed: int, bleeding: float, edges: float, granulation: float, dilution: float, warmth: float
) -> Picture:
    """Washes that bleed, dry darker at their edges, flow unevenly and settle in the grain of white paper.

    Washes by Kuwahara filtering; pigment density d changes a colour C into C - (C - C^2)(d - 1), with terms for dried
    edges, turbulent flow and paper (Bousseau et al., "Interactive Watercolor Rendering with Temporal Coherence and
    Abstraction", 2006; effects named by Curtis et al., "Computer-Generated Watercolor", 1997).
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    shape = picture.shape[:2]
    wobble = scale * between(bleeding, 0.5, 2.0)
    wet = moved(picture, *(wobble * noise_of(random, shape, 3.0 * scale) for _ in range(2)))
    wash = kuwahara(wet, scale * between(bleeding, 2.0, 4.5), flow_of(wet, 2.0 * scale, 0.0))
    dried = np.minimum(1.0, 2.5 * slope_of(blurred(wash, 0.7 * scale)) * scale)
    grain = paper_of(random, shape, scale)
    turbulence = noise_of(random, shape, 9.0 * scale) + 0.5 * noise_of(random, shape, 4.0 * scale)
    density = 1.0 + between(edges, 0.2, 2.4) * (dried - 0.15) + 0.16 * turbulence
    density += between(granulation, 0.03, 0.4) * grain * (1.0 - wash @ LUMA)
    thin = 1.0 - between(dilution, 0.9, 0.45) * (1.0 - wash)
    washed = thin - (thin - thin**2) * (density[..., None] - 1.0)
    return graded(np.clip(washed, 0.0, 1.0) * (1.0 + 0.02 * grain[..., None]), 0.6, warmth)


def ink(
    picture: Picture, seed: int, line: float, darkness: float, detail: float, ink_warmth: float, paper_warmth: float
) -> Picture:
    """Lines and pools of ink by a thresholded difference of Gaussians along the edges: two tones.

    Winnemoeller, Kyprianidis and Olsen, "XDoG: An eXtended Difference-of-Gaussians Compendium" (2012), equations 5 to
    7, with the smoothing along the flow of their section 2.6.
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    sigma = scale * between(line, 0.7, 1.9)
    sharpen = between(detail, 6.0, 24.0)
    tone = stretched(picture @ LUMA)
    sharp = (1.0 + sharpen) * blurred(tone, sigma) - sharpen * blurred(tone, 1.6 * sigma)
    flow = flow_of(picture, 2.0 * scale, 0.0)
    response = mean_along(sharp, flow, 2.0 * sigma)
    hand = 0.05 * noise_of(random, tone.shape, 1.2 * scale)
    threshold = between(darkness, 0.3, 0.75)
    lightness = step(response + hand - threshold, 0.11)
    paper = tinted(0.95, 0.12, paper_warmth) * (1.0 + 0.012 * paper_of(random, tone.shape, scale)[..., None])
    return np.clip(mixed(tinted(0.19, 1.0, ink_warmth), paper, lightness), 0.0, 1.0)


def pencil(
    picture: Picture, seed: int, softness: float, length: float, spacing: float, grain: float, outline: float
) -> Picture:
    """Hatching with the tone of the picture along its orientations, crossed in the shadows, outlines, and rough paper.

    Hatching by line integral convolution of noise (Mao, Nagasaka and Imamiya, "Automatic Generation of Pencil Drawing
    from 2D Images Using Line Integral Convolution", 2001); outlines and tone as two layers that multiply (Lu, Xu and
    Jia, "Combining Sketch and Tone for Pencil Drawing Production", 2012).
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    tone = blurred(stretched(picture @ LUMA), 0.8 * scale)
    reach = scale * between(length, 4.0, 14.0)
    flow = flow_of(picture, 4.0 * scale, -0.8, steadiness=0.01)
    crossed = np.stack([flow[..., 0] - 0.9 * flow[..., 1], flow[..., 1] + 0.9 * flow[..., 0]], axis=-1)
    crossed /= np.linalg.norm(crossed, axis=-1, keepdims=True)
    shade = np.zeros_like(tone)
    for directions, start, share in ((flow, 1.0, 0.8), (crossed, 0.55, 0.6)):
        lines = mean_along(noise_of(random, tone.shape, scale * between(spacing, 0.4, 1.5)), directions, reach)
        lines /= lines.std()
        covered = np.clip((start - tone) / start, 0.0, 1.0)
        marks = step(lines + 3.0 * covered - 1.8, 0.8)
        shade = 1.0 - (1.0 - shade) * (1.0 - share * marks * np.minimum(1.0, 4.0 * covered))
    contour = np.clip(mean_along(blurred(tone, 2.2 * scale) - tone, flow, 3.0 * scale) * 9.0, 0.0, 1.0)
    shade = 1.0 - (1.0 - shade) * (1.0 - between(outline, 0.1, 0.95) * contour)
    rough = 1.0 + between(grain, 0.02, 0.25) * paper_of(random, tone.shape, scale)
    graphite = np.clip(between(softness, 0.45, 1.0) * shade * np.clip(rough, 0.0, 1.6), 0.0, 1.0)
    return mixed(tinted(0.13, 0.02, 0.4), tinted(0.97, 0.02, 0.6), 1.0 - graphite)


def halftone(
    picture: Picture, seed: int, pitch: float, angle: float, hardness: float, black: float, warmth: float
) -> Picture:
    """Four inks printed through screens of dots, each screen turned against the others.

    Amplitude-modulated clustered dots: an ink covers where its darkness exceeds the screen (Ulichney, "Digital
    Halftoning", 1987, chapter 5), at the customary angles of 15, 75, 0 and 45 degrees; `black` is the share of the
    grey component that black ink replaces.
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    soft = blurred(picture, 0.6 * scale)
    amounts = 1.0 - soft
    grey = between(black, 0.0, 0.8) * amounts.min(axis=-1, keepdims=True)
    inks = np.concatenate([(amounts - grey) / np.maximum(1.0 - grey, 1e-3), grey], axis=-1)
    period = scale * between(pitch, 2.5, 6.0)
    edge = between(hardness, 0.22, 0.06)
    y, x = pixels_of(picture)
    printed = np.ones_like(picture) * tinted(0.97, 0.08, warmth)
    for number, (degrees, colour) in enumerate(_INKS):
        turn = np.deg2rad(degrees + between(angle, 0.0, 45.0))
        u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        start = random.uniform(0.0, 2.0 * np.pi, 2)
        waves = [np.cos(2.0 * np.pi / period * across + begin) for across, begin in zip((u, v), start, strict=True)]
        threshold = np.interp(inks[..., number], _AMOUNTS, _THRESHOLDS)
        covered = step(0.5 + 0.25 * (waves[0] + waves[1]) - threshold, edge)
        printed *= 1.0 - covered[..., None] * (1.0 - np.array(colour, np.float32))
    return np.clip(printed, 0.0, 1.0)


def mosaic(
    picture: Picture, seed: int, tile: float, grout: float, irregularity: float, variety: float, grout_tone: float
) -> Picture:
    """Tiles of one colour each with grout between them: Voronoi cells of a lattice whose sites are moved.

    Mosaics as Voronoi cells after Hausner, "Simulating Decorative Mosaics" (2001), here without his relaxation; sites
    and the two nearest of them after Worley, "A Cellular Texture Basis Function" (1996).
    """
    random, scale = np.random.default_rng(seed), scale_of(picture)
    pitch = scale * between(tile, 3.5, 8.5)
    sites, draws = sites_of(random, picture, pitch, jitter=between(irregularity, 0.0, 0.8))
    y, x = pixels_of(picture)
    rows = math.isqrt(len(sites))
    row, column = (np.floor(at / pitch).astype(int) + rows // 2 for at in (y, x))
    near = [down * rows + across for down in range(-2, 3) for across in range(-2, 3)]
    cell = row * rows + column + np.array(near)[:, None, None]
    away = (sites[cell, 0] - y) ** 2 + (sites[cell, 1] - x) ** 2
    two = np.argpartition(away, (0, 1), axis=0)[:2]
    (first, second), (nearest, next_one) = (np.take_along_axis(values, two, 0) for values in (cell, away))
    apart = np.linalg.norm(sites[first] - sites[second], axis=-1)
    to_border = (next_one - nearest) / (2.0 * apart)
    label = first.ravel()
    share = np.bincount(label, minlength=len(sites)).clip(1)
    colour = np.stack([np.bincount(label, picture[..., k].ravel(), len(sites)) / share for k in range(3)], axis=-1)
    colour *= 1.0 + between(variety, 0.0, 0.22) * draws[:, :1]
    tiles = np.clip(colour, 0.0, 1.0)[first].astype(np.float32)
    laid = step(to_border - 0.5 * scale * between(grout, 0.4, 1.8), 0.35 * scale)
    return mixed(tinted(between(grout_tone, 0.06, 0.92), 0.05, 0.6), tiles, laid)


_WORDS = json.loads(files("parasol.corpora").joinpath("media_parameters.json").read_text("utf-8"))
MEDIA: Mapping[str, Medium] = {
    filter_.__name__: Medium(paint=filter_, words={name: tuple(two) for name, two in _WORDS[filter_.__name__].items()})
    for filter_ in (oil, knife, watercolour, ink, pencil, halftone, mosaic)
}
"""The seven media by name, with the words of their parameters, in order."""
