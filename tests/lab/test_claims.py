"""What the docs claim is what is stored: every figure between markers, every mark, the index of decisions."""

import json
import re
from pathlib import Path

import pytest

from lab.claims.decisions import read
from lab.claims.markers import MARKED, SOURCES, rendered
from lab.claims.run import rendered as pages

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "lab" / "results"
WANTED = pages(ROOT)


@pytest.mark.parametrize("path", WANTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_claimed_is_what_is_stored(path: Path) -> None:
    assert path.read_text("utf-8") == WANTED[path], "run: python -m lab claims"


def test_the_page_of_results_has_its_figures_from_there() -> None:
    found = MARKED.findall((ROOT / "docs" / "results.md").read_text("utf-8"))
    assert len(found) > 60
    all_ = [
        one
        for path in ("reliability", "training", "scale")
        for one in MARKED.findall((ROOT / "docs" / f"{path}.md").read_text("utf-8"))
    ]
    assert {asked.partition(":")[0] for asked, _ in (*found, *all_)} == {*SOURCES}


def test_the_tests_that_reliability_names_are_there() -> None:
    named = {*re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "docs" / "reliability.md").read_text("utf-8"))}
    assert len(named) > 10
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "unseen").mkdir()
    stored = {"a.b": {"share": 0.437, "far": [0.0012, 3]}, "a": {"flag": True}}
    (tmp_path / SOURCES["unseen"]).write_text(json.dumps(stored))
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("a.b.share %", "44 %"), ("a.b.share .2f", "0.44"), ("a.b.far.0 x1000 .1f", "1.2"),
     ("a.b.share %; unseen:a.b.far.1 .0f", "44 %, 3")],
)  # fmt: skip
def test_a_figure_comes_as_its_marker_asks(results: Path, asked: str, shown: str) -> None:
    wanted = f"It is <!--= unseen:{asked}-->{shown}<!--/--> now"
    assert rendered(f"It is <!--= unseen:{asked}-->99 %<!--/--> now", results) == wanted
    assert rendered(wanted, results) == wanted


@pytest.mark.parametrize(
    ("asked", "error"),
    [("unseen:a.c.share %", "leads nowhere from 'c.share' on"), ("unseen:a.flag %", "leads to no number but to True"),
     ("other:a.b %", "'other:a.b %' is no marker"), ("unseen:a.b.share", "is no marker: write SOURCE:WAY FORMAT")],
)  # fmt: skip
def test_a_marker_that_leads_nowhere_is_told(results: Path, asked: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        rendered(f"<!--= {asked}-->1<!--/-->", results)


def test_a_page_without_status_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nBecause.\n")
    with pytest.raises(ValueError, match=r"a\.md does not begin as a decision does: # TITLE"):
        read(tmp_path / "a.md")
