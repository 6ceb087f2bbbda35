"""The process that draws: SVG by SVG on standard input -> PNG on standard output, under limits of time and memory."""

import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import resvg_py

from .plain import plain
from .source import Refused
from .words import fonts
from .worker import ANSWER, ASK, READY

GIGABYTE = 1 << 30
MOST_KEPT = 300 << 20  # bytes; a process that has grown beyond it ends after its answer, and the next begins anew


def main() -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    # What libraries print must not get among the answers.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    used = limit_memory()
    answers.write(READY)
    answers.flush()
    while len(head := requests.read(ASK.size)) == ASK.size:
        size, seconds, count = ASK.unpack(head)
        data = requests.read(count)
        limit_time(seconds)
        refused, png, message = _answer(data, size)
        last = used() > MOST_KEPT
        answers.write(ANSWER.pack(refused, last, len(png), len(message)) + png + message)
        answers.flush()
        if last:
            return


def _answer(data: bytes, size: int) -> tuple[int, bytes, bytes]:
    try:
        drawing = plain(data)
        png = resvg_py.svg_to_bytes(
            drawing.text, width=size, height=size, dpi=96.0, background=drawing.ground, **fonts(drawing.text)
        )
    except Refused as refused:
        return 1, b"", str(refused).encode(errors="replace")
    except ValueError as error:
        reason = " ".join(str(error).split())
        return 1, b"", f"that cannot be drawn ({reason}): export it again, or as PNG".encode(errors="replace")
    return 0, bytes(png), " and ".join(drawing.left_out).encode(errors="replace")


def limit_memory() -> Callable[[], int]:
    """Let the system end this process rather than let a drawing take the machine; returns what tells the bytes used."""
    if sys.platform == "win32":
        return lambda: 0
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    held = Path("/proc/self/statm")
    if held.exists():  # the most ever used, as getrusage tells it, begins with what the parent held when it forked
        page = resource.getpagesize()
        return lambda: int(held.read_text("ascii").split()[1]) * page
    unit = 1 if sys.platform == "darwin" else 1024
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def limit_time(seconds: int) -> None:
    """Let the system end this process after so many CPU seconds from now."""
    if sys.platform != "win32":
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        # The limit is in whole seconds, of which the drawing is to lose none.
        spent = math.ceil(usage.ru_utime + usage.ru_stime)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)  # one that was set from outside stays
        until = spent + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))
