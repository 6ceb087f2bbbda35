"""Mixing of styles and the two condition tokens, on the small model's real encoders."""

import numpy as np
import pytest

from parasol import Parasol
from parasol.conditions import Style, Texture, condition, mixed_style
from parasol.images import load, square
from parasol.maths.colour import colour_statistics
from small_model import drawing


def paint(colour: tuple[int, int, int]) -> np.ndarray:
    """One colour but for a pixel, since a blank picture is no style."""
    pixels = np.full((16, 16, 3), colour, np.uint8)
    pixels[0, 0] = 0
    return load(pixels)


RED, BLUE = paint((255, 0, 0)), paint((0, 0, 255))


def mixed(pictures: list, model: Parasol) -> Style:
    return mixed_style([(model.style(picture), weight) for picture, weight in pictures])


def test_one_style_is_its_own_descriptor_and_colours(model: Parasol) -> None:
    picture = load(drawing(1))
    style = mixed([(picture, 0.3)], model)
    np.testing.assert_allclose(style.descriptor, model.embed_style(picture), atol=1e-6)
    np.testing.assert_allclose(style.colours.covariance, colour_statistics(picture).covariance)


def test_a_mix_lies_between_and_a_negative_weight_pushes_away(model: Parasol) -> None:
    one, two = load(drawing(1)), load(drawing(2))
    a, b = model.embed_style(one), model.embed_style(two)
    between = mixed([(one, 1.0), (two, 1.0)], model).descriptor
    away = mixed([(one, 1.0), (two, -0.5)], model).descriptor
    assert np.linalg.norm(between) == pytest.approx(1.0, abs=1e-6)
    assert min(between @ a, between @ b) > a @ b
    assert away @ b < a @ b


def test_colours_are_the_mean_over_positive_weights(model: Parasol) -> None:
    colours = mixed([(RED, 3.0), (BLUE, 1.0), (load(drawing(1)), -1.0)], model).colours
    np.testing.assert_allclose(colours.mean, [0.75, 0.0, 0.25], atol=5e-3)


def test_textures_of_latents_and_of_pixels_are_each_the_mean_of_their_own() -> None:
    latents, pixels = np.random.default_rng(0).random((2, 2, 6, 5)).astype(np.float32)
    styles = [
        Style(
            descriptor=np.eye(2, dtype=np.float32)[k],
            colours=None,
            texture=Texture(latents=latents[k], pixels=pixels[k]),
        )
        for k in range(2)
    ]
    mean = mixed_style([(styles[0], 1.0), (styles[1], 3.0)]).texture
    assert mean is not None
    np.testing.assert_allclose(mean.latents, (latents[0] + 3.0 * latents[1]) / 4.0, atol=1e-6)
    np.testing.assert_allclose(mean.pixels, (pixels[0] + 3.0 * pixels[1]) / 4.0, atol=1e-6)


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0, -2.0], [float("nan")], [float("inf"), 1.0]])
def test_without_a_positive_weight_there_is_no_style(model: Parasol, weights: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one style a positive, finite weight"):
        mixed([(RED, weight) for weight in weights], model)


def test_both_tokens_have_unit_norm_and_one_shape(model: Parasol) -> None:
    style, content = model.embed_style(drawing(1)), model.embed_content(drawing(2))
    tokens = condition(model.components, style=style, content=content)
    assert tokens.style.shape == tokens.content.shape == (1, 256)
    np.testing.assert_allclose(np.linalg.norm(tokens.style), 1.0, atol=1e-5)
    np.testing.assert_array_equal(tokens.content[0], content)


def test_encoders_letterbox_what_is_not_square(model: Parasol) -> None:
    wide = load(drawing(3, width=128, height=64))
    seen = square(wide, 128).transpose(2, 0, 1)[None]
    np.testing.assert_allclose(model.embed_style(wide), model.components.style(seen)[0], atol=1e-6)
    np.testing.assert_allclose(model.embed_content(wide), model.components.content(seen)[0], atol=1e-6)
    stretched = load(drawing(3, width=128, height=128))
    assert np.abs(model.embed_style(wide) - model.embed_style(stretched)).max() > 1e-4
