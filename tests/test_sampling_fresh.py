"""Sampling from new noise on denoisers that are exact: it must arrive where theory says, at the rate theory says."""

import numpy as np
import pytest

from parasol.sampling.guided import guided
from parasol.sampling.sampler import keep, sample_fresh
from parasol.types import Condition
from worlds import SCHEDULE, FiniteWorld, GaussianWorld, last, normal, rms

WORLD = GaussianWorld()
MEANS = Condition(style=np.array([[0.2, -0.4, 0.1]]), content=np.array([[0.3, 0.5, -0.9]]))


def gaussian_eps(z, t):
    tokens = np.repeat(np.stack([MEANS.style, MEANS.content], axis=1), len(z), axis=0)
    return WORLD.denoise(z, t, tokens)


def exact_flow(z_T):
    """Solution of the probability-flow ODE from z_T: the distance to the mean shrinks with the marginal's deviation."""
    mean = (MEANS.style + MEANS.content).reshape(1, 3, 1, 1)
    alpha_bar = SCHEDULE.alpha_bars[-1]
    return mean + WORLD.spread / WORLD.variance(alpha_bar) ** 0.5 * (z_T - alpha_bar**0.5 * mean)


def test_ddim_converges_to_the_exact_flow_at_first_order():
    z_T = normal(0, 1, 3, 8, 8, dtype=np.float64)
    counts = [25, 50, 100, 200, 400]
    errors = [rms(last(sample_fresh(gaussian_eps, z_T, SCHEDULE.steps(count))), exact_flow(z_T)) for count in counts]
    # Euler's 1/T, times log T: the deviation of the noise goes as sqrt(t) near the picture, where steps are even in t.
    constants = np.array(errors) * counts / np.log(counts)
    np.testing.assert_allclose(constants, constants.mean(), rtol=0.12)
    assert errors[1] < 0.05


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_samples_have_the_mean_and_spread_of_the_data(eta):
    steps = SCHEDULE.steps(500)
    noises = [normal(k + 1, 1, 3, 64, 64) for k in range(len(steps))]
    z_0 = last(sample_fresh(gaussian_eps, normal(0, 1, 3, 64, 64), steps, eta=eta, noises=noises))
    np.testing.assert_allclose(z_0.mean(axis=(0, 2, 3)), (MEANS.style + MEANS.content)[0], atol=0.03)
    np.testing.assert_allclose(z_0.std(axis=(0, 2, 3)), WORLD.spread, atol=0.03)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_every_sample_of_a_finite_set_is_one_of_its_pictures(eta):
    world, steps = FiniteWorld.make(), SCHEDULE.steps(50)
    style_only = guided(world.denoise, world.condition(2, 0), g_s=1.0, g_y=0.0)
    found = set()
    for seed in range(6):
        noises = [normal(100 * seed + k, 1, 3, 4, 4) for k in range(len(steps))]
        z_0 = last(sample_fresh(style_only, normal(seed, 1, 3, 4, 4), steps, eta=eta, noises=noises))
        errors = np.sqrt(np.mean((world.pictures - z_0) ** 2, axis=(2, 3, 4)))
        style, content = np.unravel_index(errors.argmin(), errors.shape)
        assert errors.min() < 1e-3
        assert style == 2
        found.add(content)
    assert len(found) > 1


def test_loop_reports_every_step_and_ddim_needs_no_noise():
    steps = SCHEDULE.steps(10)
    assert [done for done, _ in sample_fresh(gaussian_eps, normal(0, 1, 3, 2, 2), steps)] == list(range(1, 11))


def test_what_is_held_follows_the_stored_chain_and_the_rest_goes_its_own_way():
    steps, z_T = SCHEDULE.steps(5), normal(0, 1, 3, 2, 4, dtype=np.float64)
    chain = [normal(1 + done, 1, 3, 2, 4, dtype=np.float64) for done in range(6)]
    left = np.zeros((1, 1, 2, 4))
    left[..., :2] = 1.0
    alone = list(sample_fresh(gaussian_eps, z_T, steps))
    for (done, z), (_, own) in zip(
        sample_fresh(gaussian_eps, z_T, steps, hold=keep([left] * 6, chain)), alone, strict=True
    ):
        np.testing.assert_array_equal(z[..., :2], chain[done][..., :2])
        np.testing.assert_allclose(z[..., 2:], own[..., 2:], atol=1e-12)


def test_missing_noise_is_refused():
    steps = SCHEDULE.steps(10)
    with pytest.raises(ValueError, match="0 noises for 10 steps"):
        last(sample_fresh(gaussian_eps, normal(0, 1, 3, 2, 2), steps, eta=1.0))
