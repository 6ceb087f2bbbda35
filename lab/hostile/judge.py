"""What is judged of a command that was given something hostile: its end, its words, what it changed and made."""

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.hostile import forked, small

LONGEST = 1600  # characters of a line of error
ERROR = "parasol: error: "
PART = ".part"
FAULTS = ("traceback", "hang", "input changed", "wrong", "untrue", "half-written")
"""How the faults begin: the last means files that are left behind, the one before lines that do not tell what is so."""

Act = Callable[[Path, Path], list[str]]
"""(folder of all small files, a folder of its own that may be filled) -> what was wrong."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One hostile or unlucky run."""

    group: str
    name: str
    act: Act


@dataclass(frozen=True, kw_only=True)
class Run:
    """A command and what may come of it."""

    words: Sequence[str]
    prepare: Callable[[Path], object] = lambda folder: None
    codes: Sequence[int] = (0, 2)
    says: str = ""
    """What the line of an error must hold."""

    may_change: Sequence[str] = ()
    """Patterns of files that are there and may change."""

    leaves: Sequence[str] = ()
    """Patterns of files that a refusal may leave."""

    made: Sequence[str] = ()
    """Pictures that must be there after success, each with its recipe."""

    world: forked.World = forked.EVERYDAY
    check: Callable[[Path, forked.Done], str] = lambda folder, done: ""
    """What is wrong with a result taken for success."""

    lines: int = 1
    """Lines of errors, at most."""

    def act(self, files: Path, folder: Path) -> list[str]:
        """Run it and judge."""
        small.copied(files, folder)
        self.prepare(folder)
        before = hashes(folder)
        done = small.run(self.words, folder, folder.parent, self.world)
        return self.judged(folder, before, done)

    def judged(self, folder: Path, before: dict[str, str], done: forked.Done) -> list[str]:
        """What was wrong with a run that has ended."""
        faults = ended(done, self.codes, lines=self.lines)
        faults += changed(folder, before, self.may_change)
        error = done.err.decode(errors="replace")
        if done.code == 2 and self.says and self.says not in error:
            faults.append(f"untrue: no {self.says!r} in {error[-300:]!r}")
        if done.code == 2:
            faults += [f"half-written: {name}" for name in new(folder, before, self.leaves)]
        if done.code == 0:
            faults += [f"wrong: {why}" for why in (*unmade(folder, self.made), self.check(folder, done)) if why]
        return faults


def ended(done: forked.Done, codes: Sequence[int], *, lines: int = 1) -> list[str]:
    """Whether a command ended in order, and told so."""
    error = done.err.decode(errors="replace")
    errors = [line for line in error.splitlines() if line.startswith(ERROR)]
    if done.hung:
        return ["hang"]
    if "Traceback (most recent" in error or re.search(r"^\w*(Error|Exception)\b", error, re.MULTILINE):
        return [f"traceback: {error.strip().splitlines()[-1][:200]}"]
    if done.code not in codes:
        return [f"wrong: exit code {done.code} and not {'/'.join(map(str, codes))}: {error[-300:]!r}"]
    if done.code == 2 and lines and not 1 <= len(errors) <= lines:
        return [f"untrue: {len(errors)} lines of errors: {error[-300:]!r}"]
    if any(len(line) > LONGEST for line in errors):
        return ["untrue: a line of error is a page"]
    return []


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every regular file below a folder; links and pipes by their kind."""
    by_path = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            by_path[name] = f"link to {path.readlink()}"
        elif path.is_file():
            by_path[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not path.is_dir():
            by_path[name] = "odd"
    return by_path


def changed(folder: Path, before: dict[str, str], may: Iterable[str] = ()) -> list[str]:
    """What was there and is gone or another now."""
    after = hashes(folder)
    return [f"input changed: {name}" for name, known in before.items()
            if after.get(name) != known and not _matches(name, may)]  # fmt: skip


def new(folder: Path, before: dict[str, str], may: Iterable[str] = ()) -> list[str]:
    """What was not there before."""
    return [name for name in hashes(folder) if name not in before and not _matches(name, may)]


def unmade(folder: Path, pictures: Iterable[str]) -> list[str]:
    """Which results are not there, not whole, or without a recipe; and what is left of unfinished files."""
    from parasol.errors import ParasolError
    from parasol.images import load
    from parasol.recipe import Recipe

    faults = []
    for name in pictures:
        try:
            load(folder / name)
            Recipe.read(folder / name)
        except (ParasolError, OSError) as error:
            faults.append(f"{name} is no whole result: {error}")
    return [*faults, *(f"{name} is left" for name in hashes(folder) if name.endswith(PART))]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
