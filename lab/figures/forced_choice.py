"""Can a classifier that was trained for it tell results from real cells?"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float, Shaped

from lab.figure import Figure
from lab.judging.cases import UNSEEN, Case, cases
from lab.judging.judge import judge_of, paint
from lab.subject import through_autoencoder
from parasol.apps.progress import Progress
from parasol.held_out import Subject
from parasol.metrics.interval import mean_estimate
from parasol.types import Picture, Record

CHOICES = 200
FOLDS = 5
STRENGTH = 0.01  # of the ridge, as a share of the mean square of the rows
SIDES = {"real": "results against true cells", "rebuilt": "results against true cells as the autoencoder rebuilds them"}


def forced_choice(subject: Subject) -> Figure:
    """Results told from real cells by a ridge classifier on all moments of EfficientNet-Lite2, trained for it.

    200 results with the default dials, seed 0, and the true cells of the same cases. Cross-validated in five folds by
    content: no content is in both the pictures that train and those that test. pairs: of a result and its true cell,
    the one with the lower score is the result, ties half: a forced choice. alone: share of single pictures on the right
    side of the middle. rebuilt: the same against D(E(true cell)), which leaves out what the autoencoder alone gives
    away. 0.5 is chance. Intervals over the cases. Units are folds; the first one paints all results, 1.5 s each.
    """
    chosen = cases(subject.corpus, UNSEEN, CHOICES)
    folds = folds_of([case.truth.base for case in chosen])

    @cache
    def moments() -> dict[str, np.ndarray]:
        read, progress = judge_of(subject).lite2.read, Progress("results for forced_choice")
        rows: list[list[np.ndarray]] = []
        for case in chosen:
            rows.append([read(picture).moments for picture in _pictures(subject, case)])
            progress.update(len(rows), len(chosen))
        ours, real, rebuilt = np.array(rows).transpose(1, 0, 2)
        return {"ours": ours, "real": real, "rebuilt": rebuilt}

    def measure(fold: int) -> Record:
        held = folds == fold
        shares = {side: choices(moments()["ours"], moments()[side], held) for side in SIDES}
        return {"fold": fold, "cases": int(held.sum()), **shares}

    def summarise(records: Sequence[Record]) -> Record:
        return {
            "judge": judge_of(subject).described(),
            **{
                side: {
                    kind: mean_estimate(np.concatenate([record[side][kind] for record in records])).rounded()
                    for kind in ("pairs", "alone")
                }
                for side in SIDES
            },
        }

    return Figure(units=sorted(set(folds.tolist())), measure=measure, summarise=summarise)


def folds_of(bases: Sequence[str]) -> Shaped[np.ndarray, " N"]:
    """A fold, 0 to 4, for each case: contents are dealt out in the order in which they first come."""
    place = {base: number % FOLDS for number, base in enumerate(dict.fromkeys(bases))}
    return np.array([place[base] for base in bases])


def choices(
    results: Float[np.ndarray, "N m"], real: Float[np.ndarray, "N m"], held: Shaped[np.ndarray, " N"]
) -> dict[str, list[float]]:
    """Right answers for the held pairs by a classifier trained on the others: of pairs, and of either picture alone."""
    train = np.concatenate([results[~held], real[~held]])
    sides = np.repeat([-1.0, 1.0], (~held).sum())
    scores = ridge(train, sides, np.concatenate([results[held], real[held]]))
    of_results, of_real = scores[: held.sum()], scores[held.sum() :]
    pairs = np.where(of_results < of_real, 1.0, np.where(of_results == of_real, 0.5, 0.0))
    return {"pairs": pairs.tolist(), "alone": np.mean([of_results < 0.0, of_real > 0.0], axis=0).tolist()}


def ridge(
    train: Float[np.ndarray, "N m"], wanted: Float[np.ndarray, " N"], others: Float[np.ndarray, "M m"]
) -> Float[np.ndarray, " M"]:
    """Ridge regression on standardised columns, solved over the rows: scores of the others, near -1 to 1."""
    centre, scale = train.mean(axis=0), train.std(axis=0) + 1e-6
    rows, queries = (train - centre) / scale, (others - centre) / scale
    products = rows @ rows.T
    strength = STRENGTH * np.trace(products) / len(rows)
    weights = np.linalg.solve(products + (strength or 1.0) * np.eye(len(rows)), wanted - wanted.mean())
    return queries @ rows.T @ weights + wanted.mean()


def _pictures(subject: Subject, case: Case) -> tuple[Picture, Picture, Picture]:
    return paint(subject, case), subject.fitted(case.truth), through_autoencoder(subject, case.truth)
