"""Distances between descriptors and between pictures."""

import numpy as np
from jaxtyping import Float

SMALLEST_NORM = 1e-6
"""A descriptor shorter than this has no direction: what is left of it is rounding."""


def unit(vectors: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch d"]:
    """Each vector at norm 1, in float64.

    Raises:
        ValueError: a vector is not finite or has a norm below 1e-6.
    """
    wide = vectors.astype(np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not bool(np.all((norms >= SMALLEST_NORM) & (norms < np.inf))):
        raise ValueError(
            f"descriptor norms range from {norms.min():.2g} to {norms.max():.2g}; every one must be finite and at "
            f"least {SMALLEST_NORM:g}: a zero or broken vector has no direction"
        )
    return wide / norms


def cosine_distance(a: Float[np.ndarray, "*batch d"], b: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch"]:
    """1 - cos(a, b), from 0 (same direction) over 1 (unrelated) to 2 (opposite).

    Computed as |a - b|^2 / 2 on unit vectors, which keeps its digits where 1 - cos would cancel.

    Raises:
        ValueError: a vector has no direction.
    """
    return np.asarray(np.sum((unit(a) - unit(b)) ** 2, axis=-1) / 2.0)


def unit_mse(a: Float[np.ndarray, "*batch d"], b: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch"]:
    """Mean squared difference of unit d-vectors, 2 (1 - cos) / d (paper, L_s and L_y; ALADIN-MSE and CLIP-MSE).

    Raises:
        ValueError: a vector has no direction.
    """
    return cosine_distance(a, b) * 2.0 / a.shape[-1]


def psnr(a: Float[np.ndarray, "..."], b: Float[np.ndarray, "..."]) -> float:
    """Peak signal-to-noise ratio in dB of two pictures, or stacks of them, in [0, 1]; infinite when they are equal.

    Raises:
        ValueError: the pictures differ in shape.
    """
    if a.shape != b.shape:
        raise ValueError(f"pictures have shapes {a.shape} and {b.shape}; bring both to one size before comparing them")
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return float("inf") if error == 0.0 else float(-10.0 * np.log10(error))
