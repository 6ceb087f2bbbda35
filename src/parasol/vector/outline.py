"""The outline of a mask: closed chains along the sides of its pixels."""

import numpy as np
from jaxtyping import Bool, Float

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # (down, right): east, south, west, north


def outlines(mask: Bool[np.ndarray, "h w"]) -> list[Float[np.ndarray, "n 2"]]:
    """The closed chains around a mask, the mask to the right of each step: outer ones clockwise, holes the other way.

    Points are (x, y) at the middles of pixel sides, one a side, in index pixels: staircases of a slanted edge then lie
    to both sides of it by a quarter. Parts that touch by a corner alone are apart.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    edges = _edges(np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1))
    chains = list[Float[np.ndarray, "n 2"]]()
    for start in sorted(edges):
        while edges.get(start):
            chains.append(_chain(edges, start) + np.array([left, top]))
    return chains


def area(chain: Float[np.ndarray, "n 2"]) -> float:
    """Enclosed area by the shoelace formula; above 0 clockwise as pictures lie, which is outside, below 0 for holes."""
    x, y = chain[:, 0], chain[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _edges(padded: Bool[np.ndarray, "h w"]) -> dict[tuple[int, int], list[int]]:
    """(y, x) of a pixel corner -> directions of the sides that start there."""
    edges = dict[tuple[int, int], list[int]]()
    sides = (
        (padded[1:-1, 1:-1] & ~padded[:-2, 1:-1], 0, (0, 0)),  # nothing above: eastwards along the top
        (padded[1:-1, 1:-1] & ~padded[1:-1, 2:], 1, (0, 1)),
        (padded[1:-1, 1:-1] & ~padded[2:, 1:-1], 2, (1, 1)),
        (padded[1:-1, 1:-1] & ~padded[1:-1, :-2], 3, (1, 0)),
    )
    for there, direction, (down, right) in sides:
        for y, x in np.argwhere(there).tolist():
            edges.setdefault((y + down, x + right), []).append(direction)
    return edges


def _chain(edges: dict[tuple[int, int], list[int]], start: tuple[int, int]) -> Float[np.ndarray, "n 2"]:
    points, (y, x) = list[tuple[float, float]](), start
    direction = edges[start][0]
    while True:
        options = edges[(y, x)]
        # Where two parts touch by a corner, the right turn stays with the same part.
        turn = (direction + 1) % 4
        direction = turn if len(options) > 1 and turn in options else options[0]
        options.remove(direction)
        down, right = _STEPS[direction]
        points.append((x + right / 2, y + down / 2))
        y, x = y + down, x + right
        if (y, x) == start:
            return np.array(points)
