"""Two curves of style against content: which is below the other, by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.pairs.tradeoff import CONTENT, STYLE, dominated, main, nearest_style

THEIRS = np.array([[0.0, 1.0], [1.0, 0.0]])


def comparison(folder: Path, **kinds: list[list[float]]) -> Path:
    methods = {
        f"{kind}-{number}": {
            "kinds": [kind],
            "values": {name: {"value": value} for name, value in zip((CONTENT, STYLE), point, strict=True)},
        }
        for kind, points in kinds.items()
        for number, point in enumerate(points)
    }
    file = folder / "comparison.json"
    file.write_text(json.dumps({"methods": methods}))
    return file


def test_the_lowest_passage_counts() -> None:
    back = np.array([[0.0, 1.0], [1.0, 0.8], [0.5, 0.2]])  # a dial that turns back
    found = nearest_style(back, np.array([0.25, 0.75, 1.0, 1.5]))
    assert found == pytest.approx([0.95, 0.5, 0.8, np.inf])
    assert nearest_style(np.array([[0.5, 0.3], [0.5, 0.1]]), np.array([0.5])) == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("ours", "share"),
    [
        ([[0.0, 0.9], [1.0, -0.1]], 1.0),
        ([[0.0, 1.1], [1.0, 0.1]], 0.0),
        ([[0.0, 0.75], [1.0, 0.25]], 0.5),  # they cross in the middle
        ([[0.5, 0.4], [2.0, 0.3]], 0.214),  # of 0.5 to 1 up to 0.607, where 1 - x = 0.4 - (x - 0.5) / 15
    ],
)
def test_shares_by_hand(ours: list[list[float]], share: float) -> None:
    assert dominated(np.array(ours), THEIRS) == pytest.approx(share, abs=0.002)


def test_curves_that_do_not_meet_are_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.5 to 2 and the second's 0 to 1: compare more strengths"):
        dominated(np.array([[1.5, 0.0], [2.0, 0.0]]), THEIRS)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = comparison(tmp_path, ours=[[0.0, 0.9], [1.0, -0.1]], magenta=THEIRS.tolist(), colour=[[0.0, 0.0]])
    assert main([str(file), "ours", "magenta", "--out", str(tmp_path / "curves.svg")]) == 0
    assert json.loads(capsys.readouterr().out)["dominated"] == 1.0
    drawing = (tmp_path / "curves.svg").read_text()
    assert CONTENT in drawing
    assert drawing.count("<polyline") == 2
    for kinds, message in ((("ours", "colour"), "has 1 methods of the kind 'colour'"), (("a", "ours"), "has 0 ")):
        with pytest.raises(SystemExit) as stop:
            main([str(file), *kinds])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err
