"""The guide: one pass of the U-Net for a guided prediction, by the dials, in bundles and recipes, in both runtimes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.bundle import GUIDE_WEIGHTS, Bundle, BundleError
from parasol.errors import ParasolError
from parasol.recipe import Recipe, RecipeError
from parasol.sampling.guided import branch_tokens, guided
from parasol.types import Condition
from small_model import drawing

DIALS = {"steps": 3, "content_map": True, "guidance": "joint", "style_scale": 2.0, "content_scale": 1.5}


@pytest.fixture(scope="module")
def guided_model(distilled: Bundle, threads: int) -> Parasol:
    return Parasol.load(distilled.folder, threads=threads)


def test_a_guide_that_is_right_gives_what_all_branches_give() -> None:
    """By the numbers: a network of three answers, and a guide that knows them."""
    random = np.random.default_rng(0)
    answers = {name: random.standard_normal((1, 4, 2, 2)).astype(np.float32) for name in ("null", "content", "joint")}
    tokens = Condition(
        style=random.standard_normal((1, 5)).astype(np.float32),
        content=random.standard_normal((1, 5)).astype(np.float32),
        content_map=random.standard_normal((1, 3, 5)).astype(np.float32),
    )
    rows = {name: branch_tokens(tokens, [name]).tobytes() for name in answers}  # type: ignore[list-item]
    asked: list[int] = []

    def denoise(z: np.ndarray, t: int, given: np.ndarray) -> np.ndarray:
        asked.append(len(given))
        return np.concatenate([answers[next(n for n in rows if rows[n] == row.tobytes())] for row in given])

    def guide(z: np.ndarray, t: int, given: np.ndarray, eps: np.ndarray) -> np.ndarray:
        assert np.array_equal(eps, answers["joint"])
        assert given.tobytes() == rows["joint"]
        return np.concatenate([answers["null"] - eps, answers["content"] - eps], axis=1)

    z = np.zeros((1, 4, 2, 2), np.float32)
    for scales in ((2.0, 1.5), (1.75, 1.75), (3.0, 1.2)):
        whole, quick = (
            guided(denoise, tokens, g_s=scales[0], g_y=scales[1], joint=True, guide=by)(z, 9) for by in (None, guide)
        )
        assert asked[-1] == 1
        np.testing.assert_allclose(quick, whole, atol=1e-6)
    # Scales of 1 are the network's own prediction to the bit, and the guide is not asked.
    plain = guided(denoise, tokens, g_s=1.0, g_y=1.0, joint=True, guide=None)(z, 9)
    same = guided(denoise, tokens, g_s=1.0, g_y=1.0, joint=True, guide=lambda *_: pytest.fail("asked"))(z, 9)
    assert np.array_equal(plain, same)


def test_a_guide_spares_the_network_two_passes_of_three(guided_model: Parasol, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[tuple[str, int]] = []
    kind = type(guided_model.components)
    run = kind._run

    def counting(self: object, component: str, *given: np.ndarray) -> np.ndarray:
        passes.append((component, len(given[0])))
        return run(self, component, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "_run", counting)
    own = guided_model.stylize(drawing(1), drawing(2), **DIALS)  # type: ignore[arg-type]
    asked = [part for part in passes if part[0] in ("denoise", "guide")]
    # Two steps, for structure keeps the first of three: source and target, one pass and one answer each.
    assert asked == [("denoise", 1), ("guide", 1)] * 4
    passes.clear()
    guided_model.stylize(drawing(1), drawing(3), **DIALS)  # type: ignore[arg-type]
    assert [part for part in passes if part[0] in ("denoise", "guide")] == [("denoise", 1), ("guide", 1)] * 2
    passes.clear()
    exact = guided_model.stylize(drawing(1), drawing(2), distilled=False, **DIALS)  # type: ignore[arg-type]
    assert max(rows for part, rows in passes if part == "denoise") == 3
    assert "guide" not in {part for part, _ in passes}
    assert own.recipe.dials.distilled
    assert not exact.recipe.dials.distilled
    assert np.abs(own.pixels - exact.pixels).max() > 0.01


def test_what_a_guide_takes_part_in_says_so_and_replays(
    guided_model: Parasol, distilled: Bundle, mapped: Bundle
) -> None:
    assert distilled.identity == mapped.identity, "without the dial no pixel depends on it"
    drawn = guided_model.stylize(drawing(1), drawing(2), **DIALS)  # type: ignore[arg-type]
    assert drawn.recipe.guide == distilled.guide
    again = Parasol.load(distilled.folder).paint(Recipe.parse(drawn.recipe.text()))
    assert np.array_equal(again.pixels, drawn.pixels)
    # Without it the recipe is what it was before there were guides, byte for byte, and needs none.
    dials = guided_model.dials(distilled=False, **DIALS)  # type: ignore[arg-type]
    exact = guided_model.recipe(drawing(1), drawing(2), dials)
    assert '"guide"' not in exact.text()
    assert np.array_equal(guided_model.paint(exact).pixels, Parasol.load(mapped.folder).paint(exact).pixels)
    assert guided_model.paint(drawn.recipe.varied(distilled=False)).recipe.guide is None
    other = drawn.recipe.model_copy(update={"guide": "0" * 64})
    with pytest.raises(RecipeError, match=r"asks for the guide 000000000000 of the model, and its is"):
        guided_model.paint(other)
    with pytest.raises(RecipeError, match="and it has none"):
        Parasol.load(mapped.folder).paint(drawn.recipe)
    with pytest.raises(ParasolError, match="'small' has no guide: leave it out"):
        Parasol.load(mapped.folder).dials(distilled=True)


def test_exact_promises_hold_with_a_guide(guided_model: Parasol) -> None:
    def pixels(content: int, style: int, **dials: object) -> np.ndarray:
        return guided_model.stylize(drawing(content), drawing(style), **(DIALS | dials)).pixels  # type: ignore[arg-type]

    assert np.array_equal(pixels(1, 2, style_scale=0.0), pixels(1, 3, style_scale=0.0))
    assert not np.array_equal(pixels(1, 2), pixels(1, 3))
    assert np.array_equal(pixels(1, 2, content_scale=0.0, fresh=True), pixels(3, 2, content_scale=0.0, fresh=True))
    kept = guided_model.reconstruct(drawing(1))
    assert np.array_equal(np.rint(pixels(1, 2, structure=1.0) * 255), np.asarray(kept, np.float64))
    # One that draws again, of what it remembers and of nothing, gives the same bits.
    assert np.array_equal(pixels(1, 2), Parasol.load(guided_model.bundle.folder).paint(
        guided_model.recipe(drawing(1), drawing(2), guided_model.dials(**DIALS))  # type: ignore[arg-type]
    ).pixels)  # fmt: skip
    # In the content's own style nothing is left to explain: the content comes back.
    own = pixels(1, 1)
    assert np.abs(own - np.asarray(kept, np.float32) / 255.0).max() < 2.0 / 255.0
    # Without a map the bare branches are asked, as they are where the paper's guidance is.
    for asked in ({"content_map": False}, {"guidance": "apart"}, {"content_scale": 2.5}):
        assert np.array_equal(pixels(1, 2, **asked), pixels(1, 2, distilled=False, **asked))


def test_a_guide_is_the_same_in_both_runtimes(guided_model: Parasol, distilled: Bundle) -> None:
    theirs = Parasol.load(distilled.folder, runtime="torch").stylize(drawing(1), drawing(2), **DIALS)  # type: ignore[arg-type]
    ours = guided_model.stylize(drawing(1), drawing(2), **DIALS)  # type: ignore[arg-type]
    assert np.abs(ours.pixels - theirs.pixels).max() < 1.01 / 255.0  # whole in 8 bits


def test_a_damaged_guide_is_refused(distilled: Bundle, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(distilled.folder, tmp_path / "model"))
    data = (folder / GUIDE_WEIGHTS).read_bytes()
    (folder / GUIDE_WEIGHTS).write_bytes(data[:-1] + b"x")
    with pytest.raises(BundleError, match=r"guide\.safetensors is not the file that the manifest names"):
        Bundle.open(folder)
    (folder / GUIDE_WEIGHTS).unlink()
    with pytest.raises(BundleError, match=r"guide\.safetensors cannot be read"):
        Bundle.open(folder)
