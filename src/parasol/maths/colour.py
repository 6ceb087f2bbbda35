"""The colour step: give a picture the colour mean and covariance of another (paper, "Colour Distribution").

The linear map is ARF's. All of it runs in float64: on flat and nearly grey pictures it is close to singular. No linear
map can undo what a style did to single colours; where places correspond, `keep_colours` takes them from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.maths.one_thread import one_thread
from parasol.types import Picture

QUANTISATION_VARIANCE = 1.0 / (12.0 * 255.0**2)
"""Variance of rounding to 8 bits: along a direction with less than this a picture holds no colour, only rounding."""

LUMA = np.array([0.2126, 0.7152, 0.0722])
"""Shares of red, green and blue in lightness (Rec. 709, on gamma-encoded values)."""

RANKS = 257  # quantiles along which lightnesses go to others
GREYS = 16  # steps of lightness, within one of which differences are taken for noise

HALF_LEVEL = 0.5 / 255.0
"""Overshoot that 8-bit rounding hides; a pixel counts as clipped only beyond it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ColourStatistics:
    """First two moments of a picture's RGB colours in [0, 1], biased (divided by the number of pixels)."""

    mean: Float[np.ndarray, "3"]
    """Mean colour."""

    covariance: Float[np.ndarray, "3 3"]
    """Symmetric, positive semi-definite; singular for flat, grey and two-tone pictures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ColourMatch:
    """A picture after the colour step."""

    pixels: Picture
    """In [0, 1]."""

    clipped_share: float
    """Share of pixels, 0..1, out of [0, 1] by at least half an 8-bit level before; the more, the worse the match."""


@one_thread()
def colour_statistics(pixels: Float[np.ndarray, "*space 3"]) -> ColourStatistics:
    """Colour mean and covariance of a picture, or of any selection of its pixels.

    Raises:
        ValueError: there is no pixel, or one is not finite.
    """
    colours = pixels.reshape(-1, 3).astype(np.float64)
    if len(colours) == 0 or not bool(np.isfinite(colours).all()):
        raise ValueError(f"pixels have shape {pixels.shape}; colour statistics need at least one, and all finite")
    mean = colours.mean(axis=0)
    centred = colours - mean
    return ColourStatistics(mean=mean, covariance=centred.T @ centred / len(colours))


def mean_colours(colours: Sequence[ColourStatistics], shares: Sequence[float]) -> ColourStatistics:
    """The mean of several statistics, by shares that sum to 1."""
    return ColourStatistics(
        mean=np.tensordot(shares, [statistics.mean for statistics in colours], axes=1),
        covariance=np.tensordot(shares, [statistics.covariance for statistics in colours], axes=1),
    )


def colour_map(content: ColourStatistics, style: ColourStatistics, *, max_gain: float) -> Float[np.ndarray, "3 3"]:
    """M = Sigma_s^(1/2) Sigma_c^(-1/2) with symmetric roots, its gain capped in every direction.

    Eigenvalues of Sigma_c are floored at the variance of 8-bit rounding, singular values of M are cut at `max_gain`:
    a flat or grey picture would otherwise have its rounding amplified thousands of times.

    Raises:
        ValueError: `max_gain` is not at least 1.
    """
    if not 1.0 <= max_gain < float("inf"):
        raise ValueError(f"max_gain is {max_gain}; it must be at least 1 and finite, usually 10")
    wanted = _symmetric_power(style.covariance, 0.5, floor=0.0)
    whitening = _symmetric_power(content.covariance, -0.5, floor=QUANTISATION_VARIANCE)
    left, gains, right = np.linalg.svd(wanted @ whitening)
    return (left * np.minimum(gains, max_gain)) @ right


@one_thread()
def match_colours(
    pixels: Picture, style: ColourStatistics, *, strength: float = 1.0, max_gain: float = 10.0
) -> ColourMatch:
    """x' = M (x - mu_c) + mu_s, blended with x by `strength` and clipped to [0, 1].

    At strength 1 mean and covariance are the style's exactly, as far as neither the gain cap nor clipping interferes;
    at 0 the picture is returned bit for bit.

    Raises:
        ValueError: `strength` is not in 0..1, `max_gain` is below 1, or a pixel is not finite.
    """
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength is {strength}; it must lie in 0 (no change) to 1 (full colour step)")
    content = colour_statistics(pixels)
    gain = colour_map(content, style, max_gain=max_gain)
    original = pixels.astype(np.float64)
    matched = (original - content.mean) @ gain.T + style.mean
    blended = original + strength * (matched - original)
    return ColourMatch(pixels=blended.clip(0.0, 1.0).astype(np.float32), clipped_share=_outside(blended))


@one_thread()
def keep_colours(
    pixels: Float[np.ndarray, "H W 3"], content: Float[np.ndarray, "_ _ 3"], *, strength: float = 1.0
) -> ColourMatch:
    """The lightness of a picture with the hue and chroma that the content has in the same place. Not in the paper.

    Lightnesses go where the content has those of the same ranks; those that are nearly equal go together, and no
    further than to the nearest of those. A colour outside [0, 1] loses chroma, not lightness. The result is blended
    with the picture by `strength`; at 0 it is the picture.

    Raises:
        ValueError: `strength` is not in 0..1, or the shapes differ.
    """
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength is {strength}; it must lie in 0 (no change) to 1 (the content's colours)")
    if pixels.shape != content.shape:
        raise ValueError(
            f"the picture has shape {pixels.shape} and the content {content.shape}; places must correspond"
        )
    original, own = pixels.astype(np.float64), content.astype(np.float64)
    grey = own @ LUMA
    lightness, chroma = _ranked(original @ LUMA, grey)[..., None], own - grey[..., None]
    room = np.where(chroma > 0.0, 1.0 - lightness, lightness) / np.maximum(np.abs(chroma), HALF_LEVEL / 255.0)
    kept = lightness + np.minimum(room.min(axis=-1, keepdims=True), 1.0) * chroma
    blended = original + strength * (kept - original)
    return ColourMatch(pixels=blended.astype(np.float32), clipped_share=_outside(lightness + chroma))


def _outside(colours: Float[np.ndarray, "H W 3"]) -> float:
    overshoot: Float[np.ndarray, "H W"] = np.abs(colours - colours.clip(0.0, 1.0)).max(axis=-1)
    return float(np.mean(overshoot >= HALF_LEVEL))


def _ranked(values: Float[np.ndarray, "H W"], wanted: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """Values in 0..1 moved to those wanted of the same ranks; those of one grey to the nearest among theirs."""
    ranks = np.linspace(0.0, 1.0, RANKS)
    here, there = np.quantile(values, ranks), np.quantile(wanted, ranks)
    greys, first, count = np.unique(np.rint(GREYS * here), return_index=True, return_counts=True)
    levels = greys / GREYS
    change = levels.clip(there[first], there[first + count - 1]) - levels
    return (values + np.interp(values, levels, change)).clip(0.0, 1.0)


def _symmetric_power(matrix: Float[np.ndarray, "3 3"], power: float, *, floor: float) -> Float[np.ndarray, "3 3"]:
    """V diag(max(w, floor)^power) V^T of a symmetric matrix V diag(w) V^T."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, floor) ** power) @ vectors.T
