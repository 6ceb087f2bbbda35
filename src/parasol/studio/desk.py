"""Jobs: one thread draws, a bounded queue waits, and the newest quick look takes the place of those before it."""

import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from typing import Any, final

from parasol.errors import ParasolError
from parasol.studio.made import Made, Progress
from parasol.studio.wanted import Again, Lesson, Wanted

QUEUE = 16  # jobs that wait, quick looks aside
LOOKS = 8  # clients whose quick looks wait
REMEMBERED = 64  # finished jobs that can be asked about
LONGEST = 900.0  # seconds that one job may draw

Order = Wanted | Again | Lesson
Draw = Callable[[Any, Progress], Iterator[Made]]
Keep = Callable[[str, int, Made], int]
"""(job, place, picture) -> its number in the history."""


class Full(Exception):
    """The queue takes no more. One line, with the way out."""


class _Stopped(Exception):
    """Raised inside a drawing that nobody wants any more."""


@final
class Job:
    """One job; its fields change under the desk's lock alone."""

    def __init__(self, name: str, wanted: Order, client: str, total: int) -> None:
        self.name, self.wanted, self.client, self.total = name, wanted, client, total
        self.state = "waiting"
        self.done = 0
        self.error = ""
        self.began = self.spent = 0.0
        self.stop = False
        self.numbers: list[int] = []
        self.looks: list[Made] = []

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")

    def status(self, ahead: int) -> dict[str, Any]:
        """What is told of it. `ahead`: jobs that wait before it."""
        spent = time.monotonic() - self.began if self.state == "drawing" else self.spent
        left = spent / self.done * (self.total - self.done) if self.done and not self.over else None
        return {
            "job": self.name,
            "state": self.state,
            "preview": self.wanted.preview,
            "done": self.done,
            "total": self.total,
            "ahead": ahead,
            "seconds": round(spent, 2),
            "left": None if left is None else round(left, 1),
            "numbers": [*self.numbers],
            "pictures": len(self.looks) if self.wanted.preview else len(self.numbers),
            "differs": self.looks[0].differs if self.looks else None,
            "error": self.error,
        }


@final
class Desk:
    """Where jobs are handed in. Any number of threads may; one of its own draws."""

    def __init__(self, draw: Draw, keep: Keep, finish: Callable[[str], None], longest: float = LONGEST) -> None:
        """`keep` is given each picture that is no quick look, `finish` each job that is over, before that is told."""
        self._draw, self._keep, self._finish, self._longest = draw, keep, finish, longest
        self._change = Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self._looks: deque[Job] = deque()
        self._now: Job | None = None
        self._closed = False
        self._looked = False
        self._thread = Thread(target=self._work, name="drawing", daemon=True)
        self._thread.start()

    def submit(
        self,
        wanted: Order,
        total: int,
        *,
        client: str = "",
        name: str = "",
        accept: Callable[[str], None] | None = None,
    ) -> Job:
        """Hand a job in; `accept` is called with its name once there is a place for it, and may still refuse.

        A quick look ends the same client's earlier ones, waiting or being drawn.

        Raises:
            Full: too many wait.
        """
        job = Job(name or secrets.token_hex(16), wanted, client, total)
        with self._change:
            if wanted.preview:
                for other in [*self._looks, *([self._now] if self._now else [])]:
                    if other.wanted.preview and other.client == client:
                        self._cancel(other)
            line, most = (self._looks, LOOKS) if wanted.preview else (self._queue, QUEUE)
            if len(line) >= most and not name:  # what has a name was accepted by an earlier studio
                raise Full(f"{len(line)} jobs wait already and no more fit: try again in a while, or cancel one")
            if accept is not None:
                accept(job.name)
            line.append(job)
            self._jobs[job.name] = job
            self._forget()
            self._change.notify_all()
        return job

    def status(self, name: str) -> dict[str, Any] | None:
        """The state of a job, if it is known."""
        with self._change:
            job = self._jobs.get(name)
            return None if job is None else job.status(self._queue.index(job) if job in self._queue else 0)

    def look(self, name: str, place: int = 0) -> bytes | None:
        """The PNG of a quick look, or of one cell of a sheet."""
        with self._change:
            job = self._jobs.get(name)
            return job.looks[place].png if job is not None and place < len(job.looks) else None

    def cancel(self, name: str) -> bool:
        """Stop a job, waiting or being drawn; whether there was something to stop."""
        with self._change:
            job = self._jobs.get(name)
            return job is not None and self._cancel(job)

    def close(self) -> None:
        """Stop at the next step. What waits stays with the store."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.join()

    def _cancel(self, job: Job) -> bool:
        if job.over or job.stop:
            return False
        job.stop = True
        for line in (self._looks, self._queue):
            if job in line:
                line.remove(job)
                job.state = "cancelled"
                self._over(job)
        self._change.notify_all()
        return True

    def _over(self, job: Job) -> None:
        if not job.wanted.preview:
            self._finish(job.name)

    def _forget(self) -> None:
        over = [name for name, job in self._jobs.items() if job.over]
        for name in over[: max(0, len(over) - REMEMBERED)]:
            del self._jobs[name]

    def _next(self) -> Job | None:
        """Quick looks come first, and after each of them one that waits for longer."""
        with self._change:
            self._change.wait_for(lambda: self._closed or self._looks or self._queue)
            if self._closed:
                return None
            return self._begin(self._looks if self._looks and not (self._looked and self._queue) else self._queue)

    def _begin(self, line: deque[Job]) -> Job:
        job = line.popleft()
        self._looked = job.wanted.preview
        job.state, job.began = "drawing", time.monotonic()
        self._now = job
        return job

    def _look_between(self, job: Job) -> None:
        """A quick look that waits goes before a job's next picture."""
        with self._change:
            look = self._begin(self._looks) if self._looks and not self._closed else None
        if look is not None:
            self._see_through(look)
            with self._change:
                self._now = job

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._see_through(job)

    def _see_through(self, job: Job) -> None:
        """Draw a job to its end, whatever that is."""
        try:
            for place, made in enumerate(self._draw(job.wanted, lambda done, _: self._step(job, done))):
                number = None if job.wanted.preview else self._keep(job.name, place, made)
                with self._change:
                    if number is None:
                        job.looks.append(made)
                    elif number:
                        job.numbers.append(number)
                    self._change.notify_all()
                if not job.wanted.preview and job.done < job.total:
                    self._look_between(job)
            state, error = "done", ""
        except _Stopped:
            state, error = "cancelled", ""
        except Exception as fault:  # one job's fault, whatever it is, ends that job alone
            known = isinstance(fault, ParasolError | OSError)
            state, error = "failed", " ".join(str(fault).split()) if known else f"{type(fault).__name__}: {fault}"
        with self._change:
            job.spent = time.monotonic() - job.began
            if self._closed and state == "cancelled" and not job.stop:
                return  # it stays with the store, for the next studio
            job.state, job.error, self._now = state, error[:500], None
            self._over(job)
            self._change.notify_all()

    def _step(self, job: Job, done: int) -> None:
        with self._change:
            job.done = max(job.done, done)  # of several icons at once, the last may tell first
            if job.stop or self._closed:
                raise _Stopped
            if time.monotonic() - job.began > self._longest:
                raise ParasolError(
                    f"it took longer than {self._longest:.0f} seconds: ask for fewer steps or a smaller size"
                )
            self._change.notify_all()
