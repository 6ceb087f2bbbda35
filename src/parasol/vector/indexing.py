"""A picture as one index of a palette per pixel, enlarged so that outlines lie between pixels."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.maths.lab import lab
from parasol.vector.palette import Palette, between

SCALE = 4
"""Pixels of the index picture to one of the picture, along either side."""

SMOOTHED = 2  # px; radius of the smoothing before, in which only near colours count
NEAR = 8.0  # delta E at which a neighbour counts for 0.6
MODE = 5  # index pixels; side of the square in which the commonest index wins
REACH = 9  # index pixels, within which a mixture looks for the colours that it mixes


def index_picture(pixels: Float[np.ndarray, "H W 3"], palette: Palette) -> Int[np.ndarray, "h w"]:
    """The index of each pixel at four times the size, without the fringes that antialiasing leaves between colours."""
    size = (pixels.shape[1] * SCALE, pixels.shape[0] * SCALE)
    in_lab = lab(pixels)
    large = Image.fromarray(to_uint8(smoothed(pixels, in_lab))).resize(size, Image.Resampling.LANCZOS)
    colours, which = _distinct(large)
    off = ((colours[:, None] - lab(palette.colours)) ** 2).sum(axis=-1)
    mixed = np.repeat(np.repeat(between(in_lab), SCALE, axis=0), SCALE, axis=1)
    return mode_filter(_without_mixtures(off, which, mixed), MODE)


def enlarged(alpha: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "h w"]:
    """An alpha at the index picture's scale."""
    size = (alpha.shape[1] * SCALE, alpha.shape[0] * SCALE)
    return from_uint8(np.asarray(Image.fromarray(to_uint8(alpha)).resize(size, Image.Resampling.BICUBIC)))


def smoothed(pixels: Float[np.ndarray, "H W 3"], colours: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W 3"]:
    """A bilateral filter, by the same pixels in Lab: noise inside of a colour goes, an edge stays where it is."""
    planes, colours = (np.ascontiguousarray(np.moveaxis(plane, -1, 0)) for plane in (pixels, colours))
    padded, around = (np.pad(plane, ((0, 0), *2 * [(SMOOTHED, SMOOTHED)]), mode="edge") for plane in (planes, colours))
    height, width = pixels.shape[:2]
    total, sums = np.zeros((height, width), np.float32), np.zeros_like(planes, np.float32)
    for down, right in np.ndindex(2 * SMOOTHED + 1, 2 * SMOOTHED + 1):
        here = slice(None), slice(down, down + height), slice(right, right + width)
        apart = ((around[here] - colours) ** 2).sum(axis=0)
        far = ((down - SMOOTHED) ** 2 + (right - SMOOTHED) ** 2) / (2 * 1.2**2)
        weight = np.exp(-apart / (2 * NEAR**2) - far).astype(np.float32)
        total += weight
        sums += weight * padded[here]
    return np.moveaxis(sums / total, 0, -1).astype(np.float32)


def mode_filter(index: Int[np.ndarray, "h w"], side: int) -> Int[np.ndarray, "h w"]:
    """The commonest index in the square around each pixel; on a tie the pixel's own, else the lowest.

    On indices, because a mode of each channel makes colours that no palette has. `side` is odd, and at most 11.
    """
    best, small = np.zeros(index.shape, np.uint8), index.astype(np.uint8)
    owner = small.copy()
    for value in np.flatnonzero(np.bincount(index.ravel())):
        flags = small == value
        count = 2 * _box(flags, side // 2) + flags
        closer = count > best
        np.copyto(best, count, where=closer)
        np.copyto(owner, np.uint8(value), where=closer)
    return owner.astype(index.dtype)


def _distinct(picture: Image.Image) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "h w"]]:
    """The colours of a picture in Lab, and which of them each pixel has: drawings have far fewer than pixels."""
    codes = np.asarray(picture.convert("RGBX")).view(np.uint32).ravel()
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    kinds, owners = np.unique(codes[starts], return_inverse=True)
    which = np.repeat(owners, np.diff(starts, append=len(codes))).reshape(picture.height, picture.width)
    return lab(from_uint8(kinds.view(np.uint8).reshape(-1, 4)[:, :3])), which


def _without_mixtures(
    off: Float[np.ndarray, "n k"], which: Int[np.ndarray, "h w"], mixed: Bool[np.ndarray, "h w"]
) -> Int[np.ndarray, "h w"]:
    """The nearest of the palette for each pixel; for mixtures, of those that something unmixed has close by.

    off: how far each colour of the picture is from those of the palette. which: of them, each pixel's.
    """
    owner = off.argmin(axis=1)[which]
    each = np.uint64(1) << np.arange(off.shape[1], dtype=np.uint64)
    each = each.astype(np.min_scalar_type(each[-1]))
    close = spread(np.where(mixed, 0, each[owner]), REACH)[mixed]
    away = np.where(close[:, None] & each, off[which[mixed]], np.inf)
    owner[mixed] = np.where(close, away.argmin(axis=1), owner[mixed])
    return owner


def spread(flags: Shaped[np.ndarray, "h w"], radius: int) -> Shaped[np.ndarray, "h w"]:
    """All flags in the square of 2 radius + 1 around each pixel."""
    for _ in range(2):  # down, and then across
        flags, covered = np.pad(flags, ((radius, radius), (0, 0))), 1
        while covered < 2 * radius + 1:
            step = min(covered, 2 * radius + 1 - covered)
            flags, covered = flags[:-step] | flags[step:], covered + step
        flags = flags.T
    return flags


def _box(mask: Bool[np.ndarray, "h w"], radius: int) -> UInt8[np.ndarray, "h w"]:
    """How many of a mask lie in the square of 2 radius + 1 around each pixel, the border repeated."""
    total = np.pad(mask.view(np.uint8), radius, mode="edge")
    for _ in range(2):  # down, and then across
        rows = len(total) - 2 * radius
        counts = total[:rows].copy("K")
        for step in range(1, 2 * radius + 1):
            counts += total[step : step + rows]
        total = counts.T
    return total
