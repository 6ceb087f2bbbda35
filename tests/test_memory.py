"""What is kept between pictures: the same pixels to the bit, fewer runs of the networks, a bound of bytes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.memory import Memory
from parasol.recipe import Recipe
from parasol.runtime.onnx import OnnxComponents
from small_model import drawing

CONTENT, STYLE, OTHER = drawing(0), drawing(1), drawing(2)
QUICK = {"steps": 4, "structure": 0.5, "style_scale": 3.0, "content_scale": 2.0}


@pytest.fixture
def fresh(model: Parasol) -> Parasol:
    """The small model with nothing kept yet."""
    return Parasol(model.bundle, model.components)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many pictures, latents or branches each network has been given."""
    counted: Counter[str] = Counter()
    run = OnnxComponents._run

    def noted(self: OnnxComponents, component: str, *inputs: np.ndarray) -> np.ndarray:
        counted[component] += len(inputs[0])
        return run(self, component, *inputs)

    monkeypatch.setattr(OnnxComponents, "_run", noted)
    return counted


def alone(model: Parasol, recipe: Recipe) -> np.ndarray:
    """The picture by a painter that keeps nothing."""
    return replace(model.painter, limit=0).paint(recipe).pixels


MOVES: dict[str, Callable[[Recipe], Recipe]] = {
    "another structure": lambda recipe: recipe.varied(structure=0.25),
    "a style scale": lambda recipe: recipe.varied(style_scale=-1.5),
    "no style": lambda recipe: recipe.varied(style_scale=0.0),
    "a content scale": lambda recipe: recipe.varied(content_scale=0.5),
    "joint guidance": lambda recipe: recipe.varied(guidance="joint"),
    "equal scales, jointly": lambda recipe: recipe.varied(guidance="joint", style_scale=2.0),
    "another sampler": lambda recipe: recipe.varied(sampler="dpm"),
    "dpm from elsewhere": lambda recipe: recipe.varied(sampler="dpm", structure=0.0),
    "another seed": lambda recipe: recipe.varied(seed=1),
    "other steps": lambda recipe: recipe.varied(steps=3),
    "new noise": lambda recipe: recipe.varied(fresh=True),
    "a colour step": lambda recipe: recipe.varied(color="match"),
    "all of the structure": lambda recipe: recipe.varied(structure=1.0),
}


def test_pixels_are_those_of_a_painter_that_keeps_nothing(fresh: Parasol) -> None:
    first = fresh.recipe(CONTENT, STYLE, fresh.dials(**QUICK))
    recipes = [first, *(move(first) for move in MOVES.values()), fresh.recipe(CONTENT, OTHER, fresh.dials(**QUICK))]
    recipes.append(fresh.recipe(CONTENT, OTHER, fresh.dials(**QUICK), shows=STYLE))
    recipes.append(fresh.recipe(CONTENT, OTHER, fresh.dials(**QUICK), protect=drawing(4)))
    for recipe in [*recipes, *recipes]:  # the second time all of it is kept
        assert np.array_equal(fresh.paint(recipe).pixels, alone(fresh, recipe)), recipe.dials


def test_tiles_and_content_maps_are_kept_apart(mapped: Bundle, threads: int) -> None:
    model = Parasol.load(mapped.folder, threads=threads)
    tiled = replace(model.painter, tile=24, overlap=16)
    first = model.recipe(drawing(3, 224, 128), STYLE, model.dials(**QUICK, content_map=True), size=224)
    for recipe in (first, first.varied(style_scale=1.0), first.varied(content_map=False), first):
        for painter in (model.painter, tiled):
            assert np.array_equal(painter.paint(recipe).pixels, replace(painter, limit=0).paint(recipe).pixels)


def test_another_style_runs_the_branches_of_that_style_alone(fresh: Parasol, runs: Counter[str]) -> None:
    looks = [fresh.style(look) for look in (STYLE, OTHER)]
    fresh.paint(fresh.recipe(CONTENT, looks[0], fresh.dials(**QUICK)))
    assert runs["denoise"] == 2 * 3 * 2 - 2, "two steps, three branches, source and target, which begin alike"
    other = fresh.recipe(CONTENT, looks[1], fresh.dials(**QUICK))
    runs.clear()
    fresh.paint(other)
    assert runs == {"denoise": 2 * 3 - 2, "project": 2, "decode": 1}
    runs.clear()
    fresh.paint(other.varied(style_scale=7.0, content_scale=1.0))
    assert runs["denoise"] == 2 * 3 - 2, "scales weigh the source's branches, which are known"


def test_a_colour_dial_runs_no_network(fresh: Parasol, runs: Counter[str]) -> None:
    recipe = fresh.recipe(CONTENT, STYLE, fresh.dials(**QUICK))
    seen: list[int] = []
    plain = fresh.paint(recipe)
    runs.clear()
    matched = fresh.paint(recipe.varied(color="match", color_strength=0.5), progress=lambda done, _: seen.append(done))
    assert not runs
    assert seen == [1, 2, 3, 4]
    assert not np.array_equal(plain.pixels, matched.pixels)


def test_what_needs_no_network_opens_none(fresh: Parasol, runs: Counter[str]) -> None:
    recipe = fresh.recipe(CONTENT, STYLE, fresh.dials(**QUICK))
    runs.clear()
    fresh.paint(recipe.varied(structure=1.0))
    assert runs == {"encode": 1, "decode": 1}
    runs.clear()
    fresh.paint(recipe.varied(fresh=True, seed=5))
    assert runs["encode"] == 0
    assert runs["style"] == 0


def test_a_canvas_draws_what_stylize_does(fresh: Parasol, runs: Counter[str]) -> None:
    canvas = fresh.canvas(drawing(3, 90, 200), size=160)
    expected = fresh.stylize(drawing(3, 90, 200), STYLE, **QUICK, size=160)
    drawn = canvas.draw(STYLE, fresh.dials(**QUICK))
    assert drawn.recipe == expected.recipe
    assert np.array_equal(drawn.pixels, expected.pixels)
    runs.clear()
    canvas.draw(fresh.style(OTHER), fresh.dials(**QUICK))
    assert runs["denoise"] == 2 * 3 - 2
    assert canvas.draw(STYLE).recipe.dials == fresh.dials()


def test_a_folder_and_a_sheet_describe_each_style_once(
    tmp_path, model: Parasol, runs: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many").mkdir()
    for seed in range(3):
        drawing(seed).save(f"many/{seed}.png")
    drawing(3).save("style.png")
    own = ["--model", str(model.bundle.folder), "--steps", "1"]
    assert main(["style", "many", "--like", "style.png", "-o", "out", *own]) == 0
    assert runs["style"] == 1 + 3, "the style, and each content picture under its own"
    runs.clear()
    assert main(["grid", "many", "--like", "style.png", "--like", "many/0.png", "-o", "sheet.png", *own]) == 0
    assert runs["style"] == 2 + 3
    assert runs["denoise"] == 3 * 3 + 3 * 2 * 1, "each content once; each pair begins with it and the new style is left"


def test_a_memory_keeps_what_was_used_last() -> None:
    memory, one = Memory(10), np.zeros(4, np.uint8)
    memory.put("a", one)
    memory.put("b", one.copy())
    assert memory.get("a") is one
    memory.put("c", one.copy())
    assert (memory.get("b"), memory.size) == (None, 8)
    memory.put("d", np.zeros(11, np.uint8))
    assert memory.get("d") is None
    assert memory.get("a") is one
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 1


def test_a_painter_stays_within_its_bound(fresh: Parasol) -> None:
    for limit in (0, 100_000, 400_000):
        painter = replace(fresh.painter, limit=limit)
        for seed in range(4):
            recipe = fresh.recipe(drawing(seed), STYLE, fresh.dials(**QUICK))
            assert np.array_equal(painter.paint(recipe).pixels, alone(fresh, recipe))
            assert painter.memory.size <= limit
