"""The student: one pass of the network for a guided prediction, in the bundle, by the dials, in recipes."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.adaptation import adaptable
from parasol.bundle import STUDENT, Bundle, BundleError
from parasol.errors import ParasolError
from parasol.maths.guidance import joint_weights
from parasol.recipe import Recipe, RecipeError
from parasol.student import WIDTH, Student
from parasol.training.export import add_student
from small_model import drawing


def some_student(bundle: Bundle, seed: int = 0) -> Student:
    """One that is heard, of rank 1."""
    random = np.random.default_rng(seed)
    weights = bundle.weights("denoise")
    shapes = {name: (weights[name].shape[0], weights[name][0].size) for name in adaptable(weights)}
    factors = {
        name: tuple(0.05 * random.standard_normal(shape, np.float32) for shape in ((rows, 1), (1, columns)))
        for name, (rows, columns) in shapes.items()
    }
    sizes = {"first": (WIDTH, 4), "bias": (WIDTH,), "second": (2 * bundle.manifest.content.dimension, WIDTH)}
    parts = {name: 0.1 * random.standard_normal(size, np.float32) for name, size in sizes.items()}
    return Student.of(bundle.identity, factors, parts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def distilled(mapped: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with a student, which draws where nothing else is said."""
    folder = tmp_path_factory.mktemp("distilled") / "model"
    shutil.copytree(mapped.folder, folder)
    return add_student(Bundle.open(folder), some_student(mapped), {"student": {"of": "chance"}})


@pytest.fixture(scope="module")
def student_model(distilled: Bundle, threads: int) -> Parasol:
    return Parasol.load(distilled.folder, threads=threads)


DIALS = {"steps": 3, "content_map": True, "guidance": "joint", "style_scale": 2.0, "content_scale": 1.5}


def test_a_student_draws_in_one_pass_a_step_and_end(student_model: Parasol, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    kind = type(student_model.components)
    run = kind._run
    monkeypatch.setattr(kind, "_run", lambda self, component, *given: (
        rows.append(len(given[0])) if component == "denoise" else None, run(self, component, *given)
    )[1])  # fmt: skip
    own, exact = (student_model.stylize(drawing(1), drawing(2), distilled=on, **DIALS) for on in (None, False))
    assert rows[:4] == [1] * 4  # two steps, for structure keeps the first of three: source and target, one each
    assert max(rows[4:]) == 3
    assert own.recipe.dials.distilled
    assert not exact.recipe.dials.distilled
    assert np.abs(own.pixels - exact.pixels).max() > 0.01


def test_what_a_student_draws_says_so_and_replays(student_model: Parasol, distilled: Bundle, mapped: Bundle) -> None:
    assert distilled.student is not None
    drawn = student_model.stylize(drawing(1), drawing(2), **DIALS)
    assert drawn.recipe.student == distilled.student.digest
    again = Parasol.load(distilled.folder).paint(Recipe.parse(drawn.recipe.text()))
    assert np.array_equal(again.pixels, drawn.pixels)
    # Without it the recipe is what it was before there were students, byte for byte, and needs none.
    exact = student_model.recipe(drawing(1), drawing(2), student_model.dials(distilled=False, **DIALS))
    assert '"student"' not in exact.text()
    assert np.array_equal(student_model.paint(exact).pixels, Parasol.load(mapped.folder).paint(exact).pixels)
    assert student_model.paint(drawn.recipe.varied(distilled=False)).recipe.student is None
    other = drawn.recipe.model_copy(update={"student": "0" * 64})
    with pytest.raises(RecipeError, match=r"drawn by the student 000000000000 of the model, and this has"):
        student_model.paint(other)
    with pytest.raises(RecipeError, match="which it has none of"):
        Parasol.load(mapped.folder).paint(drawn.recipe)
    with pytest.raises(ParasolError, match="'small' has no student: leave it out"):
        Parasol.load(mapped.folder).dials(distilled=True)


def test_a_scale_of_zero_ignores_its_modality_to_the_bit(student_model: Parasol) -> None:
    def pixels(content: int, style: int, **dials: float) -> np.ndarray:
        return student_model.stylize(drawing(content), drawing(style), **{**DIALS, **dials}).pixels  # type: ignore[arg-type]

    assert np.array_equal(pixels(1, 2, style_scale=0.0), pixels(1, 3, style_scale=0.0))
    assert not np.array_equal(pixels(1, 2), pixels(1, 3))
    assert np.array_equal(pixels(1, 2, content_scale=0.0, fresh=True), pixels(3, 2, content_scale=0.0, fresh=True))  # type: ignore[arg-type]
    # Structure 1 is the content itself, and beyond what was learned every branch is asked.
    kept = student_model.reconstruct(drawing(1))
    assert np.array_equal(np.rint(pixels(1, 2, structure=1.0) * 255), np.asarray(kept, np.float64))
    assert np.array_equal(
        pixels(1, 2, style_scale=6.0),
        student_model.stylize(drawing(1), drawing(2), **{**DIALS, "style_scale": 6.0}, distilled=False).pixels,
    )


def test_a_student_is_the_same_in_both_runtimes(student_model: Parasol, distilled: Bundle) -> None:
    torch_model = Parasol.load(distilled.folder, runtime="torch")
    ours, theirs = (one.stylize(drawing(1), drawing(2), **DIALS).pixels for one in (student_model, torch_model))
    assert np.abs(ours - theirs).max() < 1.01 / 255.0  # whole in 8 bits


def test_a_damaged_student_is_told(distilled: Bundle, tmp_path: Path) -> None:
    assert distilled.student is not None
    data = distilled.student.data()
    assert Student.parse(data, distilled.identity).digest == distilled.student.digest
    told = distilled.student.told(joint_weights(2.0, 1.5))
    assert told.shape == (2, 256)
    for wrong in (data[:-4], b"", distilled.student.adaptation.data):
        with pytest.raises(ParasolError, match="is no student"):
            Student.parse(wrong, distilled.identity)
    endless = dataclasses.replace(distilled.student, bias=np.full(WIDTH, np.nan, np.float32))
    with pytest.raises(ParasolError, match="no finite number"):
        Student.parse(endless.data(), distilled.identity)
    folder = tmp_path / "model"
    shutil.copytree(distilled.folder, folder)
    (folder / STUDENT).write_bytes(data[:-1] + b"x")
    with pytest.raises(BundleError, match=r"student\.safetensors is not the file that the manifest names"):
        Bundle.open(folder)
