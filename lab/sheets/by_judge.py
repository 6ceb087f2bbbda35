"""Results beside their truth, for two sheets: uncurated ones, and the worst by the judge."""

import json
from collections.abc import Sequence
from pathlib import Path

from lab.figures.judged import OURS
from lab.judging.cases import CASES, UNSEEN, Case, cases
from parasol.corpora import Cell
from parasol.editions import by_identity
from parasol.held_out import Subject
from parasol.types import Record

UNCURATED = 36
WORST = 12
MEASURE = "perceptual"
MEASURED_BY = ("model_hash", "dials", "corpus_hash")
"""What the figures and the sheets must have in common: the number of pairs does not matter to `judged`."""


def uncurated(subject: Subject) -> Sequence[Case]:
    """The first unseen contents of the figure `judged`."""
    return cases(subject.corpus, UNSEEN, UNCURATED)


def lowest(subject: Subject, figures: Path) -> Sequence[Case]:
    """The unseen contents whose results are furthest from the true cell by the judge, in the records of `judged`.

    Raises:
        ValueError: the file has no finished figure `judged` of this model and corpus.
    """
    by_name = {case.name: case for case in cases(subject.corpus, UNSEEN, CASES)}
    listed = [by_name[name] for name in ranked(_records(subject, figures)) if name in by_name]
    return listed[:WORST]


def ranked(records: Sequence[Record]) -> list[str]:
    """Names of the unseen cases in the records of `judged`, the furthest from the truth first."""
    own = [record for record in records if record["column"] == UNSEEN]
    own.sort(key=lambda record: (-record[MEASURE][OURS], record["truth"]))
    return [f"{record['content']} as {record['style']}" for record in own]


def cells_of(case: Case) -> tuple[Cell, Cell, Cell]:
    """What stands beside a result: content, style and truth."""
    return case.content, case.style, case.truth


def _records(subject: Subject, figures: Path) -> Sequence[Record]:
    way_out = f"measure it first: python -m lab figures --only judged --out {figures}"
    if not figures.is_file():
        raise ValueError(f"the worst are told by the figure 'judged' and {str(figures)!r} is not there: {way_out}")
    content, key = json.loads(figures.read_text(encoding="utf-8")), subject.key()
    about = by_identity(content["subject"])
    figure = content["figures"].get("judged", {})
    if "summary" not in figure or any(about.get(name) != key[name] for name in MEASURED_BY):
        raise ValueError(f"{str(figures)!r} has no finished figure 'judged' of this model and corpus: {way_out}")
    return figure["records"]
