"""Strips and meshes: ends are the single results, and what lies between lies between."""

from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.blend import between, mesh
from parasol.images import load
from parasol.recipe import Dials, Recipe
from small_model import drawing

DIALS = Dials(style_scale=2.0, content_scale=2.0, structure=0.4, steps=3, seed=0, fresh=True, flat_steps=3)
CONTENTS, STYLES = (drawing(0), drawing(1)), (drawing(2), drawing(3))


@pytest.fixture(scope="module")
def corners(model: Parasol) -> list[list[Recipe]]:
    return [[model.recipe(content, style, DIALS) for style in STYLES] for content in CONTENTS]


def angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0))))


def test_ends_are_the_single_pictures(model: Parasol, corners: list[list[Recipe]]) -> None:
    cells = mesh(model, corners, 3)
    assert [len(row) for row in cells] == [3, 3, 3]
    for row in (0, 1):
        for column in (0, 1):
            single = model.stylize(
                CONTENTS[row], STYLES[column], style_scale=2.0, content_scale=2.0, steps=3, fresh=True
            )
            assert cells[2 * row][2 * column] == single.recipe
            assert np.array_equal(model.paint(cells[2 * row][2 * column]).pixels, single.pixels)


def test_steps_are_even_in_both_spaces(model: Parasol, corners: list[list[Recipe]]) -> None:
    cells = mesh(model, corners, 5)
    styles = [recipe.style_parts(128, 12).descriptor for recipe in cells[0]]
    whole = angle(styles[0], styles[-1])
    assert [angle(styles[0], style) for style in styles] == pytest.approx(np.linspace(0, whole, 5).tolist(), abs=0.05)
    ends = [model.embed_content(CONTENTS[place]) for place in (0, 1)]
    shown = [ends[0], *(row[0].shown_descriptor(256) for row in cells[1:4]), ends[1]]
    whole = angle(*ends)
    assert [angle(ends[0], one) for one in shown] == pytest.approx(np.linspace(0, whole, 5).tolist(), abs=0.05)


def test_the_way_back_is_the_same_way(model: Parasol, corners: list[list[Recipe]]) -> None:
    there, back = between(model, *corners[0], 0.25), between(model, *reversed(corners[0]), 0.75)
    np.testing.assert_allclose(there.style_parts(128, 12).descriptor, back.style_parts(128, 12).descriptor, atol=1e-6)
    assert there.content == back.content == corners[0][0].content, "what both have stays as it is"


def test_colours_lie_between(model: Parasol, corners: list[list[Recipe]]) -> None:
    colours = [recipe.style_parts(128, 12).colours for recipe in mesh(model, corners[:1], 3)[0]]
    assert all(one is not None for one in colours)
    means = [one.mean for one in colours if one is not None]
    np.testing.assert_allclose(means[1], (means[0] + means[2]) / 2, atol=1e-6)


def test_words_and_pictures_meet(model: Parasol, corners: list[list[Recipe]], monkeypatch: pytest.MonkeyPatch) -> None:
    told = np.eye(256, dtype=np.float32)[0]
    spoken = corners[0][0].changed(shown=told)
    found = between(model, corners[0][0], spoken, 0.5).shown_descriptor(256)
    assert found is not None
    assert angle(found, told) == pytest.approx(angle(model.embed_content(CONTENTS[0]), told) / 2, abs=0.05)


def test_what_cannot_be_blended_is_refused(model: Parasol, corners: list[list[Recipe]]) -> None:
    first, second = corners[0][0], corners[1][0]
    with pytest.raises(ValueError, match="dials differ"):
        between(model, first, second.varied(seed=4), 0.5)
    with pytest.raises(ValueError, match="no layout between them: start from new noise"):
        between(model, first.varied(fresh=False), second.varied(fresh=False), 0.5)
    with pytest.raises(ValueError, match="two contents whose colours could be kept"):
        between(model, first.varied(color="keep"), second.varied(color="keep"), 0.5)
    wide = model.recipe(drawing(4, 60, 120), STYLES[0], DIALS)
    with pytest.raises(ValueError, match="96 x 128 px and 64 x 128 px: crop them"):
        between(model, first, wide, 0.5)
    with pytest.raises(ValueError, match="ask for at least 2"):
        mesh(model, corners, 1)


def test_the_command_draws_strips_and_meshes(
    model: Parasol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        drawing(number).save(f"{number}.png")
    words = ["--model", str(model.bundle.folder), "--steps", "2", "--cell", "32", "-o", "sheet.png"]
    strip = ["grid", "0.png", "--like", "2.png", "--like", "3.png", "--between", "3"]
    assert main([*strip, *words]) == 0
    assert load("sheet.png").shape[:2] == (4 + 36, 4 + 3 * 36)
    assert main(["grid", "0.png", "1.png", "--like", "2.png", "--like", "3.png", "--between", "3", *words]) == 0
    assert load("sheet.png").shape[:2] == (4 + 3 * 36, 4 + 3 * 36)
    capsys.readouterr()
    assert main(["grid", "0.png", "1.png", "2.png", "--like", "3.png", "--between", "3", *words]) == 2
    assert "3 contents and 1 styles: give two or four" in capsys.readouterr().err
    assert main([*strip, "--vary", "seed=1,2", *words]) == 2
    assert "leave one out" in capsys.readouterr().err
