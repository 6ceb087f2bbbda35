"""Stored comparisons: their marks as methods declare them now, and the pages that show them."""

import json
import re
from pathlib import Path

from parasol.comparison.comparison_page import markdown
from parasol.comparison.relations import kinds_of, mark, relation_of
from parasol.report.page import comparison_section
from parasol.types import Record

PAGES = {
    "comparison/comparison.json": "comparison/comparison.md",
    "comparison/ninth.json": "comparison/ninth.md",
    "comparison/paintings/comparison.json": "comparison/paintings/comparison.md",
    "comparison/paintings/baselines.json": "comparison/paintings/baselines.md",
}
"""Below lab/results; below docs."""
REPORT, SECTION = "report/report.html", re.compile(r'<h2 id="comparison">.*?</table></div>', re.DOTALL)
"""The stored report, and its section of the comparison."""


def rendered(root: Path) -> dict[Path, str]:
    """Each stored comparison and its page, as they should be."""
    pages: dict[Path, str] = {}
    for stored, page in PAGES.items():
        record = declared(_read(root, stored))
        pages[root / "lab" / "results" / stored] = f"{json.dumps(record, indent=1, ensure_ascii=False)}\n"
        pages[root / "docs" / page] = markdown(record)
    report, first = root / "lab" / "results" / REPORT, comparison_section(declared(_read(root, next(iter(PAGES)))))
    pages[report] = SECTION.sub(lambda _: first, report.read_text("utf-8"))
    return pages


def declared(record: Record) -> Record:
    """A stored comparison with the relations, kinds and marks that are declared now; its values are what they were."""
    measures = {
        name: {**measure, "optimised": relation_of(name).optimised, "related": relation_of(name).related}
        for name, measure in record["measures"].items()
    }
    methods = {}
    for title, method in record["methods"].items():
        kinds = kinds_of(method["kinds"][0], method["settings"])
        values = {
            name: {**value, "mark": mark(kinds, relation_of(name))} if name in record["measures"] else value
            for name, value in method["values"].items()
        }
        methods[title] = {**method, "kinds": kinds, "values": values}
    return {**record, "measures": measures, "methods": methods}


def _read(root: Path, stored: str) -> Record:
    return json.loads((root / "lab" / "results" / stored).read_text("utf-8"))
