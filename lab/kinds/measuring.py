"""Which model draws, measured: python -m lab kinds --photographs DIR --drawings DIR [DIR ...].

Every held-out picture is changed in ten ways and more, as people meet them: a row says how many of each kind were taken
for the other, how many of these without a word, and of how many it was said that they might be either. Stored is how
often each odds came, so that another limit of doubt needs no other run.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lab.kinds import held, take_corpora
from lab.kinds.changes import CHANGES
from parasol.images import PictureError, load, write_atomic
from parasol.images.kind import UNSURE, photograph_odds

STEP = 0.25  # of odds that are counted together
MOST = 10.0  # odds beyond which nothing more is told apart

Odds = dict[tuple[str, str, str], list[float]]
"""(kind, group, change) -> of every picture."""

Tally = Mapping[str, int]
"""Odds, rounded down to a multiple of `STEP` -> how many pictures have them."""


class Errors(NamedTuple):
    """Of `all` pictures: taken for the other kind, of these without a word, and said to be perhaps either."""

    wrong: int
    unsaid: int
    unsure: int
    all: int


def variants(named: held.Named, photograph: bool) -> Iterator[tuple[str, np.ndarray]]:
    """(change, pixels) of one picture; what is blank after a change is left out."""
    name, picture = named
    random = np.random.default_rng(np.frombuffer(name.encode(), np.uint8))
    for change, changed in CHANGES.items():
        try:
            yield change, load(changed(picture, random, photograph))
        except PictureError:
            continue


def tally(odds: Iterable[float]) -> Tally:
    """How often each odds came."""
    steps = (np.floor(np.clip(value, -MOST, MOST) / STEP) * STEP for value in odds)
    return {f"{step:g}": number for step, number in sorted(Counter(map(float, steps)).items())}


def record_of(odds: Odds) -> dict[str, Any]:
    """What is stored: by kind and group, how many pictures there were, and the tally of each change."""
    record: dict[str, Any] = {}
    for (kind, group, change), values in sorted(odds.items()):
        part = record.setdefault(kind, {"pictures": {}, "odds": {}})
        part["odds"].setdefault(group, {})[change] = tally(values)
        part["pictures"][group] = max(part["pictures"].get(group, 0), len(values))
    return record


def counted(tallies: Iterable[Tally], *, photographs: bool) -> Errors:
    """The errors among pictures of one kind."""
    rows = [(float(odds), number) for counts in tallies for odds, number in counts.items()]
    wrong = [(odds, number) for odds, number in rows if (odds >= 0) != photographs]
    unsure = [(odds, number) for odds, number in rows if -UNSURE <= odds < UNSURE]
    total, errors, doubts = (sum(number for _, number in some) for some in (rows, wrong, unsure))
    return Errors(errors, sum(number for row in wrong if row not in unsure for number in row[1:]), doubts, total)


def tallies_of(record: dict[str, Any], kind: str, *, change: str = "", group: str = "") -> list[Tally]:
    """The tallies of a kind of picture, of one change and of one group alone where these are named."""
    return [
        counts
        for part, changes in record[kind]["odds"].items()
        for name, counts in changes.items()
        if group in ("", part) and change in ("", name)
    ]


def table(record: dict[str, Any]) -> str:
    """The errors and the doubts by change as Markdown, for both kinds."""
    heads = ["wrong", "without a word", "in doubt"]
    lines = [
        f"| change | {' | '.join(f'{kind}: {head}' for kind in ('photographs', 'drawings') for head in heads)} |",
        "|---|---|---|---|---|---|---|",
    ]
    for change in [*CHANGES, ""]:
        cells = []
        for kind in ("photographs", "drawings"):
            errors = counted(tallies_of(record, kind, change=change), photographs=kind == "photographs")
            cells += [f"{100 * part / max(1, errors.all):.1f} %" for part in errors[:3]]
        lines.append(f"| {change or '**all**'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write the tallies where --out says."""
    parser = argparse.ArgumentParser(prog="python -m lab kinds", description=__doc__)
    take_corpora(parser)
    parser.add_argument("--most", type=int, nargs=2, default=(350, 2000), metavar=("PHOTOGRAPHS", "DRAWINGS"))
    parser.add_argument("--out", type=Path, default=Path("lab/results/kinds.json"), metavar="FILE")
    options = parser.parse_args(words)
    kinds = {
        "photographs": held.photographs(options.photographs, options.most[0]),
        "drawings": held.drawings(options.drawings, options.icons, options.most[1]),
    }
    odds: Odds = {}
    pictures = [(kind, group, named) for kind, groups in kinds.items() for group in groups for named in groups[group]]
    order = np.random.default_rng(0).permutation(len(pictures))
    for done, place in enumerate(order, start=1):
        kind, group, named = pictures[place]
        for change, pixels in variants(named, kind == "photographs"):
            odds.setdefault((kind, group, change), []).append(photograph_odds(pixels))
        if done % 100 == 0 or done == len(pictures):  # a run that is stopped has counted a fair part of all
            write_atomic(options.out, f"{json.dumps(record_of(odds))}\n".encode())
            print(f"{done} of {len(pictures)}", file=sys.stderr, flush=True)
    print(table(record_of(odds)))
    return 0
