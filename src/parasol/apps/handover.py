"""A command handed over to the process beside a studio that has models open (`resident`), which runs it in its place.

They meet at a socket that only one user can reach, on systems that can pass open files through one. First the words,
the environment and four open files go there, the three standard streams and the folder; the answer is YES where it
can be run as it would be here, which GO begins; then STOP for every Ctrl-C; in the end comes the exit code.
"""

import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from parasol.apps.start import INTERRUPTED, NO_SERVER

SETTINGS = ("PARASOL_", "OMP_", "OPENBLAS_", "MKL_", "ORT_", "PYTHON", "LD_", "MALLOC_")
"""Beginnings of variables that change what a process that runs already can do no more."""
OWN_FILES = ("/dev/", "/proc/")
"""In a name: it may mean an open file of this very process."""
STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
YES, NO, GO, STOP = b"+", b"-", b">", b"!"
PATIENCE = 2.0  # seconds for the answer


def handed_over(words: Sequence[str]) -> int | None:
    """The exit code of a command that a resident process ran; None where this process has to run it itself."""
    if NO_SERVER in words or any(part in word for word in words for part in OWN_FILES):
        return None
    place = meeting_place()
    if place is None or not place.exists():
        return None
    with socket.socket(socket.AF_UNIX) as line:
        try:
            _ask(line, place, words)
        except (OSError, AttributeError):  # no streams, no folder, or nobody there who takes it
            return None
        return _waited(line)


def _ask(line: socket.socket, place: Path, words: Sequence[str]) -> None:
    """Raises OSError where it is not taken, AttributeError where a standard stream is missing."""
    spelt = {name: (getattr(sys, name).encoding, getattr(sys, name).errors) for name, _ in STREAMS}
    umask = os.umask(0o077)
    os.umask(umask)
    asked = {
        "words": [*words], "environment": dict(os.environ), "umask": umask, "spelt": spelt, "around": surroundings(),
    }  # fmt: skip
    folder = os.open(".", os.O_RDONLY)
    try:
        line.settimeout(PATIENCE)
        line.connect(str(place))
        socket.send_fds(line, [GO], [0, 1, 2, folder])
        line.sendall(json.dumps(asked).encode() + b"\n")
        if line.recv(1) != YES:
            raise OSError("it is busy, or of another kind")
        line.sendall(GO)
        line.settimeout(None)
    finally:
        os.close(folder)


def _waited(line: socket.socket) -> int:
    """The exit code, once it comes. Ctrl-C goes there, as often as it is pressed, unless a shell has it ignored."""
    pressed = []

    def stop(*_: object) -> None:
        pressed.append(True)
        with contextlib.suppress(OSError):
            line.sendall(STOP)

    before: Any = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop)
    answer = b""
    try:
        while not answer.endswith(b"\n"):
            part = _received(lambda: line.recv(64))
            if not part:
                if not pressed:  # else it was pressed again, which ends at once what does not end in order
                    message = f"what drew this ended meanwhile: run it again, or with {NO_SERVER}"
                    print("parasol: error:", message, file=sys.stderr)
                return INTERRUPTED if pressed else 2
            answer += part
    finally:
        signal.signal(signal.SIGINT, before)
    return int(answer)


def _received(receive: Callable[[], bytes]) -> bytes:
    try:
        return receive()
    except OSError:
        return b""


def surroundings() -> dict[str, Any]:
    """What a process is given from outside besides words, files and environment, as JSON has it."""
    import resource

    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "limits": {name: list(resource.getrlimit(getattr(resource, name))) for name in limits},
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "groups": [os.getegid(), *sorted(os.getgroups())],
        "cores": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        "names": sys.getfilesystemencoding(),
    }


def settings(environment: dict[str, str]) -> dict[str, str]:
    """The part of an environment that has to be the same on both sides."""
    return {name: value for name, value in environment.items() if name.startswith(SETTINGS)}


def meeting_place(*, make: bool = False) -> Path | None:
    """Where the resident process of just this program listens; None where no folder is this user's alone."""
    if not hasattr(socket, "send_fds") or not hasattr(os, "getuid"):
        return None
    import tempfile

    try:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"parasol-{os.getuid()}"
        if make:
            folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
    except OSError:
        return None
    own = state.st_uid == os.getuid() and state.st_mode & 0o170077 == 0o040000
    return folder / f"{program()}.socket" if own else None


def program() -> str:
    """Tells this program from all others, and from itself before a file of it was changed."""
    digest = hashlib.sha256(f"{sys.executable} {sys.version}".encode())
    for folder, _, files in sorted(os.walk(Path(__file__).parents[1])):
        for name in sorted(files):
            if name.endswith((".py", ".json", ".safetensors", ".onnx")):
                path = f"{folder}/{name}"
                digest.update(f"{path} {os.stat(path).st_mtime_ns}\n".encode())  # noqa: PTH116 (a third of the time)
    return digest.hexdigest()[:16]
