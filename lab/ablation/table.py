"""The ablation for readers: means and spreads over seeds, and the sign of each step beside the paper's."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from lab.ablation.rows import ROWS
from lab.ablation.trainings import ABLATED_OPTIMISATION, ABLATED_START, ABLATED_UNET
from parasol.comparison.markdown import table as markdown_table
from parasol.editions import named
from parasol.types import Record

MEASURES = {
    "family": "family right, %",
    "content": "content right, %",
    "style": "style distance",
    "layout": "distance to the content picture",
    "truth": "distance to the truth",
    "colours": "colour Chamfer to the truth",
}
"""Columns of the tables; the first two are better higher, all others lower."""

SHARES = ("family", "content")
PAPER = {
    "SIFID": (3.077, 7.759, 6.883, 4.269, 4.329, 2.994),
    "ALADIN-MSE": (4.312, 5.540, 4.356, 3.573, 3.564, 4.054),
    "LPIPS": (0.749, 0.813, 0.777, 0.748, 0.747, 0.525),
}
"""The paper's rows in the order of `ROWS`, as quoted second-hand; lower is better. LPIPS is to the content picture."""

BESIDE = {"SIFID": "style", "ALADIN-MSE": "style", "LPIPS": "layout"}
"""Metric of the paper -> the measure here that says the same kind of thing."""

FLAT = 0.02  # a relative change of the paper's below this is no step
UP, DOWN, NONE, OPEN = "+", "-", "0", "?"


def summary(records: Sequence[Record]) -> Record:
    """By column: each row's mean and spread over seeds, each step's, and its sign."""
    return {
        column: _column([record for record in records if record["column"] == column])
        for column in dict.fromkeys(record["column"] for record in records)
    }


def sign(differences: Float[np.ndarray, " seeds"]) -> str:
    """Whether a step raises a measure, lowers it or leaves it as it is; open where the seeds disagree."""
    signs = {UP if value > 0 else DOWN if value < 0 else NONE for value in differences}
    return signs.pop() if len(signs) == 1 else OPEN


def paper_step(metric: str, place: int) -> tuple[str, float]:
    """Sign and relative change of the paper's row in this place, 1 to 5, against the one before; none where flat."""
    before, here = PAPER[metric][place - 1], PAPER[metric][place]
    change = here / before - 1.0
    return (NONE if abs(change) < FLAT else UP if change > 0 else DOWN), change


def verdict(ours: str, papers: str) -> str:
    """What a reader wants to know of two signs."""
    if papers == NONE:
        return "flat in the paper"
    if ours == OPEN:
        return "seeds disagree"
    return "as in the paper" if ours == papers else "**not** as in the paper"


def markdown(entry: Record, key: Record) -> str:
    """The page, from the finished figure of the JSON file and the file's key (`Ablation.key`)."""
    record = entry["summary"]
    columns = {column: part for column, part in record.items() if column != "judge"}
    counted = next(iter(columns.values()))
    parts = [
        "# Ablation",
        f"{entry['definition']}",
        _settings(counted["seeds"], key),
        *(part for column, values in columns.items() for part in _page(column, values)),
        "Values are the mean over seeds and their standard deviation. A step is the row less the one before it, by "
        f"seed; its sign is `{UP}`, `{DOWN}` or `{NONE}` where all seeds have it and `{OPEN}` where they disagree. "
        f"The paper's values are quoted second-hand; a change of less than {FLAT:.0%} counts as none. They are of "
        "other pictures, networks and scales: only signs can be compared.",
        f"Judge: {record['judge']['name']}, weights {record['judge']['weights'][:12]}, {record['judge']['fitted_to']}.",
    ]
    return "\n\n".join(parts) + "\n"


def _column(records: Sequence[Record]) -> Record:
    seeds = list(dict.fromkeys(record["seed"] for record in records))
    by = {(record["row"], record["seed"]): record for record in records}
    values = {
        row.name: {name: np.array([by[row.name, seed][name] for seed in seeds]) for name in MEASURES} for row in ROWS
    }
    return {
        "seeds": seeds,
        "cases": records[0]["cases"],
        "rows": {row: {name: _spread(runs) for name, runs in measures.items()} for row, measures in values.items()},
        "steps": {
            row.name: {
                name: {**_spread(runs - values[before.name][name]), "sign": sign(runs - values[before.name][name])}
                for name, runs in values[row.name].items()
            }
            for before, row in pairwise(ROWS)
        },
    }


def _spread(values: Float[np.ndarray, " seeds"]) -> Record:
    """Mean, and the sample's standard deviation, which is 0 for one seed."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return {"mean": round(float(values.mean()), 5), "spread": round(spread, 5)}


def _settings(seeds: Sequence[int], key: Record) -> str:
    dials, training, widths = key["dials"], ABLATED_OPTIMISATION, ", ".join(str(width) for width in ABLATED_UNET.widths)
    return (
        f"Each training: {training.steps:,} steps of {training.batch} from the weights of {ABLATED_START}, a U-Net "
        f"{widths} wide, seeds {', '.join(str(seed) for seed in seeds)}. Latents and descriptors are those of "
        f"{named(key['model_hash'])}. "
        f"Sampling: {dials['steps']} steps, scales {dials['scale']:g}; in the last row {dials['structure']:g} of the "
        "steps are on the content picture's own chain."
    )


def _page(column: str, summary: Record) -> list[str]:
    titles = {row.name: row.title for row in ROWS}
    rows = [
        [titles[row], *(_cell(name, value) for name, value in measures.items())]
        for row, measures in summary["rows"].items()
    ]
    steps = [
        [titles[row], *(f"`{value['sign']}` {_cell(name, value)}" for name, value in measures.items())]
        for row, measures in summary["steps"].items()
    ]
    beside = [
        [titles[row], *(_beside(metric, place, summary["steps"][row]) for metric in PAPER)]
        for place, row in enumerate(summary["steps"], 1)
    ]
    heads = [f"{metric}, beside {MEASURES[BESIDE[metric]]}" for metric in PAPER]
    return [
        f"## {column.capitalize()}, {summary['cases']} cases",
        markdown_table(["row", *MEASURES.values()], rows),
        markdown_table(["step", *MEASURES.values()], steps),
        markdown_table(["step in the paper", *heads], beside),
    ]


def _cell(name: str, value: Record) -> str:
    mean, spread = value["mean"], value["spread"]
    return f"{100 * mean:.1f} ± {100 * spread:.1f}" if name in SHARES else f"{mean:.4f} ± {spread:.4f}"


def _beside(metric: str, place: int, step: Record) -> str:
    papers, change = paper_step(metric, place)
    return f"{100 * change:+.1f} %: {verdict(step[BESIDE[metric]]['sign'], papers)}"
