"""What was computed once and may be asked for again, within a bound of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import final

import numpy as np


@final
class Memory:
    """Arrays by key, which nobody may write to. The least lately used go first where they would exceed `limit` bytes.

    An array that alone exceeds the limit is not kept. Any number of threads may share a memory.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes that are kept now, at most `limit`."""
        return self._bytes

    def get(self, key: Hashable) -> np.ndarray | None:
        """The array of a key, if it is kept."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
            return self._arrays.get(key)

    def put(self, key: Hashable, array: np.ndarray) -> None:
        """Keep an array, which can only be read from now on."""
        array.flags.writeable = False
        with self._lock:
            self._drop(key)
            if array.nbytes > self.limit:
                return
            self._arrays[key] = array
            self._bytes += array.nbytes
            while self._bytes > self.limit:
                self._drop(next(iter(self._arrays)))

    def once(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of a key, made where it is not kept."""
        array = self.get(key)
        if array is None:
            array = make()
            self.put(key, array)
        return array

    def owned_by(self, *owner: Hashable) -> "OwnedMemory":
        """The part of the memory whose keys belong to one owner."""
        return OwnedMemory(self, owner)

    def _drop(self, key: Hashable) -> None:
        dropped = self._arrays.pop(key, None)
        self._bytes -= 0 if dropped is None else dropped.nbytes


@final
class OwnedMemory:
    """What a memory keeps of one owner, under keys of its own."""

    def __init__(self, memory: Memory, owner: tuple[Hashable, ...]) -> None:
        self._memory = memory
        self._owner = owner

    def get(self, key: Hashable) -> np.ndarray | None:
        """As of the memory."""
        return self._memory.get((self._owner, key))

    def put(self, key: Hashable, array: np.ndarray) -> None:
        """As of the memory."""
        self._memory.put((self._owner, key), array)

    def once(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """As of the memory."""
        return self._memory.once((self._owner, key), make)

    def owned_by(self, *part: Hashable) -> "OwnedMemory":
        """The memory of one part of this owner."""
        return OwnedMemory(self._memory, (*self._owner, *part))
