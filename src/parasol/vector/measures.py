"""What makes a drawing one of a set, measured: stroke width, roundness, padding, weight and colours."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.maths.lab import lab
from parasol.vector.curves import fitted, flattened
from parasol.vector.depth import depth, ridge
from parasol.vector.ground import RGBA, laid, showing
from parasol.vector.outline import area, outlines
from parasol.vector.palette import choose_palette, nearest

SIDE = 256
"""px, longer side at which drawings are measured, whatever size they have."""

STEADY = 0.25  # spread of a stroke's width over the width, up to which the drawing has one
THINNEST = 5.0  # times as long as wide, all together, is what counts as made of strokes
TIGHT = 0.15  # of the side; a curve of a larger radius is no corner

Chains = list[Float[np.ndarray, "_ 2"]]
"""Outlines of what is drawn."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """One drawing. Lengths are shares of the longer side, so that they compare whatever the size."""

    stroke: float | None
    """Width of its strokes; None where it has fills, or strokes of several widths."""

    corner: float | None
    """Median radius of its corners, 0 for sharp ones; None where it has none."""

    padding: float
    """Free space between the drawing and the nearest side of the picture."""

    weight: float
    """Share of the picture that is drawn on, by alpha or by difference from the ground."""

    colours: tuple[str, ...]
    """As #rrggbb, by area, without the ground."""

    shares: tuple[float, ...]
    """Share of the drawn area of each colour."""


def measure(picture: RGBA) -> Measures:
    """The measures of one drawing. Raises GroundError where all of it is transparent."""
    large = _at_side(picture)
    flat = laid(large, showing(large))
    palette = choose_palette(flat)
    owners = nearest(lab(flat), lab(palette.colours))
    has_alpha = bool((picture[..., 3] < 0.5).any())
    drawn = large[..., 3] >= 0.5 if has_alpha else owners > 0
    count = np.bincount(owners[drawn], minlength=len(palette.colours))
    chains = outlines(drawn)
    order = [index for index in np.argsort(-count, kind="stable") if count[index] >= 0.01 * max(drawn.sum(), 1)]
    return Measures(
        stroke=_stroke(drawn, chains),
        corner=_corner(chains),
        padding=_padding(drawn),
        weight=round(float(drawn.mean()), 4),
        colours=tuple(palette.hexes[index] for index in order),
        shares=tuple(round(float(count[index] / drawn.sum()), 4) for index in order),
    )


def _at_side(picture: RGBA) -> Float[np.ndarray, "h w 4"]:
    scale = SIDE / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return from_uint8(np.asarray(Image.fromarray(to_uint8(picture)).resize(size, Image.Resampling.BICUBIC)))


def _padding(drawn: Bool[np.ndarray, "h w"]) -> float:
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return 0.5
    height, width = drawn.shape
    return round(float(min(rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1])) / SIDE, 4)


def _stroke(drawn: Bool[np.ndarray, "h w"], chains: Chains) -> float | None:
    """Drawn area over length, where the depth along its ridges hardly varies and the drawing is thin for its length."""
    deep = depth(np.pad(drawn, 1), SIDE)[1:-1, 1:-1]
    middle = ridge(deep) & (deep > 1)
    if middle.sum() < 8:
        return None
    widths = 2 * deep[middle] - 1
    width = float(np.median(widths))
    if float(np.percentile(widths, 90) - np.percentile(widths, 10)) > max(STEADY * width, 2.0):
        return None
    if drawn.sum() < THINNEST * width**2:
        return None
    return round(float(drawn.sum() / max(_length(chains), 1e-9)) / SIDE, 4)


def _length(chains: Chains) -> float:
    """Length of strokes: half of their outline."""
    eased = [_eased(chain) for chain in chains]
    return float(sum(np.linalg.norm(chain - np.roll(chain, -1, axis=0), axis=1).sum() for chain in eased)) / 2


def _eased(chain: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    return sum(np.roll(chain, shift, axis=0) for shift in range(-2, 3)) / 5  # pyright: ignore[reportReturnType]


def _corner(chains: Chains) -> float | None:
    """The median radius of what turns by a good part of a right angle within a short way."""
    radii = list[float]()
    for chain in chains:
        if area(chain) < 0 or len(chain) < 48:
            continue
        points = flattened(fitted(chain, 1.0), 12)
        steps = np.roll(points, -1, axis=0) - points
        lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
        angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        turns = np.diff(angles, append=angles[0] + 2 * np.pi * np.round((angles[-1] - angles[0]) / (2 * np.pi)))
        bend = np.abs(turns) / lengths
        sharp = np.abs(turns) > np.radians(40)
        radii += [0.0] * int(sharp.sum())
        round_ = ~sharp & (bend > 1 / (TIGHT * SIDE)) & (bend < 0.5)
        radii += (1 / bend[round_]).tolist()[::6]
    return round(float(np.median(radii)) / SIDE, 4) if radii else None
