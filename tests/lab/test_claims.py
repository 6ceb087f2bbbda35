"""What the docs claim is what is stored: the index of decisions, and every figure between markers."""

from pathlib import Path

import pytest

from lab.claims.decisions import INDEX, index, read

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"


def test_every_decision_has_its_head_and_stands_in_the_index() -> None:
    assert (DECISIONS / INDEX).read_text("utf-8") == index(DECISIONS), "run: python -m lab claims"


def test_a_page_without_status_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nBecause.\n")
    with pytest.raises(ValueError, match=r"a\.md does not begin as a decision does: # TITLE"):
        read(tmp_path / "a.md")
