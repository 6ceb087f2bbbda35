"""Geometry as SVG: paths in whole units, colours, strokes. Needs shapely (the train extra)."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from parasol.corpora.hands import Colour
from parasol.corpora.svg_shapes import SIDE

UNITS = 4000
"""Side of the view box: whole numbers of it are fine enough, and shorter than fractions."""

SCALE = UNITS / SIDE


def path(area: BaseGeometry, fill: str, *, stroke: str = "", opacity: float = 1.0, more: str = "") -> str:
    """An area as a path element; nothing where it is empty."""
    data = path_data(area)
    if not data:
        return ""
    seen = "" if opacity >= 1.0 else f' opacity="{opacity:.3f}"'
    return f'<path fill-rule="evenodd" fill="{fill}"{stroke}{seen}{more} d="{data}"/>'


def path_data(area: BaseGeometry) -> str:
    """The rings of an area as path data."""
    rings = []
    for part in shapely.get_parts(area):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings += [part.exterior, *part.interiors]
    return "".join(_ring(shapely.get_coordinates(ring)) for ring in rings)


def _ring(points: np.ndarray) -> str:
    whole = np.rint(points[:-1] * SCALE).astype(int)
    steps = np.diff(whole, axis=0)
    moved = steps[np.any(steps != 0, axis=1)]
    return f"M{whole[0, 0]} {whole[0, 1]}l{' '.join(map(str, moved.ravel().tolist()))}z" if len(moved) > 1 else ""


def paint(colour: Colour, width: float, join: str) -> str:
    """The attributes of a stroke."""
    return f' stroke="{rgb(colour)}" stroke-width="{width * SCALE:.0f}" stroke-linejoin="{join}" stroke-miterlimit="3"'


def rgb(colour: Colour) -> str:
    """A colour as SVG writes it."""
    return "#" + "".join(f"{round(255 * min(max(value, 0.0), 1.0)):02x}" for value in colour)
