"""A drawing coloured as a flat style colours its own: regions of the content, and one colour of the style for each.

Where the style draws lines, so does the result: along every edge of the content, and where the content itself is thin.
What is left are areas. Which colour each area has, and each line, is a small transport: what the model's result says of
a region, weighed against how much of a drawing each colour has in the references, so that neighbours stay apart.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.maths.lab import delta_e, lab
from parasol.vector.depth import depth, ridge
from parasol.vector.indexing import SCALE, index_picture
from parasol.vector.look import SPECK, Look, outside
from parasol.vector.palette import choose_palette
from parasol.vector.regions import CLEAR, borders, components, without_specks

MOST_REGIONS = 60  # of a content picture; one with more is no flat drawing
SMALLEST = 0.003  # share of a drawing; a part with less belongs to what is around it
THIN = 1.5  # widths of the style's lines, up to which a part of the content is a line itself
APART = 40.0  # delta E between two regions of the content that have to be told from each other
EDGE = 25.0  # delta E, from which there is a line between them
TELLS = 60.0  # delta E between result and colour, that tells as much against it as can be
ROUNDS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """A content picture in regions, at the size of the index picture."""

    labels: Int[np.ndarray, "h w"]
    colours: Float[np.ndarray, "n 3"]
    """Lab, of each in the content."""

    areas: Int[np.ndarray, " n"]
    free: Bool[np.ndarray, " n"]
    """Ground around the drawing."""

    hollow: Bool[np.ndarray, " n"]
    """Ground that the drawing encloses."""


def parts_of(content: Float[np.ndarray, "H W 3"]) -> Parts | None:
    """The regions of a drawing; None where it falls into too many."""
    chosen = choose_palette(content)
    index = index_picture(content, chosen)
    drawn = max(int((~outside(index)).sum()), 1)
    index = without_specks(index, max(SPECK, round(SMALLEST * drawn)))
    labels, kinds = components(index)
    if len(kinds) > MOST_REGIONS:
        return None
    around = outside(index)
    areas = np.bincount(labels.ravel(), minlength=len(kinds))
    free = np.bincount(labels[around], minlength=len(kinds)) > 0
    return Parts(
        labels=labels, colours=lab(chosen.colours)[kinds], areas=areas, free=free, hollow=(kinds == 0) & ~free
    )


def coloured(
    result: Float[np.ndarray, "H W 3"], content: Float[np.ndarray, "H W 3"], look: Look
) -> Int[np.ndarray, "h w"] | None:
    """Colours of the look by index, four times as large as the picture, `CLEAR` around the drawing and where it is
    left free; None where the content is no flat drawing."""
    parts = parts_of(content)
    if parts is None or parts.free.all():
        return None
    seen = lab(np.repeat(np.repeat(result, SCALE, axis=0), SCALE, axis=1))
    labels, line = parts.labels, np.zeros(parts.labels.shape, bool)
    width = look.width * max(labels.shape)
    strokes = np.zeros(len(parts.areas), bool)
    if width > 0:
        strokes = _strokes(parts, width)
        line, labels = _lines(parts, strokes, width)
    index = _fills(parts, labels, line, seen, look, strokes)
    if line.any():
        index[line] = _line_colours(labels, line, seen, look)[line]
    return np.where(index == 0, CLEAR, index)


def _strokes(parts: Parts, width: float) -> Bool[np.ndarray, " n"]:
    """Which parts are thin: lines of the drawing, and thin gaps within areas, which lines show as well."""
    most = round(THIN * width)
    found = np.zeros(len(parts.areas), bool)
    for label in np.flatnonzero(~parts.free):
        deep = depth(parts.labels == label, most)
        found[label] = np.percentile(2 * deep[ridge(deep)] - 1, 80) <= THIN * width
    beside = np.zeros((len(found), 2))  # border with areas, and with strokes or ground
    for one, other, length in borders(parts.labels):
        for own, its in ((one, other), (other, one)):
            beside[own, int(found[its] or parts.free[its])] += length
    return found & (~parts.hollow | (beside[:, 0] > beside[:, 1]))


def _lines(
    parts: Parts, strokes: Bool[np.ndarray, " n"], width: float
) -> tuple[Bool[np.ndarray, "h w"], Int[np.ndarray, "h w"]]:
    """Where lines go, and whose each pixel of them is."""
    labels, reach = parts.labels, max(round(width), 1)
    owner = labels.copy()
    around = parts.free[labels]
    thin = strokes[labels]
    # Along the outer edge a line lies inside.
    line = ~around & ~thin & (depth(~around, reach) < width)
    middle = np.zeros(labels.shape, bool)
    for label in np.flatnonzero(strokes):
        deep = depth(labels == label, reach)
        core = ridge(deep)
        middle |= core & (deep >= 0.7 * np.median(deep[core]))
    grown = depth(~middle, reach) < width / 2
    # An edge between two areas has its line on both sides.
    for label in np.flatnonzero(~parts.free & ~strokes):
        own = labels == label
        other = ~own & ~around & ~thin & (delta_e(parts.colours[labels], parts.colours[label]) >= EDGE)
        if other.any():
            band = own & (depth(~other, reach) < width / 2 + 0.5)
            line |= band
    near = ~line & ~around & thin & ~grown
    line = (line & ~(near)) | (grown & middle.any())
    return line, owner


def _fills(
    parts: Parts,
    labels: Int[np.ndarray, "h w"],
    line: Bool[np.ndarray, "h w"],
    seen: Float[np.ndarray, "h w 3"],
    look: Look,
    strokes: Bool[np.ndarray, " n"],
) -> Int[np.ndarray, "h w"]:
    count, colours = len(parts.areas), len(look.fills)
    inner = ~line & ~parts.free[labels]
    areas = np.bincount(labels[inner], minlength=count)
    evidence = _evidence(labels, inner, seen, look, count)
    index = np.zeros(count, np.int64)
    todo = np.flatnonzero(areas > 0)
    if len(todo):
        apart = np.zeros((count, count))
        for one, other, length in borders(labels):
            away = float(delta_e(parts.colours[one], parts.colours[other]))
            apart[one, other] = apart[other, one] = length * min(away / APART, 1.0)
        if line.any():
            apart *= 0.1
        tells = np.where(parts.hollow, 0.5, 1.0)
        target = np.array(look.fills)
        index = _transported(areas / areas.sum(), evidence * tells[:, None], target, apart / max(apart.sum(), 1e-9), parts.free)
    return np.where(parts.free[labels], 0, index[labels])


def _evidence(labels, inner, seen, look: Look, count: int) -> Float[np.ndarray, "n k"]:
    """How much the result tells against each colour in each region, 0..1."""
    centres = lab(look.palette.colours)
    off = np.minimum(delta_e(seen[inner][:, None], centres[None]) / TELLS, 1.0)
    number = np.maximum(np.bincount(labels[inner], minlength=count), 1)
    return np.stack([np.bincount(labels[inner], off[:, k], count) / number for k in range(len(centres))], axis=1)


def _transported(mass, evidence, target, apart, free) -> Int[np.ndarray, " n"]:
    """One colour for each region: of least cost by moves of one region and swaps of two, from what the result says."""
    allowed = target > 0
    cost = np.where(allowed[None], evidence, 9.0)
    index = np.where(free, 0, cost.argmin(axis=1))
    todo = np.flatnonzero(~free & (mass > 0))

    def price(found) -> float:
        shares = np.bincount(found[todo], mass[todo], len(target))
        same = (found[:, None] == found[None]) & (apart > 0)
        return (
            WEIGHT_E * float((mass[todo] * cost[todo, found[todo]]).sum())
            + WEIGHT_T * float(np.abs(shares - target).sum()) / 2
            + WEIGHT_A * float(apart[same].sum())
        )

    best = price(index)
    for _ in range(ROUNDS):
        moved = False
        options = [((r, k),) for r in todo for k in np.flatnonzero(allowed)]
        options += [((r, index[s]), (s, index[r])) for r in todo for s in todo if r < s and index[r] != index[s]]
        for change in options:
            tried = index.copy()
            for r, k in change:
                tried[r] = k
            value = price(tried)
            if value < best - 1e-9:
                best, index, moved = value, tried, True
        if not moved:
            break
    return index


WEIGHT_E, WEIGHT_T, WEIGHT_A = 0.5, 1.0, 1.0


def _line_colours(labels, line, seen, look: Look) -> Int[np.ndarray, "h w"]:
    count = int(labels.max()) + 1
    mass = np.bincount(labels[line], minlength=count)
    evidence = _evidence(labels, line, seen, look, count)
    none = np.zeros((count, count))
    index = _transported(mass / mass.sum(), evidence, np.array(look.lines), none, mass == 0)
    return index[labels]
