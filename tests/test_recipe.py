"""Recipes: complete, exact, and refused in one line where they are not."""

import json
from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from parasol import Parasol
from parasol.images import PictureError, encode_png, fit, load
from parasol.recipe import KEYWORD, Dials, Recipe, RecipeError
from small_model import drawing

DIALS = Dials(style_scale=5.0, content_scale=5.0, structure=0.4, steps=10, seed=0, fresh=False, color="off")


@pytest.fixture(scope="module")
def recipe(model: Parasol) -> Recipe:
    return model.recipe(drawing(0), [(drawing(1), 0.7), (drawing(2), 0.3)], DIALS)


def test_a_recipe_survives_its_png(recipe: Recipe) -> None:
    png = encode_png(load(drawing(5)), text={KEYWORD: recipe.text()})
    again = Recipe.read(png)
    assert again == recipe
    np.testing.assert_array_equal(again.picture(), fit(load(drawing(0)), 128))
    assert again.style_parts(128, 12).descriptor.dtype == np.float32
    np.testing.assert_array_equal(again.style_parts(128, 12).descriptor, recipe.style_parts(128, 12).descriptor)
    np.testing.assert_array_equal(
        again.style_parts(128, 12).colours.covariance, recipe.style_parts(128, 12).colours.covariance
    )


def test_a_recipe_names_what_it_was_made_from(recipe: Recipe, model: Parasol) -> None:
    content = json.loads(recipe.text())
    assert content["model"] == {"name": "small", "hash": model.bundle.identity}
    assert content["dials"] == DIALS.__dict__
    assert all(len(content[part]["descriptor_hash"]) == 64 for part in ("content", "style"))
    other = model.recipe(drawing(0), drawing(2), DIALS)
    np.testing.assert_allclose(other.style_parts(128, 12).descriptor, model.embed_style(drawing(2)), atol=1e-7)
    assert other.style.descriptor_hash != recipe.style.descriptor_hash
    assert other.content == recipe.content


def test_a_recipe_holds_no_path(model: Parasol, tmp_path) -> None:
    drawing(0).save(tmp_path / "private-name.png")
    recipe = model.recipe(tmp_path / "private-name.png", drawing(1), DIALS)
    assert "private-name" not in recipe.text()


def test_varied_changes_dials_and_nothing_else(recipe: Recipe) -> None:
    varied = recipe.varied(seed=7, structure=1.0)
    assert varied.dials == replace(DIALS, seed=7, structure=1.0)
    assert varied.model_copy(update={"dials": DIALS}) == recipe
    with pytest.raises(ValueError, match=r"structure is 1\.5"):
        recipe.varied(structure=1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style_scale", 101.0),
        ("content_scale", float("nan")),
        ("content_scale", float("inf")),
        ("structure", -0.1),
        ("structure", float("nan")),
        ("steps", 0),
        ("steps", 1001),
        ("seed", -1),
        ("seed", 2**63),
        ("color", "loud"),
        ("color_strength", 1.5),
    ],
)
def test_a_dial_out_of_range_is_named_with_its_rule(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is .*; it must ") as caught:
        replace(DIALS, **{name: value})
    assert "\n" not in str(caught.value)


def broken(recipe: Recipe, path: str, value: object) -> str:
    content = json.loads(recipe.text())
    *parents, last = path.split(".")
    part = content
    for parent in parents:
        part = part[parent]
    part[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("format", 2, "has format 2 and this version reads format 1: update"),
        ("dials.structure", 3.0, "broken at dials .*structure is 3.0"),
        ("dials.steps", "many", "broken at dials.steps"),
        ("extra", 1, "broken at extra"),
        ("style.mean", [0.0], "broken at style.mean"),
        ("style.descriptor", "A", "broken at style.descriptor"),
        ("content.picture", 5, "broken at content.picture"),
    ],
)
def test_a_broken_recipe_is_refused_in_one_line(recipe: Recipe, path: str, value: object, expected: str) -> None:
    with pytest.raises(RecipeError, match=expected) as caught:
        Recipe.parse(broken(recipe, path, value))
    assert "\n" not in str(caught.value)


def test_text_that_is_no_recipe_is_refused() -> None:
    with pytest.raises(RecipeError, match="broken at the start"):
        Recipe.parse("not json")


def test_a_damaged_picture_or_descriptor_is_refused(recipe: Recipe, model: Parasol) -> None:
    no_picture = Recipe.parse(broken(recipe, "content.picture", "AAAA"))
    with pytest.raises(PictureError):
        model.paint(no_picture)
    for value in ("", "AAAA", "AAAAAA==", b64encode(np.full(128, np.nan, np.float32)).decode()):
        with pytest.raises(RecipeError, match="style descriptor"):
            model.paint(Recipe.parse(broken(recipe, "style.descriptor", value)))


def test_a_picture_without_a_recipe_is_refused(tmp_path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "plain.png")
    with pytest.raises(RecipeError, match=r"plain\.png' carries no recipe: give the file that Parasol wrote"):
        Recipe.read(tmp_path / "plain.png")
