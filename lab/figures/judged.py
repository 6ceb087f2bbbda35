"""Results against the truth: is the hand the asked one, the content the given one, and how far is the true cell?"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from jaxtyping import Float

from lab.figure import Figure
from lab.judging.cases import CASES, COLUMNS, Case, cases, gallery_cells
from lab.judging.held_out_index import nearest_in_family
from lab.judging.judge import Look, gallery_of, judge_of, paint, perceptual, style_distance, style_picture
from lab.statistics import resampled_estimate
from lab.subject import through_autoencoder
from parasol.comparison.methods import Asked, method
from parasol.held_out import Subject
from parasol.images import fit
from parasol.metrics.chamfer import chamfer
from parasol.metrics.interval import Estimate, mean_estimate
from parasol.types import Picture, Record

FEW = 10  # sampling steps
OURS, TEN = "ours", "ours, 10 steps"
REAL, REBUILT, CONTENT, RETRIEVED = "real", "rebuilt", "content", "retrieved"
PAINTED = ("magenta", "colour", "adain")
OTHERS = (CONTENT, RETRIEVED, *PAINTED)
DISTANCES = ("perceptual", "chamfer")


def judged(subject: Subject) -> Figure:
    """Results with default dials, and in 10 steps, beside real cells, by a judge that the model was not trained with.

    Columns: unseen contents; seen contents in a held-out cell, from new noise; a style never seen. Up to 100 cases
    each, every content once, sets in turns, seed 0. The true cell is the content in the style picture's set. set: the
    nearest of the sets' means in the judge's style space is that of the style picture's set; family: of a set of its
    family. content: the nearest real picture by neither set of the case shows the content; the gallery is all unseen
    contents, or as many seen ones, in every set. All also for the true cell (real), for what the autoencoder makes of
    it (rebuilt, the most that a result can be), and for the content picture. of_real: ratio of the rates. perceptual:
    LPIPS's formula with unit weights on the stem and blocks 3, 6, 10, 14, 19 of EfficientNet-Lite2, to the true cell.
    chamfer: colour Chamfer distance to it. Beside ours: the content picture; retrieved, the nearest in content by the
    model's encoder among all training cells (and style-test cells) of the set; Magenta; colour matching; AdaIN on
    latents. below_best: by how many percent our mean is below the lowest mean of those. style: cosine distance to the
    style picture in the judge's style space, and below_content. few_steps: 10 steps over the default ones, ratios of
    rates and means. The style space is a discriminant of sets on moments of Lite2 to block 14 and a colour histogram,
    the content space its moments whitened within contents, both on 400 principal directions, fitted to 2,000 cells of
    contents that are not judged. Intervals: 95 %, bootstrap over cases.
    """
    families = {cell.set: cell.family for cell in subject.corpus.cells}
    columns = {column: cases(subject.corpus, column, CASES) for column in COLUMNS}

    @cache
    def methods() -> dict[str, Callable[[Picture, Picture], Picture]]:
        folder = str(subject.model.bundle.folder)
        return {name: method(Asked.parse(name), folder).paint for name in PAINTED}

    def measure(case: Case) -> Record:
        judge = judge_of(subject)
        gallery = gallery_of(subject, tuple(gallery_cells(subject.corpus, case.column)))
        pictures = _pictures(subject, case, methods())
        looks = {name: judge.look(picture) for name, picture in pictures.items()}
        named = (OURS, TEN, REAL, REBUILT, CONTENT)
        sets = {name: judge.set(looks[name]) for name in named}
        return {
            "column": case.column,
            "content": case.content.id,
            "style": case.style.id,
            "truth": case.truth.id,
            "family": case.truth.family,
            "set_right": {name: predicted == case.truth.set for name, predicted in sets.items()},
            "family_right": {name: families[predicted] == case.truth.family for name, predicted in sets.items()},
            "told": sets,
            "possible": gallery.possible(case),
            "shown": {name: gallery.possible(case) and gallery.shows(looks[name], case) for name in named},
            **_distances(pictures, looks),
            "style_distance": _to_style(judge.look(fit(style_picture(subject, case), _side(pictures))), looks, named),
        }

    def summarise(records: Sequence[Record]) -> Record:
        summary = {
            column: column_summary([record for record in records if record["column"] == column])
            for column in COLUMNS
            if any(record["column"] == column for record in records)
        }
        return {"judge": judge_of(subject).described(), **summary}

    return Figure(units=[case for cases in columns.values() for case in cases], measure=measure, summarise=summarise)


def column_summary(records: Sequence[Record]) -> Record:
    """Rates, ratios and distances of one column."""
    return {
        "cases": len(records),
        "family": _rates([record["family_right"] for record in records]),
        "set": _rates([record["set_right"] for record in records]),
        "content": _rates([record["shown"] for record in records if record["possible"]]),
        "by_family": _by_family(records),
        **{name: _against_others(records, name) for name in DISTANCES},
        "style_distance": _against_content([record["style_distance"] for record in records]),
        "few_steps": {name: _few(records, name).rounded() for name in ("family_right", "shown", *DISTANCES)},
    }


def ratio(above: Float[np.ndarray, " N"], below: Float[np.ndarray, " N"]) -> Callable[[np.ndarray], float]:
    """Ratio of the two means over given rows; 0 where the lower mean is 0."""

    def of(rows: np.ndarray) -> float:
        mean = float(below[rows].mean())
        return float(above[rows].mean()) / mean if mean else 0.0

    return of


def percent_below(ours: Float[np.ndarray, " N"], others: Float[np.ndarray, "N M"]) -> Callable[[np.ndarray], float]:
    """By how many percent our mean over given rows is below the lowest of the others' means; negative if above."""

    def of(rows: np.ndarray) -> float:
        best = float(others[rows].mean(axis=0).min())
        return 100.0 * (1.0 - float(ours[rows].mean()) / best) if best else 0.0

    return of


def _pictures(subject: Subject, case: Case, methods: dict[str, Callable[[Picture, Picture], Picture]]) -> dict:
    content, style = subject.fitted(case.content), style_picture(subject, case)
    return {
        OURS: paint(subject, case),
        TEN: paint(subject, case, steps=FEW),
        REAL: subject.fitted(case.truth),
        REBUILT: through_autoencoder(subject, case.truth),
        CONTENT: content,
        RETRIEVED: subject.fitted(nearest_in_family(subject, case)),
        **{name: method(content, style) for name, method in methods.items()},
    }


def _distances(pictures: dict[str, Picture], looks: dict[str, Look]) -> Record:
    compared = [name for name in pictures if name != REAL]
    return {
        "perceptual": {name: round(perceptual(looks[name], looks[REAL]), 5) for name in compared},
        "chamfer": {name: round(chamfer(pictures[name], pictures[REAL]), 6) for name in compared},
    }


def _to_style(style: Look, looks: dict[str, Look], names: Sequence[str]) -> dict[str, float]:
    return {name: round(style_distance(looks[name], style), 5) for name in names}


def _side(pictures: dict[str, Picture]) -> int:
    return max(pictures[REAL].shape[:2])


def _rates(rows: Sequence[dict[str, bool]]) -> Record:
    """Share of true answers by name, and ours as a share of the real pictures'."""
    if not rows:
        return {"cases": 0}
    values = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return {
        **{name: mean_estimate(answers).rounded() for name, answers in values.items()},
        "of_real": {
            name: resampled_estimate(ratio(values[name], values[REAL]), len(rows)).rounded() for name in (OURS, TEN)
        },
    }


def _by_family(records: Sequence[Record]) -> Record:
    by_family: Record = {}
    for family in sorted({record["family"] for record in records}):
        members = [record for record in records if record["family"] == family]
        possible = [record for record in members if record["possible"]]
        by_family[family] = {
            "cases": len(members),
            "family": {n: round(float(np.mean([r["family_right"][n] for r in members])), 3) for n in (OURS, REAL)},
            "content": {
                n: round(float(np.mean([r["shown"][n] for r in possible])), 3) if possible else None
                for n in (OURS, REAL)
            },
        }
    return by_family


def _against_others(records: Sequence[Record], name: str) -> Record:
    rows = [record[name] for record in records]
    means = {kind: float(np.mean([row[kind] for row in rows])) for kind in rows[0]}
    others = np.array([[row[kind] for kind in OTHERS] for row in rows])
    return {
        "mean": {kind: round(mean, 5) for kind, mean in means.items()},
        "best_other": min(OTHERS, key=means.__getitem__),
        "below_best": {
            kind: resampled_estimate(percent_below(np.array([row[kind] for row in rows]), others), len(rows)).rounded()
            for kind in (OURS, TEN)
        },
    }


def _against_content(rows: Sequence[dict[str, float]]) -> Record:
    content = np.array([[row[CONTENT]] for row in rows])
    return {
        "mean": {name: round(float(np.mean([row[name] for row in rows])), 5) for name in rows[0]},
        "below_content": {
            kind: resampled_estimate(percent_below(np.array([row[kind] for row in rows]), content), len(rows)).rounded()
            for kind in (OURS, TEN)
        },
    }


def _few(records: Sequence[Record], name: str) -> Estimate:
    ten, ours = (np.array([record[name][method] for record in records], np.float64) for method in (TEN, OURS))
    return resampled_estimate(ratio(ten, ours), len(records))
