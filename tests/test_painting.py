"""Pictures in tiles on a small real model: the same where networks are local, small in memory, and exact to replay."""

from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.bundle import Bundle
from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.images import fit, load
from parasol.maths.distances import psnr
from parasol.painting import PIXELS, TILE, Painter
from parasol.runtime import Components
from parasol.runtime.onnx import OnnxComponents
from small_model import drawing

CONTENT, STYLE = drawing(0), drawing(1)
QUICK = {"steps": 3, "structure": 0.0, "style_scale": 1.0, "content_scale": 1.0}


def painter(components: Components, tile: int, overlap: int = 16) -> Painter:
    manifest = components.bundle.manifest
    return Painter(
        components=components,
        style=StyleEncoder(components=components, card=manifest.style),
        content=ContentEncoder(components=components, card=manifest.content),
        tile=tile,
        overlap=overlap,
    )


@pytest.mark.parametrize("shape", [(256, 256), (96, 288)])
def test_the_autoencoder_in_tiles_is_as_it_is_whole(model: Parasol, shape: tuple[int, int]) -> None:
    picture = fit(load(drawing(3, *shape)), max(shape))
    tiled, whole = (painter(model.components, tile).reconstruct(picture) for tile in (24, 64))
    assert tiled.shape == whole.shape == picture.shape
    assert np.abs(tiled - whole).max() < 1e-3, "below a quarter of a grey level"


def test_networks_never_see_more_than_a_tile(model: Parasol, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []
    run = OnnxComponents._run

    def noted(self: OnnxComponents, component: str, *inputs: np.ndarray) -> np.ndarray:
        seen.append((component, inputs[0].shape))
        return run(self, component, *inputs)

    recipe = model.recipe(drawing(3, 288, 120), STYLE, model.dials(**QUICK), size=288)
    monkeypatch.setattr(OnnxComponents, "_run", noted)
    result = painter(model.components, 24).paint(recipe)
    assert result.pixels.shape == (120, 288, 3)
    sides = {
        name: max(max(shape[2:]) for one, shape in seen if one == name) for name in ("encode", "decode", "denoise")
    }
    assert sides == {"encode": 24 * PIXELS, "decode": 24, "denoise": 24}
    assert all(side % 4 == 0 for one, shape in seen if one == "denoise" for side in shape[2:])


@pytest.mark.parametrize("dials", [{}, {"fresh": True}, {"sampler": "dpm", "structure": 0.4}])
def test_a_picture_in_tiles_is_exact_to_repeat(model: Parasol, dials: dict) -> None:
    recipe = model.recipe(CONTENT, STYLE, model.dials(**QUICK | dials), size=256)
    one, two = (painter(model.components, 24).paint(recipe).pixels for _ in range(2))
    assert np.array_equal(one, two)
    whole = painter(model.components, 64).paint(recipe).pixels
    assert not np.array_equal(one, whole), "the network is not local"
    assert psnr(one, whole) > 15.0


def test_full_structure_is_the_reconstruction_in_tiles_too(model: Parasol) -> None:
    recipe = model.recipe(CONTENT, STYLE, model.dials(steps=3, structure=1.0), size=256)
    small = painter(model.components, 24)
    assert np.abs(small.paint(recipe).pixels - small.reconstruct(recipe.picture())).max() <= 0.5 / 255 + 1e-6


def test_outside_a_mask_nothing_changes_in_tiles_either(model: Parasol) -> None:
    mask = np.zeros((256, 192), np.uint8)
    mask[60:200, 50:150] = 255
    recipe = model.recipe(CONTENT, STYLE, model.dials(**QUICK), size=256, mask=mask)
    found = painter(model.components, 24).paint(recipe).pixels
    assert np.array_equal(found[mask == 0], recipe.picture()[mask == 0])
    assert np.abs(found - recipe.picture())[mask == 255].mean() > 0.01


def test_what_fits_into_one_tile_is_as_with_any_larger_tile(model: Parasol) -> None:
    recipe = model.recipe(CONTENT, STYLE, model.dials(**QUICK))
    pixels = [painter(model.components, tile, 12).paint(recipe).pixels for tile in (16, 24, TILE)]
    assert all(np.array_equal(pixels[0], other) for other in pixels[1:])


def test_a_large_picture_replays_from_its_png(model: Parasol, tmp_path: Path) -> None:
    """The tile follows from the version and the size: recipes need not name it."""
    side = TILE * PIXELS + 32
    made = model.stylize(drawing(4, side, 64), STYLE, size=side, steps=1, structure=0.0)
    made.save(tmp_path / "large.png")
    assert np.array_equal(model.replay(tmp_path / "large.png").pixels, made.pixels)


def test_a_tile_hears_the_map_of_its_own_pixels(mapped: Bundle, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = Parasol.load(mapped.folder, threads=threads)
    recipe = placed.recipe(CONTENT, STYLE, placed.dials(structure=0.0, steps=2, content_map=True), size=256)
    seen: list[tuple[int, ...]] = []
    of_picture = ContentEncoder.map

    def noted(self: ContentEncoder, picture: np.ndarray) -> np.ndarray:
        seen.append(picture.shape)
        return of_picture(self, picture)

    monkeypatch.setattr(ContentEncoder, "map", noted)
    painter(placed.components, 24).paint(recipe)
    assert seen == [(192, 192, 3)] * 2, "256 x 192 px are two tiles, each read once"
    seen.clear()
    painter(placed.components, 64).paint(recipe)
    assert seen == [recipe.picture().shape]


def test_neutral_leaves_out_the_contents_colours_but_for_what_is_kept(model: Parasol) -> None:
    coloured = np.zeros((64, 64, 3), np.float32) + np.array([0.9, 0.2, 0.3], np.float32)
    coloured[16:48, 16:48] = (0.1, 0.4, 0.9)

    def painted(**dials: float) -> np.ndarray:
        return np.asarray(model.stylize(coloured, STYLE, **{**QUICK, **dials}).pixels)  # type: ignore[arg-type]

    plain, whole = painted(), painted(structure=1.0)
    np.testing.assert_array_equal(painted(structure=1.0, neutral=1.0), whole, "all structure is the picture itself")
    np.testing.assert_array_equal(painted(neutral=0.0), plain)
    assert np.ptp(painted(neutral=1.0), axis=2).mean() < 0.8 * np.ptp(plain, axis=2).mean()
    protect = np.zeros((64, 64), np.float32)
    protect[:, :32] = 1.0
    grey, own = (
        model.stylize(coloured, STYLE, protect=protect, **{**QUICK, "neutral": share}).pixels  # type: ignore[arg-type]
        for share in (1.0, 0.0)
    )
    apart = np.abs(grey - own).mean(axis=(0, 2))
    assert apart[:40].mean() < 0.25 * apart[-40:].mean(), "what is protected keeps its colours"
