"""From single results to the table: estimates with intervals, costs, provenance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from parasol.comparison.duels import duels_of
from parasol.comparison.measures import Measure
from parasol.comparison.measuring import STYLE, Seen
from parasol.comparison.methods import Asked
from parasol.comparison.paint import painted
from parasol.comparison.pairs import PicturePair
from parasol.comparison.relations import kinds_of
from parasol.maths.distances import unit
from parasol.metrics.frechet import fid
from parasol.metrics.interval import Estimate, mean_estimate, set_estimate
from parasol.metrics.leakage import leakage
from parasol.metrics.retrieval import apart, retrieved
from parasol.metrics.set_distances import CMMD_SCALE, NEIGHBOURS, artfid, inside, mmd_terms
from parasol.types import Record

LEAKAGES = {"lite0-leakage": "lite0", "own-leakage": "own"}  # metric -> embedding
FOUND_AGAIN = {"lite2-retrieval": retrieved, "lite2-brushwork": apart}
DIGITS = 6


def summary(
    pairs: Sequence[PicturePair],
    asked: Sequence[Asked],
    folders: Mapping[str, Path],
    seen: Seen,
    judged_by: Mapping[str, Measure],
) -> Record:
    """All that the comparison found, as JSON."""
    methods = {}
    for method in asked:
        settings, costs = painted(folders[method.title])
        estimates = estimates_of(method.title, pairs, seen)
        kinds = kinds_of(method.kind, settings)
        methods[method.title] = {
            "kinds": kinds,
            "settings": settings,
            "cost": cost_of(pairs, costs),
            "values": {
                name: {**estimates[name].rounded(DIGITS), "mark": measure.mark(kinds)}
                for name, measure in judged_by.items()
                if name in estimates
            },
        }
    first, *others = (method.title for method in asked)
    return {
        "first": first,
        "duels": {
            other: {name: duel.record(DIGITS) for name, duel in duels_of(first, other, pairs, seen, judged_by).items()}
            for other in others
        },
        "pairs": {
            "count": sum(not pair.identity for pair in pairs),
            "with_truth": sum(pair.truth is not None and not pair.identity for pair in pairs),
            "identity": sum(pair.identity for pair in pairs),
        },
        "interval": "95 %, bootstrap over pairs",
        "measures": {name: asdict(measure) for name, measure in judged_by.items()},
        "methods": methods,
    }


def estimates_of(method: str, pairs: Sequence[PicturePair], seen: Seen) -> dict[str, Estimate]:
    """Every metric that the pairs allow, by name. Frechet distances need as many pairs as features have channels."""
    selves, others = [pair for pair in pairs if pair.identity], [pair for pair in pairs if not pair.identity]
    estimates: dict[str, Estimate] = {}
    for group in (selves, others):
        for name in dict.fromkeys(name for pair in group for name in seen.names(pair.name, method)):
            estimates[name] = mean_estimate(seen.values(method, name, group))
    if others:
        estimates |= _leakages(method, others, seen)
        estimates |= _found_again(method, others, seen)
        estimates |= _of_sets(method, others, seen)
    return estimates


def cost_of(pairs: Sequence[PicturePair], costs: Sequence[Record]) -> Record | None:
    """Median seconds of a result and the largest memory of the process that painted it; none where that is unknown."""
    wanted = {pair.name for pair in pairs}
    chosen = [cost for cost in costs if cost["pair"] in wanted]
    if not chosen:
        return None
    return {
        "seconds": round(float(np.median([cost["seconds"] for cost in chosen])), 4),
        "peak_bytes": max(cost["peak_bytes"] for cost in chosen),
    }


def _leakages(method: str, pairs: Sequence[PicturePair], seen: Seen) -> dict[str, Estimate]:
    subjects, groups = np.array([pair.style_hash for pair in pairs]), np.array([pair.group for pair in pairs])
    estimates = {}
    for name, space in LEAKAGES.items():
        results, styles = (seen.embeddings(title, space, pairs) for title in (method, STYLE))
        values = leakage(results, styles, subjects=subjects, groups=groups)
        if not np.isnan(values).all():
            estimates[name] = mean_estimate(values[~np.isnan(values)])
    return estimates


def _found_again(method: str, pairs: Sequence[PicturePair], seen: Seen) -> dict[str, Estimate]:
    results, styles = (seen.embeddings(title, "lite2", pairs) for title in (method, STYLE))
    subjects = np.array([pair.style_hash for pair in pairs])
    computed = {name: compute(results, styles, subjects) for name, compute in FOUND_AGAIN.items()}
    return {name: mean_estimate(values) for name, values in computed.items() if len(values)}


def _of_sets(method: str, pairs: Sequence[PicturePair], seen: Seen) -> dict[str, Estimate]:
    results, styles = (seen.embeddings(title, "lite0", pairs) for title in (method, STYLE))
    count, channels = results.shape
    terms = mmd_terms(unit(results), unit(styles))

    def squared_mmd(rows: np.ndarray) -> float:
        weights = np.bincount(rows, minlength=count) / count
        return CMMD_SCALE * max(float(weights @ terms @ weights), 0.0)

    estimates = {"lite0-cmmd": set_estimate(squared_mmd, count)}
    if count > NEIGHBOURS:
        estimates["lite0-precision"] = mean_estimate(inside(results, styles).astype(np.float64))
        estimates["lite0-recall"] = mean_estimate(inside(styles, results).astype(np.float64))
    if count >= channels:
        content = seen.values(method, "lite0-perceptual", pairs)
        # Decomposed once a resample, and shared by the two: rows -> distance.
        distances: dict[bytes, float] = {}

        def frechet(rows: np.ndarray) -> float:
            known = rows.tobytes()
            if known not in distances:
                distances[known] = fid(results[rows], styles[rows])
            return distances[known]

        estimates["lite0-fid"] = set_estimate(frechet, count)
        estimates["lite0-artfid"] = set_estimate(lambda rows: artfid(float(content[rows].mean()), frechet(rows)), count)
    return estimates
