"""Generative search against plain search: what is asked for is in no index."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.figure import Figure
from lab.figures.judged import DISTANCES, percent_below
from lab.judging.cases import UNSEEN, Case, cases
from lab.judging.held_out_index import held_out_index
from lab.judging.judge import judge_of, perceptual
from lab.statistics import resampled_estimate
from parasol.held_out import Subject
from parasol.images import fit, load
from parasol.metrics.chamfer import chamfer
from parasol.search import TOP, Session
from parasol.types import Picture, Record

SEARCHES = 200
MADE, FIRST, BEST = "made", "first_retrieved", "best_retrieved"


def searches(subject: Subject) -> Figure:
    """How near to the truth do a search, and one step of synthesis behind it, come?

    200 searches for a content picture and a style picture, both held out, whose true cell (the content in the style
    picture's set) is held out too; the index has all cells of the splits train and style-test. One turn of
    `Session.answer`, both at equal weight, default dials, seed 0. made: the picture that is made. first_retrieved: the
    first hit of the search. best_retrieved: of its 12 hits the one that is nearest to the truth, which nobody who
    searches knows. Distances as in `judged`. below_first, below_best: by how many percent made is below them in the
    mean, with intervals over the searches.
    """

    def measure(case: Case) -> Record:
        truth = subject.fitted(case.truth)
        session = Session(subject.model, held_out_index(subject))
        retrieved, made = session.answer(
            content=subject.file(case.content),
            style=subject.file(case.style),
            dials=subject.dials(),
            finish=subject.finish,
        )
        pictures = [session.result(made.number).visible, *(_opened(hit.file, truth) for hit in retrieved.hits)]
        return {
            "case": case.name,
            "truth": case.truth.id,
            **{name: values(near) for name, near in _near(subject, truth, pictures).items()},
        }

    return Figure(units=cases(subject.corpus, UNSEEN, SEARCHES), measure=measure, summarise=lambda records: {
        "judge": judge_of(subject).described(), "searches": len(records), "hits": TOP, **summary(records),
    })  # fmt: skip


def values(near: Sequence[float]) -> dict[str, float]:
    """Distances of the made picture and of the hits, best first => those that count."""
    return {MADE: near[0], FIRST: near[1], BEST: min(near[1:])}


def summary(records: Sequence[Record]) -> Record:
    """Means, and by how much the made pictures are below the retrieved ones."""
    means: Record = {}
    for name in DISTANCES:
        columns = {method: np.array([record[name][method] for record in records]) for method in (MADE, FIRST, BEST)}
        means[name] = {
            **{method: round(float(column.mean()), 5) for method, column in columns.items()},
            **{
                f"below_{short}": resampled_estimate(
                    percent_below(columns[MADE], columns[method][:, None]), len(records)
                ).rounded()
                for short, method in (("first", FIRST), ("best", BEST))
            },
        }
    return means


def _near(subject: Subject, truth: Picture, pictures: Sequence[Picture]) -> dict[str, list[float]]:
    judge = judge_of(subject)
    wanted = judge.look(truth)
    return {
        "perceptual": [round(perceptual(judge.look(picture), wanted), 5) for picture in pictures],
        "chamfer": [round(chamfer(picture, truth), 6) for picture in pictures],
    }


def _opened(file: Path, like: Picture) -> Picture:
    return fit(load(file), max(like.shape[:2]))
