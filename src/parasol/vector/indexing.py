"""A picture as one index of a palette per pixel, enlarged so that outlines lie between pixels."""

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.maths.lab import lab
from parasol.vector.palette import Palette, between, nearest

SCALE = 4
"""Pixels of the index picture to one of the picture, along either side."""

SMOOTHED = 2  # px; radius of the smoothing before, in which only near colours count
NEAR = 8.0  # delta E at which a neighbour counts for 0.6
MODE = 5  # index pixels; side of the square in which the commonest index wins
REACH = 9  # index pixels, within which a mixture looks for the colours that it mixes


def index_picture(pixels: Float[np.ndarray, "H W 3"], palette: Palette) -> Int[np.ndarray, "h w"]:
    """The index of each pixel at four times the size, without the fringes that antialiasing leaves between colours."""
    smooth = smoothed(pixels)
    size = (pixels.shape[1] * SCALE, pixels.shape[0] * SCALE)
    large = lab(from_uint8(np.asarray(Image.fromarray(to_uint8(smooth)).resize(size, Image.Resampling.LANCZOS))))
    centres = lab(palette.colours)
    plain = nearest(large, centres)
    mixed = np.repeat(np.repeat(between(lab(pixels)), SCALE, axis=0), SCALE, axis=1)
    return mode_filter(_without_mixtures(large, plain, mixed, centres), MODE)


def enlarged(alpha: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "h w"]:
    """An alpha at the index picture's scale."""
    size = (alpha.shape[1] * SCALE, alpha.shape[0] * SCALE)
    return from_uint8(np.asarray(Image.fromarray(to_uint8(alpha)).resize(size, Image.Resampling.BICUBIC)))


def smoothed(pixels: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W 3"]:
    """A bilateral filter: noise inside of a colour goes, an edge between two colours stays where it is."""
    colours = lab(pixels)
    padded = np.pad(pixels, ((SMOOTHED, SMOOTHED), (SMOOTHED, SMOOTHED), (0, 0)), mode="edge")
    around = np.pad(colours, ((SMOOTHED, SMOOTHED), (SMOOTHED, SMOOTHED), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total, sums = np.zeros((height, width, 1), np.float32), np.zeros_like(pixels, np.float32)
    for down, right in np.ndindex(2 * SMOOTHED + 1, 2 * SMOOTHED + 1):
        here = slice(down, down + height), slice(right, right + width)
        apart = ((around[here] - colours) ** 2).sum(axis=-1, keepdims=True)
        far = ((down - SMOOTHED) ** 2 + (right - SMOOTHED) ** 2) / (2 * 1.2**2)
        weight = np.exp(-apart / (2 * NEAR**2) - far).astype(np.float32)
        total += weight
        sums += weight * padded[here]
    return (sums / total).astype(np.float32)


def mode_filter(index: Int[np.ndarray, "h w"], side: int) -> Int[np.ndarray, "h w"]:
    """The commonest index in the square around each pixel; on a tie the pixel's own, else the lowest.

    On indices, because a mode of each channel makes colours that no palette has.
    """
    best, owner = np.full(index.shape, -1, np.int32), index
    for value in np.unique(index):
        own = index == value
        count = 2 * _box(own, side // 2) + own
        closer = count > best
        best, owner = np.where(closer, count, best), np.where(closer, value, owner)
    return owner


def _without_mixtures(
    large: Float[np.ndarray, "h w 3"],
    plain: Int[np.ndarray, "h w"],
    mixed: Bool[np.ndarray, "h w"],
    centres: Float[np.ndarray, "k 3"],
) -> Int[np.ndarray, "h w"]:
    """Mixtures go to the nearest of those colours that something unmixed has close by."""
    blurred, chosen = large[mixed], plain[mixed]
    best = np.full(len(chosen), np.inf, np.float32)
    for value in np.unique(plain):
        close = _box((plain == value) & ~mixed, REACH)[mixed] > 0
        distance = np.where(close, ((blurred - centres[value]) ** 2).sum(axis=-1), np.inf)
        closer = distance < best
        best, chosen = np.where(closer, distance, best), np.where(closer, value, chosen)
    owner = plain.copy()
    owner[mixed] = chosen
    return owner


def _box(mask: Bool[np.ndarray, "h w"], radius: int) -> Int[np.ndarray, "h w"]:
    """How many of a mask lie in the square of 2 radius + 1 around each pixel, the border repeated."""
    padded = np.pad(mask, radius, mode="edge")
    side = 2 * radius + 1
    for _ in range(2):  # down, and then across
        total = np.zeros((len(padded) + 1, padded.shape[1]), np.int32)
        np.cumsum(padded, axis=0, out=total[1:])
        padded = (total[side:] - total[:-side]).T
    return padded
