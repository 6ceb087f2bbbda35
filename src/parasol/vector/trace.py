"""A flat picture -> a drawing of few shapes: palette, index picture, regions, outlines."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.maths.lab import lab
from parasol.vector import regions as tree
from parasol.vector.curves import Curve, fitted
from parasol.vector.drawing import Drawing, Fill, Outline, Rectangle, Shape
from parasol.vector.gradients import with_gradients
from parasol.vector.indexing import SCALE, index_picture
from parasol.vector.outline import area, outlines
from parasol.vector.palette import Palette, between, choose_palette
from parasol.vector.shapes import recognised

SPECK = 20  # index pixels; a part with fewer is not drawn
TOLERANCE = 0.8  # index pixels, a fifth of a pixel


@dataclass(frozen=True, kw_only=True, eq=False)
class Traced:
    """A drawing, and the palette that its fills are of."""

    drawing: Drawing
    palette: Palette


def trace(
    pixels: Float[np.ndarray, "H W 3"],
    palette: Palette | None = None,
    *,
    count: int | None = None,
    clear: Bool[np.ndarray, "H W"] | None = None,
) -> Traced:
    """A drawing of a flat picture in a given palette, or in at most `count` colours that are chosen from it."""
    chosen = choose_palette(pixels, count) if palette is None else palette
    exact = palette is not None or count is not None
    index = index_picture(pixels, chosen)
    if clear is not None:
        index[np.repeat(np.repeat(clear, SCALE, axis=0), SCALE, axis=1)] = tree.CLEAR
    index = tree.without_specks(index, SPECK)
    fills: dict[int, Fill] = dict(enumerate(chosen.hexes))
    if not exact:
        index, ramps = with_gradients(index, pixels, between(lab(pixels)), len(fills))
        fills |= ramps
    shapes = _shapes(index, fills)
    height, width = pixels.shape[:2]
    return Traced(drawing=Drawing(width=width, height=height, shapes=shapes), palette=chosen)


def _shapes(index: Int[np.ndarray, "h w"], fills: dict[int, Fill]) -> list[Shape]:
    labels, kinds = tree.components(index)
    filled = np.array([max(round(area(chain)) for chain in outlines(labels == label)) for label in range(len(kinds))])
    regions = tree.stacked(labels, kinds, filled)
    inside = _members(regions)
    shapes = list[Shape]()
    for group in tree.painted_order(regions):
        fill = fills[regions[group[0]].index]
        chains = list[list[Curve]]()
        for label in group:
            mask = np.isin(labels, list(inside[label]))
            if mask.all():
                shapes.append(Rectangle(fill=fill, corner=(0, 0), size=(index.shape[1] / SCALE, index.shape[0] / SCALE)))
                continue
            around = outlines(mask)
            exact = recognised(around[0], fill, SCALE) if len(around) == 1 else None
            if exact is not None:
                shapes.append(exact)
            else:
                chains += [_curves(chain) for chain in around]
        if chains:
            shapes.append(Outline(fill=fill, chains=chains))
    return shapes


def _curves(chain: Float[np.ndarray, "n 2"]) -> list[Curve]:
    return [Curve(points=piece.points / SCALE) for piece in fitted(chain, TOLERANCE)]


def _members(regions: dict[int, tree.Region]) -> dict[int, set[int]]:
    """Each region and all that lies on it."""
    members = {label: {label} for label in regions}
    for label in regions:
        above = regions[label].parent
        while above != tree.ROOT:
            members[above].add(label)
            above = regions[above].parent
    return members
