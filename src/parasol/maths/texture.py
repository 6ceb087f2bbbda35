"""Texture as a descriptor: how the small patches of a picture's latents are distributed, and nothing of where they are.

A texture is a table: along fixed directions in the space of patches, the quantiles of all patches of a picture. The
mean squared difference of two tables estimates the squared sliced Wasserstein distance of the two clouds of patches
(Bonneel et al. 2015), and the weighted mean of tables is their sliced barycentre, so that textures mix and
interpolate (Rabin et al. 2011). Latents are moved towards a texture by sliced optimal transport, one orthonormal basis
of directions after another (Pitie et al. 2007; on overlapping patches Elnekave and Weiss 2022). Not in the paper.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

REACH = 1  # latents from the middle of a patch to its edge
PATCH = 2 * REACH + 1
BASES = 2  # orthonormal bases of directions
LEVELS = 17  # quantiles, evenly spaced from the lowest value to the highest
PASSES = 4  # over all bases, when latents are moved
MOST_GAIN = 3.0  # by which differences grow at most, each time: what is nearly flat is hardly more than noise
SAMPLED = 2048  # patches at most, that tell how those of large latents are distributed


def texture_shape(channels: int) -> tuple[int, int]:
    """(directions, levels) of the textures of latents with so many channels."""
    return BASES * channels * PATCH**2, LEVELS


def texture_of(latents: Float[np.ndarray, "C h w"]) -> Float[np.ndarray, "k q"]:
    """The texture of latents, which depends on their size as little as what they show allows.

    Raises:
        ValueError: there is no latent, or one is not finite.
    """
    if latents.size == 0 or not np.isfinite(latents).all():
        raise ValueError(f"latents have shape {latents.shape}; a texture needs at least one, and all finite")
    patches = _patches(latents)
    return _quantiles(np.concatenate([basis @ patches.T for basis in _bases(len(latents))]))


def towards_texture(
    latents: Float[np.ndarray, "C h w"], texture: Float[np.ndarray, "k q"], share: float
) -> Float[np.ndarray, "C h w"]:
    """Latents moved by `share` of the way to a texture: 0 leaves them as they are, 1 goes as far as the passes take.

    Along each direction the patches go where the texture has the quantiles of their ranks; a latent goes where the
    patches around it take it on average, so that what lies side by side still fits.

    Raises:
        ValueError: the texture is not one of latents with so many channels.
    """
    if texture.shape != texture_shape(len(latents)):
        wanted = texture_shape(len(latents))
        raise ValueError(
            f"a texture has shape {texture.shape}; for latents of shape {latents.shape} it must be {wanted}"
        )
    moved = latents
    for basis, quantiles in PASSES * [*zip(_bases(len(latents)), np.split(texture, BASES), strict=True)]:
        moved = _joined(_carried(basis @ _patches(moved).T, quantiles).T @ basis, latents.shape)
    return latents + np.float32(share) * (moved - latents)


def texture_distance(one: Float[np.ndarray, "k q"], other: Float[np.ndarray, "k q"]) -> float:
    """Sliced Wasserstein distance of two clouds of patches, estimated along the fixed directions: 0 or more."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


def mean_texture(textures: Sequence[Float[np.ndarray, "k q"]], shares: Sequence[float]) -> Float[np.ndarray, "k q"]:
    """The barycentre of textures, by shares that sum to 1."""
    return np.tensordot(shares, textures, axes=1).astype(np.float32)


@cache
def _bases(channels: int) -> tuple[Float[np.ndarray, "d d"], ...]:
    """Rows are directions. The sign of each is fixed, which QR alone leaves to the machine."""
    random = np.random.default_rng(0)
    size = channels * PATCH**2
    found: list[np.ndarray] = []
    for _ in range(BASES):
        columns, upper = np.linalg.qr(random.standard_normal((size, size)))
        found.append((columns * np.sign(np.diag(upper))).T.astype(np.float32))
    return tuple(found)


def _patches(latents: Float[np.ndarray, "C h w"]) -> Float[np.ndarray, "N d"]:
    """The patch around each latent, row by row; what lies outside is as the latent at the edge."""
    padded = np.pad(latents, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    windows = sliding_window_view(padded, (PATCH, PATCH), axis=(1, 2))
    return windows.transpose(1, 2, 0, 3, 4).reshape(-1, len(latents) * PATCH**2)


def _quantiles(along: Float[np.ndarray, "d N"]) -> Float[np.ndarray, "d q"]:
    ordered, last = np.sort(along, axis=1), along.shape[1] - 1
    places = np.linspace(0.0, last, LEVELS, dtype=np.float32)
    below = np.floor(places).astype(np.intp)
    share = places - below.astype(np.float32)
    return ordered[:, below] * (1.0 - share) + ordered[:, np.minimum(below + 1, last)] * share


def _carried(along: Float[np.ndarray, "d N"], quantiles: Float[np.ndarray, "d q"]) -> Float[np.ndarray, "d N"]:
    """Each row's values carried to what the quantiles have at their ranks, as far as `MOST_GAIN` lets them."""
    own = _quantiles(along[:, :: -(-along.shape[1] // SAMPLED)])
    steps = np.minimum(np.diff(quantiles), MOST_GAIN * np.diff(own))
    there = np.cumsum(np.concatenate([np.zeros_like(steps[:, :1]), steps], axis=1), axis=1)
    there += (quantiles - there).mean(axis=1, keepdims=True)
    carried = np.empty_like(along)
    for row, values in enumerate(along):
        carried[row] = np.interp(values, own[row], there[row])
    return carried


def _joined(patches: Float[np.ndarray, "N d"], shape: tuple[int, ...]) -> Float[np.ndarray, "C h w"]:
    """At each latent the mean of what the patches that hold it say of it; inverse of `_patches` where they agree."""
    channels, height, width = shape
    parts = patches.reshape(height, width, channels, PATCH, PATCH).transpose(2, 3, 4, 0, 1)
    total = np.zeros((channels, height + 2 * REACH, width + 2 * REACH), patches.dtype)
    count = np.zeros(total.shape[1:], patches.dtype)
    for down in range(PATCH):
        for across in range(PATCH):
            place = np.s_[down : down + height, across : across + width]
            total[:, *place] += parts[:, down, across]
            count[place] += 1.0
    inside = np.s_[REACH:-REACH, REACH:-REACH]
    return total[:, *inside] / count[inside]
