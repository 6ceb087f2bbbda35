"""Few steps: the second-order sampler converges as theory says, matches diffusers, and follows the path of many."""

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from parasol.maths.inversion import between
from parasol.maths.schedule import Step
from parasol.maths.steps import add_noise, sigma
from parasol.sampling.guided import guided
from parasol.sampling.sampler import Sampler, at_levels, ddim, dpm, forward_chain, replay, restyle, sample_fresh, solve
from parasol.types import Condition
from worlds import SCHEDULE, FiniteWorld, GaussianWorld, Recorder, last, normal, rms

WORLD = GaussianWorld()
FINITE = FiniteWorld.make()
MEAN = normal(5, 1, 3, 1, 1, dtype=np.float64)
ENDS = (-3.0, 2.0)  # log(sqrt(alpha_bar) / sqrt(1 - alpha_bar)) of the noisiest and of the cleanest latent
SCALES = {"g_s": 5.0, "g_y": 5.0}


def noises(seed: int, count: int, *shape: int, dtype=np.float32) -> list[np.ndarray]:
    return list(normal(seed, count, *shape, dtype=dtype))


def even_in_log_snr(count: int) -> list[Step]:
    """Steps between the two ends; `t` is the place of the step in the list."""
    levels = [1.0 / (1.0 + np.exp(-2.0 * level)) for level in np.linspace(*ENDS, count + 1)]
    return [Step(t=k, alpha_bar=levels[k], alpha_bar_prev=levels[k + 1]) for k in range(count)]


def flow_error(count: int, sampler: Sampler) -> float:
    """Distance to the solution of the probability-flow ODE for Gaussian data, in float64."""
    steps = even_in_log_snr(count)

    def eps_fn(z, t):
        alpha_bar = steps[t].alpha_bar
        return (1.0 - alpha_bar) ** 0.5 / WORLD.variance(alpha_bar) * (z - alpha_bar**0.5 * MEAN)

    z = normal(0, 1, 3, 8, 8, dtype=np.float64)
    first, end = steps[0].alpha_bar, steps[-1].alpha_bar_prev
    ratio = (WORLD.variance(end) / WORLD.variance(first)) ** 0.5
    exact = end**0.5 * MEAN + ratio * (z - first**0.5 * MEAN)
    return rms(last(replay(eps_fn, z, [0.0] * count, steps, eta=0.0, sampler=sampler)), exact)


@pytest.mark.parametrize(("sampler", "order"), [(ddim, 1), (dpm, 2)])
def test_each_sampler_converges_at_its_order(sampler: Sampler, order: int) -> None:
    errors = np.array([flow_error(count, sampler) for count in (40, 80, 160, 320)])
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), order, atol=0.12)


def test_ten_steps_of_second_order_beat_thirty_of_first() -> None:
    assert flow_error(10, dpm) < flow_error(30, ddim)


@pytest.mark.parametrize("count", [8, 10, 20, 50])
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_every_step_matches_diffusers(count: int, eta: float) -> None:
    oracle = DPMSolverMultistepScheduler(
        beta_start=0.0015, beta_end=0.015, beta_schedule="scaled_linear", timestep_spacing="trailing",
        algorithm_type="sde-dpmsolver++" if eta else "dpmsolver++", final_sigmas_type="zero",
    )  # fmt: skip
    oracle.set_timesteps(count)
    steps = SCHEDULE.steps(count)
    assert [step.t for step in steps] == oracle.timesteps.tolist()
    z = theirs = torch.from_numpy(normal(0, 2, 4, 3, 5))
    outputs = {step.t: torch.from_numpy(normal(step.t + 1, 2, 4, 3, 5)) for step in steps}
    predict = dpm(lambda _, t: outputs[t])
    for k, step in enumerate(steps):
        noise = torch.from_numpy(normal(10_000 + k, 2, 4, 3, 5))
        extra = sigma(step, eta=eta) * noise if eta else 0.0
        z = last(replay(lambda z, _, step=step: predict(z, step), z, [extra], [step], eta=eta))
        theirs = oracle.step(outputs[step.t], step.t, theirs, variance_noise=noise).prev_sample
        torch.testing.assert_close(z, theirs, rtol=2e-4, atol=2e-4)


def inverted(lam: int, *, style: int = 3, g_s: float = 5.0, count: int = 10, denoise=FINITE.denoise):
    steps = SCHEDULE.steps(count)
    chain = forward_chain(FINITE.pictures[0, 1][None], noises(0, count, 1, 3, 4, 4), steps)
    source, target = (guided(denoise, FINITE.condition(one, 1), g_s=g_s, g_y=5.0) for one in (0, style))
    return last(restyle(source, target, chain, steps, lam=lam, sampler=dpm))


def test_solved_residuals_rebuild_the_picture() -> None:
    steps = SCHEDULE.steps(10)
    chain = forward_chain(FINITE.pictures[0, 1][None], noises(0, 10, 1, 3, 4, 4), steps)
    source = guided(FINITE.denoise, FINITE.condition(0, 1), **SCALES)
    residuals = list(solve(source, chain, steps, sampler=dpm))
    assert rms(last(replay(source, chain[0], residuals, steps, sampler=dpm)), chain[-1]) < 1e-4
    assert rms(last(replay(source, chain[0], residuals, steps, sampler=ddim)), chain[-1]) > 1e-3


@pytest.mark.parametrize("lam", [0, 4, 9])
def test_under_its_own_style_the_picture_comes_back(lam: int) -> None:
    assert rms(inverted(lam, style=0), FINITE.pictures[0, 1][None]) < 1e-4


def test_structure_1_is_the_picture_and_asks_no_network() -> None:
    recorder = Recorder(FINITE.denoise)
    np.testing.assert_array_equal(inverted(10, denoise=recorder), FINITE.pictures[0, 1][None])
    assert recorder.calls == []


def test_style_scale_0_gives_the_same_bits_and_no_style_branch() -> None:
    recorder = Recorder(FINITE.denoise)
    results = [inverted(4, style=style, g_s=0.0, denoise=recorder) for style in range(4)]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
    assert all(tokens.shape[0] == 2 for _, tokens in recorder.calls), "null and content alone"
    assert rms(inverted(4), results[0]) > 1e-4


def test_a_picture_is_the_same_alone_and_among_eight() -> None:
    steps = SCHEDULE.steps(10)
    styles, contents = normal(1, 8, 3), normal(2, 8, 3)
    z_T = normal(3, 8, 3, 4, 4)

    def sampled(rows: slice):
        target = guided(WORLD.denoise, Condition(style=styles[rows], content=contents[rows]), **SCALES)
        return last(sample_fresh(target, z_T[rows], steps, sampler=dpm))

    together = sampled(slice(0, 8))
    for k in range(8):
        np.testing.assert_array_equal(sampled(slice(k, k + 1)), together[k : k + 1])


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_torch_and_numpy_run_the_same_lines(eta: float) -> None:
    def run(convert):
        path = SCHEDULE.steps(50)
        steps = SCHEDULE.steps(8)
        own, other, content = (convert(normal(seed, 1, 3)) for seed in (1, 2, 3))
        stored = forward_chain(
            convert(normal(4, 1, 3, 4, 4)), [convert(one) for one in noises(5, 50, 1, 3, 4, 4)], path
        )
        chain = at_levels(stored, path, [convert(one) for one in noises(6, 8, 1, 3, 4, 4)], steps)
        source, target = (
            guided(WORLD.denoise, Condition(style=style, content=content), **SCALES) for style in (own, other)
        )
        return last(restyle(source, target, chain, steps, lam=3, eta=eta, sampler=dpm))

    with_numpy, with_torch = run(lambda x: x), run(torch.from_numpy)
    assert with_numpy.dtype == np.float32
    assert with_torch.dtype == torch.float32
    np.testing.assert_allclose(with_torch.numpy(), with_numpy, atol=2e-5)


def test_ten_of_fifty_levels_are_the_stored_latents_themselves() -> None:
    path, steps = SCHEDULE.steps(50), SCHEDULE.steps(10)
    stored = forward_chain(normal(0, 1, 3, 4, 4), noises(1, 50, 1, 3, 4, 4), path)
    seen = at_levels(stored, path, noises(2, 10, 1, 3, 4, 4), steps)
    assert all(z is stored[5 * k] for k, z in enumerate(seen))


@pytest.mark.parametrize("count", [8, 13, 50, 120, 1000])
def test_a_path_seen_at_other_levels_has_the_marginals_and_links_of_the_forward_process(count: int) -> None:
    z_0 = np.full((1, 1, 64, 64), 0.7)
    path, steps = SCHEDULE.steps(50), SCHEDULE.steps(count)
    stored = forward_chain(z_0, noises(0, 50, 1, 1, 64, 64, dtype=np.float64), path)
    chain = at_levels(stored, path, noises(1, count, 1, 1, 64, 64, dtype=np.float64), steps)
    assert len(chain) == count + 1
    assert chain[-1] is z_0
    for step, z, cleaner in zip(steps, chain, chain[1:], strict=False):
        assert z.mean() == pytest.approx(add_noise(z_0, 0.0 * z_0, step.alpha_bar).mean(), abs=0.08)
        assert z.var() == pytest.approx(1.0 - step.alpha_bar, rel=0.12)
        alpha = step.alpha_bar / step.alpha_bar_prev
        link = z - alpha**0.5 * cleaner
        assert link.var() == pytest.approx(1.0 - alpha, rel=0.12)
        if step.alpha_bar_prev < 1.0:
            assert abs(np.corrcoef(link.ravel(), cleaner.ravel())[0, 1]) < 0.06


def test_a_bridge_ends_on_its_neighbours() -> None:
    one, other, noise = normal(0, 2, 3), normal(1, 2, 3), normal(2, 2, 3)
    near = 1e-9
    np.testing.assert_allclose(between(one, other, noise, (0.9, 0.9 - near, 0.4)), one, atol=1e-3)
    np.testing.assert_allclose(between(one, other, noise, (0.9, 0.4 + near, 0.4)), other, atol=1e-3)


def test_wrong_counts_and_levels_are_refused() -> None:
    path, steps = SCHEDULE.steps(50), SCHEDULE.steps(8)
    stored = forward_chain(normal(0, 1, 3, 4, 4), noises(1, 50, 1, 3, 4, 4), path)
    with pytest.raises(ValueError, match="7 noises for 8 steps"):
        at_levels(stored, path, noises(2, 7, 1, 3, 4, 4), steps)
    with pytest.raises(ValueError, match="50 latents for 50 steps; it needs 51"):
        at_levels(stored[1:], path, noises(2, 8, 1, 3, 4, 4), steps)
    with pytest.raises(ValueError, match=r"begins at t = 999 and the stored chain at t = 979; both must begin"):
        at_levels(stored[1:], path[1:], noises(2, 8, 1, 3, 4, 4), steps)
