"""Textures: what they hold, that latents move towards them, and that they mix."""

import numpy as np
import pytest

from parasol.maths import texture
from parasol.maths.texture import mean_texture, table_shape, texture_distance, texture_of, towards_texture


def latents(seed: int, height: int = 24, width: int = 32, *, gain: float = 1.0, blobs: int = 1) -> np.ndarray:
    """Latents of four channels, in blobs of so many a side."""
    noise = np.random.default_rng(seed).standard_normal((4, -(-height // blobs), -(-width // blobs)))
    large = noise.repeat(blobs, axis=1).repeat(blobs, axis=2)[:, :height, :width]
    return (gain * large + 0.5).astype(np.float32)


def test_a_texture_says_how_patches_are_and_not_where() -> None:
    picture = latents(0, 32, 32)
    quarters = np.concatenate([picture[:, 16:], picture[:, :16]], axis=1)
    same, other = texture_of(quarters), texture_of(latents(1, gain=2.0))
    assert texture_of(picture).shape == table_shape(4)
    assert texture_distance(texture_of(picture), same) < 0.1 * texture_distance(texture_of(picture), other)


def test_a_texture_does_not_depend_on_the_size() -> None:
    one = latents(0, 16, 16)
    assert texture_distance(texture_of(one), texture_of(np.tile(one, (1, 4, 3)))) < 0.15
    assert texture_distance(texture_of(latents(1, 64, 64)), texture_of(latents(2, 24, 40))) < 0.25


def test_it_tells_grain_from_smoothness_at_equal_colours() -> None:
    smooth, again = latents(0, 96, 96, blobs=4), latents(1, 96, 96, blobs=4)
    shuffled = np.random.default_rng(0).permutation(smooth.reshape(4, -1), axis=1).reshape(smooth.shape)
    assert texture_distance(texture_of(smooth), texture_of(shuffled)) > 1.2 * texture_distance(
        texture_of(smooth), texture_of(again)
    )


@pytest.mark.parametrize("size", [(24, 32), (1, 40), (8, 8), (90, 70)])
def test_latents_move_towards_a_texture(size: tuple[int, int]) -> None:
    picture, wanted = latents(1, *size), texture_of(latents(0, gain=2.0, blobs=4))
    before = texture_distance(texture_of(picture), wanted)
    distances = [
        texture_distance(texture_of(towards_texture(picture, wanted, share)), wanted) for share in (0.25, 1.0, 4.0)
    ]
    assert before > distances[0] > distances[1] > distances[2]
    assert distances[2] < (0.5 if min(size) > 1 else 0.65) * before, "a single row has no edges along itself"


def test_no_share_changes_nothing_half_is_half_the_way_and_two_are_twice() -> None:
    picture, wanted = latents(1), texture_of(latents(0, gain=2.0))
    all_of_it = towards_texture(picture, wanted, 1.0)
    np.testing.assert_array_equal(towards_texture(picture, wanted, 0.0), picture)
    np.testing.assert_allclose(towards_texture(picture, wanted, 0.5), (picture + all_of_it) / 2.0, atol=1e-6)
    np.testing.assert_array_equal(towards_texture(picture, wanted, 2.0), towards_texture(all_of_it, wanted, 1.0))


def test_latents_that_have_the_texture_stay_nearly_as_they_are() -> None:
    picture = latents(1, 40, 40)
    assert np.abs(towards_texture(picture, texture_of(picture), 1.0) - picture).mean() < 0.1
    lighter = picture + 1.0
    np.testing.assert_allclose(towards_texture(picture, texture_of(lighter), 1.0).mean(), lighter.mean(), atol=1e-3)


def test_order_is_kept_where_it_is_large() -> None:
    """Where a picture is dark it stays dark among its own: what moves are patches, each as a whole."""
    picture = latents(2, 32, 32, gain=0.1)
    picture[:, :, 16:] += 3.0
    moved = towards_texture(picture, texture_of(latents(0, gain=2.0)), 1.0)
    assert moved[:, :, :14].mean() < moved[:, :, 18:].mean() - 0.4


def test_flat_latents_take_the_mean_colour_and_stay_flat_and_finite() -> None:
    flat, wanted = np.full((4, 24, 24), 0.3, np.float32), texture_of(latents(0, gain=2.0))
    inside = towards_texture(flat, wanted, 4.0)[:, 8:-8, 8:-8]
    assert inside.std(axis=(1, 2)).max() < 0.05
    np.testing.assert_allclose(inside.mean(axis=(1, 2)), [0.5] * 4, atol=0.4)
    assert np.isfinite(towards_texture(latents(0), texture_of(flat), 1.0)).all()


def test_the_mean_of_textures_lies_between() -> None:
    one, other = texture_of(latents(0)), texture_of(latents(1, gain=3.0))
    np.testing.assert_array_equal(mean_texture([one, other], [1.0, 0.0]), one)
    middle = mean_texture([one, other], [0.5, 0.5])
    assert texture_distance(one, middle) == pytest.approx(texture_distance(other, middle), rel=1e-3)
    assert texture_distance(one, middle) == pytest.approx(0.5 * texture_distance(one, other), rel=1e-3)


def test_what_is_no_texture_of_these_latents_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 3\); for an array of shape \(4, 24, 32\) it must be"):
        towards_texture(latents(0), np.zeros((3, 3), np.float32), 1.0)
    for broken in (np.full((4, 3, 3), np.nan, np.float32), np.zeros((4, 0, 3), np.float32)):
        with pytest.raises(ValueError, match="at least one patch, and all finite"):
            texture_of(broken)


def test_large_arrays_move_in_bands_as_they_do_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, wanted = latents(1, 60, 50), texture_of(latents(0, gain=2.0))
    whole = towards_texture(picture, wanted, 1.0)
    monkeypatch.setattr(texture, "BAND", 7 * 50)
    np.testing.assert_allclose(towards_texture(picture, wanted, 1.0), whole, atol=1e-4)
