"""The promises of the one orchestrator, each exact, on a real model with random weights."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from parasol import Parasol
from parasol.images import load, load_rgba
from parasol.maths.colour import colour_statistics, keep_colours, match_colours
from parasol.recipe import RecipeError
from small_model import copy_of, drawing, edit_manifest

CONTENT, STYLE, OTHER = drawing(0), drawing(1), drawing(2)
FAST = {"steps": 5, "style_scale": 2.0, "content_scale": 2.0}


def same(a, b) -> bool:
    return np.array_equal(a.pixels, b.pixels)


@pytest.mark.parametrize("scales", [(5.0, 5.0), (-3.0, 40.0)])
@pytest.mark.parametrize("shape", [(128, 128), (90, 128), (128, 30)])
def test_full_structure_is_the_reconstruction(model: Parasol, shape: tuple[int, int], scales: Sequence[float]) -> None:
    content = drawing(3, *shape)
    result = model.stylize(content, STYLE, structure=1.0, style_scale=scales[0], content_scale=scales[1])
    assert result.image.size == content.size
    assert np.array_equal(np.asarray(result.image), np.asarray(model.reconstruct(content)))


def test_a_model_may_draw_larger_than_it_was_trained(model: Parasol, tmp_path: Path) -> None:
    folder = copy_of(model.bundle, tmp_path / "larger")
    edit_manifest(folder, result_size=160)
    larger, tall = Parasol.load(folder), drawing(3, 90, 128)
    result = larger.stylize(tall, STYLE, **FAST)
    assert result.image.size == (112, 160)
    assert same(result, larger.stylize(tall, STYLE, **FAST, size=160))
    assert not same(result, model.stylize(tall, STYLE, **FAST))


def test_another_style_changes_the_picture(model: Parasol) -> None:
    """The content is inverted under its own style: under the new one, the residuals would rebuild it untouched."""
    result = model.stylize(CONTENT, STYLE, steps=10, structure=0.0, style_scale=5.0)
    assert np.abs(result.pixels - load(model.reconstruct(CONTENT))).max() > 0.03
    own = model.stylize(CONTENT, CONTENT, steps=10, structure=0.0, style_scale=5.0)
    assert np.abs(own.pixels - load(model.reconstruct(CONTENT))).max() < 0.01, "its own style leaves it as it is"


@pytest.mark.parametrize("structure", [0.0, 0.4])
def test_style_scale_zero_ignores_the_style_picture(model: Parasol, structure: float) -> None:
    dials = FAST | {"structure": structure}
    one, two = (model.stylize(CONTENT, style, **dials | {"style_scale": 0.0}) for style in (STYLE, OTHER))
    assert same(one, two)
    assert not same(*(model.stylize(CONTENT, style, **dials) for style in (STYLE, OTHER))), "at 2 it matters"


def test_style_scale_zero_rebuilds_the_content(model: Parasol) -> None:
    result = model.stylize(CONTENT, STYLE, **FAST | {"style_scale": 0.0, "structure": 0.0})
    difference = np.abs(np.asarray(result.image).astype(int) - np.asarray(model.reconstruct(CONTENT)))
    assert difference.max() <= 1, "one grey level: the residuals undo the network up to float32's rounding"


def test_content_scale_zero_and_fresh_ignore_the_content_picture(model: Parasol) -> None:
    dials = FAST | {"fresh": True}
    one, two = (model.stylize(content, STYLE, **dials | {"content_scale": 0.0}) for content in (CONTENT, OTHER))
    assert same(one, two)
    assert not same(*(model.stylize(content, STYLE, **dials) for content in (CONTENT, OTHER))), "at 2 it matters"


@pytest.mark.parametrize("dials", [{}, {"fresh": True}, {"color": "match"}, {"color": "keep", "structure": 0.2}])
def test_replay_is_exact(model: Parasol, tmp_path: Path, dials: dict[str, object]) -> None:
    result = model.stylize(CONTENT, [(STYLE, 1.0), (OTHER, -0.3)], seed=3, **FAST, **dials)
    result.save(tmp_path / "out.png")
    again = model.replay(tmp_path / "out.png")
    assert same(result, again)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.asarray(again.image))
    assert again.recipe == result.recipe


def test_the_seed_decides_alone(model: Parasol) -> None:
    """Pictures are sampled one at a time, so that what else is made in a batch cannot reach them."""
    recipe = model.stylize(CONTENT, STYLE, seed=4, **FAST).recipe
    batch = [model.paint(recipe.varied(seed=seed)) for seed in range(8)]
    assert same(batch[4], model.stylize(CONTENT, STYLE, seed=4, **FAST))
    assert not same(batch[4], batch[5])


def test_a_path_an_array_and_a_picture_are_one_input(model: Parasol, tmp_path: Path) -> None:
    CONTENT.save(tmp_path / "content.png")
    STYLE.save(tmp_path / "style.png")
    results = [
        model.stylize(CONTENT, STYLE, **FAST),
        model.stylize(str(tmp_path / "content.png"), tmp_path / "style.png", **FAST),
        model.stylize(np.asarray(CONTENT), [np.asarray(STYLE)], **FAST),
        model.stylize(load(CONTENT), [(load(STYLE), 2.5)], **FAST),
    ]
    assert all(same(results[0], result) for result in results[1:])


@pytest.mark.parametrize(
    ("shape", "size", "expected"), [((40, 20), 96, (96, 48)), ((300, 200), None, (128, 85)), ((64, 64), 32, (32, 32))]
)
def test_pictures_keep_their_shape(
    model: Parasol, shape: tuple[int, int], size: int | None, expected: tuple[int, int]
) -> None:
    assert model.stylize(drawing(0, *shape), STYLE, size=size, **FAST).image.size == expected
    assert model.reconstruct(drawing(0, *shape), size=size).size == expected


def test_a_result_may_have_the_size_of_its_content(model: Parasol, tmp_path: Path) -> None:
    assert model.stylize(drawing(0, 90, 150), STYLE, size="content", steps=1, structure=1.0).image.size == (90, 150)
    assert model.stylize(drawing(0, 20, 12), STYLE, size="content", steps=1, structure=1.0).image.size == (32, 19)
    with pytest.raises(ValueError, match="no content picture to have one"):
        model.stylize(None, STYLE, shows=CONTENT, size="content")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 12"><path d="M2 2h20v8z"/></svg>'
    assert load_rgba(svg).shape == (512, 1024, 4)
    assert load_rgba(svg, drawn=2048).shape == (1024, 2048, 4)


@pytest.mark.parametrize("size", [0, 31, 2049])
def test_a_size_out_of_range_is_refused(model: Parasol, size: int) -> None:
    with pytest.raises(ValueError, match=f"size is {size}; the longer side must have 32 to 2048 px"):
        model.stylize(CONTENT, STYLE, size=size)


def test_the_colour_step_moves_the_colours(model: Parasol) -> None:
    results = {color: model.stylize(CONTENT, STYLE, color=color, **FAST) for color in ("off", "match", "keep")}
    wanted = {"match": load(STYLE), "keep": load(CONTENT)}
    for color, target in wanted.items():
        mean, plain = (colour_statistics(results[name].pixels).mean for name in (color, "off"))
        target_mean = colour_statistics(target).mean
        assert np.abs(mean - target_mean).max() < 0.2 * np.abs(plain - target_mean).max() + 0.01
        assert 0.0 <= results[color].clipped_share < 0.5
    assert results["off"].clipped_share == 0.0


def test_kept_colours_are_those_of_each_place_unless_no_place_is_what_it_was(model: Parasol) -> None:
    made = model.stylize(CONTENT, STYLE, color="keep", **FAST)
    plain, content = model.stylize(CONTENT, STYLE, **FAST).pixels, made.recipe.picture()
    drawn = keep_colours(plain, content).pixels
    assert np.abs(made.pixels - drawn).mean() < 1.0 / 255, "8 bits before and after"
    fresh, kept = (model.stylize(CONTENT, STYLE, color=color, fresh=True, **FAST).pixels for color in ("off", "keep"))
    moved = match_colours(fresh, colour_statistics(content)).pixels
    assert np.abs(kept - moved).mean() < 2.0 / 255
    assert np.abs(kept - keep_colours(fresh, content).pixels).mean() > 4.0 / 255


def test_the_colour_step_goes_a_share_of_the_way(model: Parasol) -> None:
    dials = FAST | {"color": "match"}
    off, half, whole = (model.stylize(CONTENT, STYLE, color_strength=share, **dials) for share in (0.0, 0.5, 1.0))
    assert same(off, model.stylize(CONTENT, STYLE, **FAST))
    assert same(whole, model.stylize(CONTENT, STYLE, **dials))
    means = [colour_statistics(one.pixels).mean for one in (off, half, whole)]
    assert means[1] == pytest.approx((means[0] + means[2]) / 2, abs=0.02)
    assert np.abs(means[2] - means[0]).max() > 0.02


def test_defaults_are_the_models(model: Parasol) -> None:
    dials = model.stylize(CONTENT, STYLE).recipe.dials
    assert (dials.style_scale, dials.content_scale, dials.structure, dials.steps) == (5.0, 5.0, 0.4, 10)
    assert (dials.seed, dials.fresh, dials.color) == (0, False, "off")


def test_progress_and_timings_are_reported(model: Parasol) -> None:
    seen: list[tuple[int, int]] = []
    result = model.stylize(CONTENT, STYLE, **FAST, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(step, 5) for step in range(1, 6)]
    assert list(result.seconds) == ["describe", "encode", "sample", "decode", "colour", "finish"]
    assert all(value >= 0.0 for value in result.seconds.values())


def test_embeddings_have_unit_norm_and_tell_pictures_apart(model: Parasol) -> None:
    for embed, width in ((model.embed_style, 128), (model.embed_content, 256)):
        one, two = embed(CONTENT), embed(OTHER)
        assert one.shape == (width,)
        assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
        assert np.abs(one - two).max() > 1e-5


def test_a_recipe_for_another_model_is_refused(model: Parasol, tmp_path: Path) -> None:
    folder = copy_of(model.bundle, tmp_path / "copy")
    edit_manifest(folder, name="other", schedule={"beta_end": 0.016})
    model.stylize(CONTENT, STYLE, **FAST).save(tmp_path / "out.png")
    with pytest.raises(RecipeError, match=r"for the model 'small' with hash .* name that model or its folder"):
        Parasol.load(folder).replay(tmp_path / "out.png")


def test_the_core_never_loads_torch(model: Parasol, tmp_path: Path, threads: int) -> None:
    CONTENT.save(tmp_path / "in.png")
    code = """
import sys
from parasol import Parasol
folder, threads, source, target = sys.argv[1:]
Parasol.load(folder, threads=int(threads)).stylize(source, source, steps=2).save(target)
print(sorted({"torch", "diffusers", "onnx", "scipy"} & set(sys.modules)))
"""
    arguments = [str(model.bundle.folder), str(threads), str(tmp_path / "in.png"), str(tmp_path / "out.png")]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("fresh", [False, True])
def test_outside_a_mask_not_a_pixel_changes(model: Parasol, fresh: bool) -> None:
    mask = np.zeros((128, 96), np.uint8)
    mask[30:60, 20:70] = 255
    mask[60, 20:70] = 128
    dials = FAST | {"structure": 0.0, "fresh": fresh, "color": "match"}
    whole, part = (model.stylize(CONTENT, STYLE, mask=one, **dials) for one in (None, mask))
    kept = load(CONTENT)
    assert np.array_equal(part.pixels[mask == 0], kept[mask == 0])
    inside = np.abs(part.pixels - kept)[mask == 255]
    assert inside.mean() > 0.02
    assert not np.array_equal(part.pixels[mask == 255], whole.pixels[mask == 255]), "the surroundings matter"
    assert np.array_equal(model.paint(part.recipe).pixels, part.pixels)
    everywhere = model.stylize(CONTENT, STYLE, mask=np.full((128, 96), 255, np.uint8), **dials)
    assert same(everywhere, whole), "a white mask is none"


def test_masks_are_refused_where_they_mean_nothing(model: Parasol) -> None:
    with pytest.raises(ValueError, match="the mask comes to 128 x 128 px and the content to 96 x 128 px"):
        model.stylize(CONTENT, STYLE, mask=np.zeros((64, 64), np.uint8))
    with pytest.raises(ValueError, match="black everywhere"):
        model.stylize(CONTENT, STYLE, mask=np.zeros((128, 96), np.uint8))


def test_a_protected_region_keeps_more_structure(model: Parasol) -> None:
    dials = FAST | {"structure": 0.0, "steps": 4}
    mask = np.zeros((128, 96), np.uint8)
    mask[:64] = 255
    free, part, whole = (
        model.stylize(CONTENT, STYLE, protect=one, **dials) for one in (None, mask, np.full((128, 96), 255, np.uint8))
    )
    kept = model.stylize(CONTENT, STYLE, **dials | {"structure": 1.0})
    assert same(whole, kept), "white keeps all of it"
    far = [np.abs(one.pixels - kept.pixels) for one in (free, part)]
    assert far[1][:40].mean() < 0.2 * far[0][:40].mean(), "but for what the decoder sees beyond the border"
    assert far[1][80:].mean() > 0.5 * far[0][80:].mean()
    assert np.array_equal(model.paint(part.recipe).pixels, part.pixels)


def test_grey_protects_by_its_share(model: Parasol) -> None:
    dials = FAST | {"steps": 4}
    grey = np.full((128, 96), 128, np.uint8)  # half of what is free
    for structure, wanted in ((0.0, 0.5), (0.5, 0.75)):
        found = model.stylize(CONTENT, STYLE, protect=grey, **dials | {"structure": structure})
        assert same(found, model.stylize(CONTENT, STYLE, **dials | {"structure": wanted}))


def test_a_mask_and_a_protected_region_work_together(model: Parasol) -> None:
    mask, protect = (np.zeros((128, 96), np.uint8) for _ in range(2))
    mask[:, :48] = protect[:64] = 255
    dials = FAST | {"structure": 0.0}
    found = model.stylize(CONTENT, STYLE, mask=mask, protect=protect, **dials)
    assert np.array_equal(found.pixels[:, 48:], load(CONTENT)[:, 48:])
    kept = model.stylize(CONTENT, STYLE, **dials | {"structure": 1.0})
    far = np.abs(found.pixels - kept.pixels)[:, :32]
    assert far[:40].mean() < 0.5 * far[80:].mean()


def test_protection_is_refused_where_it_means_nothing(model: Parasol) -> None:
    white = np.full((128, 96), 255, np.uint8)
    with pytest.raises(ValueError, match="protect keeps structure and fresh starts without any: leave one out"):
        model.stylize(CONTENT, STYLE, protect=white, fresh=True)
    with pytest.raises(ValueError, match="fresh starts without any"):
        model.recipe(CONTENT, STYLE, model.dials(), protect=white).varied(fresh=True)
    with pytest.raises(ValueError, match="the protect mask is black everywhere, so that it protects nothing"):
        model.stylize(CONTENT, STYLE, protect=np.zeros((128, 96), np.uint8))
    with pytest.raises(ValueError, match="protect is given and no content picture"):
        model.stylize(None, STYLE, shows=CONTENT, protect=white)


def test_several_contents_mix_in_any_order(model: Parasol) -> None:
    parts = [(CONTENT, 0.7), (OTHER, 0.5), (STYLE, -0.2)]
    one, two = (model.stylize(None, STYLE, shows=mixed, steps=3) for mixed in (parts, parts[::-1]))
    assert np.abs(one.pixels - two.pixels).max() <= 1 / 255
    assert one.recipe.dials.fresh
    assert one.image.size == (128, 128)
    alone = model.stylize(None, STYLE, shows=[(CONTENT, 1.0), (OTHER, 0.0)], steps=3)
    same_alone = model.stylize(None, STYLE, shows=CONTENT, steps=3)
    assert np.array_equal(alone.pixels, same_alone.pixels), "a weight of 0 leaves a content out"
    assert np.array_equal(model.paint(one.recipe).pixels, one.pixels)


def test_what_is_shown_may_differ_from_the_layout(model: Parasol) -> None:
    dials = FAST | {"structure": 0.2}
    plain, other = (model.stylize(CONTENT, STYLE, shows=shows, **dials) for shows in (None, OTHER))
    assert not same(plain, other)
    own = model.stylize(CONTENT, STYLE, shows=plain.recipe.picture(), **dials)
    assert np.abs(plain.pixels - own.pixels).max() <= 1 / 255, "its own content is what it shows anyway"


def test_nothing_to_show_is_refused(model: Parasol) -> None:
    with pytest.raises(ValueError, match="neither a content picture nor what to show"):
        model.stylize(None, STYLE)
