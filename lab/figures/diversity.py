"""What another seed changes, and what it leaves."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from lab.figure import Figure
from lab.judging.cases import SEEN, UNSEEN, Case, cases, gallery_cells
from lab.judging.judge import Look, gallery_of, judge_of, paint, perceptual
from parasol.held_out import Subject
from parasol.metrics.interval import mean_estimate
from parasol.types import Record

SEEDS = 8
CASES = 16  # a column
FLOORS = {SEEN: 0.25, UNSEEN: 0.05}


def diversity(subject: Subject) -> Figure:
    """Eight seeds of one case: how far apart are the pictures, and does each still show the content?

    16 seen contents in held-out cells from new noise, and 16 unseen contents with default dials. apart: mean perceptual
    distance of the 28 pairs of pictures, as in `judged`, as a share of that between the true cell and the style
    picture: two real cells by one hand of two contents. Wanted: at least 0.25 from new noise, and 0.05 with the layout
    of the content picture. content: by seed, the share of pictures whose content is found as in `judged`. spread: the
    highest of the eight shares less the lowest, wanted: at most 0.05. by_chance: the spread to be expected of eight
    shares of that many cases each, if every picture of a case has the case's own mean chance, so that seeds do not
    matter. Intervals over the cases.
    """
    columns = {column: cases(subject.corpus, column, CASES) for column in (SEEN, UNSEEN)}

    def measure(case: Case) -> Record:
        judge = judge_of(subject)
        gallery = gallery_of(subject, tuple(gallery_cells(subject.corpus, case.column)))
        looks = [judge.look(paint(subject, case, seed=seed)) for seed in range(SEEDS)]
        real = [judge.look(subject.fitted(cell)) for cell in (case.truth, case.style)]
        return {
            "column": case.column,
            "case": case.name,
            "apart": round(mean_apart(looks) / perceptual(*real), 5),
            "possible": gallery.possible(case),
            "shown": [gallery.possible(case) and gallery.shows(look, case) for look in looks],
        }

    def summarise(records: Sequence[Record]) -> Record:
        summary = {
            column: column_summary([record for record in records if record["column"] == column], floor)
            for column, floor in FLOORS.items()
            if any(record["column"] == column for record in records)
        }
        return {"judge": judge_of(subject).described(), **summary}

    return Figure(units=[case for cases in columns.values() for case in cases], measure=measure, summarise=summarise)


def mean_apart(looks: Sequence[Look]) -> float:
    """Mean perceptual distance over all pairs."""
    return float(np.mean([perceptual(a, b) for a, b in combinations(looks, 2)]))


def column_summary(records: Sequence[Record], floor: float) -> Record:
    """Distances against their floor, and content by seed."""
    apart = mean_estimate(np.array([record["apart"] for record in records]))
    shown = np.array([record["shown"] for record in records if record["possible"]], np.float64).reshape(-1, SEEDS)
    shares = shown.mean(axis=0) if len(shown) else np.zeros(SEEDS)
    return {
        "cases": len(records),
        "apart": apart.rounded(),
        "floor": floor,
        "above_floor": apart.value >= floor,
        "content": shares.round(4).tolist(),
        "spread": round(float(np.ptp(shares)), 4),
        "by_chance": round(chance_spread(shown), 4),
    }


def chance_spread(shown: np.ndarray, *, seed: int = 0, draws: int = 1000) -> float:
    """Mean spread of the shares of columns, where each row's answers are drawn anew with that row's own mean."""
    if not len(shown):
        return 0.0
    random = np.random.default_rng(seed)
    drawn = random.random((draws, *shown.shape)) < shown.mean(axis=1)[None, :, None]
    return float(np.ptp(drawn.mean(axis=1), axis=1).mean())
