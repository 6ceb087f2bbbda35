# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Matrix products on one thread of the linear algebra library, so that their bits do not depend on how many it has.

OpenBLAS cuts a product along its threads, and sums in another order at the cuts: a texture told on one core and on two
differs in the last bit here and there. What goes into a recipe, or into pixels, is computed under `one_thread`.

threadpoolctl 3.8.0 lets one Python thread set OpenBLAS's number at a time, and passes over what others set without a
word: the first that set it keeps that right until it dies or leaves a `with`, and takes the limit along when it leaves,
whoever is inside still (`_ControllingThreadOwnership`, found by running). So the number is set past that, and counted
here who is inside.
"""

from contextlib import ContextDecorator
from threading import Lock

from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

_LIBRARIES = [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]
_LOCK = Lock()
_inside = 0
_before: list[int] = []


class one_thread(ContextDecorator):
    """The libraries' own number of threads comes back when the last of those who asked for one has left."""

    def __enter__(self) -> None:
        global _inside, _before
        with _LOCK:
            _inside += 1
            if _inside == 1:
                _before = [library.get_num_threads() for library in _LIBRARIES]
                _set([1] * len(_LIBRARIES))

    def __exit__(self, *_: object) -> None:
        global _inside
        with _LOCK:
            _inside -= 1
            if _inside == 0:
                _set(_before)


def _set(numbers: list[int]) -> None:
    for library, number in zip(_LIBRARIES, numbers, strict=True):
        getattr(library, "_real_set_num_threads", library.set_num_threads)(number)  # the first since 3.8
