"""Agreement of two pictures in where their edges are, whatever the colours on either side."""

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from parasol.errors import ParasolError

LUMA = (0.2125, 0.7154, 0.0721)  # Rec. 709


def edges(pixels: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W"]:
    """Length of the Sobel gradient of the luma; 0 in flat parts."""
    luma = pixels.astype(np.float64) @ np.array(LUMA)
    return np.hypot(ndimage.sobel(luma, axis=0), ndimage.sobel(luma, axis=1))


def edge_agreement(a: Float[np.ndarray, "_ _ 3"], b: Float[np.ndarray, "_ _ 3"]) -> float:
    """Pearson's correlation of two pictures' edges over all pixels, -1 to 1, 1 best.

    Gradient lengths have no sign, so a picture and its negative agree. Two pictures without edges agree (1), one with
    and one without do not (0).

    Raises:
        ValueError: the pictures differ in shape.
    """
    if a.shape != b.shape:
        raise ParasolError(
            f"pictures have shapes {a.shape} and {b.shape}; bring both to one size before comparing them"
        )
    first, second = edges(a), edges(b)
    x, y = first - first.mean(), second - second.mean()
    lengths = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    flat = [length < 1e-9 for length in lengths]
    if any(flat):
        return 1.0 if all(flat) else 0.0
    return float(np.sum(x * y)) / (lengths[0] * lengths[1])
