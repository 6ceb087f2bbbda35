"""The dial `guidance` on a small real model: what joint guidance changes, what it must not, and who remembers it."""

import json
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.images import encode_png, load
from parasol.images.save import save_png
from parasol.recipe import KEYWORD, Recipe
from small_model import drawing

CONTENT, STYLE, OTHER = drawing(0), drawing(1), drawing(2)
JOINT = {"steps": 5, "structure": 0.2, "style_scale": 2.0, "content_scale": 2.0, "guidance": "joint"}


def test_it_changes_the_picture_and_the_png_remembers_it(model: Parasol, tmp_path: Path) -> None:
    made = model.stylize(CONTENT, STYLE, **JOINT)
    made.save(tmp_path / "a.png")
    assert Recipe.read(tmp_path / "a.png").dials.guidance == "joint"
    assert np.array_equal(model.replay(tmp_path / "a.png").pixels, made.pixels)
    assert not np.array_equal(model.stylize(CONTENT, STYLE, **JOINT | {"guidance": "apart"}).pixels, made.pixels)


def test_a_recipe_from_before_the_dial_replays_apart(model: Parasol) -> None:
    made = model.stylize(CONTENT, STYLE, steps=4)
    text = json.loads(made.recipe.text())
    assert text["dials"].pop("guidance") == "apart", "the paper's, where a bundle does not say otherwise"
    assert Recipe.parse(json.dumps(text)) == made.recipe, "so that a batch that was begun before goes on"
    assert np.array_equal(model.replay(encode_png(made.pixels, text={KEYWORD: json.dumps(text)})).pixels, made.pixels)


@pytest.mark.parametrize("dials", [{}, {"fresh": True}, {"structure": 0.0, "content_scale": 5.0}])
def test_a_style_scale_of_0_ignores_the_style_to_the_bit(model: Parasol, dials: dict) -> None:
    chosen = JOINT | dials
    one, two = (model.stylize(CONTENT, style, **chosen | {"style_scale": 0.0}).pixels for style in (STYLE, OTHER))
    assert np.array_equal(one, two)
    assert not np.array_equal(*(model.stylize(CONTENT, style, **chosen).pixels for style in (STYLE, OTHER)))


def test_a_content_scale_of_0_from_new_noise_ignores_the_content_to_the_bit(model: Parasol) -> None:
    chosen = JOINT | {"fresh": True}
    one, two = (model.stylize(content, STYLE, **chosen | {"content_scale": 0.0}).pixels for content in (CONTENT, OTHER))
    assert np.array_equal(one, two)
    assert not np.array_equal(*(model.stylize(content, STYLE, **chosen).pixels for content in (CONTENT, OTHER)))


def test_structure_1_is_the_reconstruction(model: Parasol) -> None:
    made = model.stylize(CONTENT, STYLE, **JOINT | {"structure": 1.0, "style_scale": 7.0})
    assert np.array_equal(np.asarray(made.image), np.asarray(model.reconstruct(CONTENT)))


def test_an_unknown_guidance_is_refused(model: Parasol) -> None:
    with pytest.raises(ValueError, match=r"guidance is 'both'; it must be one of apart, joint: apart is the paper's"):
        model.stylize(CONTENT, STYLE, guidance="both")


def test_the_commands_take_the_guidance(
    model: Parasol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_png("content.png", load(CONTENT))
    save_png("style.png", load(STYLE))
    given = ["content.png", "--like", "style.png", "--steps", "5", "--guidance", "joint"]
    words = [*given, "--model", str(model.bundle.folder)]
    assert main(["style", *words, "-o", "a.png"]) == 0
    assert np.array_equal(load("a.png"), model.stylize(CONTENT, STYLE, steps=5, guidance="joint").pixels)
    assert main(["grid", *words, "-o", "sheet.png"]) == 0
    assert main(["search", "none.index", "--like", "style.png", "--guidance", "joint"]) == 2
    assert "--guidance is for the picture that --make draws: add --make" in capsys.readouterr().err
