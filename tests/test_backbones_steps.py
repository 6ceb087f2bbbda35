"""The sampler on the schedules of others: step by step as diffusers does, and exact where the small models are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from lab.tiny_backbone import SD, tiny_unet
from parasol.backbones.inspection import schedule_of
from parasol.maths.schedule import Schedule
from parasol.maths.steps import add_noise, epsilon_of_velocity, foreseen
from parasol.maths.texture import texture_of
from parasol.sampling.guided import guided
from parasol.sampling.sampler import at_levels, ddim, dpm, forward_chain, replay, restyle, sample_fresh, solve
from parasol.sampling.textured import textured
from parasol.training.losses import diffusion_loss, velocity_loss
from parasol.types import Condition, EpsFn
from worlds import last, normal

LINEAR, COSINE = {"beta_schedule": "linear"}, {"beta_schedule": "squaredcos_cap_v2"}
V, ZERO = {"prediction_type": "v_prediction"}, {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
LEADING, TRAILING = {"timestep_spacing": "leading"}, {"timestep_spacing": "trailing"}
CASES = {
    "stable diffusion": LEADING,
    "without an offset, to the picture itself": LEADING | {"steps_offset": 0, "set_alpha_to_one": True},
    "trailing": TRAILING,
    "velocity": LEADING | V,
    "velocity, linear": TRAILING | V | LINEAR,
    "velocity, cosine": TRAILING | V | COSINE,
    "zero terminal": TRAILING | ZERO,
}
WEIGHTS = np.random.default_rng(9).standard_normal((144, 144)) / 12.0


def network(z: torch.Tensor, t: int) -> torch.Tensor:
    """A fixed network that bends the path."""
    turned = z.flatten(1) @ torch.from_numpy(WEIGHTS).to(z.dtype)
    return torch.tanh(turned.reshape(z.shape) * (1.0 + t / 1000.0))


def noise_of(schedule: Schedule, prediction: str) -> EpsFn[torch.Tensor]:
    """What our sampler is handed: the noise, or under zero terminal SNR the velocity itself."""
    if prediction == "epsilon" or schedule.zero_terminal:
        return network
    return lambda z, t: epsilon_of_velocity(network(z, t), z, schedule.alpha_bars[t])


@pytest.mark.parametrize("case", CASES)
def test_the_whole_path_is_diffusers(case: str) -> None:
    """Its table of alpha_bar is made in float32; the formulas are compared on ours, the tables with each other."""
    for count in (10, 50):
        oracle = DDIMScheduler(**{**SD, **CASES[case]})
        schedule, prediction = schedule_of(dict(oracle.config), Path())
        np.testing.assert_allclose(schedule.alpha_bars, oracle.alphas_cumprod.double(), rtol=5e-5, atol=1e-6)
        oracle.alphas_cumprod = torch.tensor(schedule.alpha_bars, dtype=torch.float64)
        oracle.final_alpha_cumprod = torch.tensor(
            1.0 if schedule.clean else schedule.alpha_bars[0], dtype=torch.float64
        )
        oracle.set_timesteps(count)
        steps = schedule.steps(count)
        assert [step.t for step in steps] == oracle.timesteps.tolist()
        theirs = torch.from_numpy(normal(0, 1, 4, 6, 6, dtype=np.float64))
        path = replay(noise_of(schedule, prediction), theirs, [0.0] * count, steps, eta=0.0)
        for (_, z), step in zip(path, steps, strict=True):
            theirs = oracle.step(network(theirs, step.t), step.t, theirs, eta=0.0).prev_sample
            torch.testing.assert_close(z, theirs, rtol=1e-9, atol=1e-9)


def test_linspace_visits_both_ends_as_ddim_does() -> None:
    """The second-order scheduler of diffusers means other timesteps by the same word."""
    oracle = DDIMScheduler(**{**SD, "timestep_spacing": "linspace"})
    oracle.set_timesteps(10)
    ours = schedule_of(dict(oracle.config), Path())[0].steps(10)
    assert [step.t for step in ours] == oracle.timesteps.tolist()


@pytest.mark.parametrize("case", ["trailing", "velocity, linear"])
@pytest.mark.parametrize("count", [10, 50])
def test_steps_of_second_order_are_diffusers(case: str, count: int) -> None:
    settings = {
        name: value for name, value in (SD | CASES[case]).items() if name not in ("clip_sample", "set_alpha_to_one")
    }
    oracle = DPMSolverMultistepScheduler(**settings, final_sigmas_type="zero")
    schedule, prediction = schedule_of(dict(oracle.config), Path())
    oracle.set_timesteps(count)
    steps = schedule.steps(count)
    assert [step.t for step in steps] == oracle.timesteps.tolist()
    sigmas = [((1.0 - step.alpha_bar) / step.alpha_bar) ** 0.5 for step in steps]
    assert max(abs(float(theirs) / ours - 1.0) for theirs, ours in zip(oracle.sigmas, sigmas, strict=False)) < 5e-5
    oracle.sigmas = torch.tensor([*sigmas, 0.0], dtype=torch.float64)  # its own are float32
    theirs = torch.from_numpy(normal(0, 1, 4, 6, 6, dtype=np.float64))
    path = replay(noise_of(schedule, prediction), theirs, [0.0] * count, steps, eta=0.0, sampler=dpm)
    for (_, z), step in zip(path, steps, strict=True):
        theirs = oracle.step(network(theirs, step.t), step.t, theirs).prev_sample
        torch.testing.assert_close(z, theirs, rtol=1e-5, atol=1e-5)  # it goes on in float32


def schedule(case: str) -> Schedule:
    return schedule_of(dict(DDIMScheduler(**{**SD, **CASES[case]}).config), Path())[0]


@torch.no_grad()
def inverted(case: str, lam: int, *, style: int = 2, g_s: float = 5.0, kind: torch.dtype = torch.float32, sampler=dpm):
    """A picture restyled on a U-Net of Stable Diffusion's shape, products in `kind`."""
    torch.manual_seed(0)
    unet = tiny_unet().eval().to(kind)

    def denoise(z: torch.Tensor, t: int, tokens: torch.Tensor) -> torch.Tensor:
        return unet(z.to(kind), torch.tensor(t), encoder_hidden_states=tokens.to(kind)).sample.float()

    steps = schedule(case).steps(10)
    tokens = [torch.nn.functional.normalize(torch.from_numpy(normal(seed, 1, 24)), dim=1) for seed in range(4)]
    z_0, noises = (
        torch.from_numpy(normal(7, 1, 4, 8, 8)),
        [torch.from_numpy(normal(20 + k, 1, 4, 8, 8)) for k in range(10)],
    )
    chain = forward_chain(z_0, noises, steps)
    source, target = (
        guided(denoise, Condition(style=tokens[one], content=tokens[3]), g_s=g_s, g_y=5.0) for one in (0, style)
    )
    return z_0, last(restyle(source, target, chain, steps, lam=lam, sampler=sampler))


@pytest.mark.parametrize("case", ["stable diffusion", "zero terminal"])
def test_structure_1_is_the_picture_and_scale_0_hears_no_style(case: str) -> None:
    z_0, kept = inverted(case, 10)
    torch.testing.assert_close(kept, z_0, rtol=0.0, atol=0.0)
    z_0, own = inverted(case, 4, style=0)
    assert float((own - z_0).abs().max()) < 1e-4, "under its own style the picture comes back, to rounding"
    assert float((inverted(case, 4)[1] - z_0).abs().max()) > 1e-2
    deaf = [inverted(case, 4, style=style, g_s=0.0)[1] for style in (0, 2)]
    torch.testing.assert_close(deaf[0], deaf[1], rtol=0.0, atol=0.0)


@pytest.mark.parametrize(("kind", "most"), [(torch.bfloat16, 0.15), (torch.float16, 0.02)])
def test_half_precision_moves_the_picture_no_further_than_is_said(kind: torch.dtype, most: float) -> None:
    """Relative to the picture's own deviation; docs/scale.md states what is found."""
    for case in ("stable diffusion", "zero terminal"):
        z_0, exact = inverted(case, 4)
        found = inverted(case, 4, kind=kind)[1]
        assert 0.0 < float((found - exact).pow(2).mean().sqrt() / exact.std()) < most, case
        torch.testing.assert_close(inverted(case, 10, kind=kind)[1], z_0, rtol=0.0, atol=0.0)


def test_a_velocity_and_its_noise_take_the_same_steps() -> None:
    """Where alpha_bar is not 0 both say the same: first and second order, texture, and what is foreseen."""
    plain = schedule("velocity")
    steps = plain.steps(10)
    going = [replace(step, velocity=True) for step in steps]
    z = torch.from_numpy(normal(0, 1, 4, 6, 6, dtype=np.float64))
    for sampler in (ddim, dpm):
        ours, other = (
            last(replay(eps, z, [0.0] * 10, chosen, eta=0.0, sampler=sampler))
            for eps, chosen in ((noise_of(plain, "v"), steps), (network, going))
        )
        torch.testing.assert_close(ours, other, rtol=1e-9, atol=1e-9)
    eps = noise_of(plain, "v")(z, steps[3].t)
    torch.testing.assert_close(foreseen(z, eps, steps[3]), foreseen(z, network(z, steps[3].t), going[3]))


def test_texture_moves_what_a_velocity_foresees_as_it_moves_what_noise_does() -> None:
    plain = schedule("velocity")
    step = plain.steps(10)[3]
    z, v = normal(0, 1, 4, 16, 16), normal(1, 1, 4, 16, 16)
    texture = texture_of(normal(2, 4, 16, 16))
    moved = textured(lambda z, t: v, texture, share=0.5, alpha_bars=plain.alpha_bars, velocity=True)(z, step.t)
    eps = textured(
        lambda z, t: epsilon_of_velocity(v, z, step.alpha_bar), texture, share=0.5, alpha_bars=plain.alpha_bars
    )(z, step.t)
    np.testing.assert_allclose(epsilon_of_velocity(moved, z, step.alpha_bar), eps, atol=1e-4)


def test_under_zero_terminal_snr_the_first_latent_is_noise_alone() -> None:
    chosen = replace(schedule("zero terminal"), clean=True)
    steps = chosen.steps(8)
    assert (steps[0].t, steps[0].alpha_bar, steps[0].velocity) == (999, 0.0, True)
    z_0, noises = normal(0, 1, 4, 6, 6), [normal(1 + k, 1, 4, 6, 6) for k in range(8)]
    chain = forward_chain(z_0, noises, steps)
    np.testing.assert_array_equal(chain[0], noises[0])
    seen = at_levels(chain, steps, noises[:5], chosen.steps(5))
    assert all(np.isfinite(one).all() for one in seen)
    alpha_bars = chosen.alpha_bars

    def knowing(z: np.ndarray, t: int) -> np.ndarray:
        """The velocity where everything that is shown is z_0."""
        eps = (z - alpha_bars[t] ** 0.5 * z_0) / (1.0 - alpha_bars[t]) ** 0.5
        return alpha_bars[t] ** 0.5 * eps - (1.0 - alpha_bars[t]) ** 0.5 * z_0

    np.testing.assert_allclose(last(sample_fresh(knowing, chain[0], steps, sampler=dpm)), z_0, atol=1e-5)
    residuals = list(solve(lambda z, t: 0.1 * z, chain, steps, sampler=dpm))
    np.testing.assert_allclose(
        last(replay(lambda z, t: 0.1 * z, chain[0], residuals, steps, sampler=dpm)), z_0, atol=1e-5
    )


def test_a_velocitys_loss_is_its_noises_loss() -> None:
    eps, z_0, wrong = (torch.from_numpy(normal(seed, 4, 4, 3, 3)) for seed in range(3))
    alpha_bar = torch.tensor([0.9, 0.5, 0.1, 0.01])
    share = alpha_bar.reshape(4, 1, 1, 1)
    v, z = share**0.5 * eps - (1.0 - share) ** 0.5 * z_0, add_noise(z_0, eps, share)
    for floor in (0.0, 1.0):
        ours = velocity_loss(v, v + 0.1 * wrong, alpha_bar, 5.0, floor)
        theirs = diffusion_loss(eps, epsilon_of_velocity(v + 0.1 * wrong, z, share), alpha_bar, 5.0, floor)
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert torch.isfinite(velocity_loss(v, wrong, torch.zeros(4), 5.0))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"offset": 2}, "offset is 2"),
        ({"zero_terminal": True, "spacing": "leading"}, "must begin there"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(settings: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Schedule(**settings)


def test_our_own_schedule_says_what_it_always_said() -> None:
    """The identity of the bundled models is made of it."""
    assert Schedule().facts() == {"train_steps": 1000, "beta_start": 0.0015, "beta_end": 0.015}
    assert Schedule(growth="linear", offset=1).facts()["growth"] == "linear"
