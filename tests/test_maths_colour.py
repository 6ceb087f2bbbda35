"""The colour step: moments reached where they can be, and nothing amplified where there is no colour to move."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from parasol.maths.colour import ColourStatistics, colour_map, colour_statistics, match_colours

SEEDS = st.integers(0, 10_000)


def colourful(seed: int, *, spread: float = 0.04, size: int = 24):
    """Picture with a random, well conditioned colour distribution, far enough inside [0, 1] never to be clipped."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0] * rng.uniform(0.5, 1.0, 3)
    colours = rng.uniform(-1.0, 1.0, (size, size, 3)) @ turn.T
    return (rng.uniform(0.4, 0.6, 3) + spread * colours).astype(np.float32)


def grey(seed: int):
    return np.repeat(colourful(seed)[..., :1], 3, axis=-1)


@given(seed=SEEDS)
def test_mean_and_covariance_become_the_styles(seed):
    style = colour_statistics(colourful(seed + 1))
    done = match_colours(colourful(seed), style)
    reached = colour_statistics(done.pixels)
    np.testing.assert_allclose(reached.mean, style.mean, atol=1e-6)
    np.testing.assert_allclose(reached.covariance, style.covariance, atol=1e-8)
    assert done.clipped_share == 0.0
    assert done.pixels.dtype == np.float32


@given(seed=SEEDS)
def test_doing_it_twice_changes_nothing_more(seed):
    style = colour_statistics(colourful(seed + 1))
    once = match_colours(colourful(seed), style).pixels
    np.testing.assert_allclose(match_colours(once, style).pixels, once, atol=1e-5)


@given(seed=SEEDS)
def test_own_statistics_leave_the_picture(seed):
    for picture in (colourful(seed), grey(seed)):
        np.testing.assert_allclose(match_colours(picture, colour_statistics(picture)).pixels, picture, atol=1e-5)


@given(seed=SEEDS)
def test_map_matches_scipys_symmetric_roots(seed):
    content, style = colour_statistics(colourful(seed)), colour_statistics(colourful(seed + 1))
    expected = sqrtm(style.covariance) @ np.linalg.inv(sqrtm(content.covariance))
    np.testing.assert_allclose(colour_map(content, style, max_gain=1e6), expected, rtol=1e-6, atol=1e-8)


@given(seed=SEEDS)
def test_flat_picture_takes_the_mean_colour_and_stays_flat(seed):
    flat = np.full((8, 8, 3), 0.25, dtype=np.float32)
    style = colour_statistics(colourful(seed))
    np.testing.assert_allclose(match_colours(flat, style).pixels, np.broadcast_to(style.mean, flat.shape), atol=1e-6)


@given(seed=SEEDS)
def test_rounding_of_a_grey_picture_is_amplified_no_more_than_the_cap(seed):
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (24, 24, 3)) / 255.0
    picture = grey(seed)
    style = colour_statistics(colourful(seed + 1, spread=0.2))
    clean, noisy = (match_colours(p, style, max_gain=10.0).pixels for p in (picture, (picture + noise).astype("f4")))
    assert np.isfinite(clean).all()
    assert np.abs(noisy - clean).std() < 10.0 * noise.std() * 1.2


@given(seed=SEEDS, max_gain=st.floats(1, 50))
def test_no_direction_gains_more_than_the_cap(seed, max_gain):
    rng = np.random.default_rng(seed)
    thin = rng.standard_normal((3, 2)) * 10.0 ** rng.uniform(-6, 0, 2)
    content = ColourStatistics(mean=np.zeros(3), covariance=thin @ thin.T)
    gain = colour_map(content, colour_statistics(colourful(seed, spread=0.3)), max_gain=max_gain)
    assert np.linalg.svd(gain)[1].max() <= max_gain * (1 + 1e-9)


@given(seed=SEEDS, strength=st.floats(0, 1))
def test_strength_moves_in_a_straight_line(seed, strength):
    picture, style = colourful(seed), colour_statistics(colourful(seed + 1))
    full, part = (match_colours(picture, style, strength=s).pixels for s in (1.0, strength))
    np.testing.assert_allclose(part, picture + strength * (full - picture), atol=1e-6)
    np.testing.assert_array_equal(match_colours(picture, style, strength=0.0).pixels, picture)


def test_clipped_share_counts_pixels_pushed_out_of_range():
    picture = np.zeros((10, 10, 3), dtype=np.float32)
    picture[:5] = 1.0
    lifted = ColourStatistics(mean=np.full(3, 0.9), covariance=colour_statistics(picture).covariance)
    done = match_colours(picture, lifted)
    assert done.clipped_share == pytest.approx(0.5)
    assert done.pixels.max() == 1.0
    np.testing.assert_allclose(done.pixels[5:], 0.4, atol=1e-6)


def test_statistics_are_biased_and_count_pixels_not_positions():
    pixels = np.array([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]])
    statistics = colour_statistics(pixels)
    np.testing.assert_allclose(statistics.mean, [0.5, 0.25, 0.0])
    np.testing.assert_allclose(statistics.covariance, np.cov(pixels.T, bias=True))
    np.testing.assert_array_equal(colour_statistics(pixels[None]).covariance, statistics.covariance)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"strength": 1.1}, "strength is 1.1"),
        ({"strength": -0.1}, "strength is -0.1"),
        ({"max_gain": 0.5}, "at least 1"),
    ],
)
def test_dials_out_of_range_are_refused(change, names):
    with pytest.raises(ValueError, match=names):
        match_colours(colourful(0), colour_statistics(colourful(1)), **change)


@pytest.mark.parametrize("pixels", [np.zeros((0, 3)), np.full((2, 2, 3), np.nan)])
def test_statistics_of_nothing_are_refused(pixels):
    with pytest.raises(ValueError, match="at least one, and all finite"):
        colour_statistics(pixels)
