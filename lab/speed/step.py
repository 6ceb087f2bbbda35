"""One sampling step on ONNX Runtime against the same weights in diffusers' eager loop on torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from lab.speed.peak import torch_threads
from parasol.bundle import Bundle
from parasol.maths.steps import step_mean
from parasol.runtime.onnx import OnnxComponents
from parasol.runtime.torch import load_networks
from parasol.sampling.guided import branch_tokens, guided
from parasol.types import Condition

STEPS = 50
SCALE = 5.0
WARM_UP = 3
PAUSE = 0.05  # seconds in which one library's waiting threads fall asleep before the other is timed


@dataclass(frozen=True, kw_only=True)
class StepSpeed:
    """Medians over interleaved pairs: milliseconds of one step on each side, and the ratio within a pair."""

    onnx_ms: float
    torch_ms: float
    ratio: float
    """torch over onnx: above 1 the core is faster."""

    difference: float
    """Largest difference of the two steps' results, in units of the latent: the same work was done."""


def step_speed(bundle: Bundle, *, threads: int, pairs: int = 15) -> StepSpeed:
    """Time whole DDIM steps with three guidance branches, ours and diffusers', in turns, on the same threads."""
    ours, theirs = our_step(bundle, threads), diffusers_step(bundle)
    times: list[tuple[float, float]] = []
    with torch_threads(threads):
        difference = float(np.abs(ours() - theirs()).max())
        for _ in range(WARM_UP + pairs):
            other = _seconds(theirs)
            times.append((_seconds(ours), other))
    times = times[WARM_UP:]
    return StepSpeed(
        onnx_ms=1e3 * median(mine for mine, _ in times),
        torch_ms=1e3 * median(other for _, other in times),
        ratio=median(other / mine for mine, other in times),
        difference=difference,
    )


def our_step(bundle: Bundle, threads: int) -> Callable[[], np.ndarray]:
    """The core's step, in the middle of a run."""
    z, condition = _inputs(bundle)
    step = bundle.manifest.schedule.steps(STEPS)[STEPS // 2]
    eps = guided(OnnxComponents(bundle, threads=threads).denoise, condition, g_s=SCALE, g_y=SCALE)
    return lambda: step_mean(z, eps(z, step.t), step, eta=0.0)


def diffusers_step(bundle: Bundle) -> Callable[[], np.ndarray]:
    """The same step as diffusers' pipelines write it: repeat, U-Net, chunk, guide, scheduler."""
    latent, condition = _inputs(bundle)
    tokens = torch.from_numpy(branch_tokens(condition, ("null", "style", "content")))
    z, unet, schedule = torch.from_numpy(latent), load_networks(bundle).unet, bundle.manifest.schedule
    scheduler = DDIMScheduler(
        num_train_timesteps=schedule.train_steps,
        beta_start=schedule.beta_start,
        beta_end=schedule.beta_end,
        beta_schedule="scaled_linear",
        clip_sample=False,
        timestep_spacing="trailing",
        prediction_type="v_prediction" if bundle.manifest.prediction == "v" else "epsilon",
    )
    scheduler.set_timesteps(STEPS)
    t = scheduler.timesteps[STEPS // 2]

    @torch.inference_mode()
    def step() -> np.ndarray:
        eps = unet(scheduler.scale_model_input(torch.cat([z] * 3), int(t)), t, encoder_hidden_states=tokens).sample
        null, style, content = eps.chunk(3)
        guided_eps = null + SCALE * (style - null) + SCALE * (content - null)
        return scheduler.step(guided_eps, int(t), z, return_dict=False)[0].numpy()

    return step


def _inputs(bundle: Bundle) -> tuple[np.ndarray, Condition[np.ndarray]]:
    random = np.random.default_rng(0)
    side, channels = bundle.manifest.size // 8, bundle.manifest.latent_channels  # 8 px a latent
    z = random.standard_normal((1, channels, side, side), np.float32)
    style, content = (_unit(random, bundle.manifest.content.dimension) for _ in range(2))
    return z, Condition(style=style, content=content)


def _unit(random: np.random.Generator, width: int) -> np.ndarray:
    vector = random.standard_normal((1, width), np.float32)
    return vector / np.linalg.norm(vector)


def _seconds(work: Callable[[], object]) -> float:
    time.sleep(PAUSE)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
