"""The process beside a studio that runs commands with its models open, for `parasol style` and the like.

A command finds it by `handover`. It draws what the command itself would draw: the very program runs here, and one of
another version or other files, or with other limits, threads or processors, is sent away, as is whoever finds it busy.
"""

import contextlib
import io
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, final

from parasol.apps.handover import GO, NO, PATIENCE, STREAMS, YES, meeting_place, settings, surroundings
from parasol.apps.start import INTERRUPTED, main

CHILD = "from parasol.apps.resident import serve; serve()"
LARGEST = 1 << 24  # bytes of words and environment
LIVED, SHORT = 5.0, 3  # seconds; so many in a row that ended sooner are enough


@contextmanager
def resident() -> Iterator[None]:
    """Keep a resident process while this lasts, where the system has what it takes."""
    if meeting_place(make=True) is None:
        yield
        return
    lock, kept = threading.Lock(), list[subprocess.Popen[bytes]]()
    closing = threading.Event()

    def keep() -> None:
        short = 0
        while short < SHORT:
            with lock:
                if closing.is_set():
                    return
                pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
                # -P: a command's folder is no place to import from.
                words = [sys.executable, "-P", "-c", CHILD]
                child = subprocess.Popen(words, stdin=pipe, stdout=nowhere, stderr=nowhere, start_new_session=True)
                kept[:] = [child]
            begun = time.monotonic()
            child.wait()
            short = short + 1 if time.monotonic() - begun < LIVED else 0

    thread = threading.Thread(target=keep, name="resident", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with lock:
            closing.set()
        for child in kept:
            assert child.stdin is not None
            child.stdin.close()  # which ends it
        thread.join()


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A command that was handed over: the line to whoever waits for it, and its open files."""

    line: socket.socket
    files: list[int]
    words: list[str]
    environment: dict[str, str]
    umask: int
    spelt: dict[str, tuple[str, str]]
    around: dict[str, Any]


def serve() -> NoReturn:
    """Run one command after another until standard input ends, which says that the studio has."""
    import fcntl

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = meeting_place(make=True)
    assert place is not None
    threading.Thread(target=_end_with, args=(os.dup(0), place), daemon=True).start()
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two studios, the second's waits until the first's has ended
        place.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place))
        listener.listen(8)
        desk = Desk(listener)
        while True:
            desk.run(desk.waiting.get())


@final
class Desk:
    """Takes one command at a time, in threads of its own, for the main thread to run."""

    def __init__(self, listener: socket.socket) -> None:
        """Begin to listen."""
        self.waiting: queue.Queue[Asked] = queue.Queue()
        self._busy = threading.Lock()
        self._settings, self._around = settings(dict(os.environ)), surroundings()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> NoReturn:
        while True:
            line, _ = listener.accept()
            threading.Thread(target=self._take, args=(line,), daemon=True).start()

    def _take(self, line: socket.socket) -> None:
        """Hand on what may be run here and now, and tell all others no."""
        files, taken = list[int](), False
        try:
            line.settimeout(PATIENCE)
            _, files, _, _ = socket.recv_fds(line, 1, 4)
            asked = Asked(line=line, files=[*files], **json.loads(_line_of(line)))
            same = settings(asked.environment) == self._settings and asked.around == self._around
            taken = same and len(files) == 4 and self._busy.acquire(blocking=False)
            line.sendall(YES if taken else NO)
            if taken and line.recv(1) == GO:
                line.settimeout(None)
                self.waiting.put(asked)
                return
        except Exception:  # whatever came: it was none of ours
            pass
        if taken:
            self._busy.release()
        for file in files:
            os.close(file)
        line.close()

    def run(self, asked: Asked) -> None:
        """Run a command as if it had been started by itself, and tell its exit code."""
        with asked.line:
            code = _run(asked)
            self._busy.release()
            with contextlib.suppress(OSError):
                asked.line.sendall(f"{code}\n".encode())


def _run(asked: Asked) -> int:
    from parasol.pipeline import keep_opened  # not before the first command: most studios see none

    keep_opened()
    *streams, folder = asked.files
    os.fchdir(folder)
    os.umask(asked.umask)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for file in asked.files:
        os.close(file)
    os.environ.clear()
    os.environ.update(asked.environment)
    for number, (name, mode) in enumerate(STREAMS):
        setattr(sys, name, _opened(number, mode, *asked.spelt[name]))
    sys.argv = ["parasol", *asked.words]
    done = threading.Event()
    threading.Thread(target=_heed, args=(asked.line.dup(), done), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(handing_over=False)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:  # before it was begun, or once it was over
        code = INTERRUPTED
    except Exception:  # a fault of the program, printed as Python does
        with contextlib.suppress(OSError):
            traceback.print_exc()
        code = 1
    finally:
        done.set()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("stdout", "stderr"):
        with contextlib.suppress(OSError, ValueError):
            getattr(sys, name).flush()
    _lead_nowhere(0, 1, 2)
    os.chdir("/")
    return code


def _lead_nowhere(*numbers: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(nowhere, number)
    os.close(nowhere)


def _opened(number: int, mode: str, encoding: str, errors: str) -> io.TextIOWrapper:
    """A standard stream, buffered as Python buffers its own."""
    file = open(number, f"{mode}b", closefd=False)  # noqa: SIM115 (to the end)
    lines = mode == "w" and (number == 2 or file.isatty())
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, line_buffering=lines)


def _heed(line: socket.socket, done: threading.Event) -> None:
    """Ctrl-C reaches the command as Ctrl-C, and so does, without a word to its terminal, the end of who asked."""
    with line:
        while not done.is_set():
            try:
                heard = line.recv(1)
            except OSError:
                heard = b""
            if done.is_set():
                return
            if not heard:
                _lead_nowhere(1, 2)
            os.kill(os.getpid(), signal.SIGINT)
            if not heard:
                return


def _end_with(stream: int, place: Path) -> NoReturn:
    """End when that stream does; the socket goes if it is this process's own."""
    while os.read(stream, 1):
        pass
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place))
        process = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4) if hasattr(socket, "SO_PEERCRED") else b""
        if int.from_bytes(process, sys.byteorder) == os.getpid():
            place.unlink()
    os._exit(0)


def _line_of(line: socket.socket) -> bytes:
    """Raises OSError where it does not come in time, or never ends."""
    text, until = b"", time.monotonic() + PATIENCE
    while not text.endswith(b"\n"):
        part = line.recv(1 << 16)
        text += part
        if not part or len(text) > LARGEST or time.monotonic() > until:
            raise OSError("it hung up, or goes on and on")
    return text
