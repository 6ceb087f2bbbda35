"""The dial `texture` on a small real model: what it brings closer, what it must not touch, and who remembers it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol, painting
from parasol.cards import StyleCard
from parasol.conditions import mixed_style
from parasol.encoders.text import Words
from parasol.images import encode_png, load
from parasol.maths.texture import texture_distance
from parasol.recipe import KEYWORD, Recipe
from parasol.sampling.textured import textured
from small_model import copy_of, drawing, edit_manifest

CONTENT, STYLE, OTHER = drawing(0), drawing(1), drawing(2)
EXAMPLES = Path(__file__).parent.parent / "examples"
TEXTURED = {"steps": 6, "structure": 0.0, "style_scale": 1.0, "texture": 1.0}


def test_results_of_a_trained_model_come_closer_to_the_texture_of_the_style() -> None:
    trained = Parasol.load("painting")
    content, style = EXAMPLES / "photograph.jpg", EXAMPLES / "painting.jpg"
    wanted, distances = trained.style(style).texture, []
    for share in (0.0, 0.5, 1.0):
        made = trained.stylize(content, style, **TEXTURED | {"texture": share}, sampler="dpm", size=128)
        distances.append(texture_distance(wanted.latents, trained.painter.texture(made.pixels).latents))
    assert distances[0] > distances[1] > distances[2]


def test_the_png_remembers_it_and_older_ones_replay_without(model: Parasol, tmp_path: Path) -> None:
    made = model.stylize(CONTENT, STYLE, **TEXTURED)
    made.save(tmp_path / "a.png")
    assert Recipe.read(tmp_path / "a.png").dials.texture == 1.0
    assert np.array_equal(model.replay(tmp_path / "a.png").pixels, made.pixels)
    plain = model.stylize(CONTENT, STYLE, **TEXTURED | {"texture": 0.0})
    text = json.loads(plain.recipe.text())
    assert text["dials"].pop("texture") == 0.0
    assert text["style"].pop("texture")
    assert np.array_equal(model.replay(encode_png(plain.pixels, text={KEYWORD: json.dumps(text)})).pixels, plain.pixels)


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_style_that_is_not_heard_has_no_texture(model: Parasol, scale: float) -> None:
    chosen = TEXTURED | {"style_scale": scale}
    with_it, without = (model.stylize(CONTENT, STYLE, **chosen | {"texture": share}).pixels for share in (1.0, 0.0))
    assert np.array_equal(with_it, without)


def test_structure_1_is_still_the_reconstruction(model: Parasol) -> None:
    made = model.stylize(CONTENT, STYLE, **TEXTURED | {"structure": 1.0})
    assert np.array_equal(np.asarray(made.image), np.asarray(model.reconstruct(CONTENT)))


def test_words_have_none_and_take_that_of_the_pictures_beside_them(model: Parasol) -> None:
    words = Words("glossy 3D")
    assert model.style(words).texture is None
    np.testing.assert_array_equal(model.style([words, STYLE]).texture.pixels, model.style(STYLE).texture.pixels)
    spoken, plain = (model.stylize(CONTENT, words, **TEXTURED | {"texture": share}).pixels for share in (1.0, 0.0))
    assert np.array_equal(spoken, plain)


def test_textures_mix_by_positive_weights(model: Parasol) -> None:
    one, other = model.style(STYLE), model.style(OTHER)
    for part in ("latents", "pixels"):
        alone, another = (getattr(style.texture, part) for style in (one, other))
        for weight in (0.0, -0.5):
            mixed = mixed_style([(one, 2.0), (other, weight)]).texture
            np.testing.assert_array_equal(getattr(mixed, part), alone)
        mixed = getattr(mixed_style([(one, 3.0), (other, 1.0)]).texture, part)
        np.testing.assert_allclose(mixed, 0.75 * alone + 0.25 * another, atol=1e-5)


def test_a_card_keeps_the_texture_for_its_own_autoencoder(model: Parasol, tmp_path: Path) -> None:
    card = StyleCard.parse(model.card(STYLE).text())
    for part in ("latents", "pixels"):
        kept, made = (getattr(one.texture, part) for one in (card.of(model.bundle.manifest), model.style(STYLE)))
        np.testing.assert_array_equal(kept, made.astype(np.float16))
    folder = copy_of(model.bundle, tmp_path / "other")
    edit_manifest(folder, latents="another")
    other = Parasol.load(folder).style(card)
    assert other.texture is None
    np.testing.assert_array_equal(other.descriptor, model.style(STYLE).descriptor)


def test_a_damaged_texture_is_refused(model: Parasol) -> None:
    recipe = model.stylize(CONTENT, STYLE, **TEXTURED).recipe
    for data in (recipe.style.texture[:-1], b"\xff" * len(recipe.style.texture)):
        broken = recipe.model_copy(update={"style": recipe.style.model_copy(update={"texture": data})})
        with pytest.raises(ValueError, match=r"recipe's texture holds \d+ bytes instead of \d+ finite float16 values"):
            model.paint(broken)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_what_is_no_share_is_refused(model: Parasol, value: float) -> None:
    with pytest.raises(ValueError, match=r"texture is .*; it must lie in 0 \(by the descriptor alone\) to 1"):
        model.stylize(CONTENT, STYLE, texture=value)


def test_strength_leaves_it_alone(model: Parasol, tmp_path: Path) -> None:
    folder = copy_of(model.bundle, tmp_path / "calibrated")
    edit_manifest(folder, strength=[{"style_scale": 1.0, "structure": 1.0}, {"style_scale": 5.0, "structure": 0.0}])
    dials = Parasol.load(folder).dials(strength=0.5, texture=0.3)
    assert (dials.style_scale, dials.structure, dials.texture) == (3.0, 0.5, 0.3)


def test_it_grows_with_the_style_scale_and_goes_as_structure_keeps_more(model: Parasol) -> None:
    wanted = model.style(STYLE).texture.pixels

    def distance(**dials: float) -> float:
        made = model.stylize(CONTENT, STYLE, **TEXTURED | dials)
        return texture_distance(model.painter.texture(made.pixels).pixels, wanted)

    scales = [distance(style_scale=scale) for scale in (0.0, 0.5, 1.0, 2.0, 4.0)]
    structures = [distance(structure=structure) for structure in (0.0, 0.3, 0.6, 1.0)]
    assert scales == sorted(scales, reverse=True)
    assert structures == sorted(structures)


def test_it_is_heard_no_louder_than_five_times(monkeypatch: pytest.MonkeyPatch, model: Parasol) -> None:
    shares: list[float] = []
    monkeypatch.setattr(painting, "towards_texture", lambda array, _, share: shares.append(share) or array)
    for scale in (0.5, 5.0, 50.0):
        model.stylize(CONTENT, STYLE, **TEXTURED | {"style_scale": scale, "steps": 1})
    assert shares == [1.0, 10.0, 10.0]


def test_a_style_picture_of_any_shape_has_one(model: Parasol) -> None:
    for width, height in ((300, 20), (10, 150), (8, 8)):
        texture = model.style(drawing(1, width=width, height=height)).texture
        assert np.isfinite(texture.latents).all()
        assert np.isfinite(texture.pixels).all()


def test_the_default_is_the_models_own(model: Parasol, tmp_path: Path) -> None:
    assert model.dials().texture == 0.0
    folder = copy_of(model.bundle, tmp_path / "other")
    edit_manifest(folder, dials=model.bundle.manifest.dials.model_dump() | {"texture": 0.3})
    assert Parasol.load(folder).dials().texture == 0.3


def test_without_a_share_the_predictor_is_the_very_same(model: Parasol) -> None:
    def eps_fn(z: np.ndarray, t: int) -> np.ndarray:
        return z * t

    texture = model.style(STYLE).texture.latents
    assert textured(eps_fn, texture, share=0.0, alpha_bars=[0.5]) is eps_fn


def test_a_mask_keeps_what_it_keeps(model: Parasol) -> None:
    kept = load(CONTENT)
    mask = np.zeros(kept.shape, np.uint8)
    mask[64:] = 255
    made = model.stylize(CONTENT, STYLE, mask=mask, **TEXTURED)
    np.testing.assert_array_equal(made.pixels[:64], made.recipe.picture()[:64])
    assert np.abs(made.pixels[64:] - kept[64:]).max() > 0.05


def test_a_style_that_is_told_without_its_texture_paints_by_its_descriptor(model: Parasol) -> None:
    dials = model.dials(**TEXTURED)
    recipe = model.recipe(CONTENT, STYLE, dials)
    bare = recipe.changed(style=replace(model.style(STYLE), texture=None))
    plain = recipe.varied(texture=0.0)
    assert np.array_equal(model.paint(bare).pixels, model.paint(plain).pixels)


def test_what_is_protected_keeps_its_grain(model: Parasol) -> None:
    shape = load(CONTENT).shape
    protect = np.zeros(shape, np.uint8)
    protect[:64] = 255
    made = model.stylize(CONTENT, STYLE, protect=protect, **TEXTURED)
    rebuilt = load(model.reconstruct(CONTENT))
    assert np.abs(made.pixels[:24] - rebuilt[:24]).max() < 1.5 / 255
    assert np.abs(made.pixels[96:] - rebuilt[96:]).max() > 0.05
