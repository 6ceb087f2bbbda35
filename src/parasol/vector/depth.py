"""How deep inside of a mask each of its pixels lies, and how wide what it shows is."""

import numpy as np
from jaxtyping import Bool, Float


def depth(mask: Bool[np.ndarray, "h w"], most: int) -> Float[np.ndarray, "h w"]:
    """Distance in px, at most `most`, from each pixel of a mask to the nearest that is none of it; 0 outside of it.

    Beyond the picture's border the mask goes on as at the border.
    """
    height, width = mask.shape
    across = np.full(mask.shape, most, np.float32)
    places = np.arange(width)
    last = np.maximum.accumulate(np.where(mask, -most, places), axis=1)
    first = np.minimum.accumulate(np.where(mask, width + most, places)[:, ::-1], axis=1)[:, ::-1]
    across = np.minimum(np.minimum(places - last, first - places), most).astype(np.float32) ** 2
    square = across.copy()
    for step in range(1, most):
        if step**2 >= square.max():
            break  # no row so far away is nearer than what was found
        np.minimum(square[step:], across[: max(height - step, 0)] + step**2, out=square[step:])
        np.minimum(square[: max(height - step, 0)], across[step:] + step**2, out=square[: max(height - step, 0)])
    return np.minimum(np.sqrt(square), most)


def ridge(deep: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where nothing beside a pixel is deeper: the middle of strokes and of shapes."""
    padded = np.pad(deep, 1)
    height, width = deep.shape
    around = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    return (deep > 0) & (deep >= around.max(axis=0))
