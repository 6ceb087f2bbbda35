"""Inversion: solved noise rebuilds the picture, the literal reading does not, and structure is monotone."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from parasol.maths.inversion import residual
from parasol.maths.steps import add_noise, sigma
from parasol.sampling.guided import guided
from parasol.sampling.sampler import forward_chain, replay, restyle, sample_fresh, solve
from parasol.types import Condition
from worlds import SCHEDULE, FiniteWorld, GaussianWorld, Recorder, last, rms

STEPS = SCHEDULE.steps(50)
WORLD = FiniteWorld.make()
SCALES = {"g_s": 5.0, "g_y": 5.0}


def noises(seed: int, shape=(1, 3, 4, 4), dtype=np.float32):
    return list(np.random.default_rng(seed).standard_normal((len(STEPS), *shape)).astype(dtype))


def picture(style: int, content: int):
    return WORLD.pictures[style, content][None]


def stylised(lam: int, *, style=3, own=0, content=1, seed=0, eta=1.0, denoise=WORLD.denoise, g_s=5.0, g_y=5.0):
    chain = forward_chain(picture(own, content), noises(seed), STEPS)
    source = guided(denoise, WORLD.condition(own, content), g_s=g_s, g_y=g_y)
    target = guided(denoise, WORLD.condition(style, content), g_s=g_s, g_y=g_y)
    return last(restyle(source, target, chain, STEPS, lam=lam, eta=eta))


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("world", [WORLD, GaussianWorld()])
def test_solved_noise_rebuilds_the_picture(world, eta):
    condition = Condition(style=WORLD.styles[[0], :3], content=WORLD.contents[[1], :3])
    if world is WORLD:
        condition = WORLD.condition(0, 1)
    z_0 = picture(0, 1)
    chain = forward_chain(z_0, noises(0), STEPS)
    source = guided(world.denoise, condition, **SCALES)
    rebuilt = last(replay(source, chain[0], solve(source, chain, STEPS, eta=eta), STEPS, eta=eta))
    assert rms(rebuilt, z_0) < 1e-6


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 5.0])
def test_literal_reading_of_the_paper_does_not_rebuild_the_picture(scale):
    """Forward noise fed back as sampler noise ends further from the picture than a blank one is."""
    z_0, stored = picture(0, 1), noises(0)
    chain = forward_chain(z_0, stored, STEPS)
    condition = Condition(style=WORLD.styles[[0], :3], content=WORLD.contents[[1], :3])
    source = guided(GaussianWorld().denoise, condition, g_s=scale, g_y=scale)
    literal = last(sample_fresh(source, chain[0], STEPS, eta=1.0, noises=stored))
    assert rms(literal, z_0) > rms(0.0 * z_0, z_0)


def test_residual_is_sigma_times_the_solved_noise_of_cyclediffusion():
    chain = forward_chain(picture(0, 1), noises(0), STEPS)
    source = guided(WORLD.denoise, WORLD.condition(0, 1), **SCALES)
    solved = [0.0 * chain[0] for _ in STEPS]
    for k, extra in enumerate(solve(source, chain, STEPS)):
        if sigma(STEPS[k], eta=1.0) > 0.0:
            solved[k] = extra / sigma(STEPS[k], eta=1.0)
    followed = [z for _, z in sample_fresh(source, chain[0], STEPS, eta=1.0, noises=solved)]
    for ours, stored in zip(followed[:-1], chain[1:-1], strict=True):
        assert rms(ours, stored) < 1e-5
    # The last step has sigma = 0: noise cannot correct it, only the residual can.
    np.testing.assert_allclose(
        followed[-1] + residual(chain[-1], chain[-2], source(chain[-2], STEPS[-1].t), STEPS[-1], eta=1.0),
        chain[-1],
        atol=1e-4,
    )


def test_forward_chain_has_the_marginals_of_the_forward_process():
    z_0 = np.full((1, 1, 128, 128), 0.7, dtype=np.float64)
    chain = forward_chain(z_0, noises(3, (1, 1, 128, 128), np.float64), STEPS)
    for step, z in zip(STEPS, chain, strict=False):
        assert z.mean() == pytest.approx(add_noise(z_0, 0.0 * z_0, step.alpha_bar).mean(), abs=0.04)
        assert z.var() == pytest.approx(1.0 - step.alpha_bar, rel=0.06)
    assert chain[-1] is z_0


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_structure_1_is_the_picture_itself_and_needs_no_network(eta):
    recorder = Recorder(WORLD.denoise)
    np.testing.assert_array_equal(stylised(50, denoise=recorder, eta=eta), picture(0, 1))
    assert recorder.calls == []


def test_first_lam_steps_are_the_stored_chain_and_cost_nothing():
    recorder = Recorder(WORLD.denoise)
    chain = forward_chain(picture(0, 1), noises(0), STEPS)
    source = guided(recorder, WORLD.condition(0, 1), **SCALES)
    target = guided(recorder, WORLD.condition(3, 1), **SCALES)
    states = list(restyle(source, target, chain, STEPS, lam=20))
    assert [done for done, _ in states] == list(range(1, 51))
    assert all(z is chain[done] for done, z in states[:20])
    assert len(recorder.calls) == 2 * 30
    assert {t for t, _ in recorder.calls} == {step.t for step in STEPS[20:]}


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_more_structure_never_takes_the_picture_further_from_the_content(eta):
    """Gaussian data: the change of style pushes every latent one way, so this holds for every single picture."""
    world = GaussianWorld()
    own, other, content = (WORLD.styles[[0], :3], WORLD.styles[[3], :3], WORLD.contents[[1], :3])
    source = guided(world.denoise, Condition(style=own, content=content), **SCALES)
    target = guided(world.denoise, Condition(style=other, content=content), **SCALES)
    chain = forward_chain(picture(0, 1), noises(0), STEPS)
    lams = [0, 1, 5, 10, 20, 30, 40, 48, 49, 50]
    distances = [rms(last(restyle(source, target, chain, STEPS, lam=lam, eta=eta)), chain[-1]) for lam in lams]
    assert all(nearer < farther for farther, nearer in pairwise(distances))
    assert distances[0] > 0.1
    assert distances[-1] == 0.0


def test_structure_trades_style_for_content_on_average_over_a_finite_set():
    pairs = [(0, 2, 0), (1, 2, 1), (0, 3, 2), (1, 3, 3)]

    def mean_distances(lam):
        results = [stylised(lam, own=own, style=style, content=content, seed=content) for own, style, content in pairs]
        to_content = [rms(z, picture(own, content)) for z, (own, _, content) in zip(results, pairs, strict=True)]
        to_goal = [rms(z, picture(style, content)) for z, (_, style, content) in zip(results, pairs, strict=True)]
        return np.mean(to_content), np.mean(to_goal)

    to_content, to_goal = zip(*(mean_distances(lam) for lam in (0, 15, 30, 40, 45, 50)), strict=True)
    assert all(np.diff(to_content) <= 1e-4)
    assert (to_goal[0], to_content[-1]) == pytest.approx((0.0, 0.0), abs=1e-4)
    assert min(to_content[0], to_goal[-1]) > 0.3


@pytest.mark.parametrize("lam", [0, 20])
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_style_scale_0_gives_the_same_bits_whatever_the_style(lam, eta):
    results = [stylised(lam, style=style, g_s=0.0, eta=eta) for style in range(4)]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
    assert rms(stylised(lam, style=3, g_s=5.0, eta=eta), results[0]) > 1e-4


def test_one_list_of_residuals_serves_every_style():
    chain = forward_chain(picture(0, 1), noises(0), STEPS)
    source = guided(WORLD.denoise, WORLD.condition(0, 1), **SCALES)
    shared = list(solve(source, chain, STEPS, start=10))
    for style in (2, 3):
        target = guided(WORLD.denoise, WORLD.condition(style, 1), **SCALES)
        np.testing.assert_array_equal(
            last(replay(target, chain[10], shared, STEPS, start=10)), stylised(10, style=style)
        )


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_torch_and_numpy_run_the_same_lines_to_the_same_picture(eta):
    world = GaussianWorld()

    def run(convert):
        own, other, content = (
            convert(x) for x in (WORLD.styles[[0], :3], WORLD.styles[[3], :3], WORLD.contents[[1], :3])
        )
        chain = forward_chain(convert(picture(0, 1)), [convert(noise) for noise in noises(0)], STEPS)
        source = guided(world.denoise, Condition(style=own, content=content), **SCALES)
        target = guided(world.denoise, Condition(style=other, content=content), **SCALES)
        return last(restyle(source, target, chain, STEPS, lam=10, eta=eta))

    with_numpy, with_torch = run(lambda x: x), run(torch.from_numpy)
    assert with_numpy.dtype == np.float32
    assert with_torch.dtype == torch.float32
    np.testing.assert_allclose(with_torch.numpy(), with_numpy, atol=1e-6)


def test_wrong_counts_are_refused():
    chain = forward_chain(picture(0, 1), noises(0), STEPS)
    eps = guided(WORLD.denoise, WORLD.condition(0, 1), **SCALES)
    with pytest.raises(ValueError, match="49 noises for 50 steps"):
        forward_chain(picture(0, 1), noises(0)[1:], STEPS)
    with pytest.raises(ValueError, match="50 latents for 50 steps; it needs 51"):
        last(restyle(eps, eps, chain[1:], STEPS, lam=0))
    with pytest.raises(ValueError, match=r"lam is 51; .* 0\.\.50"):
        last(restyle(eps, eps, chain, STEPS, lam=51))
