"""What transparent pictures are laid on, and whether anything is to be seen in a picture at all."""

import numpy as np
from jaxtyping import Float
from PIL import Image

WHITE = (1.0, 1.0, 1.0)
OTHERS = ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5))
LOOKED_AT = 128  # px, longer side
NEAR = 20 / 255  # in every channel: nearer to the ground than this is lost in it
VISIBLE = 0.5  # of alpha
MOST_LOST = 0.5  # of the drawing's area
FAINTEST_ALPHA = 16  # of 255; below it a pixel is not seen on any ground
SMALLEST_RANGE = 4 / 255  # in every channel; below it all pixels are the same


def ground_for(picture: Image.Image) -> tuple[float, float, float]:
    """White, unless more than half of a drawing (RGBA) would be lost in it: then black or grey, whichever loses less.

    Lost is what has the ground's colour and touches the ground; white enclosed by an outline is not.
    """
    small = picture.copy()
    small.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BOX)
    values = np.asarray(small).astype(np.float32) / 255
    if lost(values, WHITE) <= MOST_LOST:
        return WHITE
    return min(OTHERS, key=lambda ground: lost(values, ground))


def lost(values: Float[np.ndarray, "h w 4"], ground: tuple[float, float, float]) -> float:
    """Share of the visible area that cannot be told from the ground and reaches it; 0 to 1, 0 where nothing is seen."""
    visible = values[..., 3] >= VISIBLE
    if not visible.any():
        return 0.0
    alike = (np.abs(values[..., :3] - np.asarray(ground, np.float32)) < NEAR).all(axis=-1) | ~visible
    reached = np.pad(~visible, 1, constant_values=True)
    alike = np.pad(alike, 1, constant_values=True)
    while True:  # spreads by a pixel a turn, to the four neighbours
        wider = reached.copy()
        wider[1:] |= reached[:-1]
        wider[:-1] |= reached[1:]
        wider[:, 1:] |= reached[:, :-1]
        wider[:, :-1] |= reached[:, 1:]
        wider &= alike
        if (wider == reached).all():
            break
        reached = wider
    return float((reached[1:-1, 1:-1] & visible).sum() / visible.sum())


def shows_nothing(pixels: Float[np.ndarray, "H W 3"]) -> bool:
    """Whether every pixel is the same, within three levels of 255."""
    lightest, darkest = pixels.max(axis=0), pixels.min(axis=0)  # down the columns first: numpy does whole rows at once
    return bool((lightest.max(axis=0) - darkest.min(axis=0)).max() < SMALLEST_RANGE)
