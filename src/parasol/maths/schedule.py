"""How much noise there is at each timestep, and which timesteps a sampler visits."""

import math
from dataclasses import dataclass
from functools import cached_property

LONGEST_CHAIN = 10_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """One sampling step, from the latent at timestep t to the next, less noisy one."""

    t: int
    """Timestep that the network is asked about, 0 (nearly clean) to train_steps - 1 (nearly noise)."""

    alpha_bar: float
    """Share of the signal's variance left in z_t, in (0, 1)."""

    alpha_bar_prev: float
    """The same after the step, in (alpha_bar, 1]; exactly 1 on the last step, which ends on z_0."""

    @property
    def log_snr_gain(self) -> float:
        """h: by how much the step raises log(sqrt(alpha_bar) / sqrt(1 - alpha_bar)); infinite on the last step."""
        if self.alpha_bar_prev == 1.0:
            return math.inf
        before, after = self.alpha_bar / (1.0 - self.alpha_bar), self.alpha_bar_prev / (1.0 - self.alpha_bar_prev)
        return 0.5 * math.log(after / before)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Scaled-linear noise schedule of latent diffusion: sqrt(beta_t) grows linearly with t (LDM; facts.md, "base").

    Raises:
        ValueError: a value is outside the range that its field states.
    """

    train_steps: int = 1000
    """Timesteps of the training chain, 2 to 10,000."""

    beta_start: float = 0.0015
    """Variance of the noise added at t = 0, in (0, beta_end]."""

    beta_end: float = 0.015
    """Variance of the noise added at the last t, in [beta_start, 1)."""

    def __post_init__(self) -> None:
        if not 2 <= self.train_steps <= LONGEST_CHAIN:
            raise ValueError(f"train_steps is {self.train_steps}; it must lie in 2 to {LONGEST_CHAIN}, usually 1000")
        if not 0.0 < self.beta_start <= self.beta_end < 1.0:
            raise ValueError(
                f"beta_start is {self.beta_start} and beta_end {self.beta_end}; "
                "they must satisfy 0 < beta_start <= beta_end < 1, such as 0.0015 and 0.015"
            )

    @cached_property
    def alpha_bars(self) -> tuple[float, ...]:
        """alpha_bar_t = prod_{i <= t} (1 - beta_i) for every t, as Python floats so that they never widen a dtype."""
        first, last = self.beta_start**0.5, self.beta_end**0.5
        alpha_bars: list[float] = []
        product = 1.0
        for t in range(self.train_steps):
            beta = (first + (last - first) * t / (self.train_steps - 1)) ** 2
            product *= 1.0 - beta
            alpha_bars.append(product)
        return tuple(alpha_bars)

    def steps(self, count: int) -> tuple[Step, ...]:
        """Sampling grid of `count` steps with trailing spacing: it starts at t = train_steps - 1 (Lin et al. 2024).

        Raises:
            ValueError: `count` is not in 1..train_steps.
        """
        if not 1 <= count <= self.train_steps:
            raise ValueError(f"steps is {count}; it must lie in 1..{self.train_steps}, usually 20 to 50")
        timesteps = [round(self.train_steps - i * self.train_steps / count) - 1 for i in range(count)]
        alpha_bars = [self.alpha_bars[t] for t in timesteps] + [1.0]
        return tuple(
            Step(t=t, alpha_bar=here, alpha_bar_prev=prev)
            for t, here, prev in zip(timesteps, alpha_bars, alpha_bars[1:], strict=False)
        )


def switch_step(structure: float, count: int) -> int:
    """lam = round(structure * T): how many of the first `count` steps keep the content picture's own style.

    Raises:
        ValueError: `structure` is not in 0..1.
    """
    if not 0.0 <= structure <= 1.0:
        raise ValueError(f"structure is {structure}; it must lie in 0 (free) to 1 (the content picture itself)")
    return round(structure * count)
