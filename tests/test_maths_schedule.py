"""Schedules and steps against diffusers, step by step, and the ends of their ranges."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from parasol.maths.schedule import Schedule, switch_step
from parasol.maths.steps import add_noise, per_picture, predict_z0, sigma, step_mean
from worlds import normal

BETAS = {"beta_start": 0.0015, "beta_end": 0.015}
SAME_GRID = {**BETAS, "beta_schedule": "scaled_linear", "clip_sample": False, "timestep_spacing": "trailing"}
# Divisors of 1000 only: for other counts diffusers steps to t - 1000 // count, which is not on its own grid.
COUNTS = [1, 10, 50, 125, 1000]


def some(steps):
    """At most 60 of the steps, both ends among them."""
    return [*steps[: -1 : max(1, len(steps) // 50)], steps[-1]]


def test_alpha_bars_match_diffusers():
    oracle = DDIMScheduler(**SAME_GRID).alphas_cumprod.double().numpy()
    np.testing.assert_allclose(Schedule(**BETAS).alpha_bars, oracle, rtol=3e-5)


@pytest.mark.parametrize("count", [*COUNTS, 7, 30, 999])
def test_timesteps_match_diffusers(count):
    oracle = DDIMScheduler(**SAME_GRID)
    oracle.set_timesteps(count)
    assert [step.t for step in Schedule(**BETAS).steps(count)] == oracle.timesteps.tolist()


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_every_ddim_step_matches_diffusers(count, eta):
    oracle = DDIMScheduler(**SAME_GRID)
    oracle.set_timesteps(count)
    z, eps, noise = (torch.from_numpy(normal(seed, 2, 4, 3, 5)) for seed in range(3))
    for step in some(Schedule(**BETAS).steps(count)):
        ours = step_mean(z, eps, step, eta=eta) + sigma(step, eta=eta) * noise
        theirs = oracle.step(eps, step.t, z, eta=eta, variance_noise=noise if eta else None).prev_sample
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", COUNTS)
def test_every_ddpm_step_matches_diffusers(count):
    oracle = DDPMScheduler(**SAME_GRID)
    oracle.set_timesteps(count)
    z, eps = (torch.from_numpy(normal(seed, 2, 4, 3, 5)) for seed in range(2))
    for step in some(Schedule(**BETAS).steps(count)):
        noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(step.t))
        ours = step_mean(z, eps, step, eta=1.0) + sigma(step, eta=1.0) * noise
        theirs = oracle.step(eps, step.t, z, generator=torch.Generator().manual_seed(step.t)).prev_sample
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_noise_one_level_a_picture_matches_diffusers():
    oracle = DDPMScheduler(**SAME_GRID)
    z_0, eps = (torch.from_numpy(normal(seed, 4, 4, 3, 5)) for seed in range(2))
    timesteps = torch.tensor([0, 19, 500, 999])
    alpha_bar = per_picture(torch.tensor(Schedule(**BETAS).alpha_bars)[timesteps], z_0)
    z_t = add_noise(z_0, eps, alpha_bar)
    torch.testing.assert_close(z_t, oracle.add_noise(z_0, eps, timesteps), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(predict_z0(z_t, eps, alpha_bar), z_0, rtol=1e-4, atol=1e-4)


def test_per_picture_refuses_what_would_broadcast_wrongly():
    square = np.zeros((3, 3))
    with pytest.raises(ValueError, match="one value for each picture"):
        per_picture(np.zeros(2), square)
    assert per_picture(np.arange(3.0), square).shape == (3, 1)


@given(count=st.integers(1, 1000))
def test_grid_runs_from_the_noisiest_step_to_the_picture(count):
    steps = Schedule().steps(count)
    assert len(steps) == count
    assert steps[0].t == 999
    assert steps[-1].alpha_bar_prev == 1.0
    assert all(a.t > b.t and a.alpha_bar_prev == b.alpha_bar for a, b in pairwise(steps))


@given(structure=st.floats(0, 1), more=st.floats(0, 1), count=st.integers(1, 100))
def test_switch_step_is_monotone_and_reaches_both_ends(structure, more, count):
    low, high = sorted((structure, more))
    assert 0 <= switch_step(low, count) <= switch_step(high, count) <= count
    assert (switch_step(0.0, count), switch_step(1.0, count)) == (0, count)
    assert abs(switch_step(more, count) - more * count) <= 0.5  # the nearest step


@given(structure=st.floats(0, 1), more=st.floats(0, 1), count=st.integers(1, 100))
def test_gradual_structure_has_no_stairs(structure, more, count):
    low, high = sorted((structure, more))
    one, two = (switch_step(share, count, gradual=True) for share in (low, high))
    assert 0 <= one <= two <= count
    assert (switch_step(0.0, count, gradual=True), switch_step(1.0, count, gradual=True)) == (0, count)
    assert two - one == pytest.approx((high - low) * count, abs=1e-5)


@pytest.mark.parametrize("count", [5, 10, 50])
def test_gradual_structure_keeps_whole_steps_whole(count):
    for whole in range(count + 1):
        assert switch_step(whole / count, count, gradual=True) == whole


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Schedule(train_steps=1), "train_steps is 1"),
        (lambda: Schedule(beta_start=0.0), "beta_start is 0.0"),
        (lambda: Schedule(beta_start=0.2, beta_end=0.1), "beta_end 0.1"),
        (lambda: Schedule().steps(0), "steps is 0"),
        (lambda: Schedule().steps(1001), "1..1000"),
        (lambda: switch_step(1.01, 50), "structure is 1.01"),
        (lambda: switch_step(float("nan"), 50), "structure is nan"),
        (lambda: switch_step(-0.1, 5, gradual=True), "structure is -0.1"),
        (lambda: sigma(Schedule().steps(2)[0], eta=1.5), "eta is 1.5"),
    ],
)
def test_refusals_name_the_value(make, names):
    with pytest.raises(ValueError, match=names):
        make()
