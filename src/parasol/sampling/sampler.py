"""Inversion, the lambda switch and fresh sampling (paper, "Sampling Pipeline").

Steps run from noise to picture: step k takes the latent after k steps to the latent after k + 1, a chain of T + 1
latents is indexed by steps done (`chain[0]` is z_T, `chain[T]` is z_0), and `noises[k]` belongs to step k. Loops are
generators of (steps done, latent): progress, previews and cancelling are the caller's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float

from parasol.maths.inversion import between, forward_step, residual
from parasol.maths.schedule import Schedule, Step
from parasol.maths.steps import foreseen, second_order, sigma, step_mean
from parasol.types import EpsFn, Z

INVERSION_ETA = 1.0  # DDPM: the forward chain that is inverted is a Markov chain
FRESH_ETA = 0.0  # DDIM
PATH_STEPS = 50  # whose forward process the sampler dpm follows, however few its own steps are


def stored_chain(
    z_0: Float[np.ndarray, "B C h w"], random: np.random.Generator, schedule: Schedule, count: int, sampler: str
) -> list[Float[np.ndarray, "B C h w"]]:
    """The forward process on the grid of `count` steps. With dpm it is that of `PATH_STEPS`, whatever the steps."""

    def noises(steps: Sequence[Step]) -> list[np.ndarray]:
        return [random.standard_normal(z_0.shape, dtype=np.float32) for _ in steps]

    steps = schedule.steps(count)
    if sampler == "ddim":
        return forward_chain(z_0, noises(steps), steps)
    path = schedule.steps(PATH_STEPS)
    stored = forward_chain(z_0, noises(path), path)
    return at_levels(stored, path, noises(steps), steps)


def forward_chain(z_0: Float[Z, "B C h w"], noises: Sequence[Z], steps: Sequence[Step]) -> list[Z]:
    """The whole forward process on the sampling grid, kept: T + 1 latents from z_T (index 0) to z_0 (index T).

    Raises:
        ValueError: there is not one noise, standard normal in z_0's shape, for each step.
    """
    _require_one_each("noises", noises, steps)
    chain = [z_0]
    for noise, step in zip(reversed(noises), reversed(steps), strict=True):
        chain.append(forward_step(chain[-1], noise, step))
    return chain[::-1]


def at_levels(chain: Sequence[Z], steps: Sequence[Step], noises: Sequence[Z], wanted: Sequence[Step]) -> list[Z]:
    """A stored forward process seen on another grid, as `forward_chain` gives it: one latent for each step and z_0.

    Where the two grids meet it is the stored latent itself, so that few steps follow the very noise that many do;
    elsewhere it is drawn between its neighbours with the noise of its step.

    Raises:
        ValueError: the chain does not hold T + 1 latents, there is not one noise for each wanted step, or one of these
            begins at more noise than the chain does.
    """
    _require_chain(chain, steps)
    _require_one_each("noises", noises, wanted)
    if wanted[0].alpha_bar < steps[0].alpha_bar:
        raise ValueError(
            f"a step begins at t = {wanted[0].t} and the stored chain at t = {steps[0].t}; both must begin at the same"
        )
    stored = list(zip(reversed(chain[:-1]), (step.alpha_bar for step in reversed(steps)), strict=True))
    latents, cleaner = [chain[-1]], (chain[-1], 1.0)
    for step, noise in zip(reversed(wanted), reversed(noises), strict=True):
        while stored[0][1] > step.alpha_bar:
            cleaner = stored.pop(0)
        noisier, most = stored[0]
        z = (
            noisier
            if most == step.alpha_bar
            else between(cleaner[0], noisier, noise, (cleaner[1], step.alpha_bar, most))
        )
        cleaner = (z, step.alpha_bar)
        latents.append(z)
    return latents[::-1]


Predict = Callable[[Z, Step], Z]
"""(z_t, step) -> the noise that `step_mean` is to go by; for one walk along the steps, in their order."""

Sampler = Callable[[EpsFn[Z]], Predict[Z]]
"""How the noise that a network predicts becomes the noise that a step goes by."""


def ddim(eps_fn: EpsFn[Z]) -> Predict[Z]:
    """The network's own prediction: steps of first order, DDPM's or DDIM's by their eta."""
    return lambda z, step: eps_fn(z, step.t)


def dpm(eps_fn: EpsFn[Z]) -> Predict[Z]:
    """Steps of second order from the pictures that this step and the one before foresaw; the first is as `ddim`'s."""
    before: list[tuple[Step, Z]] = []

    def predict(z: Z, step: Step) -> Z:
        eps = eps_fn(z, step.t)
        here = step, foreseen(z, eps, step)
        if before:
            step_before, z_0_before = before.pop()
            eps = second_order(eps, here[1], z_0_before, step, step_before)
        before.append(here)
        return eps

    return predict


def solve(
    source: EpsFn[Z],
    chain: Sequence[Z],
    steps: Sequence[Step],
    *,
    eta: float = 1.0,
    start: int = 0,
    sampler: Sampler[Z] = ddim,
) -> Iterator[Z]:
    """Residuals of steps start..T-1 that make a sampler on `source` follow the stored chain exactly.

    They do not depend on what they are replayed with, so that one list serves every style of the same content, seed
    and scales. `source` is called once for each residual, at the moment that it is asked for.

    Raises:
        ValueError: the chain does not hold T + 1 latents, or `start` is not in 0..T.
    """
    _require_chain(chain, steps)
    _require_step("start", start, steps)
    predict = sampler(source)
    for k in range(start, len(steps)):
        yield residual(chain[k + 1], chain[k], predict(chain[k], steps[k]), steps[k], eta=eta)


Hold = Callable[[int, Z], Z]
"""(steps done, latent) -> the latent that the next step goes on from."""


def free(done: int, z: Z) -> Z:
    """Holds nothing."""
    return z


def keep(held: Sequence[Float[Z, "1 1 _ _"]], chain: Sequence[Z]) -> Hold[Z]:
    """Holds to the stored chain by the share `held[steps done]`, so that what is drawn elsewhere fits it."""
    return lambda done, z: held[done] * chain[done] + (1.0 - held[done]) * z


def replay(
    target: EpsFn[Z],
    z: Float[Z, "B C h w"],
    residuals: Iterable[Z | float],
    steps: Sequence[Step],
    *,
    eta: float = 1.0,
    start: int = 0,
    hold: Hold[Z] = free,
    sampler: Sampler[Z] = ddim,
) -> Iterator[tuple[int, Z]]:
    """Sample on `target` from z, the latent after `start` steps, adding one given residual after each step's mean.

    Raises:
        ValueError: there is not one residual for each step that is left, or `start` is not in 0..T.
    """
    _require_step("start", start, steps)
    predict = sampler(target)
    for k, (step, extra) in enumerate(zip(steps[start:], residuals, strict=True), start):
        z = hold(k + 1, step_mean(z, predict(z, step), step, eta=eta) + extra)
        yield k + 1, z


def restyle(
    source: EpsFn[Z],
    target: EpsFn[Z],
    chain: Sequence[Z],
    steps: Sequence[Step],
    *,
    lam: int,
    eta: float = 1.0,
    hold: Hold[Z] = free,
    sampler: Sampler[Z] = ddim,
) -> Iterator[tuple[int, Z]]:
    """Rebuild the content picture for lam steps under its own condition, then go on under the new style.

    `source` is guided by (m_y, c_y), `target` by (m_s, c_y), with the same scales. Under `source` the solved noise
    leads along the stored chain, so the first lam steps are read from it and the network is not called; lam = T
    returns z_0 itself, and lam = 0 changes the style from the first step on.

    Raises:
        ValueError: `lam` is not in 0..T, or the chain does not hold T + 1 latents.
    """
    _require_chain(chain, steps)
    _require_step("lam", lam, steps)
    yield from ((k, chain[k]) for k in range(1, lam + 1))
    residuals = solve(source, chain, steps, eta=eta, start=lam, sampler=sampler)
    yield from replay(target, chain[lam], residuals, steps, eta=eta, start=lam, hold=hold, sampler=sampler)


def sample_fresh(
    target: EpsFn[Z],
    z_T: Float[Z, "B C h w"],
    steps: Sequence[Step],
    *,
    eta: float = 0.0,
    noises: Sequence[Z] = (),
    hold: Hold[Z] = free,
    sampler: Sampler[Z] = ddim,
) -> Iterator[tuple[int, Z]]:
    """Sample from new noise z_T: the descriptors alone say what the picture shows ("Content Diversity").

    Raises:
        ValueError: eta is above 0 and there is not one noise, standard normal in z_T's shape, for each step.
    """
    if eta > 0.0:
        _require_one_each("noises", noises, steps)
        residuals = [sigma(step, eta=eta) * noise for step, noise in zip(steps, noises, strict=True)]
    else:
        residuals = [0.0] * len(steps)
    yield from replay(target, z_T, residuals, steps, eta=eta, hold=hold, sampler=sampler)


def _require_one_each(name: str, values: Sequence[Z], steps: Sequence[Step]) -> None:
    if len(values) != len(steps):
        raise ValueError(f"{len(values)} {name} for {len(steps)} steps; pass exactly one for each step")


def _require_chain(chain: Sequence[Z], steps: Sequence[Step]) -> None:
    if len(chain) != len(steps) + 1:
        raise ValueError(
            f"the chain holds {len(chain)} latents for {len(steps)} steps; it needs {len(steps) + 1}: "
            "make it with forward_chain on the same steps"
        )


def _require_step(name: str, value: int, steps: Sequence[Step]) -> None:
    if not 0 <= value <= len(steps):
        raise ValueError(f"{name} is {value}; it counts steps and must lie in 0..{len(steps)}")
