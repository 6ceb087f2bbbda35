"""An icon redrawn by a procedural hand: an SVG to an SVG.

Needs shapely (the train extra).
"""

import zlib
from collections.abc import Sequence

import numpy as np
import shapely
from jaxtyping import UInt8
from shapely.geometry.base import BaseGeometry

from parasol.corpora.drawings import Drawing
from parasol.corpora.hand_regions import Region, regions_of, rough_bend, shaded
from parasol.corpora.hands import Colour, Hand
from parasol.corpora.pixel_grid import on_grid
from parasol.corpora.render import render
from parasol.corpora.shading import Marks, direction, rims, shadow_below, two_tones
from parasol.corpora.svg_marks import UNITS, paint, path, rgb
from parasol.corpora.svg_shapes import JOINS, SIDE, polygonal, shapes_of
from parasol.errors import ParasolError

MARKED = 10  # shapes, the largest, that get rims and second tones
BADGE_SIDE = 92.0


def redraw(svg: str, hand: Hand, name: str = "the drawing") -> str:
    """An icon's SVG as the hand draws it: a square SVG on an opaque ground. The same arguments give the same drawing.

    Raises ValueError with the icon's name where its SVG can't be read, or nothing of it would be seen.
    """
    try:
        shapes = shapes_of(svg)
        random = np.random.default_rng([hand.seed, zlib.crc32(svg.encode())])
        regions = regions_of(shapes, hand, random)
        if hand.grid:
            return on_grid(regions, hand, badge_of(hand))
        return _document(regions, hand, random)
    except (ValueError, shapely.errors.GEOSException) as error:
        raise ParasolError(f"{name} can't be redrawn: {error}") from error


def draw(svg: str, hand: Hand, size: int, name: str = "the drawing") -> UInt8[np.ndarray, "S S 3"]:
    """An icon's SVG as the hand draws it, in pixels. Raises ValueError as `redraw` does."""
    drawing = Drawing(data=redraw(svg, hand, name).encode(), vector=True)
    return np.asarray(render(drawing, size).convert("RGB"))


def badge_of(hand: Hand) -> BaseGeometry | None:
    """The tile below a drawing, where the hand has one."""
    if hand.badge == "none":
        return None
    middle, half = shapely.Point(SIDE / 2, SIDE / 2), BADGE_SIDE / 2
    if hand.badge == "circle":
        return middle.buffer(half, quad_segs=24)
    radius = 4.0 + 2.6 * hand.corner if hand.badge == "rounded" else 0.0
    start, end = SIDE / 2 - half + radius, SIDE / 2 + half - radius
    inner = shapely.box(start, start, end, end)
    return inner.buffer(radius, quad_segs=12) if radius else inner


def _document(regions: list[Region], hand: Hand, random: np.random.Generator) -> str:
    """The drawing from the ground up."""
    marks = Marks(hand)
    badge = badge_of(hand)
    body = [f'<rect width="{UNITS}" height="{UNITS}" fill="{rgb(hand.ground_colour)}"/>']
    whole = shapely.union_all([region.area for region in regions])
    if badge is not None:
        body.append(path(badge, rgb(hand.badge_colour)))
    sheet = hand.badge_colour if badge is not None else hand.ground_colour
    body += shadow_below(whole, hand, sheet, badge, marks)
    if hand.outline == "silhouette":
        around = whole.buffer(
            hand.outline_width, join_style=JOINS.get(hand.join, "round"), quad_segs=6, mitre_limit=2.5
        )
        if hand.roughness:
            around = rough_bend(hand.roughness, random).applied(around)
        body.append(path(around, rgb(hand.ink)))
    apart = hand.fill == "offset"
    largest = {id(region) for region in sorted(regions, key=lambda region: -region.area.area)[:MARKED]}
    outlines: list[str] = []
    seen = _seen(regions) if apart else [region.area for region in regions]
    for region, visible in zip(regions, seen, strict=True):
        inked = [] if not region.outlined else _outline(visible, region.colour, hand, random)
        if region.line:
            (outlines if apart else body).append(path(region.area, rgb(region.colour)))
        else:
            body += _filled(region, hand, marks, detailed=id(region) in largest)
        if apart:
            outlines += inked
        else:
            body += inked
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{UNITS}" height="{UNITS}" viewBox="0 0 {UNITS} {UNITS}">'
        f"<defs>{''.join(marks.definitions)}</defs>{''.join(body)}{''.join(outlines)}</svg>"
    )


def _filled(region: Region, hand: Hand, marks: "Marks", *, detailed: bool) -> list[str]:
    """A region's fill with its second tone and its rims of light."""
    area = region.area
    if hand.fill == "offset":
        dx, dy = direction(hand) * (1.0 + 3.0 * hand.fill_strength)
        area = shapely.transform(area, lambda points: points + np.array([dx, dy]))
    drawn = [path(area, marks.fill(region.colour))]
    if not detailed:
        return drawn
    if hand.fill == "two-tone":
        drawn.append(two_tones(area, region.colour, hand))
    if hand.fill != "none":
        drawn += rims(area, hand)
    return drawn


def _outline(area: BaseGeometry, colour: Colour, hand: Hand, random: np.random.Generator) -> list[str]:
    """The outline of an area: one stroke, or two that stray from each other where it is rough."""
    ink = shaded(colour, -0.3) if hand.outline_own and hand.fill != "none" else hand.ink
    if not hand.roughness:
        return [_stroke(area, ink, hand.outline_width, hand)]
    strayed = [rough_bend(hand.roughness, random).applied(area) for _ in range(2 if hand.roughness > 0.5 else 1)]
    widths = (hand.outline_width,) if len(strayed) == 1 else (0.8 * hand.outline_width, 0.45 * hand.outline_width)
    return [_stroke(line, ink, width, hand) for line, width in zip(strayed, widths, strict=True)]


def _stroke(area: BaseGeometry, colour: Colour, width: float, hand: Hand) -> str:
    return path(area, "none", stroke=paint(colour, width, hand.join))


def _seen(regions: Sequence[Region]) -> list[BaseGeometry]:
    """What of each region is not hidden by those above it."""
    above: BaseGeometry = shapely.Polygon()
    visible = []
    for region in reversed(regions):
        visible.append(polygonal(region.area.difference(above)))
        if not region.line:
            above = above.union(region.area)
    return visible[::-1]
