"""The colour step: moments reached where they can be, and nothing amplified where there is no colour to move."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import spearmanr

from parasol.maths.colour import (
    GREYS,
    LUMA,
    ColourStatistics,
    colour_map,
    colour_statistics,
    keep_colours,
    match_colours,
)

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


def luma(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float64) @ LUMA


@given(seed=SEEDS)
def test_kept_colours_are_the_contents_and_lightness_the_pictures(seed):
    picture, content = colourful(seed, spread=0.12), colourful(seed + 1, spread=0.12)
    kept = keep_colours(picture, content)
    differences = np.diff(kept.pixels - content, axis=-1)  # hue and chroma are how the channels differ
    np.testing.assert_allclose(differences, 0.0, atol=1e-6)
    assert spearmanr(luma(kept.pixels), luma(picture), axis=None).statistic > 0.999
    quarters = [0.25, 0.5, 0.75]
    np.testing.assert_allclose(*(np.quantile(luma(one), quarters) for one in (kept.pixels, content)), atol=1.0 / GREYS)
    assert kept.clipped_share < 0.01


def test_what_is_out_of_gamut_loses_chroma_and_not_lightness():
    content = np.broadcast_to(np.float32([0.9, 0.1, 0.1]), (8, 8, 3)).copy()
    content[:, 4:] = [1.0, 1.0, 1.0]
    picture = np.zeros((8, 8, 3), np.float32)
    picture[:, :4] = 1.0  # white where the content is red, black where it is white
    kept = keep_colours(picture, content)
    assert kept.clipped_share == 0.5
    np.testing.assert_allclose(kept.pixels[:, :4], 1.0, atol=1e-6)
    np.testing.assert_allclose(kept.pixels[:, 4:], luma(content)[0, 0], atol=1e-6)
    colours, shades = np.random.default_rng(0).random((2, 32, 32, 3))
    kept = keep_colours(shades, colours)
    assert kept.clipped_share > 0.2
    assert kept.pixels.min() > -1e-6
    assert kept.pixels.max() < 1.0 + 1e-6
    ends = np.minimum(kept.pixels, 1.0 - kept.pixels).min(axis=-1) < 1e-6
    assert ends.mean() == pytest.approx(kept.clipped_share, abs=0.01), "no more chroma is lost than has to be"


def test_a_ground_stays_what_it_is_and_noise_stays_small():
    rng = np.random.default_rng(0)
    content = rng.uniform(0.2, 0.8, (32, 32, 3)).astype(np.float32)
    content[:20] = 1.0  # more white than in the picture
    picture = np.zeros((32, 32, 3), np.float32)
    picture[8:] = rng.uniform(0.99, 1.0, (24, 32, 1))
    kept = luma(keep_colours(picture, content).pixels)
    assert kept[8:].min() > 0.97, "a white ground stays white though the content has less of it"
    faint = colourful(0, spread=0.005)
    np.testing.assert_allclose(
        np.ptp(luma(keep_colours(faint, colourful(1, spread=0.12)).pixels)), np.ptp(luma(faint)), rtol=0.05
    )


def test_keeping_goes_a_share_of_the_way():
    picture, content = colourful(0), colourful(1)
    whole = keep_colours(picture, content).pixels
    np.testing.assert_array_equal(keep_colours(picture, content, strength=0.0).pixels, picture)
    np.testing.assert_allclose(keep_colours(picture, content, strength=0.5).pixels, (picture + whole) / 2, atol=1e-6)
    with pytest.raises(ValueError, match=r"strength is 1\.5; it must lie in 0"):
        keep_colours(picture, content, strength=1.5)
    with pytest.raises(ValueError, match="places must correspond"):
        keep_colours(picture, content[:-1])
