"""Bootstrap intervals over pairs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int

from parasol.errors import ParasolError

RESAMPLES = 1000
SET_RESAMPLES = 200  # of statistics that cost a decomposition each
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    pairs: int
    """How many pairs it is over."""

    def rounded(self, digits: int = 4) -> dict[str, float]:
        """For a file of figures."""
        return {name: round(value, digits) for name, value in asdict(self).items()}


def mean_estimate(values: Float[np.ndarray, " N"], *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Mean over pairs, and the percentile interval of means of resampled pairs (Efron 1979).

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    if len(values) == 0 or not bool(np.isfinite(values).all()):
        raise ParasolError(f"{len(values)} values are given; a mean needs at least one, and all finite")
    random = np.random.default_rng(seed)
    means = np.array([values[draw(random, len(values))].mean() for _ in range(resamples)])
    low, high = ends(means)
    return Estimate(value=float(values.mean()), low=low, high=high, pairs=len(values))


def set_estimate(
    statistic: Callable[[Int[np.ndarray, " N"]], float],
    count: int,
    *,
    value: float | None = None,
    seed: int = 0,
    resamples: int = SET_RESAMPLES,
) -> Estimate:
    """A statistic of all pairs at once, given the rows it is to take; `value` is that of all rows, where known.

    Frechet and kernel distances grow when rows repeat, so the resampled values sit above the estimate. Their spread is
    what tells: the interval is theirs, moved so that their mean falls on the estimate, and cut at 0.
    """
    random = np.random.default_rng(seed)
    whole = statistic(np.arange(count)) if value is None else value
    resampled = np.array([statistic(draw(random, count)) for _ in range(resamples)])
    low, high = ends(resampled - resampled.mean() + whole)
    return Estimate(value=whole, low=max(low, 0.0), high=high, pairs=count)


def draw(random: np.random.Generator, count: int) -> Int[np.ndarray, " N"]:
    """Rows of a resample, with replacement."""
    return random.integers(0, count, count)


def ends(values: Float[np.ndarray, " R"]) -> tuple[float, float]:
    """The percentile interval of resampled values."""
    low, high = np.quantile(values, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(low), float(high)
