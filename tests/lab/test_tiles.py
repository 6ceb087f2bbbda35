"""The seams figure sees a seam where there is one, and its command goes on where it was stopped."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab import tiles as command
from lab.tiles import Trial, counted_once, gradients, seams
from parasol import Parasol
from parasol.sampling.tiles import Tiles
from small_model import drawing

TILES = Tiles(height=256, width=256, tile=160, overlap=64)  # px: they begin at 96 and end at 160


def noise(height: int = 256, width: int = 256) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), dtype=np.float32)


def test_a_seam_is_seen_and_noise_is_none() -> None:
    ratio = {}
    for line in (0, 160, 120):  # none; where a tile ends; inside a tile
        torn = noise()
        torn[:, line:] += 0.3 * (line > 0)
        border, elsewhere = gradients(torn, TILES)
        ratio[line] = border / elsewhere
    assert ratio[0] == pytest.approx(1.0, abs=0.02)
    assert ratio[160] > ratio[0] + 0.03
    assert ratio[120] < ratio[0]


def test_lines_are_those_of_the_padded_picture() -> None:
    """244 px stand 6 px inside 256, so that the line at 160 is the 154th of the picture."""
    flat = np.zeros((244, 256, 3), np.float32)
    flat[154:] = 1.0
    border, elsewhere = gradients(flat, TILES)
    assert (border, elsewhere) == (pytest.approx(1.0 / 4), 0.0)


def test_the_interior_is_where_one_tile_counts() -> None:
    alone = counted_once(TILES, 32, noise(244))
    assert alone.shape == (244, 256)
    assert alone.sum() == (2 * 96 - 12) * (2 * 96)
    assert not alone[90:154].any()


def test_one_tile_has_no_border(model: Parasol) -> None:
    with pytest.raises(ValueError, match="name a larger --size"):
        gradients(noise(), Tiles(height=256, width=256, tile=256, overlap=64))


def test_the_command(model: Parasol, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr(command, "SIZES", (64,))
    drawing(0).save(tmp_path / "content.png")
    drawing(1).save(tmp_path / "style.png")
    out = tmp_path / "tiles.json"
    words = ["--content", str(tmp_path / "content.png"), "--like", str(tmp_path / "style.png"), "--out", str(out)]
    words += ["--model", str(model.bundle.folder), "--size", "256", "--tile", "24", "--overlap", "16", "--steps", "2"]
    assert command.main(words) == 0
    found = json.loads(out.read_text())["figures"]
    assert found["costs"]["summary"]["64"]["peak_mb"] > 50
    one = found["seams"]["records"][0]
    assert one["tiles"] == 2
    summary = found["seams"]["summary"]
    ratio = (one["tiled"][0] / one["tiled"][1]) / (one["whole"][0] / one["whole"][1])
    assert summary["excess"]["value"] == pytest.approx(ratio, abs=1e-4)
    assert summary["of"] == summary["excess"]["pairs"] == 1
    assert 5.0 < summary["interior"] < 100.0
    monkeypatch.setattr(command, "run_parasol", lambda *words: pytest.fail("measured again"))
    assert command.main(words) == 0
    assert capsys.readouterr().out.count('"seams"') == 2
    with pytest.raises(SystemExit, match="2"):
        command.main([*words, "--content", str(tmp_path / "none.png")])


def test_a_tile_as_large_as_the_picture_is_refused(model: Parasol, tmp_path: Path) -> None:
    drawing(0).save(tmp_path / "a.png")
    trial = Trial(
        model=model, contents=(tmp_path / "a.png",), styles=(tmp_path / "a.png",), size=128, tile=24, overlap=16,
        dials=model.dials(steps=1),
    )  # fmt: skip
    with pytest.raises(ValueError, match="name a larger --size"):
        seams(trial).measure(seams(trial).units[0])
