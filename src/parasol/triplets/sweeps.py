"""How many triplets a run found and how pure they are, and how its thresholds change that.

Purity needs labels, which mining never sees: style, content, and base, the content without its variants (a woman cook
and a man cook are two contents of one base).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Shaped

from parasol.charts import Chart, Line
from parasol.triplets.descriptors import Descriptors
from parasol.triplets.mine import NONE
from parasol.triplets.plan import QUERY, Plan, Roles, pair_percentile
from parasol.triplets.results import Results
from parasol.triplets.task import mine_rows

PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
CONFIDENCES = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
SHARES = {
    "yield": "yield",
    "y_right": "y shows x's content",
    "y_right_base": "y shows it or a variant of it",
    "s_right": "s in x's style, other content",
}
AXES = {"confidence": "dropped, % of triplets"}
SAMPLE = 2_000  # queries that each setting of the thresholds is tried on


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """What each picture truly is: any values that can be compared."""

    style: Shaped[np.ndarray, " N"]
    content: Shaped[np.ndarray, " N"]
    base: Shaped[np.ndarray, " N"]


def figures(triplets: Shaped[np.ndarray, " n"], queries: int, labels: Labels | None) -> dict[str, float]:
    """Yield, and with labels the shares of triplets whose partners are right.

    y_right: y shows x's content; y_right_base: or a variant of it. s_right: s is in x's style and shows neither x's
    content nor a variant.
    """
    shares = {"yield": len(triplets) / queries}
    if labels is None or not len(triplets):
        return shares
    x, y, s = (triplets[name] for name in "xys")
    right: dict[str, Bool[np.ndarray, " n"]] = {
        "y_right": labels.content[y] == labels.content[x],
        "y_right_base": labels.base[y] == labels.base[x],
        "s_right": (labels.style[s] == labels.style[x]) & (labels.base[s] != labels.base[x]),
    }
    return shares | {name: float(flags.mean()) for name, flags in right.items()}


def whole(triplets: Shaped[np.ndarray, " n"], confidence: float) -> Shaped[np.ndarray, " m"]:
    """Those with both partners, but for the given percentage with the lowest margins."""
    complete = triplets[(triplets["y"] != NONE) & (triplets["s"] != NONE)]
    if not confidence or not len(complete):
        return complete
    return complete[complete["margin"] >= np.percentile(complete["margin"], confidence)]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One threshold at several values, all else as in the run: figures at each."""

    dial: str
    values: tuple[float, ...]
    figures: tuple[dict[str, float], ...]


def charts(of: Sequence[Sweep]) -> list[Chart]:
    """Their curves; all share one scale, from a round number below the lowest share up to 100 %."""
    lowest = min(share for sweep in of for at in sweep.figures for share in at.values())
    levels = {tenth / 10: f"{tenth * 10} %" for tenth in range(min(int(lowest * 10), 9), 11)}
    return [
        Chart(
            title=sweep.dial.replace("_", " "),
            axis=AXES.get(sweep.dial, "percentile of random pairs"),
            lines=[
                Line(name=words, points=[(step, at[name]) for step, at in enumerate(sweep.figures)])
                for name, words in SHARES.items()
                if name in sweep.figures[0]
            ],
            marks={step: f"{value:g}" for step, value in enumerate(sweep.values)},
            levels=levels,
        )
        for sweep in of
    ]


def sweeps(results: Results, descriptors: Descriptors, roles: Roles, labels: Labels | None) -> list[Sweep]:
    """Both percentiles on a sample of the queries, mined anew; the confidence on all triplets of the run."""
    plan = results.plan
    queries = np.flatnonzero(roles & QUERY)
    sample = queries[np.linspace(0, len(queries) - 1, min(SAMPLE, len(queries))).astype(np.int64)]

    def mined(changed: Plan) -> dict[str, float]:
        triplets = mine_rows(descriptors, roles, changed, sample).triplets
        return figures(whole(triplets, plan.mining.confidence), len(sample), labels)

    swept = []
    for dial, limit, space in (
        ("content_percentile", "content_limit", descriptors.content),
        ("style_percentile", "style_limit", descriptors.style),
    ):
        limits = [pair_percentile(space, queries, value, plan.mining) for value in PERCENTILES]
        at = tuple(mined(replace(plan, **{limit: value})) for value in limits)
        swept.append(Sweep(dial=dial, values=PERCENTILES, figures=at))
    every = np.concatenate([results.shard(task) for task in sorted(results.shards)])
    at = tuple(figures(whole(every, value), len(queries), labels) for value in CONFIDENCES)
    return [*swept, Sweep(dial="confidence", values=CONFIDENCES, figures=at)]
