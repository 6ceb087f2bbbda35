"""The drawings of a set in one frame: as much free space around each, and each in the middle."""

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.vector.ground import RGBA, GroundError, lifted, plain_ground

SEEN = 0.05  # of alpha, from which a pixel belongs to the drawing
MOST_PADDING = 0.45  # of the side; more would leave no drawing


def off_plain(picture: RGBA) -> RGBA:
    """A drawing with alpha as it is; an opaque one off its plain ground. Raises GroundError where there is none."""
    if (picture[..., 3] < 1).any():
        return picture
    flat = picture[..., :3]
    return lifted(flat, plain_ground(flat))


def framed(picture: RGBA, padding: float, side: int) -> Float[np.ndarray, "h w 4"]:
    """What is drawn, whole and in its own shape, in the middle of a clear square of `side` px.

    padding: free space between it and the nearer sides, as a share of the side. Raises GroundError where nothing is
    drawn.
    """
    drawn = picture[..., 3] > SEEN
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        raise GroundError("the picture is transparent everywhere: nothing of it could be seen on any ground")
    box = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = side * (1 - 2 * min(padding, MOST_PADDING)) / max(box.shape[:2])
    size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
    small = resized(box, size)
    canvas = np.zeros((side, side, 4), np.float32)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas


def frame_of(picture: RGBA, padding: float) -> tuple[float, float, float] | None:
    """Left, top and side in px of the square that shows a drawing with so much padding; None where nothing is drawn."""
    drawn = picture[..., 3] >= 0.5
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return None
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    side = max(height, width) / (1 - 2 * min(padding, MOST_PADDING))
    return float(columns[0] + width / 2 - side / 2), float(rows[0] + height / 2 - side / 2), float(side)


def resized(picture: RGBA, size: tuple[int, int]) -> Float[np.ndarray, "h w 4"]:
    """At (width, height) px, colours weighed by alpha, so that no colour of what is clear is met at an edge."""
    whole = Image.fromarray(to_uint8(picture), "RGBA").convert("RGBa")
    kind = Image.Resampling.LANCZOS
    return from_uint8(np.asarray(whole.resize(size, kind, reducing_gap=3.0).convert("RGBA")))
