"""Commands that are stopped at any moment, and commands that run beside each other in one folder."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.hostile import forked, judge, small
from lab.hostile.given import MODEL
from lab.hostile.judge import Trial
from lab.hostile.places import BUILD, CARD, FEW, GRID, SEARCH, SET, STUDY, STYLE

FOLDER = ("style", "pictures", "--like", "style.png", "-o", "drawn", *FEW)
SESSION = (*SEARCH, "--session", "new.json", "--sheet", "sheet.png", "--make", "-o", "wish.png", *small.FEW)
TEACH = ("teach", "many", "-o", "b.style.json", "--steps", "2", "--rank", "1", *MODEL)
MANY = 8  # pictures that are taught, or indexed in small shards
SMALL = (1, 2)
"""Rows that a build waits for before it writes, and rows of a shard, so that a small index has many."""

STOPS = {"signals": (signal.SIGINT, signal.SIGTERM, signal.SIGHUP), "kills": (signal.SIGKILL,)}
COMMANDS: dict[str, tuple[str, ...]] = {
    "index": ("index", "build", "many", "-o", "new.index", *MODEL),
    "folder": FOLDER,
    "set": SET,
    "grid": GRID,
    "session": SESSION,
    "study": STUDY,
    "teach": TEACH,
}
TAUGHT = 6  # kills of a teaching, each of which takes half a minute
PATIENCE: dict[Sequence[str], float] = {TEACH: 120.0}
"""CPU-seconds of what takes longer, whole, than what counts as hanging."""


def _begin(words: Sequence[str], folder: Path, streams: tuple[Path, Path]) -> int:
    """Start a command, with small shards."""
    command = forked.parasol(words, folder)

    def act() -> int:
        from parasol.index import build, layout

        build.FLUSH_ROWS, layout.SHARD_ROWS = SMALL
        return command()

    return forked.fork(act, *streams)


def _most(words: Sequence[str]) -> float:
    return PATIENCE.get(tuple(words), forked.HANG)


def _prepared(files: Path, folder: Path) -> Path:
    small.copied(files, folder)
    (folder / "many").mkdir()
    for number in range(MANY):
        small.icon(number, 32).save(folder / "many" / f"{number}.png")
        os.utime(folder / "many" / f"{number}.png", (1e9, 1e9))  # an index remembers it
    return folder


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What a command makes when nothing stops it, and how long that takes by the clock."""

    files: dict[str, str]
    seconds: float

    @classmethod
    def of(cls, words: Sequence[str], files: Path, folder: Path) -> "Whole":
        """Run it, whole. Raises RuntimeError where that fails."""
        _prepared(files, folder)
        before, streams, begun = judge.hashes(folder), (folder.parent / "out", folder.parent / "err"), time.monotonic()
        done = forked.wait(_begin(words, folder, streams), *streams, most=_most(words))
        if done.code != 0:
            raise RuntimeError(f"parasol {' '.join(words)}: {done.err.decode(errors='replace')}")
        seconds = time.monotonic() - begun
        made = {name: known for name, known in judge.hashes(folder).items() if before.get(name) != known}
        return cls(files=made, seconds=seconds)


WHOLE: dict[Sequence[str], Whole] = {}


def _whole(words: Sequence[str], files: Path, folder: Path) -> Whole:
    if words not in WHOLE:
        WHOLE[words] = Whole.of(words, files, folder)
    return WHOLE[words]


def _different(folder: Path, whole: Whole, before: dict[str, str]) -> list[str]:
    """What is not as the uninterrupted command has made it."""
    after = judge.hashes(folder)
    extra = [name for name, known in after.items() if name not in whole.files and before.get(name) != known]
    other = [name for name, known in whole.files.items() if after.get(name) != known]
    return [
        *(f"half-written: {name} is left" for name in extra),
        *(f"wrong: {name} is not as without a stop" for name in other),
    ]


def stopped(words: tuple[str, ...], number: int, share: float) -> judge.Act:
    """Stop a command by a signal after a share of its time, look at what is there, and go on with it."""

    def act(files: Path, folder: Path) -> list[str]:
        whole = _whole(words, files, folder)
        _prepared(files, folder)
        before, streams = judge.hashes(folder), (folder.parent / "out", folder.parent / "err")
        done = forked.wait(
            _begin(words, folder, streams), *streams, at=share * whole.seconds, kill=number, most=_most(words)
        )
        faults = judge.ended(done, (0, 130, -number), lines=0) + judge.changed(folder, before)
        faults += _halves(folder, whole)
        if words is SESSION and (folder / "new.json").exists():  # another search would add to it
            (folder / "new.json").unlink()
        if words is not STUDY or not (folder / "new.study" / "study.json").exists():  # a whole study is refused
            again = forked.wait(_begin(words, folder, streams), *streams, most=_most(words))
            faults += [f"afterwards: {fault}" for fault in judge.ended(again, (0,))]
        return [*faults, *judge.changed(folder, before), *_different(folder, whole, before)]

    return act


def _halves(folder: Path, whole: Whole) -> list[str]:
    """Files of the results that are there and cannot be read as what they are."""
    from parasol.errors import ParasolError
    from parasol.images import load

    faults = []
    for name in whole.files:
        path = folder / name
        if path.exists():
            try:
                if path.suffix in (".png", ".svg"):
                    load(path)
                elif path.suffix == ".json":
                    json.loads(path.read_bytes())
            except (ParasolError, OSError, ValueError) as error:
                faults.append(f"half-written: {name}: {error}")
    return faults


def stops(group: str, count: int) -> Iterator[Trial]:
    """The commands in turn, each at moments that a seed has drawn."""
    random = np.random.default_rng(5)
    names = [name for name in COMMANDS if group == "kills" or name != "teach"]
    each = {name: -(-count // len(names)) for name in names}
    if group == "kills":
        each = {name: TAUGHT if name == "teach" else -(-(count - TAUGHT) // (len(names) - 1)) for name in names}
    turns = [(turn, name) for name in names for turn in range(each[name])]
    drawn = [(turn, number, name, float(random.uniform(0, 1))) for number, (turn, name) in enumerate(turns)]
    for _, number, name, share in sorted(drawn)[:count]:
        sent = STOPS[group][number % len(STOPS[group])]
        title = f"{number} {name}, {sent.name} at {share:.2f}"
        yield Trial(group=group, name=title, act=stopped(COMMANDS[name], sent, share))


BESIDE: tuple[tuple[tuple[str, ...], ...], ...] = (
    (BUILD, BUILD),
    (("index", "build", "pictures", "-o", small.INDEX, *MODEL), SEARCH),
    (("index", "build", "pictures", "-o", small.INDEX, *MODEL), ("index", "info", small.INDEX)),
    (SESSION, SESSION),
    (FOLDER, FOLDER),
    (SET, SET),
    (STUDY, STUDY),
    (CARD, CARD),
    ((*STYLE, "-o", "out.png"), (*STYLE, "-o", "out.png")),
    (GRID, GRID),
    (("replay", small.MADE, "-o", "again.png"), ("replay", small.MADE, "-o", "again.png")),
    (("trace", "icon0.png", "-o", "out.svg"),) * 3,
)
APART = (0.0, 0.15, 0.6)  # seconds between two starts


def beside(count: int) -> Iterator[Trial]:
    """Two or three commands in one folder at once, then the first once more by itself."""
    cases = [(apart, commands) for apart in APART for commands in BESIDE]
    for number, (apart, commands) in enumerate(cases[:count]):
        names = " + ".join(" ".join(words[:2]) for words in commands)
        yield Trial(group="two at once", name=f"{number} {names}, {apart} s apart", act=_together(commands, apart))


def _together(commands: Sequence[tuple[str, ...]], apart: float) -> judge.Act:
    def act(files: Path, folder: Path) -> list[str]:
        first = commands[0]
        whole = _whole(first, files, folder)
        _prepared(files, folder)
        before, children, faults = judge.hashes(folder), [], list[str]()
        for number, words in enumerate(commands):
            streams = (folder.parent / f"out{number}", folder.parent / f"err{number}")
            children.append((_begin(words, folder, streams), streams))
            time.sleep(apart)
        codes = set[int]()
        for child, streams in children:
            done = forked.wait(child, *streams)
            codes.add(done.code)
            faults += judge.ended(done, (0, 2))
        if 0 not in codes:
            faults.append("wrong: none of them came to its end")
        faults += _halves(folder, whole)
        if first not in (SESSION, STUDY):  # which would add to it, and which refuses one that is there
            streams = (folder.parent / "out", folder.parent / "err")
            faults += judge.ended(forked.wait(_begin(first, folder, streams), *streams), (0,))
        elif first is SESSION:
            steps = json.loads((folder / "new.json").read_bytes())["steps"]
            if len(steps) != 2 * len(commands):
                faults.append(f"wrong: the session has {len(steps)} steps and not {2 * len(commands)}")
            (folder / "new.json").unlink()
            whole = Whole(files={name: value for name, value in whole.files.items() if name != "new.json"}, seconds=0.0)
        may = (f"{small.INDEX}/*",)
        return [*faults, *judge.changed(folder, before, may), *_different(folder, whole, before)]

    return act


GROUPS: dict[str, Callable[[int], Iterator[Trial]]] = {
    "signals": lambda count: stops("signals", count),
    "two at once": beside,
    "kills": lambda count: stops("kills", count),
}
