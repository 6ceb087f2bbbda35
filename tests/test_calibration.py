"""Laying out --strength: even steps of the distance, and the command that writes them into a bundle."""

import json
from pathlib import Path

import numpy as np
import pytest

import drawn_corpus
from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import DefaultDials
from parasol.calibration import stops, way
from small_model import copy_of

OWN = DefaultDials(style_scale=5.0, content_scale=5.0, structure=0.4, steps=2)


def test_stops_lie_where_the_distance_has_fallen_by_equal_parts() -> None:
    bent = np.array([1.0, 0.5, 0.25, 0.125, 0.0])
    found = stops(bent, own=OWN, end=0.0, count=5)
    shares = [1.0 - stop.structure for stop in found]
    assert shares == pytest.approx([0.0, 0.125, 0.25, 0.5, 1.0], abs=1e-3)
    assert [stop.style_scale for stop in found] == pytest.approx([1.0 + 4.0 * share for share in shares], abs=1e-3)


def test_the_dial_ends_where_the_distance_is_lowest() -> None:
    found = stops(np.array([1.0, 0.0, 0.5]), own=OWN, end=0.2, count=3)
    assert found[0].structure == 1.0
    assert found[-1].structure == way(0.5, own=OWN, end=0.2)["structure"] == pytest.approx(0.6)


def test_the_command_writes_the_stops_and_nothing_else(
    model: Parasol, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = drawn_corpus.make(tmp_path / "corpus")
    folder = copy_of(model.bundle, tmp_path / "mine")
    before = json.loads((folder / "bundle.json").read_text())
    assert main(["calibrate", str(folder), "--corpus", str(corpus.folder), "--pairs", "1", "--end", "0.25"]) == 0
    told = capsys.readouterr().out.splitlines()
    after = json.loads((folder / "bundle.json").read_text())
    assert len(after["strength"]) == len(told) == 21
    assert after["strength"][0] == {"style_scale": 1.0, "structure": 1.0}
    assert told[0] == "style scale 1.00  structure 1.00"
    assert all(stop["structure"] >= 0.25 for stop in after["strength"])
    assert {**after, "strength": ()} == {**before, "strength": ()}
    assert Parasol.load(folder).dials(strength=0.0).structure == 1.0


def test_a_corpus_without_room_leaves_the_bundle_as_it_is(
    model: Parasol, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, folder = drawn_corpus.make(tmp_path / "corpus"), copy_of(model.bundle, tmp_path / "mine")
    before = (folder / "bundle.json").read_bytes()
    assert main(["calibrate", str(folder), "--corpus", str(corpus.folder), "--pairs", "99"]) == 2
    assert "99 pairs are asked for; it must be at least 1, and there is room for" in capsys.readouterr().err
    assert (folder / "bundle.json").read_bytes() == before
