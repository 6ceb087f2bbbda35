"""How much noise there is at each timestep, and which timesteps a sampler visits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

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

    velocity: bool = False
    """Whether the network's prediction is taken as the velocity, which alone says something where alpha_bar is 0."""

    @property
    def log_snr_gain(self) -> float:
        """h: by how much the step raises log(sqrt(alpha_bar) / sqrt(1 - alpha_bar)); infinite where an end is bare."""
        if self.alpha_bar_prev == 1.0 or self.alpha_bar == 0.0:
            return math.inf
        before, after = self.alpha_bar / (1.0 - self.alpha_bar), self.alpha_bar_prev / (1.0 - self.alpha_bar_prev)
        return 0.5 * math.log(after / before)


Growth = Literal["scaled_linear", "linear", "cosine"]
Spacing = Literal["trailing", "leading", "linspace"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Noise schedule of latent diffusion: our models have the first three fields alone, brought backbones the rest.

    Raises:
        ValueError: a value is outside the range that its field states.
    """

    train_steps: int = 1000
    """Timesteps of the training chain, 2 to 10,000."""

    beta_start: float = 0.0015
    """Variance of the noise added at t = 0, in (0, beta_end]."""

    beta_end: float = 0.015
    """Variance of the noise added at the last t, in [beta_start, 1)."""

    growth: Growth = "scaled_linear"
    """What grows linearly with t: sqrt(beta_t) (LDM), beta_t (DDPM), or the angle whose squared cosine alpha_bar is
    (Nichol and Dhariwal 2021; the two betas are then without effect)."""

    zero_terminal: bool = False
    """Whether alpha_bar ends on 0: the last t is noise alone (Lin et al. 2024, algorithm 1). The network predicts the
    velocity."""

    spacing: Spacing = "trailing"
    """Which timesteps a sampler visits: from the last one on in even strides, from the first one on, or both ends."""

    offset: int = 0
    """What `leading` timesteps are moved by towards the noise, 1 for Stable Diffusion."""

    clean: bool = True
    """Whether the last step ends on z_0 itself, else on alpha_bar of t = 0, as Stable Diffusion's does."""

    def __post_init__(self) -> None:
        if not 2 <= self.train_steps <= LONGEST_CHAIN:
            raise ValueError(f"train_steps is {self.train_steps}; it must lie in 2 to {LONGEST_CHAIN}, usually 1000")
        if not 0.0 < self.beta_start <= self.beta_end < 1.0:
            raise ValueError(
                f"beta_start is {self.beta_start} and beta_end {self.beta_end}; "
                "they must satisfy 0 < beta_start <= beta_end < 1, such as 0.0015 and 0.015"
            )
        if not 0 <= self.offset <= 1:
            raise ValueError(f"offset is {self.offset}; timesteps are moved by 0 or 1")
        if self.zero_terminal and self.spacing == "leading":
            raise ValueError("a schedule that ends on noise alone must begin there: spacing is trailing or linspace")

    def facts(self) -> dict[str, object]:
        """The fields that say something: the first three, and any other that is not as our own models have it."""
        named = ("train_steps", "beta_start", "beta_end")
        values = [(field.name, getattr(self, field.name), field.default) for field in fields(self)]
        return {name: value for name, value, usual in values if name in named or value != usual}

    def _betas(self) -> Iterator[float]:
        first, last, steps = self.beta_start, self.beta_end, self.train_steps
        if self.growth == "scaled_linear":
            first, last = first**0.5, last**0.5
        for t in range(steps):
            if self.growth == "cosine":
                yield min(0.999, 1.0 - _squared_cosine((t + 1) / steps) / _squared_cosine(t / steps))
            else:
                grown = first + (last - first) * t / (steps - 1)
                yield grown**2 if self.growth == "scaled_linear" else grown

    @cached_property
    def alpha_bars(self) -> tuple[float, ...]:
        """alpha_bar_t = prod_{i <= t} (1 - beta_i) for every t, as Python floats so that they never widen a dtype."""
        alpha_bars: list[float] = []
        product = 1.0
        for beta in self._betas():
            product *= 1.0 - beta
            alpha_bars.append(product)
        if not self.zero_terminal:
            return tuple(alpha_bars)
        first, last = alpha_bars[0] ** 0.5, alpha_bars[-1] ** 0.5
        return tuple(((alpha_bar**0.5 - last) * first / (first - last)) ** 2 for alpha_bar in alpha_bars)

    def steps(self, count: int) -> tuple[Step, ...]:
        """Sampling grid of `count` steps; each ends where the next begins. Ours is trailing (Lin et al. 2024).

        Raises:
            ValueError: `count` is not in 1..train_steps.
        """
        if not 1 <= count <= self.train_steps:
            raise ValueError(f"steps is {count}; it must lie in 1..{self.train_steps}, usually 20 to 50")
        alpha_bars = [self.alpha_bars[t] for t in self._timesteps(count)]
        alpha_bars.append(1.0 if self.clean else self.alpha_bars[0])
        return tuple(
            Step(t=t, alpha_bar=here, alpha_bar_prev=prev, velocity=self.zero_terminal)
            for t, here, prev in zip(self._timesteps(count), alpha_bars, alpha_bars[1:], strict=False)
        )

    def _timesteps(self, count: int) -> list[int]:
        """From noise to picture."""
        if self.spacing == "trailing":
            return [round(self.train_steps - i * self.train_steps / count) - 1 for i in range(count)]
        if self.spacing == "leading":
            stride, last = self.train_steps // count, self.train_steps - 1
            return [min(last, i * stride + self.offset) for i in reversed(range(count))]
        between = (self.train_steps - 1) / max(1, count - 1)
        return [round(i * between) for i in reversed(range(count))]


def _squared_cosine(share: float) -> float:
    """alpha_bar at a share of the chain, up to a constant."""
    return math.cos((share + 0.008) / 1.008 * math.pi / 2.0) ** 2


def switch_step(structure: float, count: int, *, gradual: bool = False) -> float:
    """lam = round(structure * T): how many of the first `count` steps keep the content picture's own style.

    With `gradual` it is structure * T, whose rest beyond whole steps is the share of the next latent that keeps it.

    Raises:
        ValueError: `structure` is not in 0..1.
    """
    if not 0.0 <= structure <= 1.0:
        raise ValueError(f"structure is {structure}; it must lie in 0 (free) to 1 (the content picture itself)")
    return round(structure * count, 6) if gradual else round(structure * count)
