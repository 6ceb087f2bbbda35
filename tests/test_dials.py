"""Each dial is written down once: what is read from the record, and that a dial more is one field and its use."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from inspect import signature
from pathlib import Path

import pytest
from PIL import Image

from lab import dials as pages
from parasol import Parasol, ParasolError
from parasol.apps.cli import main
from parasol.apps.commands import implementation
from parasol.bundle import Bundle, DefaultDials
from parasol.dials import Dials, asked, named
from parasol.dials.keywords import DialKeywords
from parasol.recipe import Recipe, RecipeError
from small_model import copy_of, drawing, edit_manifest

ROOT = Path(__file__).parents[1]
NAMES = [dial.name for dial in asked()]


@pytest.mark.parametrize("path", pages.written())
def test_what_is_written_from_the_record_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages.written()[path], "python -m lab dials writes it anew"


def test_python_and_the_commands_take_every_dial() -> None:
    assert [*DialKeywords.__annotations__] == NAMES
    for name in ("style", "grid", "search", "set"):
        assert {*NAMES} <= {*signature(implementation(name)).parameters}, name


def test_what_is_left_out_or_none_is_the_models_own(model: Parasol) -> None:
    own = model.bundle.manifest.dials
    found = model.dials(style_scale=None, seed=3)
    assert (found.style_scale, found.steps, found.seed, found.color) == (own.style_scale, own.steps, 3, "off")
    assert asdict(found).keys() == {dial.name for dial in named()}
    assert DefaultDials.model_fields.keys() == {dial.name for dial in named() if dial.dial.own is not None}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 2.5}, "steps is 2.5; it must be a whole number"),
        ({"style_scale": "much"}, "style_scale is 'much'; it must be a number"),
        ({"structure": float("nan")}, r"structure is nan; it must lie in 0 \(free\) to 1"),
        ({"seed": -1}, f"seed is -1; it must lie in 0 to {2**63 - 1}"),
    ],
)
def test_a_value_of_another_sort_is_refused(given: dict[str, object], message: str, model: Parasol) -> None:
    with pytest.raises(ParasolError, match=message):
        model.dials(**given)  # type: ignore[arg-type]


def test_the_paper_is_one_word_away(model: Parasol, tmp_path: Path) -> None:
    folder = copy_of(model.bundle, tmp_path / "quick")
    quick = {"style_scale": 2.0, "content_scale": 1.5, "structure": 0.1, "steps": 10, "sampler": "dpm"}
    edit_manifest(folder, dials={**quick, "guidance": "joint", "texture": 0.5})
    other = Parasol(Bundle.open(folder), model.components)
    assert (other.dials().sampler, other.dials().steps) == ("dpm", 10)
    assert (other.dials(sampler="ddim").steps, other.dials(sampler="ddim", steps=7).steps) == (50, 7)
    assert asdict(other.dials(paper=True)) == {
        "style_scale": 5.0, "content_scale": 5.0, "structure": 0.4, "steps": 50, "seed": 0, "fresh": False,
        "color": "off", "color_strength": 1.0, "content_map": False, "sampler": "ddim", "guidance": "apart",
        "texture": 0.0,
        "neutral": 0.0, "guidance_interval": 1.0, "distilled": False, "gradual": False, "flat_steps": 2,
    }  # fmt: skip
    few = replace(other.dials(paper=True), steps=4, flat_steps=4, color="match")
    assert other.dials(paper=True, steps=4, color="match") == few
    with pytest.raises(ParasolError, match="strength is calibrated with the model's own dials and paper leaves them"):
        other.dials(paper=True, strength=0.5)


def test_a_name_of_no_dial_is_an_error_of_the_program(model: Parasol) -> None:
    with pytest.raises(TypeError, match="there is no dial 'structur'"):
        model.dials(structur=0.5)  # type: ignore[call-arg]


def test_a_recipe_with_a_dial_of_a_later_version_is_refused(model: Parasol) -> None:
    recipe = json.loads(model.recipe(drawing(0), drawing(1), model.dials()).text())
    recipe["dials"]["glow"] = 0.5
    with pytest.raises(RecipeError, match="the dial 'glow', which this version does not know: update parasol-style"):
        Recipe.parse(json.dumps(recipe))


FIELD = """    glow: Annotated[float, Dial(help="How much light is added.", own=0.0, ends=("none", "white"))] = 0.0

    def __post_init__"""
PLACE = "_colour_step(recipe.dials, uncoloured * (1 - recipe.dials.glow) + recipe.dials.glow,"
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
import parasol
from lab import dials as pages
from parasol import Parasol
from parasol.apps.cli import main
from parasol.images import load
from parasol.recipe import Recipe
from parasol.studio.dials import told_dials
from parasol.studio.wanted import AskedDials

folder, house = sys.argv[1:]
assert Path(parasol.__file__).is_relative_to(house)
assert main(["replay", "old.png", "-o", "again.png", "--model", folder]) == 0
assert np.array_equal(load("old.png"), load("again.png")), "pictures of before replay bit for bit"
words = ["c.png", "--like", "s.png", "--steps", "2", "--model", folder]
assert main(["style", *words, "--glow", "0.5", "-o", "new.png"]) == 0
lit = Recipe.read("new.png")
assert lit.dials.glow == 0.5
assert lit.text() == Parasol.load(folder).stylize("c.png", "s.png", steps=2, glow=0.5).recipe.text()
assert abs(load("new.png") - (load("old.png") + 1) / 2).max() <= 1 / 255
assert main(["replay", "new.png", "-o", "again.png", "--model", folder]) == 0
assert np.array_equal(load("new.png"), load("again.png"))
assert main(["grid", *words, "--vary", "glow=0,1", "-o", "sheet.png"]) == 0
assert main(["style", *words, "--glow", "2"]) == 2
assert [one for one in told_dials({}) if one["name"] == "glow"][0]["help"] == "How much light is added."
assert AskedDials.model_json_schema()["properties"]["glow"]["maximum"] == 1.0
assert "glow: float | None" in pages.keywords() and "`--glow` 0..1" in pages.table()
"""


def test_a_dial_more_is_one_field_and_the_place_that_paints_it(
    tmp_path: Path, bundle: Bundle, model: Parasol, capfd: pytest.CaptureFixture[str]
) -> None:
    package, house = ROOT / "src" / "parasol", tmp_path / "house"
    shutil.copytree(package, house / "parasol", ignore=shutil.ignore_patterns("models", "static", "__pycache__"))
    (house / "parasol" / "models").symlink_to(package / "models")
    (house / "lab").symlink_to(ROOT / "lab")
    for file, place, more in (
        ("dials/__init__.py", "    def __post_init__", FIELD),
        ("painting.py", "_colour_step(recipe.dials, uncoloured,", PLACE),
    ):
        text = (house / "parasol" / file).read_text("utf-8")
        assert text.count(place) == 1
        (house / "parasol" / file).write_text(text.replace(place, more), "utf-8")
    drawing(0).save(tmp_path / "c.png")
    drawing(1).save(tmp_path / "s.png")
    model.stylize(tmp_path / "c.png", tmp_path / "s.png", steps=2).save(tmp_path / "old.png")
    program = [sys.executable, "-c", PROGRAM, str(bundle.folder), str(house)]
    done = subprocess.run(program, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(house)}, check=False)
    assert done.returncode == 0, capfd.readouterr().err
    with pytest.raises(RecipeError, match="the dial 'glow'"):  # and taken away again
        Recipe.read(tmp_path / "new.png")


def test_every_dial_has_a_help_of_one_sentence() -> None:
    for dial in asked():
        assert dial.dial.help[0].isupper(), dial.name
        assert dial.dial.help.endswith("."), dial.name
    assert len({*NAMES}) == len(NAMES) == len(named(Dials)) + 2


def test_a_sheet_turns_dials_of_every_sort(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy_of(bundle, tmp_path / "calibrated")
    edit_manifest(folder, strength=[{"style_scale": 0.5, "structure": 1.0}, {"style_scale": 4.5, "structure": 0.0}])
    drawing(0, 32, 32).save("c.png")
    drawing(1, 32, 32).save("s.png")
    words = ["grid", "c.png", "--like", "s.png", "--steps", "1", "--size", "32", "--model", str(folder)]
    vary = ["--vary", "strength=0,0.5", "--vary", "color=off,match"]
    assert main([*words, *vary, "-o", "sheet.png"]) == 0
    drawn = [[cell["dials"] for cell in row[2:]] for row in json.loads(Image.open("sheet.png").text["parasol-sheet"])]  # type: ignore[attr-defined]
    found = [[(one["style_scale"], one["structure"], one["color"]) for one in row] for row in drawn]
    assert found == [[(0.5, 1.0, color), (2.5, 0.5, color)] for color in ("off", "match")]
    capsys.readouterr()
    assert main([*words, "--vary", "strength=0,1", "--style-scale", "3"]) == 2
    assert "strength stands for style_scale and structure" in capsys.readouterr().err
    assert main([*words, "--vary", "content-map=off,on"]) == 2
    assert "a content map is asked for" in capsys.readouterr().err
