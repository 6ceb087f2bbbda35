"""The one process that draws, kept from drawing to drawing: started when first needed, and again when one ended it."""

import atexit
import contextlib
import io
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

# Run from the folder above this package, so that the child loads neither numpy nor Pillow.
PROGRAM = "import sys; sys.path.append(sys.argv[1]); from svg.child import main; main()"
FOLDER = Path(__file__).parents[1]
ASK = struct.Struct(">III")  # longer side in px, seconds, bytes of the drawing that follows
ANSWER = struct.Struct(">B?II")  # 0 drawn or 1 refused, whether it is the last, bytes of PNG and words; both follow
READY = b"\n"  # what it says first: a drawing's time begins after it
START_SECONDS = 60  # for an interpreter and its imports on a machine that is busy with other things


class Failed(Exception):
    """A drawing that was not drawn: why, or nothing where it took too much."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


_lock = threading.Lock()
_kept: subprocess.Popen[bytes] | None = None


def draw(data: bytes, size: int, seconds: int) -> tuple[bytes, str]:
    """The PNG of a drawing, and what was left out of it. Raises Failed.

    A process that a drawing ends, or that takes twice `seconds`, is replaced; no later drawing sees anything of it.
    """
    global _kept
    with _lock:
        if _kept is None or _kept.poll() is not None:
            _kept = _started()
        worker = _kept
        try:
            with _killed_after(2 * seconds, worker):
                refused, last, png, message = _answer(worker, ASK.pack(size, seconds, len(data)) + data)
        except BaseException as error:  # an interrupt too: what it would answer next belongs to this drawing
            _end(worker)
            _kept = None
            if isinstance(error, OSError | EOFError):
                raise Failed from error
            raise
        if last:
            _end(worker)
            _kept = None
    if refused:
        raise Failed(message)
    return png, message


@contextlib.contextmanager
def _killed_after(seconds: float, worker: subprocess.Popen[bytes]) -> Iterator[None]:
    timer = threading.Timer(seconds, worker.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _answer(worker: subprocess.Popen[bytes], question: bytes) -> tuple[int, bool, bytes, str]:
    """Whether it refused, whether it ends now, PNG and words. Raises OSError or EOFError where it ended instead."""
    stdin, stdout = cast(IO[bytes], worker.stdin), cast(IO[bytes], worker.stdout)
    stdin.write(question)
    stdin.flush()
    refused, last, pixels, words = ANSWER.unpack(_read(stdout, ANSWER.size))
    return refused, last, _read(stdout, pixels), _read(stdout, words).decode(errors="replace")


def _started() -> subprocess.Popen[bytes]:
    """One that has said that it is ready. Raises Failed."""
    command = [sys.executable, "-P", "-c", PROGRAM, str(FOLDER)]
    pipe = subprocess.PIPE
    worker = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    try:
        with _killed_after(START_SECONDS, worker):
            _read(cast(IO[bytes], worker.stdout), len(READY))
    except BaseException as error:
        _end(worker)
        if isinstance(error, EOFError):
            raise Failed("that no process could be started for: try again, or export it as PNG") from error
        raise
    return worker


def _read(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for file in (worker.stdin, worker.stdout):
        with contextlib.suppress(OSError):  # what was not yet written cannot be
            cast(IO[bytes], file).close()
    worker.wait()


def _close() -> None:
    global _kept
    if _kept is not None:
        _end(_kept)
        _kept = None


def _forget() -> None:
    """In a fork: the process belongs to the parent, and so do the ends of its pipes."""
    global _kept, _lock
    if _kept is not None:
        for file in (_kept.stdin, _kept.stdout):
            cast(io.BufferedReader, file).raw.close()  # not through the buffer, whose lock another thread may hold
        _kept.returncode = 0  # so that nobody waits for it here
    _kept, _lock = None, threading.Lock()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
