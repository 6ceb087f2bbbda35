"""Texture as a descriptor: how the small patches of a picture are distributed, and nothing of where they are.

A texture is a table: along fixed directions in the space of patches, the quantiles of all patches of an array, be it
latents or pixels. Directions are those in which patches differ most tellingly, levels and edges: the cosine transform
of a patch, of each channel by itself and of the channels' own cosine transform (of RGB: lightness and two opponent
colours). The mean squared difference of two tables estimates the squared sliced Wasserstein distance of the two clouds
of patches (Bonneel et al. 2015), and the weighted mean of tables is their sliced barycentre, so that textures mix and
interpolate (Rabin et al. 2011). An array is moved towards a texture by sliced optimal transport, one orthonormal basis
after another (Pitie et al. 2007; on overlapping patches Elnekave and Weiss 2022). Not in the paper.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from parasol.maths.one_thread import one_thread

REACH = 1  # from the middle of a patch to its edge
PATCH = 2 * REACH + 1
BASES = 2  # orthonormal bases of directions
LEVELS = 16  # quantiles, from the lowest value to the highest, closer at the ends: edges are rare and far from the mean
MOST_GAIN = 3.0  # by which differences grow at most, each time: what is nearly flat is hardly more than noise
SAMPLED = 4096  # patches at most, that tell how those of a large array are distributed
BAND = 65_536  # patches at most, that are moved at once: memory

_PLACES = np.sin(np.linspace(0.0, np.pi / 2.0, LEVELS)) ** 2  # of the levels, in 0..1
_SHARES = np.gradient(_PLACES) * np.where(np.arange(LEVELS) % (LEVELS - 1), 1.0, 0.5)  # of all patches, trapezoidal

Table = Float[np.ndarray, "k q"]


def table_shape(channels: int) -> tuple[int, int]:
    """(directions, levels) of the textures of arrays with so many channels."""
    return BASES * channels * PATCH**2, LEVELS


@one_thread()
def texture_of(array: Float[np.ndarray, "C h w"]) -> Table:
    """The texture of latents or pixels, which depends on their size as little as what they show allows.

    Raises:
        ValueError: there is no patch, or a value is not finite.
    """
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"the array has shape {array.shape}; a texture needs at least one patch, and all finite")
    patches = _sampled(_windows(array))
    return _quantiles(np.concatenate([basis @ patches for basis in _bases(len(array))]))


@one_thread()
def towards_texture(array: Float[np.ndarray, "C h w"], texture: Table, share: float) -> Float[np.ndarray, "C h w"]:
    """An array moved towards a texture: 0 leaves it as it is, 1 goes all of the way once, 2.5 twice and half once more.

    Along each direction the patches go where the texture has the quantiles of their ranks; each place goes where the
    patches around it take it on average, so that what lies side by side still fits. That is why once is not enough to
    arrive, and every further time comes nearer.

    Raises:
        ValueError: the texture is not one of arrays with so many channels.
    """
    if texture.shape != table_shape(len(array)):
        wanted = table_shape(len(array))
        raise ValueError(
            f"a texture has shape {texture.shape}; for an array of shape {array.shape} it must be {wanted}"
        )
    for already in range(math.ceil(share)):
        moved = array
        for basis, quantiles in zip(_bases(len(array)), np.split(texture, BASES), strict=True):
            moved = _moved(moved, basis, quantiles)
        array = array + np.float32(min(share - already, 1.0)) * (moved - array)
    return array


def texture_distance(table: Table, other: Table) -> float:
    """Sliced Wasserstein distance of two clouds of patches, estimated along the fixed directions: 0 or more."""
    return float(np.sqrt(np.mean((table - other) ** 2 @ _SHARES)))


def mean_texture(textures: Sequence[Table], shares: Sequence[float]) -> Table:
    """The barycentre of textures, by shares that sum to 1."""
    return np.tensordot(shares, textures, axes=1).astype(np.float32)


@cache
def _bases(channels: int) -> tuple[Float[np.ndarray, "d d"], ...]:
    """Rows are directions."""
    waves = np.kron(_cosines(PATCH), _cosines(PATCH))
    return tuple(np.kron(of, waves).astype(np.float32) for of in (np.eye(channels), _cosines(channels)))


def _cosines(count: int) -> Float[np.ndarray, "n n"]:
    """The orthonormal cosine transform (DCT-II); rows are waves."""
    waves = np.cos(np.pi * np.outer(np.arange(count), np.arange(count) + 0.5) / count)
    return waves / np.linalg.norm(waves, axis=1, keepdims=True)


def _windows(array: Float[np.ndarray, "C h w"]) -> Float[np.ndarray, "C p p h w"]:
    """The patch around each place, as a view; what lies outside is as the place at the edge."""
    padded = np.pad(array, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    return sliding_window_view(padded, (PATCH, PATCH), axis=(1, 2)).transpose(0, 3, 4, 1, 2)


def _sampled(windows: Float[np.ndarray, "C p p h w"]) -> Float[np.ndarray, "d N"]:
    """All patches, or so many of them spread evenly, and on no lattice, over the whole."""
    height, width = windows.shape[3:]
    count = height * width
    chosen = np.arange(count, dtype=np.intp)
    if count > SAMPLED:
        chosen = (count * ((5.0**0.5 - 1.0) / 2.0 * np.arange(SAMPLED, dtype=np.float64) % 1.0)).astype(np.intp)
    return windows[..., chosen // width, chosen % width].reshape(-1, len(chosen))


def _quantiles(along: Float[np.ndarray, "d N"]) -> Float[np.ndarray, "d q"]:
    ordered, last = np.sort(along, axis=1), along.shape[1] - 1
    places = (last * _PLACES).astype(np.float32)
    below = np.floor(places).astype(np.intp)
    share = places - below.astype(np.float32)
    return ordered[:, below] * (1.0 - share) + ordered[:, np.minimum(below + 1, last)] * share


def _moved(
    array: Float[np.ndarray, "C h w"], basis: Float[np.ndarray, "d d"], quantiles: Float[np.ndarray, "d q"]
) -> Float[np.ndarray, "C h w"]:
    """Every patch carried along a basis; at each place the mean of what the patches that hold it say of it."""
    channels, height, width = array.shape
    windows = _windows(array)
    here = _quantiles(basis @ _sampled(windows))
    there = _reachable(here, quantiles)
    total = np.zeros((channels, height + 2 * REACH, width + 2 * REACH), array.dtype)
    rows = max(BAND // width, 1)
    for top in range(0, height, rows):
        band: Float[np.ndarray, "C p p b w"] = windows[..., top : top + rows, :]
        along = basis @ band.reshape(len(basis), -1)
        for row, values in enumerate(along):
            along[row] = np.interp(values, here[row], there[row])
        parts = (basis.T @ along).reshape(band.shape)
        for down in range(PATCH):
            for across in range(PATCH):
                place = total[:, top + down : top + down + band.shape[3], across : across + width]
                place += parts[:, down, across]
    inside = total[:, REACH:-REACH, REACH:-REACH]
    return inside / (_holding(height)[:, None] * _holding(width)).astype(array.dtype)


def _reachable(here: Float[np.ndarray, "d q"], quantiles: Float[np.ndarray, "d q"]) -> Float[np.ndarray, "d q"]:
    """Where the quantiles `here` go: to those wanted, as far as `MOST_GAIN` lets them, with the same mean."""
    steps = np.minimum(np.diff(quantiles), MOST_GAIN * np.diff(here))
    there = np.cumsum(np.concatenate([np.zeros_like(steps[:, :1]), steps], axis=1), axis=1)
    return (there + ((quantiles - there) @ _SHARES)[:, None]).astype(np.float32)


def _holding(length: int) -> Float[np.ndarray, " n"]:
    """How many patches hold each place along a side of such a length."""
    places = np.arange(length)
    return np.minimum(places + REACH, length - 1) - np.maximum(places - REACH, 0) + 1.0
