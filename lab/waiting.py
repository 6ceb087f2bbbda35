"""Progress of a measurement with the time left: lines on standard error, so that a log of it can be read too."""

import sys
import time

INTERVAL = 10.0  # seconds between two lines


class Waiting:
    """Tells how far one job is. `already`: units that an earlier run finished, which say nothing about the pace."""

    def __init__(self, what: str, *, already: int = 0) -> None:
        self._what = what
        self._already = already
        self._started = self._told = time.monotonic()

    def tell(self, done: int, total: int) -> None:
        """One line, where the last one is a while ago or the job is finished."""
        now = time.monotonic()
        if now - self._told < INTERVAL and done < total:
            return
        self._told = now
        spent = now - self._started
        words = f"{spent:.0f} s" if done == total else f"{time_left(spent, done - self._already, total - done)} left"
        print(f"{self._what}: {done} of {total}, {words}", file=sys.stderr, flush=True)


def time_left(spent: float, done: int, left: int) -> str:
    """Seconds or minutes for `left` units at the pace of those that are done."""
    seconds = spent / max(done, 1) * left
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
