"""Sizes and shapes of pictures: fit, pad, crop, letterbox; the step between bytes and floats."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image


class Box(NamedTuple):
    """A rectangle in pixels."""

    top: int
    left: int
    height: int
    width: int


def to_uint8(pixels: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """[0, 1] -> 0..255, rounded; values outside are clipped."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def from_uint8(values: UInt8[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """0..255 -> [0, 1], float32; `to_uint8` gives the same bytes back."""
    return values.astype(np.float32) / np.float32(255)


def fit(pixels: Float[np.ndarray, "H W 3"], size: int) -> Float[np.ndarray, "h w 3"]:
    """Scale so that the longer side is `size` px, the shape kept. The result is whole in 8 bits.

    Resampling happens in 8-bit integers, so that every machine gets the same pixels.
    """
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    return stretch(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def stretch(pixels: Float[np.ndarray, "H W 3"], height: int, width: int) -> Float[np.ndarray, "height width 3"]:
    """Scale to exactly that many pixels, whatever becomes of the shape; as `fit` otherwise."""
    picture = Image.fromarray(to_uint8(pixels))
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return from_uint8(np.asarray(picture))


def pad_to_multiple(pixels: Float[np.ndarray, "H W 3"], multiple: int) -> tuple[Float[np.ndarray, "h w 3"], Box]:
    """Repeat the edges until both sides are multiples; the picture stays in the middle. `crop` undoes it."""
    height, width = pixels.shape[:2]
    extra_h, extra_w = -height % multiple, -width % multiple
    top, left = extra_h // 2, extra_w // 2
    padded = np.pad(pixels, ((top, extra_h - top), (left, extra_w - left), (0, 0)), mode="edge")
    return padded, Box(top, left, height, width)


def crop(pixels: Float[np.ndarray, "H W 3"], box: Box) -> Float[np.ndarray, "h w 3"]:
    """The part of a picture inside `box`."""
    return pixels[box.top : box.top + box.height, box.left : box.left + box.width]


def square(pixels: Float[np.ndarray, "H W 3"], size: int) -> Float[np.ndarray, "size size 3"]:
    """Letterbox: fit into size x size, centred, the rest in the median colour of the border (what encoders see)."""
    fitted = fit(pixels, size)
    height, width = fitted.shape[:2]
    border = np.concatenate([fitted[0], fitted[-1], fitted[1:-1, 0], fitted[1:-1, -1]])
    canvas = np.broadcast_to(np.median(border, axis=0).astype(np.float32), (size, size, 3)).copy()
    top, left = (size - height) // 2, (size - width) // 2
    canvas[top : top + height, left : left + width] = fitted
    return canvas
