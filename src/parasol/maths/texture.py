"""Texture as a descriptor: how the small patches of a picture are distributed, and nothing of where they are.

A texture is a table: along fixed directions in the space of patches, the quantiles of all patches of an array, be it
latents or pixels. The mean squared difference of two tables estimates the squared sliced Wasserstein distance of the
two clouds of patches (Bonneel et al. 2015), and the weighted mean of tables is their sliced barycentre, so that
textures mix and interpolate (Rabin et al. 2011). An array is moved towards a texture by sliced optimal transport, one
orthonormal basis of directions after another (Pitie et al. 2007; on overlapping patches Elnekave and Weiss 2022). Not
in the paper.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

REACH = 1  # from the middle of a patch to its edge
PATCH = 2 * REACH + 1
BASES = 2  # orthonormal bases of directions
LEVELS = 17  # quantiles, evenly spaced from the lowest value to the highest
MOST_GAIN = 3.0  # by which differences grow at most, each time: what is nearly flat is hardly more than noise
SAMPLED = 4096  # patches at most, that tell how those of a large array are distributed
BAND = 65_536  # patches at most, that are moved at once: memory

Table = Float[np.ndarray, "k q"]


def table_shape(channels: int) -> tuple[int, int]:
    """(directions, levels) of the textures of arrays with so many channels."""
    return BASES * channels * PATCH**2, LEVELS


def texture_of(array: Float[np.ndarray, "C h w"]) -> Table:
    """The texture of latents or pixels, which depends on their size as little as what they show allows.

    Raises:
        ValueError: there is no patch, or a value is not finite.
    """
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"the array has shape {array.shape}; a texture needs at least one patch, and all finite")
    patches = _sampled(_windows(array))
    return _quantiles(np.concatenate([basis @ patches.T for basis in _bases(len(array))]))


def towards_texture(
    array: Float[np.ndarray, "C h w"], texture: Table, share: float, *, passes: int = 1
) -> Float[np.ndarray, "C h w"]:
    """An array moved by `share` of the way to a texture: 0 leaves it as it is, 1 goes as far as the passes take.

    Along each direction the patches go where the texture has the quantiles of their ranks; each place goes where the
    patches around it take it on average, so that what lies side by side still fits.

    Raises:
        ValueError: the texture is not one of arrays with so many channels.
    """
    if texture.shape != table_shape(len(array)):
        wanted = table_shape(len(array))
        raise ValueError(
            f"a texture has shape {texture.shape}; for an array of shape {array.shape} it must be {wanted}"
        )
    moved = array
    for basis, quantiles in passes * [*zip(_bases(len(array)), np.split(texture, BASES), strict=True)]:
        moved = _moved(moved, basis, quantiles)
    return array + np.float32(share) * (moved - array)


def texture_distance(one: Table, other: Table) -> float:
    """Sliced Wasserstein distance of two clouds of patches, estimated along the fixed directions: 0 or more."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


def mean_texture(textures: Sequence[Table], shares: Sequence[float]) -> Table:
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


def _windows(array: Float[np.ndarray, "C h w"]) -> Float[np.ndarray, "h w C p p"]:
    """The patch around each place, as a view; what lies outside is as the place at the edge."""
    padded = np.pad(array, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    return sliding_window_view(padded, (PATCH, PATCH), axis=(1, 2)).transpose(1, 2, 0, 3, 4)


def _sampled(windows: Float[np.ndarray, "h w C p p"]) -> Float[np.ndarray, "N d"]:
    """All patches, or so many of them spread evenly, and on no lattice, over the whole."""
    height, width = windows.shape[:2]
    count = height * width
    chosen = np.arange(count, dtype=np.intp)
    if count > SAMPLED:
        chosen = (count * ((5.0**0.5 - 1.0) / 2.0 * np.arange(SAMPLED, dtype=np.float64) % 1.0)).astype(np.intp)
    return windows[chosen // width, chosen % width].reshape(min(count, SAMPLED), -1)


def _quantiles(along: Float[np.ndarray, "d N"]) -> Float[np.ndarray, "d q"]:
    ordered, last = np.sort(along, axis=1), along.shape[1] - 1
    places = np.linspace(0.0, last, LEVELS, dtype=np.float32)
    below = np.floor(places).astype(np.intp)
    share = places - below.astype(np.float32)
    return ordered[:, below] * (1.0 - share) + ordered[:, np.minimum(below + 1, last)] * share


def _moved(
    array: Float[np.ndarray, "C h w"], basis: Float[np.ndarray, "d d"], quantiles: Float[np.ndarray, "d q"]
) -> Float[np.ndarray, "C h w"]:
    """Every patch carried along a basis; at each place the mean of what the patches that hold it say of it."""
    channels, height, width = array.shape
    windows = _windows(array)
    here = _quantiles(basis @ _sampled(windows).T)
    there = _reachable(here, quantiles)
    total = np.zeros((channels, height + 2 * REACH, width + 2 * REACH), array.dtype)
    rows = max(BAND // width, 1)
    for top in range(0, height, rows):
        band: Float[np.ndarray, "b w C p p"] = windows[top : top + rows]
        along = basis @ band.reshape(-1, len(basis)).T
        for row, values in enumerate(along):
            along[row] = np.interp(values, here[row], there[row])
        parts = (along.T @ basis).reshape(band.shape)
        for down in range(PATCH):
            for across in range(PATCH):
                place = total[:, top + down : top + down + len(band), across : across + width]
                place += parts[..., down, across].transpose(2, 0, 1)
    inside = total[:, REACH:-REACH, REACH:-REACH]
    return inside / (_holding(height)[:, None] * _holding(width)).astype(array.dtype)


def _reachable(here: Float[np.ndarray, "d q"], quantiles: Float[np.ndarray, "d q"]) -> Float[np.ndarray, "d q"]:
    """Where the quantiles `here` go: to those wanted, as far as `MOST_GAIN` lets them, with the same mean."""
    steps = np.minimum(np.diff(quantiles), MOST_GAIN * np.diff(here))
    there = np.cumsum(np.concatenate([np.zeros_like(steps[:, :1]), steps], axis=1), axis=1)
    return there + (quantiles - there).mean(axis=1, keepdims=True)


def _holding(length: int) -> Float[np.ndarray, " n"]:
    """How many patches hold each place along a side of such a length."""
    places = np.arange(length)
    return np.minimum(places + REACH, length - 1) - np.maximum(places - REACH, 0) + 1.0
