"""The k best of a stream of tiles: candidates below the running k-th best are never touched."""

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.triplets.fixed_point import pack, unpack

SPARE = 2  # room for candidates between two reductions, in multiples of k
CROWDED = 4  # more than so many times k candidates of one tile: find that tile's own k-th best first
WORD = 8  # truth values looked at in one go


class Best:
    """The k most similar rows of each query, of all the tiles that were absorbed.

    Exact, ties going to the lower row. Most cosines cost one comparison; a candidate that passes the query's running
    limit is kept in a buffer, and a full buffer is reduced to its k best, which raises the limit.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self._buffer = np.zeros((queries, k * (1 + SPARE)), np.uint64)  # 0: none; the k best first, then new ones
        self._filled = np.zeros(queries, np.int64)
        self._limit = np.full((queries, 1), -np.inf, np.float32)

    def absorb(self, cosines: Float[np.ndarray, "Q T"], rows: Int[np.ndarray, " T"]) -> None:
        """Look at one tile: the cosines of every query with the database rows `rows`."""
        passing = cosines >= self._limit
        if np.count_nonzero(passing) > CROWDED * self.k * len(cosines):
            kth = np.partition(cosines, -self.k, axis=1)[:, -self.k, None]  # a tile's k-th best is a lower bound
            passing = cosines >= np.maximum(self._limit, kth, out=self._limit)
        flat = _true(passing)
        query = flat // cosines.shape[1]
        counts = np.bincount(query, minlength=len(cosines))
        if (self._filled + counts).max(initial=0) > self._buffer.shape[1] - self.k:
            self._reduce(room=int(counts.max()))
        shift = self.k + self._filled - (np.cumsum(counts) - counts)
        place = np.arange(len(flat)) + shift[query]
        keys = pack(cosines.reshape(-1)[flat], rows[flat - query * cosines.shape[1]])
        self._buffer[query, place] = keys
        self._filled += counts

    def _reduce(self, room: int = 0) -> None:
        """Keep the k best of each query, and make room for so many more."""
        used = self.k + int(self._filled.max(initial=0))
        best = np.partition(self._buffer[:, :used], -self.k, axis=1)[:, -self.k :]
        width = max(self._buffer.shape[1], self.k + room)
        if width > self._buffer.shape[1]:
            self._buffer = np.zeros((len(best), width), np.uint64)
        self._buffer[:, : self.k], self._buffer[:, self.k : used] = best, 0
        self._filled[:] = 0
        lowest = best[:, :1]  # a partition leaves the k-th best at its own place
        np.maximum(self._limit, unpack(lowest)[1], out=self._limit, where=lowest > 0)

    def result(self) -> tuple[Int[np.ndarray, "Q k"], Float[np.ndarray, "Q k"]]:
        """Rows and cosines, most similar first. Call it once at least k rows were absorbed."""
        self._reduce()
        return unpack(np.sort(self._buffer[:, : self.k], axis=1)[:, ::-1])


def _true(flags: Bool[np.ndarray, "Q T"]) -> Int[np.ndarray, " n"]:
    """Flat places of the true values, few among many: whole words of false ones are passed over."""
    if flags.size % WORD:
        return np.flatnonzero(flags)
    words = np.flatnonzero(flags.reshape(-1).view(np.uint64) != 0)
    within = np.flatnonzero(flags.reshape(-1, WORD)[words])
    return words[within // WORD] * WORD + within % WORD
