"""Inversion, the lambda switch and fresh sampling (paper, "Sampling Pipeline").

Steps run from noise to picture: step k takes the latent after k steps to the latent after k + 1, a chain of T + 1
latents is indexed by steps done (`chain[0]` is z_T, `chain[T]` is z_0), and `noises[k]` belongs to step k. Loops are
generators of (steps done, latent): progress, previews and cancelling are the caller's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from jaxtyping import Float

from parasol.maths.inversion import forward_step, residual
from parasol.maths.schedule import Step
from parasol.maths.steps import sigma, step_mean
from parasol.types import EpsFn, Z


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


def solve(
    source: EpsFn[Z], chain: Sequence[Z], steps: Sequence[Step], *, eta: float = 1.0, start: int = 0
) -> Iterator[Z]:
    """Residuals of steps start..T-1 that make a sampler on `source` follow the stored chain exactly.

    They do not depend on what they are replayed with, so that one list serves every style of the same content, seed
    and scales. `source` is called once for each residual, at the moment that it is asked for.

    Raises:
        ValueError: the chain does not hold T + 1 latents, or `start` is not in 0..T.
    """
    _require_chain(chain, steps)
    _require_step("start", start, steps)
    for k in range(start, len(steps)):
        yield residual(chain[k + 1], chain[k], source(chain[k], steps[k].t), steps[k], eta=eta)


Hold = Callable[[int, Z], Z]
"""(steps done, latent) -> the latent that the next step goes on from."""


def free(done: int, z: Z) -> Z:
    """Holds nothing."""
    return z


def keep_outside(region: Float[Z, "1 1 h w"], chain: Sequence[Z]) -> Hold[Z]:
    """Holds to the stored chain wherever `region` is 0, so that what is drawn inside fits what stands around it."""
    return lambda done, z: region * z + (1.0 - region) * chain[done]


def replay(
    target: EpsFn[Z],
    z: Float[Z, "B C h w"],
    residuals: Iterable[Z | float],
    steps: Sequence[Step],
    *,
    eta: float = 1.0,
    start: int = 0,
    hold: Hold[Z] = free,
) -> Iterator[tuple[int, Z]]:
    """Sample on `target` from z, the latent after `start` steps, adding one given residual after each step's mean.

    Raises:
        ValueError: there is not one residual for each step that is left, or `start` is not in 0..T.
    """
    _require_step("start", start, steps)
    for k, (step, extra) in enumerate(zip(steps[start:], residuals, strict=True), start):
        z = hold(k + 1, step_mean(z, target(z, step.t), step, eta=eta) + extra)
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
    residuals = solve(source, chain, steps, eta=eta, start=lam)
    yield from replay(target, chain[lam], residuals, steps, eta=eta, start=lam, hold=hold)


def sample_fresh(
    target: EpsFn[Z],
    z_T: Float[Z, "B C h w"],
    steps: Sequence[Step],
    *,
    eta: float = 0.0,
    noises: Sequence[Z] = (),
    hold: Hold[Z] = free,
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
    yield from replay(target, z_T, residuals, steps, eta=eta, hold=hold)


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
