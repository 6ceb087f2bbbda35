"""A painting that was sawn into pieces, put together again by its board file, the seams healed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from parasol.errors import ParasolError

SOLID = 0.5  # summed alpha from which the pieces say what a pixel shows
WHOLE_LINE = 0.98  # share of a border line that must be covered; what is ragged beyond is cut off
PIECE = re.compile(r'"pixmapfile"\s*:\s*"([^"]+)"\s*,\s*"x"\s*:\s*"?([\d.]+)"?\s*,\s*"y"\s*:\s*"?([\d.]+)"?')
SIDE = r'"{}"\s*:\s*"?(\d+)'
INSTRUCTION = re.compile(r'instruction\s*:\s*qsTr\("([^"]*)"\)')


@dataclass(frozen=True, kw_only=True)
class Board:
    """One puzzle. `pieces` are file names with their centres in pixels (across, down), `instruction` its words."""

    instruction: str
    pieces: tuple[tuple[str, float, float], ...]


def instruction_of(text: str) -> str:
    """The words over a board, without the full stop at the end; empty where there are none."""
    match = INSTRUCTION.search(text)
    return match[1].rstrip(". ") if match else ""


def read_board(text: str) -> Board:
    """Read a board file. Raises ValueError when it doesn't tell where the pieces lie."""
    width, height = (re.search(SIDE.format(side), text) for side in ("width", "height"))
    pieces = PIECE.findall(text)
    if width is None or height is None or not pieces:
        raise ParasolError("broken: the board file doesn't tell where the pieces lie")
    across, down = int(width[1]), int(height[1])
    return Board(
        instruction=instruction_of(text),
        pieces=tuple((file, float(x) * across, float(y) * down) for file, x, y in pieces),
    )


def assemble(board: Board, load: Callable[[str], Image.Image]) -> Float[np.ndarray, "H W 3"]:
    """The whole painting in [0, 1].

    Pieces fade out at their saw lines and lie to a pixel only. So a pixel is the mean of all pieces over it, weighted
    by alpha; where they leave a gap it is filled from its neighbours; and the ragged border is cut off.
    """
    pictures = [load(file).convert("RGBA") for file, _, _ in board.pieces]
    corners = [
        (round(down - picture.height / 2), round(across - picture.width / 2))
        for picture, (_, across, down) in zip(pictures, board.pieces, strict=True)
    ]
    top, left = (min(corner[axis] for corner in corners) for axis in (0, 1))
    height = max(corner[0] + picture.height for corner, picture in zip(corners, pictures, strict=True)) - top
    width = max(corner[1] + picture.width for corner, picture in zip(corners, pictures, strict=True)) - left
    colour, weight = np.zeros((height, width, 3)), np.zeros((height, width))
    for picture, (down, across) in zip(pictures, corners, strict=True):
        values = np.asarray(picture, np.float64) / 255
        place = np.s_[down - top : down - top + picture.height, across - left : across - left + picture.width]
        colour[place] += values[..., :3] * values[..., 3:]
        weight[place] += values[..., 3]
    covered = weight >= SOLID
    inside = _whole_lines(covered)
    mean = colour[inside] / np.maximum(weight[inside], SOLID)[..., None]
    return np.clip(_fill(mean, covered[inside]), 0, 1).astype(np.float32)


def _whole_lines(covered: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """The rectangle that is left when ragged border lines are taken off, the most ragged first."""
    top, left, (bottom, right) = 0, 0, covered.shape
    while bottom - top > 1 and right - left > 1:
        block = covered[top:bottom, left:right]
        shares = [line.mean() for line in (block[0], block[-1], block[:, 0], block[:, -1])]
        lowest = int(np.argmin(shares))
        if shares[lowest] >= WHOLE_LINE:
            break
        top, bottom = top + (lowest == 0), bottom - (lowest == 1)
        left, right = left + (lowest == 2), right - (lowest == 3)
    return slice(top, bottom), slice(left, right)


def _fill(colour: Float[np.ndarray, "H W 3"], known: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Give every unknown pixel the mean of its known neighbours, from the rim of a gap inwards."""
    colour, known = np.where(known[..., None], colour, 0.0), known.copy()
    if not known.any():
        raise ParasolError("broken: the pieces show nothing")
    while not known.all():
        around_colour, around = _sum_of_nine(colour), _sum_of_nine(known.astype(np.float64)[..., None])
        reached = ~known & (around[..., 0] > 0)
        colour[reached] = around_colour[reached] / around[reached]
        known |= reached
    return colour


def _sum_of_nine(values: Float[np.ndarray, "H W C"]) -> Float[np.ndarray, "H W C"]:
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    height, width = values.shape[:2]
    return sum((padded[i : i + height, j : j + width] for i in range(3) for j in range(3)), np.zeros_like(values))
