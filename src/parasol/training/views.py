"""Pictures as they reach users: mirrored, cropped, saved as JPEG, made small, on another background."""

import io

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

CROP = 0.2  # of the side, at most
SMALLEST = 28  # px, of a picture that was made small


def altered(rgba: UInt8[np.ndarray, "S S 4"], random: np.random.Generator) -> Float[np.ndarray, "S S 3"]:
    """One view of a picture in 0..1: each alteration happens with a chance of its own and has a strength of its own."""
    background = tuple(map(int, random.integers(256, size=3))) if random.random() < 0.5 else (255, 255, 255)
    whole = Image.fromarray(rgba)
    side = whole.width
    view = Image.alpha_composite(Image.new("RGBA", whole.size, (*background, 255)), whole).convert("RGB")
    if random.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < 0.5:
        kept = side * (1.0 - CROP * random.random())
        left, top = (side - kept) * random.random(2)
        box = (left, top, left + kept, top + kept)
        view = view.resize((side, side), Image.Resampling.BICUBIC, box=box)
    if random.random() < 0.4:
        small = round(SMALLEST * (side / SMALLEST) ** random.random())
        view = view.resize((small, small), Image.Resampling.BICUBIC).resize((side, side), Image.Resampling.BICUBIC)
    if random.random() < 0.4:
        buffer = io.BytesIO()
        view.save(buffer, "JPEG", quality=int(random.integers(40, 91)))
        view = Image.open(buffer).convert("RGB")
    return np.asarray(view, np.float32) / 255.0
