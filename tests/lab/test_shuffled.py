"""Leakage against shuffled style pictures: the palette stays, the subject goes, and the command says both."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.pairs.shuffled import main, shuffled
from small_model import drawing

STYLES = [drawing(seed, width=96, height=96) for seed in (1, 2, 3)]


def test_squares_change_places_and_nothing_else() -> None:
    picture = np.random.default_rng(0).random((70, 100, 3), dtype=np.float32)
    mixed = shuffled(picture, 32, 0)
    assert mixed.shape == (64, 96, 3)
    assert not np.array_equal(mixed, picture[:64, :96])
    assert np.array_equal(np.sort(mixed, axis=None), np.sort(picture[:64, :96], axis=None))
    corners = mixed[::32, ::32].reshape(-1, 3)
    assert {tuple(one) for one in corners} == {tuple(one) for one in picture[:64:32, :96:32].reshape(-1, 3)}
    assert np.array_equal(mixed, shuffled(picture, 32, 0))
    assert not np.array_equal(mixed, shuffled(picture, 32, 1))


@pytest.fixture
def compared(tmp_path: Path) -> list[str]:
    """Three pairs by one hand, and results that are the style pictures themselves."""
    entries = []
    for name in ("pictures", "copies"):
        (tmp_path / name).mkdir()
    for number, style in enumerate(STYLES):
        style.save(tmp_path / "pictures" / f"style{number}.png")
        style.save(tmp_path / "copies" / f"pair{number}.png")
        entries.append(
            {"content": "style0.png", "style": f"style{number}.png", "name": f"pair{number}", "group": "one"}
        )
    (tmp_path / "pairs.json").write_text(json.dumps(entries))
    return [
        str(tmp_path / "pairs.json"),
        str(tmp_path / "copies"),
        "--pictures",
        str(tmp_path / "pictures"),
        "--size",
        "96",
    ]


def test_a_copy_leaks_all_of_it(compared: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(compared) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["results"] == "copies"
    assert told["whole"]["value"] == 1.0
    assert 0.5 <= told["shuffled"]["value"] <= 1.0


def test_what_cannot_be_counted_is_one_line(compared: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pairs = Path(compared[0])
    entries = json.loads(pairs.read_text())
    pairs.write_text(json.dumps([entry | {"group": f"hand {n}"} for n, entry in enumerate(entries)]))
    with pytest.raises(SystemExit, match="2"):
        main(compared)
    assert "by one hand" in capsys.readouterr().err
    (Path(compared[1]) / "pair0.png").unlink()
    with pytest.raises(SystemExit, match="2"):
        main(compared)
    assert "lacks 1 of 3 results" in capsys.readouterr().err
