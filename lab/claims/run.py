"""Write what the docs claim anew from what is stored: python -m lab claims [--check]

Figures between markers (`lab/claims/markers.py`) in README, CHANGELOG and docs, and the index of docs/decisions.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lab.claims import decisions

ROOT = Path(__file__).parents[2]


def rendered(root: Path) -> dict[Path, str]:
    """The text that each page should have, by its file."""
    index = root / "docs" / "decisions" / decisions.INDEX
    return {index: decisions.index(index.parent)}


def main(words: Sequence[str] | None = None) -> int:
    """Write the pages that differ, and name them."""
    parser = argparse.ArgumentParser(prog="python -m lab claims", description=__doc__.partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page would change")
    given = parser.parse_args(words)
    changed = [path for path, text in rendered(ROOT).items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        print(path.relative_to(ROOT))
        if not given.check:
            path.write_text(rendered(ROOT)[path], "utf-8")
    return int(given.check and bool(changed))
