"""A drawing on a grid of pixels, as pixel art is: no half-covered cell, outlines one or more cells wide.

Needs shapely (the train extra).
"""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from parasol.corpora.hand_regions import Region, shaded
from parasol.corpora.hands import Colour, Hand
from parasol.corpora.svg_marks import UNITS, rgb
from parasol.corpora.svg_shapes import SIDE

LINE_COVER = 0.55  # of the cell's side: how near its middle a line has to come


def on_grid(regions: list[Region], hand: Hand, badge: BaseGeometry | None) -> str:
    """The regions as squares of `hand.grid` a side."""
    side = hand.grid
    at = (np.arange(side) + 0.5) * SIDE / side
    x, y = (axis.ravel() for axis in np.meshgrid(at, at))
    colours: list[Colour] = [hand.ground_colour]
    cells = np.zeros(side * side, np.int64)

    def lay(where: np.ndarray, colour: Colour) -> None:
        colours.append(colour)
        cells[where] = len(colours) - 1

    if badge is not None:
        lay(shapely.contains_xy(badge, x, y), hand.badge_colour)
    wide = max(1, round(hand.outline_width * side / SIDE))
    inked = [_inside(region, x, y, SIDE / side) for region in regions]
    whole = np.any(inked, axis=0)
    if hand.shading in ("cast", "long"):
        shift = np.roll(whole.reshape(side, side), (1, 1), (0, 1)).ravel()
        lay(shift, shaded(colours[-1], -0.18))
    if hand.outline == "silhouette":
        lay(_grown(whole.reshape(side, side), wide).ravel(), hand.ink)
    for region, inside in zip(regions, inked, strict=True):
        lay(inside, region.colour)
        if hand.fill == "two-tone" and not region.line:
            dithered = inside & (
                (x + y > region.area.centroid.x + region.area.centroid.y)
                & (np.indices((side, side)).sum(0).ravel() % 2 == 0)
            )
            lay(dithered, shaded(region.colour, -0.2))
        if region.outlined:
            flat = inside.reshape(side, side)
            rim = _grown(flat, (wide + 1) // 2) & ~_shrunk(flat, wide // 2)
            lay(rim.ravel(), shaded(region.colour, -0.3) if hand.outline_own and hand.fill != "none" else hand.ink)
    return _squares(cells.reshape(side, side), colours)


def _inside(region: Region, x: np.ndarray, y: np.ndarray, cell: float) -> np.ndarray:
    area = region.area.buffer(0.5 * LINE_COVER * cell) if region.line else region.area
    shapely.prepare(area)
    return shapely.contains_xy(area, x, y)


def _grown(cells: np.ndarray, by: int) -> np.ndarray:
    """Cells and their neighbours beside, above and below, `by` times."""
    for _ in range(by):
        padded = np.pad(cells, 1)
        cells = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return cells


def _shrunk(cells: np.ndarray, by: int) -> np.ndarray:
    return ~_grown(~cells, by)


def _squares(cells: np.ndarray, colours: list[Colour]) -> str:
    """Runs of cells of one colour as rectangles without smoothing."""
    side = len(cells)
    rows: list[str] = []
    edge = np.rint(np.arange(side + 1) * UNITS / side).astype(int).tolist()
    for row, values in enumerate(cells):
        starts = np.flatnonzero(np.diff(values, prepend=-1)).tolist()
        for start, end in zip(starts, [*starts[1:], side], strict=True):
            if values[start]:
                left, right = edge[start], edge[end]
                data = f"M{left} {edge[row]}H{right}V{edge[row + 1]}H{left}z"
                rows.append(f'<path fill="{rgb(colours[values[start]])}" d="{data}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{UNITS}" height="{UNITS}" viewBox="0 0 {UNITS} {UNITS}" '
        f'shape-rendering="crispEdges"><rect width="{UNITS}" height="{UNITS}" fill="{rgb(colours[0])}"/>'
        f"{''.join(rows)}</svg>"
    )
