"""Bundles, cards and recipes of strangers: every change to their documents is read, or refused in one line."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.hostile.documents import documents
from parasol import Parasol
from parasol.bundle import MANIFEST, Bundle, BundleError
from parasol.cards import StyleCard
from parasol.errors import ParasolError
from parasol.recipe import Recipe
from parasol.runtime.graph import external_tensors
from small_model import copy_of, drawing, edit_manifest

LONGEST_LINE = 1000


def refusal(read: Callable[..., object], *given: object) -> None:
    """Call it; what it raises is the package's own, in one line that is no page."""
    line = ""
    try:
        read(*given)
    except ParasolError as error:
        line = str(error)
    assert "\n" not in line
    assert len(line) < LONGEST_LINE


def test_manifests(bundle: Bundle, tmp_path: Path) -> None:
    content = json.loads((bundle.folder / MANIFEST).read_text())
    small = content | {"networks": {}, "training": {}}
    for file in bundle.folder.iterdir():
        if file.name != MANIFEST:
            os.link(file, tmp_path / file.name)
    for _, data in documents(json.dumps(small), 3, 150):
        (tmp_path / MANIFEST).write_bytes(data)
        refusal(Bundle._read, tmp_path)


def test_cards_and_recipes(model: Parasol) -> None:
    picture = np.asarray(drawing(0, 40, 40)).astype(np.float32) / 255
    style = model.style([(picture, 1.0)])
    card = StyleCard.write(style, model.bundle.manifest, [("a", 1.0)])
    for _, data in documents(card.text(), 1, 150):
        refusal(lambda data: StyleCard.parse(data).of(model.bundle.manifest), data)
    recipe = model.recipe(picture, style, model.dials(steps=1), size=32)
    for _, data in documents(recipe.text(), 1, 150):
        refusal(Recipe.parse, data.decode(errors="replace"))


@pytest.mark.parametrize("schedule", [{"train_steps": 10**12}, {"beta_end": float("nan")}])
def test_schedules_without_an_end(bundle: Bundle, tmp_path: Path, schedule: dict[str, float]) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    known = json.loads((folder / MANIFEST).read_text())["schedule"]
    edit_manifest(folder, schedule=known | schedule)
    with pytest.raises(BundleError, match=r"bundle\.json is wrong at schedule"):
        Bundle.open(folder)


def test_a_pipe_in_place_of_a_manifest(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(BundleError, match="is no regular file"):
        Bundle.open(tmp_path)


def test_numbers_without_an_end_in_a_graph() -> None:
    with pytest.raises(ValueError, match="no ONNX file or breaks off"):
        external_tensors(b"\x3a" + b"\xff" * 1_000_000)


def test_a_model_whose_dimensions_are_not_its_graphs(bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    edit_manifest(folder, latent_channels=bundle.manifest.latent_channels + 1)
    model, picture = Parasol.load(folder, threads=1), drawing(0, 40, 40)
    refusal(lambda: model.paint(model.recipe(picture, picture, model.dials(steps=1), size=32)))
