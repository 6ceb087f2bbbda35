"""Progress with the time left on standard error: one line for people who wait, a line now and then for logs."""

import sys
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

PATIENCE = 2.0  # seconds without a word
INTERVAL = 0.1  # seconds between two looks
LOG_INTERVAL = 60.0  # seconds before the first line of a log, and between two


class Progress:
    """A line that is rewritten in place, for work above two seconds; where standard error is no terminal, a new line a
    minute."""

    def __init__(self, what: str, *, already: int = 0) -> None:
        """`already`: units that an earlier run finished, which say nothing about the pace."""
        self._what = what
        self._shown = ""
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()
        self._next = self._started + (PATIENCE if self._live else LOG_INTERVAL)
        self._pace = Pace(already)

    def update(self, done: float, total: float, note: str = "") -> None:
        """Tell that `done` of `total` is behind us."""
        now = time.monotonic()
        left = self._pace.left(now - self._started, done, total)
        if done >= total:
            self.clear()
        if now < self._next or done >= total:
            return
        line = " ".join(filter(None, (self._what, note, f"{done / total:4.0%}", duration(left))))
        if self._live:
            self._next = now + INTERVAL
            self._write(line)
        else:
            self._next = now + LOG_INTERVAL
            print(f"parasol: {line}", file=sys.stderr, flush=True)

    def part(self, done: float, total: float) -> Callable[[int, int], None]:
        """An `update` for one part of `total` equal ones, of which `done` are behind us."""
        return lambda steps_done, steps: self.update(done + steps_done / steps, total)

    def clear(self) -> None:
        """Take the line away, before other words are printed."""
        if self._shown:
            self._write("")

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(len(self._shown)) + ("" if line else "\r"))
        sys.stderr.flush()
        self._shown = line

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


class Pace:
    """The time left at the pace of the second half of the time so far.

    What came first may say nothing: the first steps of an inverted picture cost no network call.
    """

    def __init__(self, already: float = 0.0) -> None:
        self._marks = deque([(0.0, already)])

    def left(self, spent: float, done: float, total: float) -> float:
        """Seconds left after `spent` seconds, in which `done` of `total` were done; nan where nothing is known."""
        self._marks.append((spent, done))
        while self._marks[1][0] <= spent / 2.0 and len(self._marks) > 2:
            self._marks.popleft()
        since, before = self._marks[0]
        return (spent - since) / (done - before) * (total - done) if done > before else float("nan")


def duration(seconds: float) -> str:
    """How long is left, in words; nothing where it is not known."""
    if seconds != seconds:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s left"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds / 3600:.1f} h left"
