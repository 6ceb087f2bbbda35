"""Masks as people have them: half the size, of zeros and ones, of truth values; and recipes whose masks do not fit."""

import re
from base64 import b64encode
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from parasol import Parasol
from parasol.cards import StyleCard
from parasol.images import encode_png, fit, load
from parasol.pipeline import _region
from parasol.recipe import RecipeError
from small_model import drawing


def region(width: int, height: int, content: tuple[int, int], size: int = 256) -> np.ndarray:
    """What becomes of a white mask for a content picture of that width and height."""
    picture = fit(np.zeros((content[1], content[0], 3), np.float32), size)
    found = _region("mask", np.full((height, width), 255, np.uint8), picture, "nothing")
    assert found is not None
    assert found.shape == picture.shape[:2]
    return found


@pytest.mark.parametrize("rounded", [round, floor, ceil])
@pytest.mark.parametrize("part", [2, 4])
def test_a_mask_of_a_part_of_the_size_fits(rounded: object, part: int) -> None:
    random = np.random.default_rng(0)
    for width, height in random.integers(200, 1400, (25, 2)).tolist():
        for size in (128, 256, 1024):
            assert region(rounded(width / part), rounded(height / part), (width, height), size).all()


@pytest.mark.parametrize("mask", [(400, 300), (300, 400), (500, 480), (256, 243)])
def test_a_mask_of_another_shape_is_refused(mask: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="give both one shape"):
        region(*mask, (512, 512))


def test_a_mask_of_zeros_and_ones_is_black_and_white(tmp_path: Path) -> None:
    picture = fit(np.zeros((96, 96, 3), np.float32), 96)
    labels = np.zeros((96, 96), np.uint8)
    labels[20:60, 30:70] = 1
    expected = _region("mask", labels * np.uint8(255), picture, "nothing")
    Image.fromarray(labels).save(tmp_path / "labels.png")
    for mask in (labels, labels.astype(bool), tmp_path / "labels.png"):
        assert np.array_equal(_region("mask", mask, picture, "nothing"), expected)
    assert np.array_equal(load(labels.astype(bool)), load(labels * np.uint8(255)))


def test_a_mask_of_a_recipe_that_does_not_fit_is_refused(model: Parasol) -> None:
    made = model.recipe(drawing(0), drawing(1), model.dials(steps=1), mask=np.ones((128, 96), np.float32))
    assert model.paint(made).pixels.shape == (128, 96, 3)
    for part in ("region", "protected"):
        other = b64encode(encode_png(np.ones((64, 64, 3), np.float32)))
        planted = type(made).model_validate(made.model_dump() | {part: other})
        with pytest.raises(RecipeError, match="has not the shape of its content picture"):
            model.paint(planted)


def test_descriptors_that_are_not_those_of_their_hash_are_refused(model: Parasol) -> None:
    made = model.recipe(drawing(0), drawing(1), model.dials(steps=1), shows=drawing(2))
    for part in ("style", "content"):
        planted = re.sub(rf'("{part}":{{.*?"descriptor_hash":")\w{{8}}', r"\g<1>00000000", made.text())
        assert planted != made.text()
        with pytest.raises(RecipeError, match=f"{part} descriptor is not the one that its hash names"):
            model.paint(type(made).parse(planted))
    card = model.card(drawing(1)).text()
    with pytest.raises(ValueError, match="is not the one that its hash names"):
        StyleCard.parse(re.sub(r'("descriptor_hash": ?")\w{8}', r"\g<1>00000000", card)).of(model.bundle.manifest)


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(weight: float, model: Parasol) -> None:
    with pytest.raises(ValueError, match="must be a finite number"):
        model.style([(drawing(0), weight), (drawing(1), 1.0)])
    with pytest.raises(ValueError, match="must be a finite number"):
        model.shown([(drawing(0), weight)])
