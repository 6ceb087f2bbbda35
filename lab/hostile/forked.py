"""Work in a process of its own, forked from this one: what it does to itself, or never ends, harms nobody else."""

import contextlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HANG = 20  # CPU-seconds of a process and its children, after which it counts as hanging
WAITED = 600  # seconds by the clock, for what waits and computes nothing; a busy machine makes all wait
GLANCE = 0.01  # seconds between two looks
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of one command."""

    code: int
    """Exit code; below 0 the signal that ended it."""

    out: bytes
    err: bytes
    hung: bool
    seconds: float
    """Of the processor."""


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What surrounds a command: bytes on standard input, closed streams, limits, variables."""

    stdin: bytes = b""
    streams: Mapping[int, str] = field(default_factory=dict)
    """By number: a file to open there, or "" for closed."""

    limits: Mapping[int, int] = field(default_factory=dict)
    """By `resource.RLIMIT_...`."""

    variables: Mapping[str, str] = field(default_factory=dict)


EVERYDAY = World()


def fork(act: Callable[[], int], out: Path, err: Path) -> int:
    """Begin to act in a child with those streams; its id, which is that of a group of processes too."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        for number, file in ((1, out), (2, err)):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, closefd=False) for number in (1, 2))
        code = act()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        os._exit(code & 255)


def parasol(words: Sequence[str], folder: Path, world: World = World()) -> Callable[[], int]:
    """The command `parasol` as the shell runs it, in that folder and world."""

    def act() -> int:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        os.environ.update(world.variables)
        read, write = os.pipe()
        os.dup2(read, 0)
        os.close(read)
        os.write(write, world.stdin[:60_000])
        os.close(write)
        _redirect(world.streams)
        for limit, value in world.limits.items():
            resource.setrlimit(limit, (value, value))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does where it starts
        sys.argv = ["parasol", *words]
        from parasol.apps.start import main

        return main()

    return act


def _redirect(streams: Mapping[int, str]) -> None:
    """Give standard streams other ends, and Python's names for them too."""
    for number, file in streams.items():
        os.close(number)
        if file:
            os.dup2(opened := os.open(file, os.O_RDWR), number)
            if opened != number:
                os.close(opened)
    names = {0: ("stdin", "r"), 1: ("stdout", "w"), 2: ("stderr", "w")}
    for number, (name, mode) in names.items():
        open_ = streams.get(number, "open") != ""
        errors = "backslashreplace" if number == 2 else "strict"
        encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
        made = (
            os.fdopen(number, mode, 1 if number == 2 else -1, encoding=encoding, errors=errors, closefd=False)
            if open_
            else None
        )
        setattr(sys, name, made)


def wait(child: int, out: Path, err: Path, *, at: float = 0.0, kill: int = 0, most: float = HANG) -> Done:
    """The end of a child: as it comes, by the signal `kill` after `at` seconds, or because it takes
    more than `most` CPU-seconds.

    No process of its group is left behind.
    """
    begun, hung, sent = time.monotonic(), False, not kill
    while True:
        over, status, resources = ended(child)
        if over:
            break
        passed = time.monotonic() - begun
        if not sent and passed >= at:
            os.kill(child, kill)
            sent = True
        if passed > WAITED or used(child) > most:
            hung = True
            end_group(child)
        time.sleep(GLANCE)
    end_group(child)
    seconds = resources.ru_utime + resources.ru_stime
    return Done(code=code_of(status), out=out.read_bytes(), err=err.read_bytes(), hung=hung, seconds=round(seconds, 3))


def end_group(child: int) -> None:
    """Kill what is left of a child and its own children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def ended(child: int) -> tuple[int, int, resource.struct_rusage]:
    """The child's id where it has ended, else 0; its status; what it has used."""
    return os.wait4(child, os.WNOHANG)


def code_of(status: int) -> int:
    """Exit code; below 0 the signal that ended it."""
    return os.waitstatus_to_exitcode(status)


def used(child: int) -> float:
    """CPU-seconds of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
