"""Figures in Markdown, between markers that say where they come from.

    <!--= ninth:figures.judged.summary.unseen contents.family.ours.value %-->43 %<!--/-->

names a stored result (`SOURCES`), the way through it, and how the number is written: `%` as whole per cent, `.2f` and
the like as Python writes them, `x1000 .1f` a thousand times that. Several values follow one another after `;`.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

SOURCES = {
    "seventh": "figures/pictogram-seventh-edition.json",
    "ninth": "figures/pictogram.json",
    "ninth-finish": "figures/pictogram-finish.json",
    "ninth-strength": "figures/pictogram-strength.json",
    "ninth-descriptors": "figures/pictogram-descriptors.json",
    "painting": "figures/painting.json",
    "painting-strength": "figures/painting-strength.json",
    "painting-model": "../../src/parasol/models/painting/bundle.json",
    "unseen": "unseen/pictogram.json",
    "unseen-finish": "unseen/pictogram-finish.json",
    "hostile": "hostile.json",
    "mutants": "mutants.json",
    "scale": "scale.json",
    "training": "figures/training.json",
    "comparison": "comparison/comparison.json",
    "paintings": "comparison/paintings/comparison.json",
}
"""Below lab/results. Each names its model, dials and corpus inside."""

MARKED = re.compile(r"<!--= (?P<asked>[^>]+?)-->(?P<shown>.*?)<!--/-->")
FORMAT = re.compile(r"(?:x(?P<times>[\d.]+) )?(?P<format>%|\.\d[fg])$")


def rendered(text: str, results: Path) -> str:
    """The text with every marked figure as it is stored. Raises ValueError for a marker that leads nowhere."""
    return MARKED.sub(lambda match: f"<!--= {match['asked']}-->{shown(match['asked'], results)}<!--/-->", text)


def shown(marker: str, results: Path) -> str:
    """What a marker shows."""
    return ", ".join(_one(part.strip(), results) for part in marker.split(";"))


def _one(marker: str, results: Path) -> str:
    form = FORMAT.search(marker)
    source, _, way = marker[: form.start()].strip().partition(":") if form else (marker, "", "")
    if form is None or source not in SOURCES:
        raise ValueError(f"{marker!r} is no marker: write SOURCE:WAY FORMAT, SOURCE one of {', '.join(SOURCES)}")
    value = _at(_stored(results / SOURCES[source]), way, marker)
    if form["format"] == "%":
        return f"{100.0 * value:.0f} %"
    return format(float(form["times"] or 1.0) * value, form["format"])


def _at(record: Any, way: str, marker: str) -> float:
    """Follow a way of names and places; a name may hold dots."""
    left = way
    while left:
        names = [left] if isinstance(record, dict) and left in record else []
        names += [left[:at] for at in reversed(range(len(left))) if left[at] == "."]
        for name in names:
            if isinstance(record, dict) and name in record:
                record, left = record[name], left[len(name) + 1 :]
                break
            if isinstance(record, list) and name.isdecimal():
                record, left = record[int(name)], left[len(name) + 1 :]
                break
        else:
            if isinstance(record, list) and left.isdecimal():
                return float(record[int(left)])
            raise ValueError(f"{marker!r} leads nowhere from {left!r} on")
    if isinstance(record, bool) or not isinstance(record, int | float):
        raise ValueError(f"{marker!r} leads to no number but to {str(record)[:40]}")
    return float(record)


@cache
def _stored(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
