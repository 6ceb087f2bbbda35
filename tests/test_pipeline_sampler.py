"""The dial `sampler` on a small real model: what it changes, what it must not, and how recipes and commands keep it."""

import json
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import DEFAULT_MODEL, available_models
from parasol.images import encode_png, load
from parasol.images.save import save_png
from parasol.maths.distances import psnr
from parasol.recipe import KEYWORD, Recipe
from small_model import drawing

CONTENT, STYLE, OTHER = drawing(0), drawing(1), drawing(2)
EXAMPLES = Path(__file__).parents[1] / "examples"
FEW = {"steps": 5, "structure": 0.4, "sampler": "dpm"}


def far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def test_a_recipe_from_before_the_dial_replays_as_ddim(model: Parasol) -> None:
    made = model.stylize(CONTENT, STYLE, steps=4)
    text = json.loads(made.recipe.text())
    assert text["dials"].pop("sampler") == "ddim"
    old = Recipe.parse(json.dumps(text))
    assert old == made.recipe, "so that a batch that was begun before goes on"
    assert np.array_equal(model.replay(encode_png(made.pixels, text={KEYWORD: json.dumps(text)})).pixels, made.pixels)


def test_the_png_remembers_the_sampler(model: Parasol, tmp_path: Path) -> None:
    made = model.stylize(CONTENT, STYLE, **FEW)
    made.save(tmp_path / "a.png")
    assert Recipe.read(tmp_path / "a.png").dials.sampler == "dpm"
    assert np.array_equal(model.replay(tmp_path / "a.png").pixels, made.pixels)
    assert not np.array_equal(model.stylize(CONTENT, STYLE, **FEW | {"sampler": "ddim"}).pixels, made.pixels)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_structure_1_is_the_reconstruction(model: Parasol, steps: int) -> None:
    made = model.stylize(CONTENT, STYLE, structure=1.0, steps=steps, sampler="dpm")
    assert np.array_equal(np.asarray(made.image), np.asarray(model.reconstruct(CONTENT)))


@pytest.mark.parametrize("dials", [{"style_scale": 0.0}, {"style_scale": 0.0, "fresh": True}])
def test_style_scale_0_ignores_the_style(model: Parasol, dials: dict) -> None:
    one, two = (model.stylize(CONTENT, style, **FEW, **dials).pixels for style in (STYLE, OTHER))
    assert np.array_equal(one, two)


@pytest.mark.skipif(DEFAULT_MODEL not in available_models(), reason="no trained model is bundled yet")
def test_ten_steps_look_like_fifty(threads: int) -> None:
    bundled = Parasol.load(threads=threads)

    def painted(**dials: object) -> np.ndarray:
        return bundled.stylize(EXAMPLES / "content.png", EXAMPLES / "style.png", **dials).pixels  # type: ignore[arg-type]

    many, few, first_order = painted(sampler="ddim"), painted(), painted(sampler="ddim", steps=10)
    assert psnr(few, many) > psnr(first_order, many) + 2.0


@pytest.mark.parametrize("fresh", [False, True])
def test_outside_a_mask_not_a_pixel_changes(model: Parasol, fresh: bool) -> None:
    mask = np.zeros((128, 96), np.uint8)
    mask[30:60, 20:70] = 255
    made = model.stylize(CONTENT, STYLE, mask=mask, **FEW, fresh=fresh)
    assert np.array_equal(made.pixels[mask == 0], load(CONTENT)[mask == 0])
    assert far(made.pixels[mask == 255], load(CONTENT)[mask == 255]) > 0.01


def test_an_unknown_sampler_is_refused(model: Parasol) -> None:
    with pytest.raises(ValueError, match=r"sampler is 'euler'; it must be one of ddim, dpm: ddim for 50 steps"):
        model.stylize(CONTENT, STYLE, sampler="euler")


def test_the_commands_take_the_sampler(
    model: Parasol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_png("content.png", load(CONTENT))
    save_png("style.png", load(STYLE))
    words = [
        "content.png",
        "--like",
        "style.png",
        "--steps",
        "5",
        "--sampler",
        "dpm",
        "--model",
        str(model.bundle.folder),
    ]
    assert main(["style", *words, "-o", "a.png"]) == 0
    assert np.array_equal(load("a.png"), model.stylize(CONTENT, STYLE, steps=5, sampler="dpm").pixels)
    assert main(["grid", *words, "-o", "sheet.png"]) == 0
    assert main(["search", "none.index", "--like", "style.png", "--sampler", "dpm"]) == 2
    assert "--sampler is for the picture that --make draws: add --make" in capsys.readouterr().err
    assert main(["style", *words, "--sampler", "euler"]) == 2
    assert "'euler' is not one of 'ddim', 'dpm'" in capsys.readouterr().err
