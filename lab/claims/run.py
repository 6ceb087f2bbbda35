"""Write what the docs claim anew from what is stored: python -m lab claims [--check]

Figures between markers (`lab/claims/markers.py`) and whole tables (`lab/claims/blocks.py`) in README and docs, the
ablation's page, the marks of stored comparisons and the pages that show them, and the index of docs/decisions.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from lab.ablation.table import markdown
from lab.claims import blocks, comparisons, decisions, markers

ROOT = Path(__file__).parents[2]


def rendered(root: Path) -> dict[Path, str]:
    """The text that each page, and each stored comparison, should have, by its file."""
    index, results = root / "docs" / "decisions" / decisions.INDEX, root / "lab" / "results"
    pages = {path: path.read_text("utf-8") for path in (root / "README.md", *sorted((root / "docs").rglob("*.md")))}
    marked = {
        path: blocks.rendered(markers.rendered(text, results), results)
        for path, text in pages.items()
        if markers.MARKED.search(text) or blocks.MARKED.search(text)
    }
    ablation = json.loads((results / "ablation.json").read_text("utf-8"))
    rows = markdown(ablation["figures"]["ablation"], ablation["subject"])
    return {
        **marked,
        **comparisons.rendered(root),
        root / "docs" / "ablation.md": rows,
        index: decisions.index(index.parent),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Write the pages that differ, and name them."""
    parser = argparse.ArgumentParser(prog="python -m lab claims", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page would change")
    given = parser.parse_args(words)
    wanted = rendered(ROOT)
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        print(path.relative_to(ROOT))
        if not given.check:
            path.write_text(wanted[path], "utf-8")
    return int(given.check and bool(changed))
