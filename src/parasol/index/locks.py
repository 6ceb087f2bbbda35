"""One process at a time, by the system's own locks on a folder: a process that is killed gives them back."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from parasol.errors import ParasolError


class Busy(ParasolError):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """Keep others that lock the same folder out of the block; nothing is written there.

    Raises:
        Busy: another process is in such a block, and it is not to be waited for.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        os.close(opened)
        raise Busy(f"{str(folder)!r} is in use by another process") from error
    try:
        yield
    finally:
        os.close(opened)
