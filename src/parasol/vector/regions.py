"""An index picture as regions in a tree: what is painted first, and what on top of it, so that no seam is left open.

A region's shape is itself and all that is painted on it. It lies on that neighbour, of those that reach around more
than it does, with which it shares the longest border.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

CLEAR = -1
"""Index of pixels where nothing is painted."""

ROOT = -1
"""Parent of what lies on the ground itself."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A connected part of one index."""

    index: int
    """In the palette; `CLEAR` where nothing is painted."""

    area: int
    """Index pixels that are its own."""

    parent: int
    """Label of the region that it lies on, or `ROOT`."""


def components(index: Int[np.ndarray, "h w"]) -> tuple[Int[np.ndarray, "h w"], Int[np.ndarray, " n"]]:
    """Labels 0 to n - 1 of parts that hang together by their sides, in reading order, and the index of each."""
    starts = np.ones(index.shape, bool)
    starts[:, 1:] = index[:, 1:] != index[:, :-1]
    runs = np.cumsum(starts.ravel()).reshape(index.shape) - 1
    met = (index[1:] == index[:-1]) & (starts[1:] | starts[:-1])  # where two runs touch first
    above, below = runs[:-1][met], runs[1:][met]
    owner = np.arange(int(runs[-1, -1]) + 1)
    while True:  # every run comes under the first that it hangs together with, twice as far in each round
        before = owner.copy()
        first = np.minimum(owner[above], owner[below])
        np.minimum.at(owner, before[above], first)
        np.minimum.at(owner, before[below], first)
        owner = owner[owner]
        if (owner == before).all():
            break
    roots, names = np.unique(owner, return_inverse=True)
    return names[runs], index.ravel()[np.flatnonzero(starts)[roots]]


def outside(index: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Ground that hangs together with the border."""
    labels, kinds = components(index)
    return around(labels, kinds)[labels]


def around(labels: Int[np.ndarray, "h w"], kinds: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which parts are ground that hangs together with the border."""
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return (np.bincount(border, minlength=len(kinds)) > 0) & (kinds == 0)


def borders(labels: Int[np.ndarray, "h w"]) -> list[tuple[int, int, int]]:
    """(label, other label, index pixels that touch) of every two neighbours, in order."""
    count = int(labels.max()) + 1
    keys = list[Int[np.ndarray, " m"]]()
    for here, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        apart = here != other
        pair = here[apart], other[apart]
        keys.append(np.minimum(*pair).astype(np.int64) * count + np.maximum(*pair))
    pairs, lengths = np.unique(np.concatenate(keys), return_counts=True)
    return [(int(key // count), int(key % count), int(length)) for key, length in zip(pairs, lengths, strict=True)]


def without_specks(index: Int[np.ndarray, "h w"], smallest: int) -> Int[np.ndarray, "h w"]:
    """Parts of fewer than `smallest` index pixels go to the neighbour with the longest border, the smallest first."""
    while True:
        labels, kinds = components(index)
        areas = np.bincount(labels.ravel())
        small = np.flatnonzero(areas < smallest)
        if not len(small) or len(areas) == 1:
            return index
        around = _around(borders(labels), len(areas))
        kinds, gone = kinds.copy(), set[int]()
        for label in sorted(small.tolist(), key=lambda part: (areas[part], part)):
            if gone & around[label].keys():
                continue  # its neighbour has just changed: the next round sees where it belongs
            kinds[label] = kinds[max(around[label], key=lambda other: (around[label][other], -other))]
            gone.add(label)
        index = kinds[labels]


def stacked(
    labels: Int[np.ndarray, "h w"], kinds: Int[np.ndarray, " n"], filled: Int[np.ndarray, " n"]
) -> dict[int, Region]:
    """The regions by label. `filled` is the area that each encloses, its holes included: what lies on what."""
    areas = np.bincount(labels.ravel(), minlength=len(kinds))
    around = _around(borders(labels), len(kinds))
    regions = dict[int, Region]()
    for label in range(len(kinds)):
        below = {
            other: length
            for other, length in around[label].items()
            if kinds[other] != CLEAR and (filled[other], -other) > (filled[label], -label)
        }
        lies = bool(below) and kinds[label] != CLEAR
        parent = max(below, key=lambda other: (below[other], -other)) if lies else ROOT
        regions[label] = Region(index=int(kinds[label]), area=int(areas[label]), parent=parent)
    return regions


def painted_order(regions: dict[int, Region]) -> list[list[int]]:
    """Labels in groups that can be one path: of one index, each after what it lies on; as few groups as greed finds."""
    waiting = {label for label, region in regions.items() if region.index != CLEAR}
    groups = list[list[int]]()
    while waiting:
        ready = dict[int, list[int]]()
        for label in sorted(waiting):
            if regions[label].parent not in waiting:
                ready.setdefault(regions[label].index, []).append(label)
        # A colour that something deeper waits for too is better painted once, later.
        held = {regions[label].index for label in waiting} & set(ready)
        late = {regions[label].index for label in waiting if regions[label].parent in waiting}
        best = max(held, key=lambda kind: (kind not in late, len(ready[kind]), -kind))
        groups.append(ready[best])
        waiting -= set(ready[best])
    return groups


def _around(pairs: list[tuple[int, int, int]], count: int) -> list[dict[int, int]]:
    around = [dict[int, int]() for _ in range(count)]
    for label, other, length in pairs:
        around[label][other] = around[other][label] = length
    return around
