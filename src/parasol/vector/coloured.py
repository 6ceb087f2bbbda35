"""A drawing coloured as a flat style colours its own: the content's parts, and one colour of the style for each.

Where the style draws lines, so does the result: along every edge of the content, and where the content itself is thin.
What is left are areas. Which colour each of them has, and each line, is a small transport: what the model's result says
of a place, against how much of a drawing each colour has in the references, and so that neighbours are told apart.
"""

from functools import cache, lru_cache, partial

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError
from parasol.maths.lab import delta_e, lab
from parasol.vector.corners import rounded
from parasol.vector.depth import depth, grown, ridge
from parasol.vector.indexing import SCALE
from parasol.vector.look import UNLIKE, Look
from parasol.vector.parts import Parts, cut, divided, joined, parts_of
from parasol.vector.regions import CLEAR, components
from parasol.vector.same import Same
from parasol.vector.strokes import BLOB, is_stroke, rim_along, run_out, unlined, widest

THIN = 1.5  # widths of the style's lines, up to which a part of the content is a line itself
EDGE = 25.0  # delta E between two areas of the content, from which there is a line between them
APART = 40.0  # delta E between two areas of the content that have to be told from each other
TELLS = 60.0  # delta E between result and colour, that tells as much against it as can be
SAYS, SHARED, TOLD = 0.5, 1.0, 1.0  # weights: what the result says, the colours' shares, neighbours told apart
BY_LINES = 0.1  # of the last, where lines part neighbours
NARROWER = (1.0, 0.8, 0.64, 0.51, 0.41)  # of the style's width, until a drawing has room for its lines
LOST, SHOWN, MERGED = 0.2, 0.2, 0.3  # share of the parts that may go; of a part, that is left of it; of its rim
GUESSED = 0.5  # of the first, where the drawing only encloses ground: there the model has little to say
INNER = 0.5  # of the style's corners, for corners of the ground: narrow gaps would close
ROUNDS = 20
KEPT = 3 * 256**2  # values of a picture, whose form is kept

Ruled = tuple[float, Bool[np.ndarray, " n"], Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]
"""The lines' width, which parts are lines themselves, the lines, and what is left over of thin parts."""


def coloured(
    result: Float[np.ndarray, "H W 3"],
    content: Float[np.ndarray, "_ _ 3"],
    look: Look,
    alpha: Float[np.ndarray, "H W"] | None = None,
) -> Int[np.ndarray, "h w"] | None:
    """Colours of the look by index, at the index picture's scale, `CLEAR` where the style leaves the ground free.

    content: the drawing that the result shows, in the same shape, and its alpha where it has one (`parts_of`). None
    where it is no flat drawing, or nothing would be left of it.

    Raises:
        ValueError: the shapes differ.
    """
    if result.shape != content.shape:
        raise ParasolError(
            f"the result has shape {result.shape} and the content {content.shape}; both must be one size"
        )
    shape, (content, alpha) = content.shape, _with_border(content, alpha, look)
    form = _form if content.size <= KEPT else _form.__wrapped__
    parts, ruled = form(Same(content), None if alpha is None else Same(alpha), look)
    if parts is None:
        return None
    if content.shape != shape:
        result = np.pad(result, ((1, 1), (1, 1), (0, 0)), mode="edge")
    off = delta_e(lab(result)[:, :, None], lab(look.palette.colours))
    says = np.minimum(off / TELLS, 1.0)
    if ruled is None:
        index = _filled(parts, ~parts.free[parts.labels], says, look)[parts.labels]
    else:
        width, thin, line, left = ruled
        fills = _filled(parts, ~line & ~(parts.free | thin)[parts.labels], says, look, ruled=bool(line.any()))
        drawn = _seen_on(parts, thin, fills, _drawn(parts, line, says, look), look.lines)
        fills = _with_holes(parts, thin, fills, drawn) if look.revision > 1 else fills
        index = np.where(line, drawn[parts.labels], run_out(fills[parts.labels], left, line, int(width)))
        if look.corner:  # and the ends of the lines, which are narrower than what they were in the content
            index = rounded(index, min(look.corner * max(index.shape), width / 2 - 1), np.flatnonzero(look.lines))
    if (index == 0).all():
        return None  # a style that leaves free what is one part would leave nothing of this drawing
    index = index if content.shape == shape else index[SCALE:-SCALE, SCALE:-SCALE]
    return np.where(index == 0, CLEAR, index)


def drawn_in_parts(content: Float[np.ndarray, "H W 3"], look: Look, alpha: Float[np.ndarray, "H W"] | None) -> bool:
    """Whether a content picture is a flat drawing, of which `coloured` makes one in the look, if anything is left."""
    return parts_of(*_with_border(content, alpha, look)) is not None


def _with_border(
    content: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"] | None, look: Look
) -> tuple[Float[np.ndarray, "_ _ 3"], Float[np.ndarray, "_ _"] | None]:
    """A drawing that reaches the picture's border, where it ends in clear ground, with a pixel of that around it."""
    reaches = alpha is not None and any((rim >= 0.5).any() for rim in (alpha[[0, -1]], alpha[:, [0, -1]]))
    if alpha is None or not (look.revision and reaches):
        return content, alpha
    return np.pad(content, ((1, 1), (1, 1), (0, 0)), mode="edge"), np.pad(alpha, 1)


@lru_cache(maxsize=1)
def _form(content: Same, alpha: Same | None, look: Look) -> tuple[Parts | None, Ruled | None]:
    """The parts as the look has them, and its lines if there are any: all that the result has no say in.

    The last one is kept, for a dial that moves, if it is not large.
    """
    parts = parts_of(content.array, None if alpha is None else alpha.array)
    if parts is None:
        return None, None
    if look.corner:
        radius, ground = look.corner * max(parts.labels.shape), parts.free | parts.hollow
        labels = rounded(parts.labels, radius, np.flatnonzero(~ground))
        labels = rounded(labels, INNER * radius, np.flatnonzero(ground))
        parts = divided(parts, labels, range(len(parts.areas)))
    if look.width > 0:
        parts = joined(parts, EDGE)
        return parts, _ruled(parts, look.width * max(parts.labels.shape), look)
    parts = unlined(parts) if look.unlined else parts
    parts = parts if np.count_nonzero(look.fills) > 1 else joined(parts, EDGE)
    return cut(parts, whole=look.revision > 0), None


def _ruled(parts: Parts, width: float, look: Look) -> Ruled:
    """The lines of a drawing: narrower than the style's where too much of it would go under in them."""
    candidates, measured = list[tuple[float, tuple]](), cache(partial(_measured, parts, look))
    for share in NARROWER:
        most = max(int(THIN * share * width) + 2, round(BLOB * widest(parts)) + 2 if look.strokes else 0)
        thin = _thin(parts, share * width, *measured(most))
        line, left = _lines(parts, thin, share * width, strokes=look.strokes)
        lost = _lost(parts, thin, line)
        candidates.append((lost, (share * width, thin, line, left)))
        if lost <= LOST:
            return candidates[-1][1]
    return min(candidates, key=lambda candidate: candidate[0])[1]


def _lost(parts: Parts, thin: Bool[np.ndarray, " n"], line: Bool[np.ndarray, "h w"]) -> float:
    """Share of the parts, large ones more than small ones, that are all line and run into others that are."""
    count = len(parts.areas)
    shown = np.bincount(parts.labels[~line], minlength=count) / np.maximum(parts.areas, 1)
    weight = np.where(parts.free, 0.0, np.sqrt(parts.areas))
    return float(weight @ (_merged(parts, thin | (shown < SHOWN)) > MERGED) / max(weight.sum(), 1e-9))


def _measured(parts: Parts, look: Look, most: int) -> tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """How wide each part is in most places, as far as that is told up to `most`, and which are strokes."""
    wide, even = np.zeros(len(parts.areas)), np.zeros(len(parts.areas), bool)
    for label in np.flatnonzero(~parts.free):
        deep = depth(parts.labels[grown(parts.boxes[label], 1)] == label, most)
        widths = 2 * deep[ridge(deep)] - 1
        wide[label] = np.percentile(widths, 80)
        stroke = look.strokes and not parts.hollow[label]
        even[label] = stroke and is_stroke(deep, most, even=look.revision > 0)
    return wide, even & (_merged(parts, even) <= MERGED)


def _thin(
    parts: Parts, width: float, wide: Float[np.ndarray, " n"], even: Bool[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Which parts are lines themselves: what is thin, strokes where these count, and thin gaps within areas."""
    thin = ~parts.free & ((wide <= THIN * width) | even)
    narrow = wide <= 2 * width  # its own edges' lines are all of it, and a gap that became one too would go under
    beside = np.zeros((len(thin), 2))  # border with areas, and with what is none
    for part, other, length in parts.borders:
        beside[part, int(narrow[other])] += length
        beside[other, int(narrow[part])] += length
    return thin & (~parts.hollow | (beside[:, 0] > beside[:, 1]))


def _merged(parts: Parts, ink: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Share of the rim of each part that is ink, where what lies beside is ink as well."""
    return np.where(ink, rim_along(parts, ink), 0.0)


def _as_wide(area: Bool[np.ndarray, "h w"], width: float, reach: int, *, strokes: bool) -> Bool[np.ndarray, "h w"]:
    """A thin part in its own shape, as a line of that width; its tips and corners stay where they are thinner."""
    deep = depth(area, reach)
    widths = 2 * deep[ridge(deep) & ~(strokes & (deep >= reach))] - 1  # deeper are corners that strokes fill
    spare = float(np.percentile(widths, 80) - width) / 2 if widths.size else 0.0
    if spare <= 0:
        return area | (depth(~area, reach) <= -spare)
    core = deep > spare
    labels, kinds = components((area & (depth(~core, reach) > 1 + spare)).astype(np.int64))
    tips = ((kinds == 1) & (np.bincount(labels.ravel()) > spare**2))[labels]
    return core | (area & (depth(~tips, reach) <= 2 + spare))


def _lines(
    parts: Parts, thin: Bool[np.ndarray, " n"], width: float, *, strokes: bool
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Where lines of that width go, and what is left over of thin parts that are thicker."""
    labels, reach = parts.labels, int(width) + 2
    around, narrow = parts.free[labels], thin[labels]
    line = ~around & ~narrow & (depth(~around, reach) < width)  # along the outer edge, inside of it
    areas = ~parts.free & ~thin
    for label in np.flatnonzero(areas):  # between two areas, on both of them
        here = grown(parts.boxes[label], reach)
        other = (areas & (delta_e(parts.colours, parts.colours[label]) >= EDGE))[labels[here]]
        if other.any():
            line[here] |= (labels[here] == label) & (depth(~other, reach) < width / 2)
    reach = max(reach, widest(parts) + 2) if strokes else reach
    for label in np.flatnonzero(thin):
        here = grown(parts.boxes[label], reach)
        line[here] |= _as_wide(labels[here] == label, width, reach, strokes=strokes)
    return line, narrow & ~line


def _seen_on(
    parts: Parts,
    thin: Bool[np.ndarray, " n"],
    fills: Int[np.ndarray, " n"],
    drawn: Int[np.ndarray, " n"],
    shares: tuple[float, ...],
) -> Int[np.ndarray, " n"]:
    """Colours of lines, with the commonest other one for what would have the colour of the area that it lies on."""
    longest, on = np.zeros(len(fills)), np.full(len(fills), CLEAR)
    for pair in parts.borders:
        for part, other in (pair[:2], pair[1::-1]):
            if thin[part] and not thin[other] and pair[2] > longest[part]:
                longest[part], on[part] = pair[2], fills[other]
    commonest, colours = np.argsort(-np.array(shares), kind="stable"), drawn.copy()
    for part in np.flatnonzero(drawn == on):  # in a palette of one colour there is no other
        colours[part] = next((colour for colour in commonest if colour != on[part]), on[part])
    return colours


def _with_holes(
    parts: Parts, thin: Bool[np.ndarray, " n"], fills: Int[np.ndarray, " n"], drawn: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """Colours of areas, with the ground's for holes that would have the colour of the stroke around them."""
    for colour in np.unique(fills[parts.hollow & ~thin]):
        lost = rim_along(parts, thin & (drawn == colour)) > 0.5
        fills = np.where(parts.hollow & ~thin & lost & (fills == colour), 0, fills)
    return fills


def _filled(
    parts: Parts, where: Bool[np.ndarray, "h w"], says: Float[np.ndarray, "H W k"], look: Look, *, ruled: bool = False
) -> Int[np.ndarray, " n"]:
    """One colour for each area; that of the ground for what is none. ruled: whether lines part them."""
    count = len(parts.areas)
    against, areas = _against(parts.labels, where, says, count)
    against[parts.hollow] *= GUESSED
    apart = np.zeros((count, count))
    for part, other, length in parts.borders:
        apart[part, other] = apart[other, part] = length
    apart *= np.minimum(delta_e(parts.colours[:, None], parts.colours[None]) / APART, 1.0)
    apart *= (BY_LINES if ruled else 1.0) / max(float(apart.sum()), 1e-9)
    centres = lab(look.palette.colours)
    alike = 1 - np.minimum(delta_e(centres[:, None], centres[None]) / UNLIKE, 1.0)
    return transported(areas, against, np.array(look.fills), apart, alike)


def _drawn(
    parts: Parts, line: Bool[np.ndarray, "h w"], says: Float[np.ndarray, "H W k"], look: Look
) -> Int[np.ndarray, " n"]:
    """One colour for the lines of each part."""
    count = len(parts.areas)
    against, areas = _against(parts.labels, line, says, count)
    return transported(areas, against, np.array(look.lines), np.zeros((count, count)))


def _against(
    labels: Int[np.ndarray, "h w"],
    where: Bool[np.ndarray, "h w"],
    says: Float[np.ndarray, "H W k"],
    count: int,
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, " n"]]:
    """How much the result tells against each colour in each part, 0 to 1, and the area of each, both of a mask."""
    rows, columns = np.nonzero(where)
    owners, here = labels[where], says[rows // SCALE, columns // SCALE]
    areas = np.bincount(owners, minlength=count).astype(float)
    off = np.stack([np.bincount(owners, column, count) for column in here.T], axis=1)
    return off / np.maximum(areas, 1)[:, None], areas


def transported(
    areas: Float[np.ndarray, " n"],
    against: Float[np.ndarray, "n k"],
    shares: Float[np.ndarray, " k"],
    apart: Float[np.ndarray, "n n"],
    alike: Float[np.ndarray, "k k"] | None = None,
) -> Int[np.ndarray, " n"]:
    """One colour for each part with an area, at the least cost that moves of one and swaps of two reach.

    The cost: what tells against the colours, how far their shares of the area are from those wanted (0..1), and the
    borders between parts of one colour, or of two as far as these are `alike` (0..1). Parts without an area, such as
    what lies around, have the ground's colour, 0.
    """
    present, colours = np.flatnonzero(areas > 0), np.flatnonzero(shares > 0)
    if len(colours) == 1 and apart.any():
        colours = np.union1d(0, colours)  # what one colour alone would run together may be left free
    assignment = np.zeros(len(areas), np.int64)
    if not len(present) or not len(colours):
        return assignment
    mass, each = areas / areas.sum(), np.eye(len(shares))
    alike = each if alike is None else alike

    def dearer(part: np.ndarray, new: np.ndarray, other: np.ndarray, newer: np.ndarray) -> Float[np.ndarray, " m"]:
        """By how much, where both of two parts, or the same one twice, have these colours."""
        old, older, two = assignment[part], assignment[other], part != other
        said = mass[part] * (against[part, new] - against[part, old])
        said += two * mass[other] * (against[other, newer] - against[other, older])
        moved = mass[part, None] * (each[new] - each[old]) + (two * mass[other])[:, None] * (each[newer] - each[older])
        off = np.bincount(assignment, mass, len(shares)) - shares
        shared = (np.abs(off + moved).sum(axis=1) - np.abs(off).sum()) / 2
        beside = apart @ alike[assignment]
        contrast = beside[part, new] - beside[part, old] + two * (beside[other, newer] - beside[other, older])
        contrast += apart[part, other] * (alike[new, newer] - alike[new, older] - alike[old, newer] + alike[old, older])
        return SAYS * said + SHARED * shared + TOLD * 2 * contrast

    assignment[present] = colours[against[np.ix_(present, colours)].argmin(axis=1)]
    moved, colour = (grid.ravel() for grid in np.meshgrid(present, colours, indexing="ij"))
    first, second = present[np.stack(np.triu_indices(len(present), 1))]
    for _ in range(ROUNDS):
        left = np.stack([
            np.concatenate([moved, first]), np.concatenate([colour, assignment[second]]),
            np.concatenate([moved, second]), np.concatenate([colour, assignment[first]]),
        ])  # fmt: skip
        before = assignment.copy()
        while left.size and (better := np.flatnonzero(dearer(*left) < -1e-9)).size:
            part, new, other, newer = left[:, better[0]]
            assignment[part], assignment[other] = new, newer
            left = left[:, better[0] + 1 :]
        if (assignment == before).all():
            break
    return assignment
