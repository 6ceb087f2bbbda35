"""The few statistics that the figures need, as functions of numbers alone."""

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError

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
        raise ParasolError(
            f"spearman got {a.tolist()} and {b.tolist()}; it needs two equally long lists of 2 or more finite numbers"
        )
    x, y = ranks(a) - (len(a) + 1) / 2.0, ranks(b) - (len(b) + 1) / 2.0
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 0.0


def decibel(psnr: float) -> float:
    """A PSNR as the figures keep it: at most 100 dB, which stands for identical pictures, to 0.001 dB."""
    return round(min(psnr, BEST_DB), 3)


def calibration_error(values: Float[np.ndarray, " N"], curve: Float[np.ndarray, " N"]) -> float | None:
    """How far a dial is from leading evenly along its range: 0 (straight) to 1; None where the curve is constant.

    The dial's share d_k = (v_k - v_0) / (v_N - v_0) is set against the reached share of the curve's range,
    r_k = (m_k - min m) / (max m - min m), which is turned round (1 - r_k) where the curve ends below its beginning. The
    error is the mean of |d_k - r_k| over the values of the dial. A curve that turns back pays for it, since the share
    that it reached falls while the dial's rises.

    Raises:
        ValueError: the values do not rise, or the two differ in length.
    """
    if values.shape != curve.shape or len(values) < 2 or not (np.diff(values) > 0).all():
        raise ParasolError(
            f"calibration_error got values {values.tolist()} for {len(curve)} points; it needs as many, and rising ones"
        )
    span = float(curve.max() - curve.min())
    if span == 0.0:
        return None
    reached = (curve - curve.min()) / span
    if curve[-1] < curve[0]:
        reached = 1.0 - reached
    return float(np.abs((values - values[0]) / (values[-1] - values[0]) - reached).mean())
