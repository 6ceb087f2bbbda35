"""Mined triplets for training: seeded batches from files that are never loaded as a whole."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int

from parasol.triplets.results import Results, load_finished

POOL = 16  # files that are open at once and mixed with each other


class TripletDataset:
    """The triplets of a finished run. Rows are those of the table that was mined."""

    def __init__(self, folder: Path) -> None:
        self.results: Results = load_finished(folder)

    def __len__(self) -> int:
        return int(self.results.report["triplets"])

    def batches(self, size: int, *, seed: int, epoch: int = 0) -> Iterator[Int[np.ndarray, "3 B"]]:
        """Every triplet once, in an order of (seed, epoch), as batches of rows (x, y, s); the last one may be smaller.

        Files are taken in random order and POOL of them are mixed, which is a whole shuffle up to POOL files and in
        memory bounded by POOL beyond.
        """
        if size < 1:
            raise ValueError(f"a batch of {size} triplets is empty; it must be at least 1")
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(sorted(self.results.shards))
        rest = np.empty((3, 0), np.int64)
        for start in range(0, len(order), POOL):
            found = [self.results.kept(int(task)) for task in order[start : start + POOL]]
            rows = np.concatenate([np.stack([part["x"], part["y"], part["s"]]) for part in found], axis=1)
            rest = np.concatenate([rest, rows[:, random.permutation(rows.shape[1])]], axis=1)
            whole = rest.shape[1] // size * size
            for at in range(0, whole, size):
                yield rest[:, at : at + size]
            rest = rest[:, whole:]
        if rest.shape[1]:
            yield rest
