"""The groups of runs, and the trials of each."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lab.hostile import changed, given, moments, places, served
from lab.hostile.judge import Trial

RUNS = 36
"""Of a group whose trials are made by a rule."""

KILLS, KILLED = 106, "kills"
SERVER = "study server"
GROUPS = ("rasters", "SVG", *places.GROUPS, *changed.ALL, *moments.GROUPS, SERVER)


def trials(group: str, files: Path, scratch: Path, count: int | None) -> Iterator[Trial]:
    """Of one group, at most `count`."""
    if group in changed.ALL:
        listed = changed.trials(group, files, RUNS)
    elif group in places.GROUPS:
        listed = places.GROUPS[group]()
    elif group in moments.GROUPS:
        listed = moments.GROUPS[group](KILLS if group == KILLED else RUNS)
    elif group == SERVER:
        listed = served.trials(files, scratch)
    else:
        listed = (trial for trial in given.trials(RUNS) if trial.group == group)
    return islice(listed, count)
