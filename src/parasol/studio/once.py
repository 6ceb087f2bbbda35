"""What was made before, for the same key."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, final


@final
class Once:
    """The latest of what was made, by key; what is used goes last. Usable from several threads."""

    def __init__(self, most: int) -> None:
        """At most so many are kept."""
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[Any, Any] = OrderedDict()

    def __call__(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` makes, or made before for the same key; two threads may both make it."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = make()
        with self._lock:
            self._known[key] = made
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return made
