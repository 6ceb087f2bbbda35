"""Parts of a drawing that are strokes, and outlines given to what they enclose."""

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.vector.depth import depth, grown, ridge
from parasol.vector.look import SPECK, opened
from parasol.vector.parts import SMALLEST, Parts, divided
from parasol.vector.regions import components

WIDEST = 0.13  # of the side, up to which a part of the content is a stroke, where it is
BLOB, BLOBS = 2.0, 0.2  # widths of a stroke, from which a place is none; share of the part that such places have
LONG = 3.0  # widths that a stroke is long at least
EVEN, EVENLY = 0.25, 0.85  # of its width, by which an even stroke strays; share of the places where it strays no more
OUTLINE = 0.05  # of the side, up to which a stroke is an outline, where it is
OUTER, INNER, OPEN = 0.2, 0.25, 0.1  # shares of an outline's rim: what is around, areas; enclosed ground, at most
SPECK_STEPS = 40  # index pixels that a speck reaches at most
SPARE = 1.25  # of an outline's width, from what is around, that is given to the areas


def unlined(parts: Parts) -> Parts:
    """The same drawing without outlines: they are part of the areas beside them. Strokes within areas stay.

    A drawing of strokes alone, or one whose outlines enclose open ground, is as it was.
    """
    ground, wide = parts.free | parts.hollow, _widths(parts)
    outer = (wide > 0) & (rim_along(parts, parts.free) >= OUTER)
    areas = ~ground & ~outer
    closed = (rim_along(parts, areas) >= INNER) & (rim_along(parts, parts.hollow) <= OPEN)
    outlines = np.flatnonzero(outer & closed)
    labels, free = parts.labels, parts.free[parts.labels]
    for outline in outlines:
        given = SPARE * wide[outline]
        rest = (labels == outline) & (depth(~free, int(given) + 2) <= given)
        labels = run_out(labels, rest, ~areas[labels], round(2 * given) + 3)
    return _apart(parts, labels, outlines, areas)


def rim_along(parts: Parts, others: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Share of the rim of each part that lies along such others."""
    rim, along = np.zeros(len(others)), np.zeros(len(others))
    for pair in parts.borders:
        for part, other in (pair[:2], pair[1::-1]):
            rim[part] += pair[2]
            along[part] += pair[2] * others[other]
    return along / np.maximum(rim, 1)


def _widths(parts: Parts) -> Float[np.ndarray, " n"]:
    """Of the strokes that may be outlines, in index pixels; 0 for all other parts."""
    most, wide = round(BLOB * widest(parts)) + 2, np.zeros(len(parts.areas))
    for label in np.flatnonzero(~(parts.free | parts.hollow)):
        deep = depth(parts.labels[grown(parts.boxes[label], 1)] == label, most)
        width = float(np.median(2 * deep[ridge(deep)] - 1))
        if width <= OUTLINE * max(parts.labels.shape) and is_stroke(deep, most):
            wide[label] = width
    return wide


def _apart(
    parts: Parts, labels: Int[np.ndarray, "h w"], outlines: Int[np.ndarray, " m"], areas: Bool[np.ndarray, " n"]
) -> Parts:
    """What is left of outlines as parts of their own, but for specks, which the areas take."""
    if not len(outlines):
        return parts
    least = max(SPECK, round(SMALLEST * (~parts.free[parts.labels]).sum()))
    pieces, kinds = components(np.where(np.isin(labels, outlines), labels + 1, 0))
    sizes = np.bincount(pieces.ravel())
    specks = ((kinds > 0) & (sizes < least))[pieces]
    labels, origin = run_out(labels, specks, ~areas[labels], SPECK_STEPS), list(range(len(areas)))
    for piece in np.flatnonzero((kinds > 0) & (sizes >= least)):
        labels = np.where(pieces == piece, len(origin), labels)
        origin.append(int(kinds[piece]) - 1)
    names, labels = np.unique(labels, return_inverse=True)  # of an outline itself nothing is left
    return divided(parts, labels, [origin[name] for name in names])


def is_stroke(deep: Float[np.ndarray, "h w"], most: int, *, even: bool = False) -> bool:
    """Whether a part, by how deep its places lie, up to `most`, is long and hardly anywhere much wider than elsewhere.

    even: nor is it narrower, as what tapers is.
    """
    area, widths = deep > 0, 2 * deep[ridge(deep) & (deep < most)] - 1
    wide = float(np.median(widths)) if widths.size else 2.0 * most
    blobs = opened(area, deep, BLOB * wide).sum()
    long = BLOB * wide < 2 * most - 1 and area.sum() >= LONG * wide**2 and blobs <= BLOBS * area.sum()
    return bool(long and (not even or (np.abs(widths - wide) <= EVEN * wide).mean() >= EVENLY))


def widest(parts: Parts) -> int:
    """Half the width of the widest stroke, in index pixels."""
    return round(WIDEST * max(parts.labels.shape) / 2)


def run_out(
    index: Int[np.ndarray, "h w"], left: Bool[np.ndarray, "h w"], line: Bool[np.ndarray, "h w"], steps: int
) -> Int[np.ndarray, "h w"]:
    """The index with what lies beside, run out over what is left over of lines."""
    (height, width), open_ = index.shape, np.flatnonzero(left)
    index, shut = index.ravel().copy(), (left | line).ravel()
    for step in range(2 * steps):
        if not len(open_):
            break
        away = -1 if step % 4 < 2 else 1
        beside = (open_ + away * width) % len(index)
        if step % 2:
            beside = open_ - open_ % width + (open_ + away) % width
        near = ~shut[beside]
        index[open_[near]] = index[beside[near]]
        shut[open_[near]], open_ = False, open_[~near]
    return index.reshape(height, width)
