"""The groups of runs, and the trials of each."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lab.hostile import changed, given, places
from lab.hostile.judge import Trial

RUNS = 36
"""Of a group whose trials are made by a rule."""

GROUPS = ("rasters", "SVG", *places.GROUPS, *changed.ALL)
KILLS_OF = ()


def trials(group: str, files: Path, count: int | None) -> Iterator[Trial]:
    """Of one group, at most `count`."""
    if group in changed.ALL:
        found = changed.trials(group, files, RUNS)
    elif group in places.GROUPS:
        found = places.GROUPS[group]()
    else:
        found = (one for one in given.trials(RUNS) if one.group == group)
    return islice(found, count)
