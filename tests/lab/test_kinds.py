"""What tells photographs from drawings: numpy says what torch learned, and nothing is learned from tests."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from lab.kinds import held, training
from lab.kinds.changes import CHANGES, MORE
from parasol.images import from_uint8, kind
from photograph_corpus import photographs, scene


@pytest.fixture
def network() -> training.Network:
    """As published below, with random layers and moments above."""
    torch.manual_seed(0)
    network = training.Network().eval()
    mean, spread = network.scale.running_mean, network.scale.running_var
    assert mean is not None
    assert spread is not None
    mean.normal_()
    spread.uniform_(0.5, 2.0)
    return network


def test_numpy_gives_the_odds_of_the_network_that_was_trained(
    network: training.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = scene(150)[:, :110]
    weights = {name: values.astype(np.float32) for name, values in network.fold().items()}
    monkeypatch.setattr(kind, "_weights", lambda: weights)
    rows = np.rint(kind.seen(picture) * 255).astype(np.uint8)[None]
    [odds] = training.odds_of(network, training.Examples(rows, np.ones(1, np.float32)))
    assert kind.photograph_odds(picture) == pytest.approx(odds, abs=0.02)
    assert {name: values.shape for name, values in kind.load_file(kind.WEIGHTS).items()} == {
        name: values.shape for name, values in weights.items()
    }


def icons(folder: Path) -> Path:
    """One cell of each split."""
    lines = []
    for split in ("train", "content-val", "content-test", "style-test"):
        picture = Image.new("RGBA", (64, 64))
        ImageDraw.Draw(picture).ellipse((8, 8, 56, 56), fill="green")
        (folder / "cells").mkdir(parents=True, exist_ok=True)
        picture.save(folder / "cells" / f"{split}.png")
        lines.append(json.dumps({"split": split, "set": "a", "file": f"cells/{split}.png"}))
    (folder / "cells.jsonl").write_text("\n".join(lines))
    return folder


def test_nothing_learns_from_what_tests_or_is_not_openly_licensed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    read = training._opened
    monkeypatch.setattr(training, "_opened", lambda file, largest: opened.append(file.stem) or read(file, largest))
    monkeypatch.setattr(training, "_hands", lambda *_: [Image.new("RGBA", (32, 32), "red")])
    drawings, cells = training.drawings_of([icons(tmp_path / "icons")], tmp_path, 1, validation=False)
    pictures = training.photographs_of(photographs(tmp_path / "photographs", train=3), cells, 1, validation=False)
    random = np.random.default_rng(0)
    for source, photograph in ((drawings, False), (pictures, True)):
        examples = training.changed(source, random, photograph)
        assert {next(examples).shape for _ in range(12)} == {(kind.SIDE, kind.SIDE, 3)}
    assert {name.partition("-")[2] or name for name in opened} == {"train"}


@pytest.mark.parametrize("change", [*CHANGES, *MORE])
def test_changes_keep_something_to_be_seen(change: str) -> None:
    picture = Image.fromarray(np.rint(scene(80) * 255).astype(np.uint8)).convert("RGBA")
    for photograph in (True, False):
        changed = (CHANGES | MORE)[change](picture, np.random.default_rng(1), photograph).convert("RGB")
        assert np.ptp(np.asarray(changed), axis=(0, 1)).max() > 16


def test_drawings_of_tests_come_from_every_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_redrawn", lambda _: iter([("1", Image.new("RGBA", (8, 8)))] * 9))
    groups = held.drawings([icons(tmp_path)], tmp_path, 10)
    assert {name for name, _ in groups["cells"]} == {"content-test.png", "style-test.png"}
    assert len(groups["redrawn"]) == 1


def test_the_ground_is_cut_off_and_light_does_not_count() -> None:
    picture = np.kron(np.random.default_rng(0).random((9, 9, 3)), np.ones((10, 10, 1))).astype(np.float32)
    sheets = [np.full((height, width, 3), 0.5, np.float32) for height, width in ((300, 200), (180, 260))]
    for sheet in sheets:
        sheet[40:130, 30:120] = picture
    assert np.abs(np.subtract(*map(kind.seen, sheets))).mean() < 0.1
    assert np.abs(kind.seen(sheets[0]) - kind.seen(picture)).mean() > 0.1, "a rim of it is left"
    assert np.abs(kind.seen(0.4 * picture + 0.1) - kind.seen(picture)).mean() < 0.02
    assert np.array_equal(kind.seen(picture), from_uint8(np.rint(kind.seen(picture) * 255).astype(np.uint8)))
