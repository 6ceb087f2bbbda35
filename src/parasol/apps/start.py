"""Where the program begins: streams that may be missing, and Ctrl-C at any moment, before anything else is imported."""

import contextlib
import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType

INTERRUPTED = 130  # what shells expect after Ctrl-C
STOPPED = "parasol: stopped; what was finished is kept"


NO_SERVER = "--no-server"
DRAWING = ("style", "grid", "set", "card", "replay", "search")
"""What begins with opening a model and ends by itself: a studio that runs has them open (`resident`)."""


def main(*, handing_over: bool = True) -> int:
    """Run the command that the shell has named, or have it run beside a studio; returns its exit code."""
    open_streams()
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where a shell has it ignored
    if heeded:
        signal.signal(signal.SIGINT, _leave)  # nothing is begun
    if handing_over and {*sys.argv[1:2]} & {*DRAWING}:
        from parasol.apps.handover import handed_over

        code = handed_over(sys.argv[1:])
        if code is not None:
            return _flushed(code)
    from parasol.apps.cli import main as run

    try:
        if heeded:
            signal.signal(signal.SIGINT, _stop)
        code = run()
        if heeded:
            signal.signal(signal.SIGINT, _leave)  # nothing is left to be done
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        code = INTERRUPTED
    return _flushed(code)


def failed_stream(error: OSError) -> str:
    """What to say of an error that names no file: it is of one of the standard streams."""
    return f"a standard stream fails ({error.strerror}): let it lead to a file on a disk with room, or to a terminal"


def _flushed(code: int) -> int:
    """The exit code once everything printed is out; 2 where it cannot be, except to a reader that has had enough."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # else the end of Python tries again, aloud
        os.close(nowhere)
        if code == 0 and not isinstance(error, BrokenPipeError):
            print(f"parasol: error: {failed_stream(error)}", file=sys.stderr)
            return 2
    return code


def open_streams() -> None:
    """Let no file take the place of a stream that is closed, and let names be told that a stream cannot spell.

    Standard error, where it is closed, leads nowhere from here on; standard input and output stay missing.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 (to the end)
    if isinstance(sys.stdout, io.TextIOWrapper):
        whole = sys.stdout.encoding.lower().replace("-", "") == "utf8"
        sys.stdout.reconfigure(errors="surrogateescape" if whole else "backslashreplace")


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once, and with it the processes that work for this one, which heed no Ctrl-C."""
    with contextlib.suppress(OSError):
        os.write(2, f"{STOPPED}\n".encode())
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.kill()
    os._exit(INTERRUPTED)


def _stop(number: int, frame: FrameType | None) -> None:
    """The first Ctrl-C ends the work in order, the next one at once."""
    signal.signal(signal.SIGINT, _leave)
    raise KeyboardInterrupt
