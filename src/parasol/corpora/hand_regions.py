"""What a hand draws of an icon: its shapes laid out on the picture, their outlines reshaped, each with its colour.

Needs shapely (the train extra). Areas lie on the square of side 100 of `svg_shapes`, y down.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from parasol.corpora.hands import Colour, Hand, oklab_of
from parasol.corpora.svg_shapes import SIDE, Shape, polygonal, stroked
from parasol.errors import ParasolError

MOST = 48  # shapes of a drawing that are kept, the largest ones
THIN = 9.8  # thickness below which ink is a line: strokes of 2 in a box of 24 are 8.3
MARGIN = 2.5
BADGED = 0.62  # size of a drawing on a badge, times its hand's size
APART = 0.16  # distance in OKLab at which two colours that touch are told apart
SHADE = 0.14  # step of lightness between shapes that share a hue because the palette has no more


@dataclass(frozen=True, kw_only=True)
class Region:
    """An area in one colour. `line`: it is drawn as ink, not as a filled shape; `source`: its colour in the icon.

    group: regions of one group have one colour. outlined: an outline goes round it.
    """

    area: BaseGeometry
    source: Colour
    group: int
    line: bool
    colour: Colour = (0.0, 0.0, 0.0)
    outlined: bool = False


def regions_of(shapes: Sequence[Shape], hand: Hand, random: np.random.Generator) -> list[Region]:
    """The regions that a hand draws, lowest first, not empty. `random` places the wobble of lines."""
    regions = _laid_out(shapes, hand)
    bend = _bend(hand.jitter, 0.035, random) if hand.jitter else None
    shaped = [replace(region, area=reshaped(region, hand, bend)) for region in regions]
    kept = [region for region in shaped if region.area.area > 0.25]
    if not kept:
        raise ParasolError("nothing of it is left in this hand")
    return coloured(kept, hand)


def _laid_out(shapes: Sequence[Shape], hand: Hand) -> list[Region]:
    """Shapes at their place and size, as fills and lines; what lines of a single colour enclose is filled."""
    shapes = [part for shape in shapes for part in _parts(shape)]
    least = 0.15 + 0.6 * hand.simplify
    large = sorted((shape.area.area for shape in shapes), reverse=True)
    limit = max(large[min(MOST, len(large)) - 1], min(least, 0.5 * large[0]))
    scale = hand.size * (BADGED if hand.badge != "none" else 1.0)
    overhang = 0.0 if hand.badge != "none" else (hand.outline_width if hand.outline != "none" else 0.0)
    left, top, right, bottom = shapely.total_bounds([shape.area for shape in shapes])
    # Drawings keep their place in the box; one that would leave the picture with its outline is made smaller.
    reach = max(SIDE / 2 - min(left, top), max(right, bottom) - SIDE / 2, 1.0)
    scale = min(scale, (SIDE / 2 - MARGIN - overhang) / reach)
    tones = {shape.colour for shape in shapes}
    regions: list[Region] = []
    for shape in shapes:
        if shape.area.area < limit:
            continue
        line = shape.line is not None or thickness(shape.area) < THIN
        placed = _inked(shape, hand, scale) if line else _scaled(shape.area, scale)
        if not line and hand.weight:
            placed = _bolder(placed, 1.2 * hand.weight)
        regions.append(Region(area=placed, source=shape.colour, group=0, line=line))
    if len(tones) == 1:
        regions = _of_one_ink(regions, hand)
    return _grouped(regions, by_shape=len(tones) == 1)


def _inked(shape: Shape, hand: Hand, scale: float) -> BaseGeometry:
    """A line as the hand draws it: as wide as its outlines, or by its weight."""
    own = (shape.width or thickness(shape.area)) * scale
    wanted = hand.outline_width if hand.outline == "shapes" else max(1.6, own * (1.0 + 0.55 * hand.weight))
    if shape.line is not None:
        line = _scaled(shape.line, scale)
        drawn = stroked(line, wanted, cap="round" if hand.join == "round" else "butt", join=hand.join)
        return drawn if not drawn.is_empty else _scaled(shape.area, scale)
    return _bolder(_scaled(shape.area, scale), (wanted - own) / 2)


def _of_one_ink(regions: list[Region], hand: Hand) -> list[Region]:
    """The parts of a drawing of one ink, and below them what its lines enclose."""
    lines = [region for region in regions if region.line]
    solids = [region for region in regions if not region.line]
    source = regions[0].source
    inside: list[Region] = []
    if hand.interiors and hand.fill != "none":
        ink = shapely.union_all([region.area for region in regions]) if len(regions) > 1 else regions[0].area
        holes = [shapely.polygons(ring) for part in shapely.get_parts(ink) for ring in part.interiors]
        holes = [hole for hole in holes if hole.is_valid and hole.area > 4.0]
        holes.sort(key=lambda hole: -hole.area)
        seam = 0.4 * hand.outline_width if hand.outline == "shapes" else 0.6
        grown = [hole.buffer(seam, join_style="mitre") for hole in holes[:12]]
        inside = [Region(area=area, source=source, group=0, line=False) for area in grown]
    parts = [
        replace(region, area=part)
        for region in solids
        for part in sorted(shapely.get_parts(region.area), key=lambda part: -part.area)[:16]
    ]
    return [*inside, *parts, *lines]


def _grouped(regions: list[Region], *, by_shape: bool) -> list[Region]:
    """Regions with their group: a colour of the source, or where that has one, each shape, and all lines together."""
    groups: dict[object, int] = {}
    grouped = []
    for index, region in enumerate(regions):
        key: object = ("line" if region.line else index) if by_shape else (region.source, region.line)
        grouped.append(replace(region, group=groups.setdefault(key, len(groups))))
    return grouped


def reshaped(region: Region, hand: Hand, bend: "Bend | None") -> BaseGeometry:
    """A region with its outline straightened, its corners rounded and its line strayed."""
    area = region.area
    if hand.simplify:
        simpler = area.simplify(hand.simplify * (0.3 if region.line else 1.0))
        area = simpler if simpler.area > 0.7 * area.area else area
    if hand.corner:
        area = rounded(area, hand.corner)
    if bend is not None:
        area = polygonal(shapely.make_valid(bend.applied(area)))
    return area


def rounded(area: BaseGeometry, radius: float) -> BaseGeometry:
    """An area with its corners rounded by a radius, or by less where that would take too much of it."""
    for share in (1.0, 0.6, 0.35, 0.2):
        r = radius * share
        opened = area.buffer(-r, join_style="mitre").buffer(r, quad_segs=5)
        if opened.area > 0.93 * area.area and len(shapely.get_parts(opened)) == len(shapely.get_parts(area)):
            # Inner corners by half as much, so that no gap is closed.
            return polygonal(opened.buffer(0.5 * r, join_style="mitre").buffer(-0.5 * r, quad_segs=5))
    return area


@dataclass(frozen=True)
class Bend:
    """A smooth displacement of the plane: how far it goes, and its waves."""

    amount: float
    waves: np.ndarray  # [2, k, 3]: for x and y, frequency along x and y in radians a unit, phase

    def applied(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry with every point moved."""
        return shapely.transform(shapely.segmentize(geometry, 3.0), self._moved)

    def _moved(self, points: np.ndarray) -> np.ndarray:
        phase = np.einsum("akc,nc->nak", self.waves[..., :2], points) + self.waves[..., 2]
        return points + self.amount * np.sin(phase).mean(axis=-1)


def _bend(amount: float, frequency: float, random: np.random.Generator) -> Bend:
    waves = random.normal(size=(2, 4, 3)) * [2 * math.pi * frequency, 2 * math.pi * frequency, 0.0]
    waves[..., 2] = random.uniform(0.0, 2.0 * math.pi, (2, 4))
    return Bend(1.8 * amount, waves)


def rough_bend(amount: float, random: np.random.Generator) -> Bend:
    """The quick small strays of a rough outline."""
    return _bend(0.45 * amount, 0.11, random)


def coloured(regions: list[Region], hand: Hand) -> list[Region]:
    """Regions with the colours of the hand, by its rule; what would not be told from what it lies on is set apart."""
    lines_in_ink = hand.outline == "shapes" and not hand.outline_own
    palette = hand.palette
    order = _order(regions, hand, skip_lines=lines_in_ink)
    sheet = hand.badge_colour if hand.badge != "none" else hand.ground_colour
    painted: list[Region] = []
    given: dict[int, Colour] = {}
    for region in regions:
        below = next((other.colour for other in reversed(painted) if _lies_on(region, other)), sheet)
        outlined = hand.outline == "shapes" and not region.line
        if region.group not in given:
            if region.line and (lines_in_ink or hand.fill == "none"):
                colour = hand.ink
            elif hand.fill == "none":
                colour = sheet
            else:
                rank = order.index(region.group)
                colour = shaded(palette[rank % len(palette)], -SHADE * (rank // len(palette)))
                if region.line and hand.outline == "shapes":
                    colour = shaded(colour, -0.25)
            given[region.group] = colour if outlined else told_from(colour, below)
        painted.append(replace(region, colour=given[region.group], outlined=outlined))
    return painted


def _order(regions: list[Region], hand: Hand, *, skip_lines: bool) -> list[int]:
    """The groups in the order in which the palette is dealt out."""
    sums: dict[int, list[float]] = {}
    for region in regions:
        if not (region.line and skip_lines):
            area = region.area.area
            entry = sums.setdefault(region.group, [0.0, 0.0, 0.0])
            entry[0] += area
            entry[1] += area * sum(region.source)
            entry[2] += area * region.area.centroid.y
    by_area = sorted(sums, key=lambda group: -sums[group][0])
    if hand.rule == "height":
        return sorted(by_area, key=lambda group: -sums[group][2] / sums[group][0])
    if hand.rule == "tone" and len({round(entry[1] / entry[0], 3) for entry in sums.values()}) > 1:
        tones = {group: sums[group][1] / sums[group][0] for group in sums}
        lights = [float(oklab_of(np.array(colour))[0]) for colour in hand.palette]
        # Source tones from dark to light take the palette from dark to light, over and over where it is short.
        dealt: dict[int, int] = {}
        ranked = sorted(by_area[: len(lights)], key=tones.__getitem__)
        for place, group in zip(np.argsort(lights[: len(ranked)]).tolist(), ranked, strict=True):
            dealt[place] = group
        return [dealt[place] for place in sorted(dealt)] + by_area[len(lights) :]
    return by_area


def _lies_on(region: Region, other: Region) -> bool:
    point = region.area.representative_point()
    return bool(shapely.contains_xy(other.area, point.x, point.y))


def told_from(colour: Colour, below: Colour) -> Colour:
    """A colour, lighter or darker where it would not be told from the one below it."""
    own, under = oklab_of(np.array([colour, below]))
    if np.linalg.norm(own - under) >= APART:
        return colour
    down = under[0] > 0.6
    return shaded(colour, (under[0] - own[0]) + (-0.22 if down else 0.22))


def shaded(colour: Colour, by: float) -> Colour:
    """A colour lighter by an amount, or darker where it is negative: mixed with white or black."""
    amount = min(1.0, abs(by) * 1.4)
    end = 1.0 if by > 0.0 else 0.0
    red, green, blue = (value + amount * (end - value) for value in colour)
    return red, green, blue


def thickness(area: BaseGeometry) -> float:
    """How thick an area is on the whole: a long stroke is as thick as it is wide."""
    return 2.0 * area.area / max(area.length, 1e-6)


def _bolder(area: BaseGeometry, by: float) -> BaseGeometry:
    """An area grown on every side, or shrunk as far as that leaves it whole."""
    for share in (1.0,) if by > 0.0 else (1.0, 0.6, 0.35, 0.15):
        grown = area.buffer(share * by, join_style="mitre", mitre_limit=2.0, quad_segs=5)
        if by > 0.0 or (shapely.get_num_geometries(grown) == 1 and grown.area > 0.35 * area.area):
            return grown
    return area


def _parts(shape: Shape) -> list[Shape]:
    """The separate parts of a filled shape, each of which is a line or a solid by itself."""
    parts = shapely.get_parts(shape.area)
    if shape.line is not None or not 1 < len(parts) <= MOST:
        return [shape]
    return [replace(shape, area=part) for part in parts]


def _scaled(geometry: BaseGeometry, scale: float) -> BaseGeometry:
    """A geometry scaled about the middle of the picture."""
    return shapely.transform(geometry, lambda points: SIDE / 2 + scale * (points - SIDE / 2))
