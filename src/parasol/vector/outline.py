"""The outline of a mask: closed chains along the sides of its pixels."""

import numpy as np
from jaxtyping import Bool, Float, Int

_STEPS = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])  # (down, right): east, south, west, north


def outlines(mask: Bool[np.ndarray, "h w"]) -> list[Float[np.ndarray, "_ 2"]]:
    """The closed chains around a mask, the mask to the right of each step: outer ones clockwise, holes the other way.

    Points are (x, y) at the middles of pixel sides, one a side, in index pixels: staircases of a slanted edge then lie
    to both sides of it by a quarter. Parts that touch by a corner alone are apart.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    middles, following = _sides(np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1))
    middles += np.array([left, top])
    # Each side learns the first of its chain, and how many are left to its last, of twice as many in each round.
    places, rounds = np.arange(len(following)), len(following).bit_length()
    first, ahead = places, following
    for _ in range(rounds):
        first, ahead = np.minimum(first, first[ahead]), ahead[ahead]
    left, ahead = (following != first).astype(np.int64), np.where(following != first, following, places)
    for _ in range(rounds):
        left, ahead = left + left[ahead], ahead[ahead]
    order = np.lexsort((-left, first))
    return np.split(middles[order], np.flatnonzero(np.diff(first[order])) + 1)


def area(chain: Float[np.ndarray, "n 2"]) -> float:
    """Enclosed area by the shoelace formula; above 0 clockwise as pictures lie, which is outside, below 0 for holes."""
    x, y = chain[:, 0], chain[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _sides(padded: Bool[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, "n 2"], Int[np.ndarray, " n"]]:
    """The middle (x, y) of each side of a pixel that is the mask's border, in reading order, and which comes next."""
    own = padded[1:-1, 1:-1]
    beside = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    corners = ((0, 0), (0, 1), (1, 1), (1, 0))  # (down, right), where the side above, right, below, left starts
    width = padded.shape[1] - 1
    keys = list[Int[np.ndarray, " m"]]()
    for direction, (other, (down, right)) in enumerate(zip(beside, corners, strict=True)):
        y, x = np.divmod(np.flatnonzero(own & ~other), own.shape[1])
        keys.append(4 * ((y + down) * width + x + right) + direction)
    key = np.sort(np.concatenate(keys))
    place, direction = key // 4, key % 4
    down, right = _STEPS[direction].T
    end = place + down * width + right
    following = np.searchsorted(place, end)
    # Where two parts touch by a corner, two sides start: the right turn stays with the same part.
    twice = place[np.minimum(following + 1, len(place) - 1)] == end
    twice &= following + 1 < len(place)
    following[twice] = np.searchsorted(key, (4 * end + (direction + 1) % 4)[twice])
    return np.stack([place % width + right / 2, place // width + down / 2], axis=1), following
