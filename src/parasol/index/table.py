"""Descriptors that need not fit in memory: arrays and memory-mapped shards, read as one table."""

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
from jaxtyping import Float, Float32, Int


@final
class Table:
    """Rows of several arrays `n d` of one width, one after the other; any float dtype, in memory or mapped."""

    def __init__(self, parts: Sequence[Float[np.ndarray, "_ d"]]) -> None:
        self.parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def tiles(self, size: int) -> Iterator[tuple[int, Float32[np.ndarray, "_ d"]]]:
        """(first row, the next rows in float32): at most `size` at a time, and never of two parts."""
        for start, part in zip(self._starts, self.parts, strict=False):
            for offset in range(0, len(part), size):
                yield int(start) + offset, np.asarray(part[offset : offset + size], np.float32)

    def take(self, rows: Int[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape d"]:
        """The vectors of any rows, in the order and shape asked for."""
        if len(self.parts) == 1:
            return self.parts[0][rows]
        which = np.searchsorted(self._starts, rows, side="right") - 1
        vectors = np.empty((*rows.shape, self.parts[0].shape[1]), self.parts[0].dtype)
        for number in np.unique(which):
            here = which == number
            vectors[here] = self.parts[number][rows[here] - self._starts[number]]
        return vectors
