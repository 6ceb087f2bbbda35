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


def test_gradual_structure_goes_from_one_whole_step_to_the_next(model: Parasol) -> None:
    """With five steps there are six pictures; gradual ones lie between them, and structure 1 is the content itself."""

    def painted(structure: float, **dials: object) -> np.ndarray:
        return model.stylize(CONTENT, STYLE, **FEW | {"structure": structure}, gradual=True, **dials).pixels

    for whole in (0.0, 0.4, 1.0):
        stairs = model.stylize(CONTENT, STYLE, **FEW | {"structure": whole}).pixels
        assert np.array_equal(painted(whole), stairs), whole
    kept, freer = painted(0.4), painted(0.2)
    assert np.array_equal(
        *(model.stylize(CONTENT, STYLE, **FEW | {"structure": share}).pixels for share in (0.31, 0.39))
    )
    way = [far(painted(share), kept) for share in (0.38, 0.34, 0.3, 0.26, 0.22)]
    assert way == sorted(way), "evenly, and without a stair"
    assert 0.0 < way[0] < 0.3 * way[-1]
    assert way[-1] == pytest.approx(far(freer, kept), rel=0.2)
    assert np.array_equal(np.asarray(model.reconstruct(CONTENT)), np.rint(painted(1.0) * 255.0).astype(np.uint8))
    unheard = {"structure": 0.3, "gradual": True, "style_scale": 0.0}
    one, two = (model.stylize(CONTENT, style, **FEW | unheard).pixels for style in (STYLE, OTHER))
    assert np.array_equal(one, two), "a style scale of 0 is as exact as ever"


def test_gradual_structure_outside_a_mask_and_where_it_is_protected(model: Parasol) -> None:
    white = np.zeros((128, 96), np.uint8)
    white[:, :48] = 255
    dials = FEW | {"structure": 0.3, "gradual": True}
    free = model.stylize(CONTENT, STYLE, **dials)
    within = model.stylize(CONTENT, STYLE, **dials, mask=white).pixels
    protected = model.stylize(CONTENT, STYLE, **dials, protect=white).pixels
    own = np.asarray(model.reconstruct(CONTENT), np.float32) / 255.0
    assert far(protected[:, :32], own[:, :32]) < 0.5 * far(free.pixels[:, :32], own[:, :32])
    assert np.array_equal(within[:, 48:], load(CONTENT)[:, 48:])
    again = model.replay(encode_png(free.pixels, text={KEYWORD: free.recipe.text()}))
    assert again.recipe.dials.gradual
    assert np.array_equal(again.pixels, free.pixels)


@pytest.mark.parametrize("dials", [{"style_scale": 0.0}, {"style_scale": 0.0, "fresh": True}])
def test_style_scale_0_ignores_the_style(model: Parasol, dials: dict) -> None:
    one, two = (model.stylize(CONTENT, style, **FEW, **dials).pixels for style in (STYLE, OTHER))
    assert np.array_equal(one, two)


@pytest.mark.skipif(DEFAULT_MODEL not in available_models(), reason="no trained model is bundled yet")
def test_ten_steps_look_like_fifty(threads: int) -> None:
    bundled = Parasol.load(threads=threads)

    def painted(**dials: object) -> np.ndarray:
        return bundled.stylize(EXAMPLES / "content.png", EXAMPLES / "style.png", **dials).pixels  # type: ignore[arg-type]

    many, few, first_order = painted(sampler="ddim"), painted(steps=10), painted(sampler="ddim", steps=10)
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
