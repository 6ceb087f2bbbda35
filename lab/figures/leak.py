"""Does the map of the content carry the content picture's style into the result?"""

from collections.abc import Sequence

import numpy as np

from lab.figure import Figure
from lab.judging.cases import CASES, UNSEEN, Case, cases
from lab.judging.judge import judge_of, paint, style_distance
from parasol.held_out import Subject
from parasol.metrics.interval import mean_estimate
from parasol.types import Record

MODES = {"map": True, "no_map": False}


def leak(subject: Subject) -> Figure:
    """The style of the content picture in results with the content map on and off, by the judge of `judged`.

    Up to 100 unseen contents, seed 0, from the content picture (default dials) and from new noise. to_content,
    to_style: 1 - cos in the judge's style space from the result to the content and the style picture. of_content,
    of_style: the nearest set is of the content picture's, or the style picture's, family. leak: to_content without the
    map less that with it, pair by pair, so that above 0 the map brings the content picture's style nearer. Intervals
    over the cases. No units where the model has no map.
    """
    families = {cell.set: cell.family for cell in subject.corpus.cells}

    def measure(case: Case) -> Record:
        judge = judge_of(subject)
        content, style = (judge.look(subject.fitted(cell)) for cell in (case.content, case.style))
        record: Record = {"case": case.name}
        for start, fresh in (("default", False), ("fresh", True)):
            for mode, on in MODES.items():
                look = judge.look(paint(subject, case, fresh=fresh, content_map=on))
                family = families[judge.set(look)]
                record[f"{start}_{mode}"] = {
                    "to_content": round(style_distance(look, content), 5),
                    "to_style": round(style_distance(look, style), 5),
                    "of_content": family == case.content.family,
                    "of_style": family == case.style.family,
                }
        return record

    def summarise(records: Sequence[Record]) -> Record:
        return {"judge": judge_of(subject).described(), **summary(records)} if records else {}

    has_map = bool(subject.model.bundle.manifest.content_map)
    return Figure(units=cases(subject.corpus, UNSEEN, CASES) if has_map else (), measure=measure, summarise=summarise)


def summary(records: Sequence[Record]) -> Record:
    """Means by start and mode, and the leak of each start."""
    means: Record = {"cases": len(records)}
    for start in ("default", "fresh"):
        for mode in MODES:
            rows = [record[f"{start}_{mode}"] for record in records]
            means[f"{start}_{mode}"] = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
        apart = [r[f"{start}_no_map"]["to_content"] - r[f"{start}_map"]["to_content"] for r in records]
        means[f"{start}_leak"] = mean_estimate(np.array(apart)).rounded()
    return means
