"""Statistics of figures that nothing in the package asks for."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from parasol.metrics.interval import RESAMPLES, Estimate, draw, ends


def resampled_estimate(
    statistic: Callable[[Int[np.ndarray, " N"]], float], count: int, *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """A statistic of means over pairs, given the rows it is to take, and its percentile interval (Efron 1979).

    For ratios and differences of means, which repeated rows leave unbiased, and which may fall below 0.

    Raises:
        ValueError: there is no pair.
    """
    if count < 1:
        raise ValueError(f"{count} pairs are given; a statistic needs at least one")
    random = np.random.default_rng(seed)
    low, high = ends(np.array([statistic(draw(random, count)) for _ in range(resamples)]))
    return Estimate(value=statistic(np.arange(count)), low=low, high=high, pairs=count)


def rms(a: Float[np.ndarray, "*shape"], b: Float[np.ndarray, "*shape"]) -> float:
    """Root of the mean squared difference of two pictures in [0, 1]."""
    return float(np.sqrt(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)))
