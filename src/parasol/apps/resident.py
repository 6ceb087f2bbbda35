"""The process beside a studio that runs commands with its models open, for `parasol style` and the like.

A command that finds one hands it its words, folder, environment and standard streams, waits, and ends with its exit
code. It draws what the command itself would draw: the same program runs there, and one of another version or other
files, or with other settings of threads, is not spoken to. Whoever finds none, or finds it busy, works alone. They
meet at a socket that only one user can reach, on systems that can pass open files through one.
"""

import contextlib
import hashlib
import io
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

NO_SERVER = "--no-server"
COMMANDS = ("style", "grid", "set", "card", "replay", "search")
"""What begins with opening a model and ends by itself."""
SETTINGS = ("PARASOL_", "OMP_", "OPENBLAS_", "MKL_", "ORT_", "PYTHON", "LD_", "MALLOC_")
"""Beginnings of variables that change what a process that runs already can do no more."""
STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
YES, NO, STOP = b"+", b"-", b"!"
_serving = False  # whether this is the resident process itself
CHILD = "from parasol.apps.resident import serve; serve()"


def handed_over(words: Sequence[str]) -> int | None:
    """The exit code of a command that a resident process ran; None where this process has to run it itself."""
    if _serving or not words or words[0] not in COMMANDS or NO_SERVER in words or not hasattr(socket, "send_fds"):
        return None
    asked = _asked(words)
    place = _place()
    if asked is None or place is None or not place.exists():
        return None
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.settimeout(2)
            line.connect(str(place))
            socket.send_fds(line, [YES], [0, 1, 2])
            line.sendall(json.dumps(asked).encode() + b"\n")
            if line.recv(1) != YES:
                return None
            line.settimeout(None)
        except OSError:
            return None
        return _waited(line)


def _waited(line: socket.socket) -> int:
    """The exit code, once it comes. Ctrl-C goes there, as often as it is pressed."""
    from parasol.apps.start import INTERRUPTED

    stopped, answer = False, b""
    while not answer.endswith(b"\n"):
        try:
            part = line.recv(64)
        except KeyboardInterrupt:
            stopped = True
            with contextlib.suppress(OSError):
                line.sendall(STOP)
            continue
        if not part:
            if stopped:  # Ctrl-C again and again ends at once what does not end in order
                return INTERRUPTED
            message = f"the studio that drew this ended meanwhile: run it again, or with {NO_SERVER}"
            print("parasol: error:", message, file=sys.stderr)
            return 2
        answer += part
    return int(answer)


@contextmanager
def resident() -> Iterator[None]:
    """Keep a resident process while this lasts, where the system has what it takes and no other keeps one."""
    place = _place(make=True)
    if place is None or not hasattr(socket, "send_fds") or _listens(place):
        yield
        return
    closing = threading.Event()
    kept: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not closing.is_set():
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            kept[:] = [child]
            child.wait()
            closing.wait(1)  # what ends at once is not begun again all the time

    thread = threading.Thread(target=keep, name="resident", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing.set()
        for child in kept:
            child.terminate()
        thread.join()
        place.unlink(missing_ok=True)


def serve() -> NoReturn:
    """Run one command after another until standard input ends, which says that the studio has."""
    global _serving
    _serving = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.dup(0),), daemon=True).start()
    place = _place(make=True)
    assert place is not None
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen(8)
    waiting: queue.Queue[tuple[socket.socket, list[int], dict[str, Any]]] = queue.Queue()
    busy = threading.Lock()
    threading.Thread(target=_accept, args=(listener, busy, waiting), daemon=True).start()
    while True:
        line, streams, asked = waiting.get()
        with line:
            code = _run(line, streams, asked)
            busy.release()
            with contextlib.suppress(OSError):
                line.sendall(f"{code}\n".encode())


def _accept(
    listener: socket.socket,
    busy: threading.Lock,
    waiting: "queue.Queue[tuple[socket.socket, list[int], dict[str, Any]]]",
) -> None:
    """Hand every command to the main thread that may be run here and now; tell all others no."""
    own = _settings(dict(os.environ))
    while True:
        line, _ = listener.accept()
        try:
            line.settimeout(2)
            _, streams, _, _ = socket.recv_fds(line, 1, 3)
            asked = json.loads(_line_of(line))
            fits = _settings(asked["environment"]) == own and asked["cores"] == _cores()
            taken = fits and len(streams) == 3 and busy.acquire(blocking=False)
            line.sendall(YES if taken else NO)
            line.settimeout(None)
        except (OSError, ValueError):
            line.close()
            continue
        if taken:
            waiting.put((line, streams, asked))
        else:
            for stream in streams:
                os.close(stream)
            line.close()


def _run(line: socket.socket, streams: Sequence[int], asked: dict[str, Any]) -> int:
    """The exit code of one command, run as if it had been started by itself."""
    from parasol.apps.start import INTERRUPTED, main
    from parasol.pipeline import keep_opened  # not before the first command: most studios see none

    keep_opened()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["parasol", *asked["words"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = threading.Event()
    ears = threading.Thread(target=_heed, args=(line.dup(), done), daemon=True)
    try:
        os.umask(asked["umask"])
        os.chdir(asked["folder"])
        for number, (name, mode) in enumerate(STREAMS):
            encoding, errors = asked["spelt"][name]
            setattr(sys, name, _opened(number, mode, encoding, errors))
        ears.start()
        code = main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:  # before it was begun, or once it was over
        code = INTERRUPTED
    except Exception:  # a fault of the program, printed as Python does
        traceback.print_exc()
        code = 1
    finally:
        done.set()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("stdout", "stderr"):
        with contextlib.suppress(OSError, ValueError):
            getattr(sys, name).flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.close(nowhere)
    os.chdir("/")
    return code


def _opened(number: int, mode: str, encoding: str, errors: str) -> io.TextIOWrapper:
    """A standard stream, buffered as Python buffers its own."""
    file = open(number, f"{mode}b", closefd=False)  # noqa: SIM115 (to the end)
    lines = mode == "w" and (number == 2 or file.isatty())
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, line_buffering=lines)


def _heed(line: socket.socket, done: threading.Event) -> None:
    """Ctrl-C, and the end of the one who asked, reach the command as Ctrl-C."""
    with line:
        while not done.is_set():
            try:
                heard = line.recv(1)
            except OSError:
                heard = b""
            if not done.is_set():
                os.kill(os.getpid(), signal.SIGINT)
            if not heard:
                return


def _end_with(stream: int) -> NoReturn:
    while os.read(stream, 1):
        pass
    os._exit(0)


def _line_of(line: socket.socket) -> bytes:
    text = b""
    while not text.endswith(b"\n"):
        part = line.recv(1 << 16)
        if not part:
            raise OSError("it hung up")
        text += part
    return text


def _asked(words: Sequence[str]) -> dict[str, Any] | None:
    """All that a command depends on besides its words; None where it cannot be handed over."""
    spelt = {name: getattr(sys, name) for name, _ in STREAMS}
    if any(stream is None for stream in spelt.values()):
        return None
    try:
        umask = os.umask(0o077)
        os.umask(umask)
        return {
            "words": [*words],
            "folder": str(Path.cwd()),
            "environment": dict(os.environ),
            "umask": umask,
            "cores": _cores(),
            "spelt": {name: (stream.encoding, stream.errors) for name, stream in spelt.items()},
        }
    except OSError:
        return None


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _settings(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(SETTINGS)}


def _place(*, make: bool = False) -> Path | None:
    """Where the resident process of just this program listens; None where no folder is this user's alone."""
    if not hasattr(os, "getuid"):
        return None
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"parasol-{os.getuid()}"
    try:
        if make:
            folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
    except OSError:
        return None
    own = state.st_uid == os.getuid() and not state.st_mode & 0o077 and not folder.is_symlink()
    return folder / f"{_program()}.socket" if own else None


def _program() -> str:
    """Tells this program from all others, and from itself before a file of it was changed."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{sys.executable} {sys.version}".encode())
    for folder, _, files in sorted(os.walk(package)):
        for name in sorted(files):
            if name.endswith((".py", ".json", ".safetensors", ".onnx")):
                path = f"{folder}/{name}"
                digest.update(f"{path} {Path(path).stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(place))
        except OSError:
            return False
    return True
