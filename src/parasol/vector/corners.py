"""How round the corners of a style are, and a drawing with its own corners as round as that.

A corner that is rounder already stays as it is, and so does what a disc of that radius does not fit into, such as a
stroke or a stem: its own corners and ends are rounded by less.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.vector.depth import box, depth, grown
from parasol.vector.indexing import SCALE
from parasol.vector.regions import components

FINER = 2  # px to one of the picture, at which outlines are seen
BLURS = 12  # rounds of (1, 2, 1) / 4 along either side, before
BLUNT = 1.9  # px; the radius that a right angle seems to have then
STRAIGHT = 7.0  # px; what bends by a larger radius is a curve and no corner
SHARPEST = 0.25  # share of all that the outlines turn in corners: at least as sharp as the radius that is told
LEAST = 1.0  # radian; a drawing whose outlines turn less than that in corners has none
SEEN = 1.0  # px; a smaller radius is none
RADII = (1.0, 0.6, 0.36)  # of the style's radius, the largest that fits
REACH = 2.3  # radii, that a corner reaches beyond a disc in it: what reaches farther is a spike
TAPERED = 0.7  # of the rectangle over its base, that a corner fills at most; a stem fills all of it
SPECK = 4  # index pixels


def corner_radius(shown: Sequence[Bool[np.ndarray, "h w"]]) -> float | None:
    """The radius of the corners of drawings, as a share of the side; None where they are sharp, or there are none.

    shown: where each drawing is, at the index pictures' scale, what it encloses too.

    An outline's curvature is that of the levels of the blurred mask, which need not be followed; a right angle turns
    by a quarter of a circle wherever it does, and so the radius is told by how much is turned, not by how long.
    """
    radii, turned = (np.concatenate(own) for own in zip(*map(_bends, shown), strict=True))
    if turned.sum() < LEAST:
        return None
    order = np.argsort(radii, kind="stable")
    told = radii[order][np.searchsorted(np.cumsum(turned[order]), SHARPEST * turned.sum())]
    radius = np.sqrt(max(float(told) ** 2 - BLUNT**2, 0.0))
    return round(float(radius) * SCALE / max(shown[0].shape), 4) if radius >= SEEN else None


def _bends(shown: Bool[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Radius in px, and the angle that is turned, of every place where an outline bends outwards as corners do."""
    step = SCALE // FINER
    fine = shown.reshape(shown.shape[0] // step, step, shown.shape[1] // step, step).mean((1, 3))
    mask = np.pad(fine, BLURS + 1)
    for _ in range(BLURS):
        for _ in range(2):  # down, and then across
            mask = np.pad((mask[:-2] + 2 * mask[1:-1] + mask[2:]) / 4, ((1, 1), (0, 0))).T
    x, y = (mask[1:-1, 2:] - mask[1:-1, :-2]) / 2, (mask[2:, 1:-1] - mask[:-2, 1:-1]) / 2
    here = mask[1:-1, 1:-1]
    xx, yy = mask[1:-1, 2:] - 2 * here + mask[1:-1, :-2], mask[2:, 1:-1] - 2 * here + mask[:-2, 1:-1]
    xy = (mask[2:, 2:] - mask[2:, :-2] - mask[:-2, 2:] + mask[:-2, :-2]) / 4
    steep = np.hypot(x, y)
    edge = (steep > 0.01) & (here > 0.25) & (here < 0.75)
    bend = (2 * x * y * xy - xx * y**2 - yy * x**2)[edge] / steep[edge] ** 3 * FINER
    corner = bend > 1 / STRAIGHT
    return 1 / bend[corner], (bend * steep[edge])[corner] / FINER


def rounded(labels: Int[np.ndarray, "h w"], radius: float) -> Int[np.ndarray, "h w"]:
    """Parts whose corners are at least that round, in index pixels: what a corner loses goes to what is around it.

    Where three parts meet, corners stay as they are.
    """
    for share in RADII:
        labels = _rounded(labels, share * radius)
    return labels


def _rounded(labels: Int[np.ndarray, "h w"], radius: float) -> Int[np.ndarray, "h w"]:
    new = labels.copy()
    for label in range(int(labels.max()) + 1):
        here = grown(box(labels == label), 1)
        own = labels[here]
        pieces = _corners(own == label, radius)
        around = _around(pieces, own)
        new[here] = np.where(pieces >= 0, around[pieces], new[here])
        new[here] = np.where((pieces >= 0) & (new[here] < 0), own, new[here])
    return new


def _around(pieces: Int[np.ndarray, "h w"], labels: Int[np.ndarray, "h w"]) -> Int[np.ndarray, " n"]:
    """The one other part that lies beside each piece; -1 where these are more."""
    least, most = (np.full(int(pieces.max()) + 2, fill) for fill in (np.iinfo(np.int64).max, -1))
    for one, two in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        for inner, outer in ((one, two), (two, one)):
            beside = (pieces[inner] >= 0) & (labels[inner] != labels[outer])
            np.minimum.at(least, pieces[inner][beside], labels[outer][beside])
            np.maximum.at(most, pieces[inner][beside], labels[outer][beside])
    return np.where(least == most, most, -1)


def _corners(mask: Bool[np.ndarray, "h w"], radius: float) -> Int[np.ndarray, "h w"]:
    """Numbers of the pieces of a mask that lie in its corners, beyond every disc of that radius in it; -1 elsewhere."""
    core = depth(mask, int(radius) + 2) > radius
    none = np.full(mask.shape, -1)
    if not core.any():
        return none
    beyond = depth(~core, int((1 + REACH) * radius) + 3) - radius
    left = mask & (beyond > 0.5)
    labels, kinds = components(left.astype(np.int64))
    size, base = (np.bincount(labels[where].ravel(), minlength=len(kinds)) for where in (left, left & (beyond <= 1.5)))
    reach = np.zeros(len(kinds))
    np.maximum.at(reach, labels[left], beyond[left])
    corner = (kinds == 1) & (size >= SPECK) & (reach <= REACH * radius) & (size <= TAPERED * base * reach)
    return np.where(corner[labels] & left, labels, -1)
