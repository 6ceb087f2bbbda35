"""How deep inside of a mask each of its pixels lies, and how wide what it shows is."""

import numpy as np
from jaxtyping import Bool, Float

Box = tuple[slice, slice]
"""Rows and columns of a part of a picture."""


def depth(mask: Bool[np.ndarray, "h w"], most: int) -> Float[np.ndarray, "h w"]:
    """Distance in px, at most `most`, from each pixel of a mask to the nearest that is none of it; 0 outside of it.

    Beyond the picture's border the mask goes on as at the border.
    """
    away, here = np.zeros(mask.shape, np.float32), grown(box(mask), 1)  # nothing beyond its box is nearer than that is
    inside, narrow = mask[here], (kind for kind in (np.uint8, np.uint16) if 2 * most**2 <= np.iinfo(kind).max)
    beside = np.where(inside, most, 0).astype(next(narrow, np.float32))  # the narrower, the quicker
    far, step = np.empty_like(beside), 1
    while step < most:  # twice as far to the sides in each round
        np.add(beside, step, out=far)
        np.minimum(beside[:, step:], far[:, :-step], out=beside[:, step:])
        np.minimum(beside[:, :-step], far[:, step:], out=beside[:, :-step])
        step *= 2
    beside **= 2
    square = beside.copy()
    for step in range(1, min(most, len(inside))):  # up and down, where the slices are whole blocks of memory
        if step**2 >= square.max():
            break  # no row so far away is nearer than what was found
        np.add(beside, step**2, out=far)
        np.minimum(square[step:], far[:-step], out=square[step:])
        np.minimum(square[:-step], far[step:], out=square[:-step])
    away[here] = np.minimum(np.sqrt(square.astype(np.float32)), most)
    return away


def ridge(deep: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where nothing beside a pixel is deeper: the middle of strokes and of shapes."""
    around = np.pad(deep, 1)
    for _ in range(2):  # down, and then across
        around = np.maximum(np.maximum(around[:-2], around[1:-1]), around[2:]).T
    return (deep > 0) & (deep >= around)


def box(mask: Bool[np.ndarray, "h w"]) -> Box:
    """What holds all of a mask; empty where there is nothing of it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0), slice(0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def longest(here: Box) -> int:
    """The longer side of a box in px; 0 where it is empty."""
    return max(side.stop - (side.start or 0) for side in here)


def grown(here: Box, spare: int) -> Box:
    """A box with so many px more to each side, as far as the picture goes; an empty one as it is."""
    down, right = (slice(max(side.start - spare, 0), side.stop + spare) if side.stop else side for side in here)
    return down, right
