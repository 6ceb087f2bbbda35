"""PNG files that a repository can carry."""

import io
import json
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, PngImagePlugin

from parasol.editions import by_identity
from parasol.images import read_text, to_uint8, write_atomic

KEYWORD = "parasol-sheet"
"""Keyword of the PNG text that tells what a sheet shows."""

LIMIT = 1_500_000  # bytes
PALETTES = (256, 128, 64)


def small_png(pixels: Float[np.ndarray, "H W 3"], text: str, *, limit: int = LIMIT) -> bytes:
    """A PNG file with `text` in it: every pixel where that fits into `limit` bytes, else as few colours as it takes."""
    picture = Image.fromarray(to_uint8(pixels))
    data = _encoded(picture, text)
    for colours in PALETTES:
        if len(data) <= limit:
            break
        data = _encoded(picture.quantize(colours), text)
    return data


def shows(path: Path, text: str) -> bool:
    """Whether a sheet is there and shows just this; a model may be named as an earlier version did."""
    stored = read_text(path, KEYWORD) if path.exists() else None
    return stored is not None and by_identity(json.loads(stored)) == by_identity(json.loads(text))


def save(path: Path, pixels: Float[np.ndarray, "H W 3"], text: str) -> None:
    """Write a sheet, whole or not at all. Raises PictureError."""
    write_atomic(path, small_png(pixels, text))


def _encoded(picture: Image.Image, text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text(KEYWORD, text, zip=True)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()
