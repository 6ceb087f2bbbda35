"""Matrix products on one thread of the linear algebra library, so that their bits do not depend on how many it has.

OpenBLAS cuts a product along its threads, and sums in another order at the cuts: a texture told on one core and on two
differs in the last bit here and there. What goes into a recipe, or into pixels, is computed under `one_thread`.
"""

from contextlib import ContextDecorator
from threading import Lock

from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

_LIBRARIES = ThreadpoolController()
_LOCK = Lock()
_inside = 0
_before = None


class one_thread(ContextDecorator):
    """The libraries' own number of threads comes back when the last of those who asked for one has left."""

    def __enter__(self) -> None:
        global _inside, _before
        with _LOCK:
            _inside += 1
            if _inside == 1:
                _before = _LIBRARIES.limit(limits=1, user_api="blas")  # pyright: ignore[reportUnknownMemberType]

    def __exit__(self, *_: object) -> None:
        global _inside, _before
        with _LOCK:
            _inside -= 1
            if _inside == 0 and _before is not None:
                _before.restore_original_limits()
                _before = None
