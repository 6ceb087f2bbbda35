"""Progress with the time left, for people who wait: one line on standard error."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

PATIENCE = 2.0  # seconds without a word
INTERVAL = 0.1  # seconds between two looks


class Progress:
    """A line that is rewritten in place. It shows on a terminal only, and only for work above two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = ""
        self._started = time.monotonic()
        self._next = self._started + PATIENCE

    def update(self, done: float, total: float, note: str = "") -> None:
        """Tell that `done` of `total` is behind us."""
        now = time.monotonic()
        if not sys.stderr.isatty() or now < self._next:
            return
        self._next = now + INTERVAL
        left = (now - self._started) / done * (total - done) if done else float("nan")
        self._write(" ".join(filter(None, (self._what, note, f"{done / total:4.0%}", duration(left)))))

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


def duration(seconds: float) -> str:
    """How long is left, in words; nothing where it is not known."""
    if seconds != seconds:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s left"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds / 3600:.1f} h left"
