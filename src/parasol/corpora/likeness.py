"""Whether two files hold one picture: two activities may show the same photograph in two sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol import images

GRID = 16  # px a side of what is compared
ALIKE = 0.97  # correlation from which two pictures are one


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """A picture's grey values on a coarse grid, mean 0 and norm 1, and the address of its original if known."""

    grey: Float[np.ndarray, " D"]
    origin: str


def portrait(pixels: Float[np.ndarray, "H W 3"], *, origin: str) -> Portrait:
    """What is compared of a picture."""
    small = Image.fromarray(images.to_uint8(pixels)).convert("L").resize((GRID, GRID), Image.Resampling.BOX)
    grey = np.asarray(small, np.float32).ravel()
    grey = grey - grey.mean()
    return Portrait(grey=grey / max(float(np.linalg.norm(grey)), 1e-6), origin=origin)


def double_of(portrait: Portrait, others: Sequence[tuple[str, Portrait]]) -> str:
    """The name of the first of `others` that is the same picture; empty if none is.

    Files of one original are one picture however they are cropped, even if a notice gives one address for several
    pictures: to leave out too many is safe, to test on what was trained is not.
    """
    for name, other in others:
        if (portrait.origin and portrait.origin == other.origin) or float(portrait.grey @ other.grey) >= ALIKE:
            return name
    return ""
