"""The comparison for readers: a Markdown page and a sheet of pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from parasol.comparison.markdown import table as markdown_table
from parasol.comparison.measures import CHANCE, HIGHER, LOWER
from parasol.comparison.measuring import shaped
from parasol.comparison.paint import result_file
from parasol.comparison.pairs import PicturePair
from parasol.images import fit, load, sheet
from parasol.types import Picture, Record

SHEET_PAIRS = 12
CROSSED_STYLES, CROSSED_CONTENTS = 8, 6
ARROWS = {LOWER: "lower", HIGHER: "higher", CHANCE: "0.5 is chance"}
MB = 1e6
ENDS = {"content", "style"}  # kinds of method that do nothing: what the others lie between


def markdown(record: Record) -> str:
    """A page: metrics down, methods across, then which network judged how, and what was set."""
    pairs = record["pairs"]
    counted = (
        f"{pairs['count']} pairs, {pairs['with_truth']} of them with a truth, and {pairs['identity']} contents in "
        f"their own style. Intervals: {record['interval']}. Bold: best of its row among the values without `*`; "
        "content and style as they are stand for the two ends and do not compete."
    )
    parts = [
        "# Comparison", counted, *_legend(record), markdown_table(*table_of(record)), *_duels(record), "## Metrics",
        _provenance(record), "## Settings",
        "\n".join(f"- `{name}`: {_settings(method['settings'])}" for name, method in record["methods"].items()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def table_of(record: Record) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of values, cells in Markdown."""
    methods = record["methods"]
    head = ["metric", "of", "good", *methods]
    rows = [
        [name, measure["of"], ARROWS[measure["best"]], *_cells(name, measure["best"], methods)]
        for name, measure in record["measures"].items()
        if any(name in method["values"] for method in methods.values())
    ]
    costs = [
        [
            "seconds a picture (median)",
            "cost",
            "lower",
            *(_cost(method["cost"], "seconds", 1.0) for method in methods.values()),
        ],
        ["peak memory, MB", "cost", "lower", *(_cost(method["cost"], "peak_bytes", MB) for method in methods.values())],
    ]
    return head, [*rows, *costs]


def contact_sheet(pairs: Sequence[PicturePair], folders: Mapping[str, Path], size: int) -> Picture:
    """The first pairs of the list, one a row: content, style, truth where there is one, then each method's result.

    Where every content meets every style there are more to see: styles across, contents down, a row for each method.
    """
    styles = list(dict.fromkeys(pair.style for pair in pairs))
    contents = list(dict.fromkeys(pair.content for pair in pairs))
    if len(styles) > 1 < len(contents) and len(pairs) == len(styles) * len(contents):
        return _crossed({(pair.content, pair.style): pair for pair in pairs}, contents, styles, folders, size)
    shown = [pair for pair in pairs if not pair.identity][:SHEET_PAIRS] or list(pairs[:SHEET_PAIRS])
    with_truth = any(pair.truth for pair in shown)
    rows = []
    for pair in shown:
        content = fit(load(pair.content), size)
        truth = np.ones_like(content) if pair.truth is None else load(pair.truth)
        results = [shaped(result_file(folder, pair), content) for folder in folders.values()]
        rows.append([content, load(pair.style), *([truth] if with_truth else []), *results])
    labels = ["content", "style", *(["truth"] if with_truth else []), *folders]
    return sheet(rows, cell=size, column_labels=labels)


def _crossed(
    pairs: Mapping[tuple[Path, Path], PicturePair], contents: Sequence[Path], styles: Sequence[Path],
    folders: Mapping[str, Path], size: int,
) -> Picture:  # fmt: skip
    rows = [[np.ones((size, size, 3), np.float32), *map(load, styles[:CROSSED_STYLES])]]
    for name in contents[:CROSSED_CONTENTS]:
        content = fit(load(name), size)
        for folder in folders.values():
            crossed = [pairs[name, style] for style in styles[:CROSSED_STYLES]]
            rows.append([content, *(shaped(result_file(folder, pair), content) for pair in crossed)])
    return sheet(rows, cell=size, row_labels=["", *list(folders) * len(contents[:CROSSED_CONTENTS])])


def _cells(name: str, best: str, methods: Mapping[str, Record]) -> list[str]:
    values = {title: method["values"].get(name) for title, method in methods.items()}
    fair = {
        title
        for title, estimate in values.items()
        if estimate and estimate["mark"] != "*" and not {*methods[title]["kinds"]} & ENDS
    }
    numbers = [values[title]["value"] for title in fair]
    winner = {LOWER: min, HIGHER: max}[best](numbers, default=None) if best != CHANCE else None
    cells = []
    for title, estimate in values.items():
        if estimate is None:
            cells.append("")
            continue
        number = f"{estimate['value']:.4g}"
        text = f"**{number}**" if title in fair and estimate["value"] == winner else number
        cells.append(f"{text}{estimate['mark']} [{estimate['low']:.4g}, {estimate['high']:.4g}]".replace("~", "\\~"))
    return cells


def _legend(record: Record) -> list[str]:
    """Why some values are marked."""
    kinds = {kind for method in record["methods"].values() for kind in method["kinds"]}
    lines = []
    for mark, field, what in (
        ("`*`", "optimised", "was optimised against this metric, which judges it leniently"),
        ("`~`", "related", "shares a part with this metric without having been optimised against it"),
    ):
        reasons: dict[str, str] = {}
        for measure in record["measures"].values():
            reasons |= {f"{kind}: {why}": "" for kind, why in measure[field].items() if kind in kinds}
        if reasons:
            lines.append(f"{mark} The method {what} ({'; '.join(reasons)}).")
    return lines


def _duels(record: Record) -> list[str]:
    """The first method against each of the others, where there are others."""
    first, duels = record["first"], record["duels"]
    if not duels:
        return []
    legend = (
        f"Share of the pairs in which `{first}` is better than the method above, a tie counting half; won or lost "
        "where the 95 % interval of the mean difference, pair by pair, leaves out 0. Marks as above, of either method."
    )
    rows = []
    for name in record["measures"]:
        if name in next(iter(duels.values())):
            cells = []
            for other, outcomes in duels.items():
                marks = {record["methods"][title]["values"][name]["mark"] for title in (first, other)}
                mark = "*" if "*" in marks else "\\~" if "~" in marks else ""
                cells.append(f"{outcomes[name]['verdict']} {100.0 * outcomes[name]['share']:.0f} %{mark}")
            rows.append([name, *cells])
    counts = [[*(outcome["verdict"] for outcome in outcomes.values())] for outcomes in duels.values()]
    totals = [f"{verdicts.count('won')} / {verdicts.count('even')} / {verdicts.count('lost')}" for verdicts in counts]
    rows.append(["won / even / lost", *totals])
    return [f"## {first} against each", legend, markdown_table(["metric", *duels], rows)]


def _provenance(record: Record) -> str:
    head = ["metric", "what", "network", "weights", "input", "size", "counts"]
    rows = [
        [
            name, measure["definition"], measure["backbone"]["name"], measure["backbone"]["weights"][:12],
            measure["backbone"]["preprocessing"], f"{measure['size']} px", measure["sampling"],
        ]
        for name, measure in record["measures"].items()
    ]  # fmt: skip
    return markdown_table(head, rows)


def _settings(settings: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "none"


def _cost(cost: Record | None, name: str, unit: float) -> str:
    return "" if cost is None else f"{cost[name] / unit:.3g}"
