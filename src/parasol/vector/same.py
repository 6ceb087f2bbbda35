"""Arrays as keys, so that `lru_cache` keeps what was made of the same picture before."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Same:
    """An array that equals every other of the same values. Nobody may write to it."""

    array: np.ndarray

    def __hash__(self) -> int:
        return hash((self.array.shape, self.array.tobytes()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and np.array_equal(self.array, other.array)
