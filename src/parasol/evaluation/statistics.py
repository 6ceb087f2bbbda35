"""The few statistics that the figures need, as functions of numbers alone."""

import numpy as np
from jaxtyping import Float

BEST_DB = 100.0
"""Stands for identical pictures, whose ratio is infinite and has no place in JSON."""


def ranks(values: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """Rank of each value, 1 the smallest to N; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]


def spearman(a: Float[np.ndarray, " N"], b: Float[np.ndarray, " N"]) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, from -1 over 0 to 1; 0 where one side is constant.

    Raises:
        ValueError: the sides differ in length, hold fewer than two values, or one that is not finite.
    """
    if a.shape != b.shape or len(a) < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError(
            f"spearman got {a.tolist()} and {b.tolist()}; it needs two equally long lists of 2 or more finite numbers"
        )
    x, y = ranks(a) - (len(a) + 1) / 2.0, ranks(b) - (len(b) + 1) / 2.0
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0


def decibel(psnr: float) -> float:
    """A PSNR as the figures keep it: at most 100 dB, which stands for identical pictures, to 0.001 dB."""
    return round(min(psnr, BEST_DB), 3)


def rms(a: Float[np.ndarray, "*shape"], b: Float[np.ndarray, "*shape"]) -> float:
    """Root of the mean squared difference of two pictures in [0, 1]."""
    return float(np.sqrt(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)))
