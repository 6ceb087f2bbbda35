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


def markdown(found: Record) -> str:
    """A page: metrics down, methods across, then which network judged how, and what was set."""
    pairs = found["pairs"]
    counted = (
        f"{pairs['count']} pairs, {pairs['with_truth']} of them with a truth, and {pairs['identity']} contents in "
        f"their own style. Intervals: {found['interval']}. Bold: best of its row among the values without `*`; content "
        "and style as they are stand for the two ends and do not compete."
    )
    parts = [
        "# Comparison", counted, *_legend(found), markdown_table(*table_of(found)), *_duels(found), "## Metrics",
        _provenance(found), "## Settings",
        "\n".join(f"- `{name}`: {_settings(one['settings'])}" for name, one in found["methods"].items()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def table_of(found: Record) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of values, cells in Markdown."""
    methods = found["methods"]
    head = ["metric", "of", "good", *methods]
    rows = [
        [name, measure["of"], ARROWS[measure["best"]], *_cells(name, measure["best"], methods)]
        for name, measure in found["measures"].items()
        if any(name in method["values"] for method in methods.values())
    ]
    costs = [
        [
            "seconds a picture (median)",
            "cost",
            "lower",
            *(_cost(one["cost"], "seconds", 1.0) for one in methods.values()),
        ],
        ["peak memory, MB", "cost", "lower", *(_cost(one["cost"], "peak_bytes", MB) for one in methods.values())],
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
            own = [pairs[name, style] for style in styles[:CROSSED_STYLES]]
            rows.append([content, *(shaped(result_file(folder, pair), content) for pair in own)])
    return sheet(rows, cell=size, row_labels=["", *list(folders) * len(contents[:CROSSED_CONTENTS])])


def _cells(name: str, best: str, methods: Mapping[str, Record]) -> list[str]:
    values = {title: method["values"].get(name) for title, method in methods.items()}
    fair = {
        title for title, one in values.items() if one and one["mark"] != "*" and not {*methods[title]["kinds"]} & ENDS
    }
    numbers = [values[title]["value"] for title in fair]
    winner = {LOWER: min, HIGHER: max}[best](numbers, default=None) if best != CHANCE else None
    cells = []
    for title, one in values.items():
        if one is None:
            cells.append("")
            continue
        number = f"{one['value']:.4g}"
        told = f"**{number}**" if title in fair and one["value"] == winner else number
        cells.append(f"{told}{one['mark']} [{one['low']:.4g}, {one['high']:.4g}]".replace("~", "\\~"))
    return cells


def _legend(found: Record) -> list[str]:
    """Why some values are marked."""
    kinds = {kind for method in found["methods"].values() for kind in method["kinds"]}
    lines = []
    for mark, field, what in (
        ("`*`", "optimised", "was optimised against this metric, which judges it leniently"),
        ("`~`", "related", "shares a part with this metric without having been optimised against it"),
    ):
        reasons: dict[str, str] = {}
        for measure in found["measures"].values():
            reasons |= {f"{kind}: {why}": "" for kind, why in measure[field].items() if kind in kinds}
        if reasons:
            lines.append(f"{mark} The method {what} ({'; '.join(reasons)}).")
    return lines


def _duels(found: Record) -> list[str]:
    """The first method against each of the others, where there are others."""
    first, duels = found["first"], found["duels"]
    if not duels:
        return []
    told = (
        f"Share of the pairs in which `{first}` is better than the method above, a tie counting half; won or lost "
        "where the 95 % interval of the mean difference, pair by pair, leaves out 0. Marks as above, of either method."
    )
    rows = []
    for name in found["measures"]:
        if name in next(iter(duels.values())):
            cells = []
            for other, one in duels.items():
                marks = {found["methods"][title]["values"][name]["mark"] for title in (first, other)}
                mark = "*" if "*" in marks else "\\~" if "~" in marks else ""
                cells.append(f"{one[name]['verdict']} {100.0 * one[name]['share']:.0f} %{mark}")
            rows.append([name, *cells])
    counts = [[*(one["verdict"] for one in others.values())] for others in duels.values()]
    totals = [f"{own.count('won')} / {own.count('even')} / {own.count('lost')}" for own in counts]
    rows.append(["won / even / lost", *totals])
    return [f"## {first} against each", told, markdown_table(["metric", *duels], rows)]


def _provenance(found: Record) -> str:
    head = ["metric", "what", "network", "weights", "input", "size", "counts"]
    rows = [
        [
            name, one["definition"], one["backbone"]["name"], one["backbone"]["weights"][:12],
            one["backbone"]["preprocessing"], f"{one['size']} px", one["sampling"],
        ]
        for name, one in found["measures"].items()
    ]  # fmt: skip
    return markdown_table(head, rows)


def _settings(settings: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "none"


def _cost(cost: Record | None, name: str, unit: float) -> str:
    return "" if cost is None else f"{cost[name] / unit:.3g}"
