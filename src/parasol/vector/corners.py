"""How round the corners of a style are, and a drawing with its own as round as that, where they are not rounder.

What a disc of that radius does not fit into, such as a stroke or a stem, has its corners and ends rounded by less.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.vector.depth import box, depth, grown
from parasol.vector.regions import components

SEEN_AT = 256  # places to a side, at which outlines are seen
BLURS = 12  # rounds of (1, 2, 1) / 4 along either side, before
BLUNT, LEAST = 3.8, 2.8  # places: the radius that a right angle seems to have then; a smaller one than that is none
TIGHT = 0.055  # of the side; what bends by a larger radius is a curve and no corner, or as round as corners are made
WIDE, STRAIGHT = 0.2, 0.5  # of the side: the largest radius of a corner between straight sides, and the least of those
SIDES = 0.3  # share of an outline that is straight, from which it has such sides
SHARPER = 0.25  # share of all that the outlines turn in corners, by which they turn sharper than the radius told
SOME = 1.0  # radian; a drawing whose outlines turn less than that in corners has none
RADII = (1.0, 0.6, 0.36)  # of the style's radius, the largest that fits
REACH = 2.3  # radii, that a corner reaches beyond a disc in it: what reaches farther is a spike
TAPERED = 0.7  # of the rectangle over its base, that a corner fills at most; a stem fills all of it
SPECK, SHALLOW = 4, 1.5  # index pixels: a piece, and how far it reaches, that is but the grain of an edge


def corner_radius(shown: Sequence[Bool[np.ndarray, "h w"]]) -> float | None:
    """The radius of the corners of drawings, as a share of the side; None where they are sharp, or there are none.

    shown: where each drawing is, what it encloses too. An outline's curvature is that of the levels of the blurred
    mask, which need not be followed; a right angle turns by a quarter of a circle wherever it does, and so the radius
    is told by how much is turned, not by how long.
    """
    radii, turned = (np.concatenate(own) for own in zip(*map(_bends, shown), strict=True))
    tight = radii < TIGHT * SEEN_AT
    if turned[tight].sum() < SOME:
        return TIGHT if turned[~tight].sum() > SOME else None
    radii, turned = radii[tight], turned[tight]
    order = np.argsort(radii, kind="stable")
    sharp = float(radii[order][np.searchsorted(np.cumsum(turned[order]), SHARPER * turned.sum())])
    radius = max(sharp**2 - BLUNT**2, 0.0) ** 0.5
    return round(radius / SEEN_AT, 4) if radius >= LEAST else None


def _bends(shown: Bool[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Radius in places, and the angle that is turned, wherever an outline bends outwards as corners do.

    Between sides that are straight for the most part larger radii are corners too; a disc has none.
    """
    step = max(round(max(shown.shape) / SEEN_AT), 1)
    height, width = (side // step for side in shown.shape)
    fine = shown[: height * step, : width * step].reshape(height, step, width, step).mean((1, 3))
    mask = np.pad(fine, BLURS + 1, mode="edge")
    for _ in range(2 * BLURS):  # down, and then across
        mask = ((mask[:-2] + 2 * mask[1:-1] + mask[2:]) / 4).T
    x, y = (mask[1:-1, 2:] - mask[1:-1, :-2]) / 2, (mask[2:, 1:-1] - mask[:-2, 1:-1]) / 2
    here = mask[1:-1, 1:-1]
    xx, yy = mask[1:-1, 2:] - 2 * here + mask[1:-1, :-2], mask[2:, 1:-1] - 2 * here + mask[:-2, 1:-1]
    xy = (mask[2:, 2:] - mask[2:, :-2] - mask[:-2, 2:] + mask[:-2, :-2]) / 4
    steep = np.hypot(x, y)
    edge = (steep > 0.01) & (here > 0.25) & (here < 0.75)
    bend = (2 * x * y * xy - xx * y**2 - yy * x**2)[edge] / steep[edge] ** 3
    steep = steep[edge]
    sides = steep[np.abs(bend) < 1 / (STRAIGHT * SEEN_AT)].sum() > SIDES * steep.sum()
    corner = bend > 1 / ((WIDE if sides else TIGHT) * SEEN_AT)
    return 1 / bend[corner], (bend * steep)[corner]


def rounded(
    labels: Int[np.ndarray, "h w"], radius: float, which: Int[np.ndarray, " m"] | None = None
) -> Int[np.ndarray, "h w"]:
    """Parts whose corners are at least that round, in index pixels: what a corner loses goes to what is around it.

    Where three parts meet or the picture ends, corners stay as they are, and no part falls into more pieces. which:
    labels of the parts that lose corners; left out, all do.
    """
    rim = np.ones(labels.shape, bool)
    rim[1:-1, 1:-1] = False
    for reach in (share * radius for share in RADII):
        new, areas = labels.copy(), np.bincount(labels.ravel())
        large = np.flatnonzero(areas > 3 * reach**2)  # a disc takes more
        for label in large if which is None else np.intersect1d(large, which):
            here = grown(box(labels == label), 1)
            own = labels[here] == label
            pieces = _corners(own, reach)
            if (pieces < 0).all():
                continue
            left, kinds = components((own & (pieces < 0)).astype(np.int64))
            other = _beside(pieces, np.where(own, -1, labels[here]))
            other[_beside(pieces, np.where(kinds[left] == 1, left, -1)) < 0] = -1  # a neck between two pieces
            other[pieces[rim[here] & (pieces >= 0)]] = -1
            new[here] = np.where((pieces >= 0) & (other[pieces] >= 0), other[pieces], new[here])
        labels = new
    return labels


def _beside(pieces: Int[np.ndarray, "h w"], values: Int[np.ndarray, "h w"]) -> Int[np.ndarray, " n"]:
    """The one value from 0 up that lies beside each piece; -1 where there are more, or none."""
    least, most = (np.full(int(pieces.max()) + 1, fill) for fill in (np.iinfo(np.int64).max, -1))
    rows, columns = np.nonzero(pieces >= 0)
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        row, column = rows + down, columns + right
        there = (row >= 0) & (row < pieces.shape[0]) & (column >= 0) & (column < pieces.shape[1])
        own, value = pieces[rows[there], columns[there]], values[row[there], column[there]]
        met = (pieces[row[there], column[there]] != own) & (value >= 0)
        np.minimum.at(least, own[met], value[met])
        np.maximum.at(most, own[met], value[met])
    return np.where(least == most, most, -1)


def _corners(mask: Bool[np.ndarray, "h w"], radius: float) -> Int[np.ndarray, "h w"]:
    """Numbers of the pieces of a mask that lie in its corners, beyond every disc of that radius in it; -1 elsewhere."""
    pieces = np.full(mask.shape, -1)
    core = depth(mask, int(radius) + 2) > radius
    left = mask & (depth(~core, int(radius) + 3) > radius + 0.5)
    if not (core.any() and left.any()):
        return pieces
    most = int((1 + REACH) * radius) + 3
    here = grown(box(left), most)
    left, beyond = left[here], depth(~core[here], most) - radius
    labels, kinds = components(left.astype(np.int64))
    size, base = (np.bincount(labels[where].ravel(), minlength=len(kinds)) for where in (left, left & (beyond <= 1.5)))
    reach = np.zeros(len(kinds))
    np.maximum.at(reach, labels[left], beyond[left])
    corner = (
        (kinds == 1)
        & (size >= SPECK)
        & (reach > SHALLOW)
        & (reach <= REACH * radius)
        & (size <= TAPERED * base * reach)
    )
    pieces[here] = np.where(corner[labels] & left, labels, -1)
    return pieces
