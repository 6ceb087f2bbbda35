"""Mixing, slerp and distances: ends, norms, symmetries, and what must be refused."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import geometric_slerp
from skimage.metrics import peak_signal_noise_ratio

from parasol.maths.distances import cosine_distance, psnr, unit, unit_mse
from parasol.maths.interpolation import mix, slerp
from worlds import normal, unit_rows

WIDTH = 6
SEEDS = st.integers(0, 10_000)
WEIGHTS = st.lists(st.floats(-4, 4), min_size=1, max_size=6)


def leaves_a_direction(rows, weights) -> bool:
    return bool(np.linalg.norm(np.asarray(weights) @ rows) > 1e-2 * np.abs(weights).max(initial=1e-9))


@given(seed=SEEDS, weights=WEIGHTS)
def test_mix_is_the_renormalised_signed_sum(seed, weights):
    rows = unit_rows(seed, len(weights), WIDTH)
    assume(leaves_a_direction(rows, weights))
    mixed, total = mix(rows, weights), np.asarray(weights) @ rows
    assert mixed.dtype == np.float32
    assert np.linalg.norm(mixed) == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(mixed, total / np.linalg.norm(total), atol=1e-4)


@given(seed=SEEDS, weights=WEIGHTS, order=st.randoms(use_true_random=False))
def test_mixing_commutes(seed, weights, order):
    rows = unit_rows(seed, len(weights), WIDTH)
    assume(leaves_a_direction(rows, weights))
    shuffled = list(range(len(weights)))
    order.shuffle(shuffled)
    np.testing.assert_allclose(mix(rows[shuffled], [weights[i] for i in shuffled]), mix(rows, weights), atol=1e-5)


@given(seed=SEEDS, weights=WEIGHTS, scale=st.floats(1e-3, 1e3))
def test_only_the_ratios_of_weights_matter(seed, weights, scale):
    rows = unit_rows(seed, len(weights), WIDTH)
    assume(leaves_a_direction(rows, weights))
    np.testing.assert_allclose(mix(rows, [scale * weight for weight in weights]), mix(rows, weights), atol=1e-5)


def test_weight_0_is_as_good_as_leaving_out_and_a_single_style_is_itself():
    rows = unit_rows(0, 3, WIDTH)
    np.testing.assert_array_equal(mix(rows, [1.0, 0.0, 2.0]), mix(rows[[0, 2]], [1.0, 2.0]))
    np.testing.assert_allclose(mix(rows[:1], [0.3]), rows[0], atol=1e-7)
    lengths = np.arange(1.0, len(rows) + 1.0)[:, None]
    np.testing.assert_allclose(mix(lengths * rows, [1.0, 1.0, 2.0]), mix(rows, [1.0, 1.0, 2.0]), atol=1e-6)


def test_negative_weight_pushes_away():
    rows = unit_rows(0, 2, WIDTH)
    plain, pushed = mix(rows[:1], [1.0]), mix(rows, [1.0, -0.5])
    assert cosine_distance(pushed, rows[1]) > cosine_distance(plain, rows[1])


@pytest.mark.parametrize(
    ("weights", "names"),
    [
        ([1.0], "for 2 descriptors"),
        ([1.0, float("nan")], "one finite number for each"),
        ([0.0, 0.0], "at least one must differ from 0"),
        ([1.0, 1.0], "descriptors cancel"),
    ],
)
def test_mixes_without_a_direction_are_refused(weights, names):
    row = unit_rows(0, 1, WIDTH)
    with pytest.raises(ValueError, match=names):
        mix(np.concatenate([row, -row]), weights)


@given(seed=SEEDS, share=st.floats(0, 1))
def test_slerp_matches_scipy_and_keeps_the_norm(seed, share):
    a, b = unit_rows(seed, 2, WIDTH).astype(np.float64)
    point = slerp(a, b, share)
    assert np.linalg.norm(point) == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(point, geometric_slerp(unit(a), unit(b), share), atol=1e-6)


@given(seed=SEEDS)
def test_slerp_ends_and_middle(seed):
    a, b = unit_rows(seed, 2, WIDTH)
    np.testing.assert_allclose(slerp(a, b, 0.0), a, atol=1e-6)
    np.testing.assert_allclose(slerp(a, b, 1.0), b, atol=1e-6)
    np.testing.assert_allclose(slerp(a, b, 0.25), slerp(b, a, 0.75), atol=1e-6)
    np.testing.assert_allclose(slerp(a, b, 0.5), mix(np.stack([a, b]), [1.0, 1.0]), atol=1e-5)


def test_slerp_of_neighbours_is_finite_and_of_opposites_refused():
    a = unit_rows(0, 1, WIDTH)[0].astype(np.float64)
    np.testing.assert_allclose(slerp(a, a, 0.3), a, atol=1e-7)
    np.testing.assert_allclose(slerp(a, a + 1e-9, 0.3), a, atol=1e-7)
    with pytest.raises(ValueError, match="opposite"):
        slerp(a, -a, 0.5)


@given(seed=SEEDS)
def test_distances_of_unit_vectors_agree_with_their_definitions(seed):
    a, b = normal(seed, 4, WIDTH), normal(seed + 1, 4, WIDTH)
    cosines = np.sum(unit(a) * unit(b), axis=-1)
    np.testing.assert_allclose(cosine_distance(a, b), 1.0 - cosines, atol=1e-12)
    np.testing.assert_allclose(unit_mse(a, b), np.mean((unit(a) - unit(b)) ** 2, axis=-1), atol=1e-12)
    np.testing.assert_allclose(unit_mse(a, b), 2.0 * (1.0 - cosines) / WIDTH, atol=1e-12)


def test_cosine_distance_resolves_tiny_angles():
    a = np.array([1.0, 0.0])
    assert cosine_distance(a, np.array([1.0, 1e-9])) == pytest.approx(5e-19, rel=1e-6)


@pytest.mark.parametrize("broken", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_vectors_without_a_direction_are_refused(broken):
    with pytest.raises(ValueError, match="has no direction"):
        unit(np.array(broken))


@given(a=arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32)), seed=SEEDS)
def test_psnr_matches_scikit_image(a, seed):
    b = np.random.default_rng(seed).random(a.shape, dtype=np.float32)
    expected = peak_signal_noise_ratio(a.astype(np.float64), b.astype(np.float64), data_range=1.0)
    assert psnr(a, b) == pytest.approx(expected, abs=1e-9)
    assert psnr(a, a) == float("inf")


def test_psnr_refuses_pictures_of_two_sizes():
    with pytest.raises(ValueError, match="one size"):
        psnr(np.zeros((2, 2, 3), np.float32), np.zeros((2, 3, 3), np.float32))
