"""Truncations and mutations of small files, read by the package's own readers: what is raised is ours, or the system's.

They are read in forked processes, a stretch each, so that one that crashed or never ended would be counted and no more.
"""

import mmap
import struct
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.hostile import forked, small
from lab.hostile.documents import documents, mangled
from lab.hostile.judge import Trial
from lab.hostile.kinds import Kind, kinds

STRETCH = 250  # mutations that one process reads
STUCK = 20  # CPU-seconds of one reading
LONGEST_LINE = 1000  # characters


def changes(kind: Kind, stretch: int, count: int) -> Iterator[bytes]:
    """`count` changed files, the same for the same stretch; every other one sealed where it can be."""
    text = kind.data.decode() if kind.document else ""
    made = documents(text, stretch, count) if kind.document else mangled(kind.data, stretch, count)
    for number, (_, data) in enumerate(made):
        seal = kind.seal if kind.document or number % 2 else None
        yield data if seal is None else seal(data)


def escape(kind: Kind, data: bytes) -> str:
    """Read it; what is wrong with how it was refused, "" where nothing is: it was read, or refused in one line."""
    from parasol.errors import ParasolError

    try:
        kind.read(data)
    except (ParasolError, OSError) as error:
        if isinstance(error, ParasolError) and ("\n" in str(error) or len(str(error)) > LONGEST_LINE):
            return f"a message of {len(str(error))} characters, or of several lines"
    except BaseException as error:  # which is what is looked for
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else "?"
        return f"{type(error).__name__} at {place}"
    return ""


def stretch(kind: Kind, number: int, count: int, scratch: Path) -> Counter[str]:
    """What was wrong among `count` mutations, by kind of fault, each told with the first that has it."""
    faults, shared = Counter[str](), mmap.mmap(-1, 8)

    def act() -> int:
        for place, data in enumerate(changes(kind, number, count)):
            shared[:] = struct.pack("<Q", place)
            fault = escape(kind, data)
            if fault:
                print(fault, flush=True)
        return 0

    child = forked.fork(act, scratch / "escapes", scratch / "escapes.err")
    last, since, limit = -1, 0.0, time.monotonic() + 3600
    while True:
        ended, status, _ = forked.ended(child)
        (at,) = struct.unpack("<Q", shared[:])
        if ended:
            break
        if at != last:
            last, since = at, forked.used(child)
        if forked.used(child) - since > STUCK or time.monotonic() > limit:
            forked.end_group(child)
            faults[f"hangs (mutation {at})"] += 1
        time.sleep(forked.GLANCE)
    forked.end_group(child)
    faults.update((scratch / "escapes").read_text(errors="replace").splitlines())
    if forked.code_of(status) != 0 and not any(name.startswith("hangs") for name in faults):
        ending = (scratch / "escapes.err").read_text(errors="replace").strip().splitlines()[-1:]
        faults[f"the process ended with {forked.code_of(status)} (mutation {at}) {' '.join(ending)}"] += 1
    shared.close()
    return faults


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One stretch of one kind, to be tried."""

    kind: Kind
    number: int
    scratch: Path
    of: int = STRETCH

    def __call__(self, files: Path, folder: Path) -> list[str]:
        """What was wrong, each kind of fault once with how often it was."""
        faults = stretch(self.kind, self.number, self.of, self.scratch)
        return [f"{fault} ({times} times)" for fault, times in faults.items()]


def trials(small_files: Path, scratch: Path, count: int, *, of: int = STRETCH) -> Iterator[Trial]:
    """So many stretches of every kind."""
    scratch.mkdir(parents=True, exist_ok=True)
    files = small.copied(small_files, scratch / "small")
    for kind in kinds(files, scratch):
        for number in range(count):
            act = Stretch(kind=kind, number=number, scratch=scratch, of=of)
            yield Trial(group=kind.name, name=f"stretch {number}", act=act)
