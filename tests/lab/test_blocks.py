"""Whole tables from stored results: which model draws, cost, studies, and sets that nobody trained on."""

import json
from pathlib import Path

import pytest

from lab import icon_sets, study_simulation, takeaway
from lab.claims import blocks
from lab.kinds import measuring as kinds

RESULTS = Path(__file__).parents[2] / "lab" / "results"
CELL = {"told": 0.5, "nearer": 0.75, "colours_left": 1.2}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs on unseen sets, with taught cards: the model's own pictures, and finished ones, told better."""
    (tmp_path / "unseen").mkdir()
    identity = json.loads((RESULTS / "unseen" / "pictogram.json").read_text())["model_hash"]
    for name, counts, given in (("a", (1, 8, 40), {}), ("b", (8, 40), {"finish": "auto"})):
        summary = {
            f"{kind}, {count} references": {**CELL, "told": (count + more + 5 * len(given)) / 100, "found": found}
            for kind, found, more in (("black", 0.6, 0), ("emoji", None, 10))
            for count in counts
        }
        record = {"model_hash": identity, "given": {"steps": 10, "sampler": "dpm", **given}, "summary": summary}
        (tmp_path / "unseen" / f"{name}.json").write_text(json.dumps(record))
    return tmp_path


def test_every_run_on_unseen_sets_has_its_rows(results: Path) -> None:
    head, _, *rows = blocks.of_unseen(results).splitlines()
    assert head.startswith("| run | references |")
    assert len(rows) == 5
    assert rows[0].endswith("10 dpm, finish none | 1 | 1 %, 11 % | 75 %, 75 % | 60 % | 1.20, 1.20 |")
    assert "finish none | a card, taught 40 pictures | 40 %, 50 % |" in rows[2]


def test_the_line_of_the_limits_tells_what_is_stored(results: Path) -> None:
    assert blocks.of_limits(results) == (
        "Drawn after eight pictures of a set that it never saw, 13 % of black icons and 23 % of emoji are recognised "
        "as that set (chance: 17 %); by a card taught with 40 of its icons 45 % of black icons and 55 % of emoji. "
        "Without the flat finish: 8 % of black icons and 18 % of emoji; with the card 40 % of black icons and 50 % "
        "of emoji."
    )


def test_a_block_is_written_between_its_markers(results: Path) -> None:
    text = "Of these <!--# unseen-line-->x<!--/#-->.\n\n<!--# unseen-->\nx\n<!--/#-->\n"
    once = blocks.rendered(text, results)
    assert "<!--# unseen-->\n| run |" in once
    assert once.endswith(" |\n<!--/#-->\n")
    assert blocks.rendered(once, results) == once
    with pytest.raises(ValueError, match="'other' is no block: choose among kinds"):
        blocks.rendered("<!--# other-->x<!--/#-->", results)


def test_errors_and_doubts_are_counted_apart() -> None:
    odds = kinds.tally([-99.0, -kinds.UNSURE / 2, kinds.UNSURE / 2, kinds.UNSURE, 9.1, 9.1])
    assert odds["-10"] == 1
    assert odds["9"] == 2
    assert kinds.counted([odds], photographs=True) == (2, 1, 2, 6)
    assert kinds.counted([odds, odds], photographs=False) == (8, 6, 4, 12)
    record = {
        kind: {"pictures": {"whole": 6}, "odds": {"whole": {"grey": odds}}} for kind in ("photographs", "drawings")
    }
    row = next(line for line in kinds.table(record).splitlines() if line.startswith("| grey"))
    assert row == "| grey | 33.3 % | 16.7 % | 33.3 % | 66.7 % | 50.0 % | 33.3 % |"


def test_a_small_study_is_stored_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "study.json"
    words = ["--people", "12", "--trials", "14", "--simulations", "1", "--draws", "20", "--out", str(out)]
    assert study_simulation.main(words) == 0
    shown = study_simulation.table(json.loads(out.read_text()))
    assert capsys.readouterr().out == f"{shown}\n"
    assert "ties (nu 0.5)" in shown
    assert len(shown.splitlines()) == 6


def test_what_a_designer_takes_away_is_told_as_far_as_it_is_stored(tmp_path: Path) -> None:
    runs = [
        (1, 8, 0, 60.0, 400),
        (1, 12, 4, 76.0, 420),
        (1, 14, 6, 84.0, 440),
        (2, 20, 6, 9.0, 410),
        (2, 30, 9, 21.0, 430),
    ]
    rows = [{"pid": pid, "wall": wall, "icons": icons, "cpu": cpu, "mb": mb} for pid, wall, icons, cpu, mb in runs]
    rows.append({"pid": 2, "wall": 40, "icons": 11, "cpu": 29.0, "mb": 430})
    cost = icon_sets.cost(rows)
    assert cost["cpu_s"] == 4.0, "of both runs, from the first own icon of each on"
    scores = {
        "icons": 11,
        "scores": {"made": 70.0, "a": 80.0, "b": 60.0},
        "mixes": {"a and b": 50.0},
        "references": 75.0,
    }
    path = tmp_path / takeaway.STORED.name
    takeaway.store("set", scores, path)
    takeaway.store("set-cost", {**cost, "load": 15.7, "cores": 2}, path)
    takeaway.store("shapes", {"icons": 40, "by_kind": {"circle": [18, 18], "line": [15, 16]}}, path)
    table = blocks.BLOCKS["takeaway"](tmp_path)
    assert "| 18 of 18 circles, 15 of 16 lines in 40 icons | `python -m lab drawings` |" in table
    assert "4 CPU-s an icon over 11 icons (load 16 on 2 cores), so 17 minutes on two" in table
    assert "70 for 11 icons (its eight references 75; as many of real sets: `a` 80, `b` 60" in table
    assert "| 30 dB | not measured yet |" in table
