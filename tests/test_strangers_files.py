"""Bundles, cards and recipes of strangers: every change to their documents is read, or refused in one line."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.hostile.documents import documents
from parasol import Parasol
from parasol.bundle import MANIFEST, Bundle, BundleError
from parasol.cards import StyleCard, TaughtPart
from parasol.errors import ParasolError
from parasol.finishing import FinishPart, GroundPart
from parasol.images import encode_png
from parasol.recipe import Recipe, TaughtRef
from parasol.runtime.graph import external_tensors
from parasol.vector.coloured import transported
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


def test_a_name_has_one_line(bundle: Bundle, model: Parasol, tmp_path: Path) -> None:
    card = json.loads(StyleCard.write(model.style(drawing(0)), bundle.manifest, [("a", 1.0)]).text())
    card["encoder"]["name"] = "style\nparasol: all is well"
    with pytest.raises(ParasolError, match=r"wrong at encoder\.name"):
        StyleCard.parse(json.dumps(card))


@pytest.mark.parametrize("share", [-0.5, 3.0, 1e30, float("nan")])
def test_shares_of_what_was_taught_are_bounded(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        TaughtPart(model="0", rank=1, weights=b"AAAA", share=share)
    with pytest.raises(ValueError, match="share"):
        TaughtRef(digest="0", share=share)


@pytest.mark.parametrize(
    "part",
    [
        {"fills": [0.5, 0.5, 0.0]},
        {"fills": [1.0], "lines": [0.0]},
        {"fills": [-1.0, 0.5]},
        {"width": 1e30},
    ],
)
def test_looks_of_other_colours_or_shares(part: dict[str, object]) -> None:
    look = {"fills": [1.0, 0.0], "lines": [0.0, 0.0], "width": 0.0}
    asked = {"colours": ["#ffffff", "#000000"], "look": look}
    assert FinishPart.model_validate(asked).look
    with pytest.raises(ValueError, match=r"look|colours"):
        FinishPart.model_validate(asked | {"look": look | part})


def test_shares_of_nothing_leave_every_part_the_ground() -> None:
    found = transported(np.ones(2), np.zeros((2, 3)), np.zeros(3), np.zeros((2, 2)))
    assert found.tolist() == [0, 0]


def test_a_ground_of_another_shape(model: Parasol) -> None:
    picture = np.asarray(drawing(0, 40, 40)).astype(np.float32) / 255
    recipe = model.recipe(picture, picture, model.dials(steps=1), size=32)
    other = b64encode(encode_png(np.ones((9, 9, 3), np.float32)))
    changed = recipe.model_copy(update={"ground": GroundPart(wanted="transparent", under="#ffffff", alpha=other)})
    with pytest.raises(ParasolError, match="has not the shape"):
        model.paint(changed)


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
