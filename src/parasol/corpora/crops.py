"""Where square crops are cut out of a picture: at which scales, and how far apart."""

import math
from dataclasses import dataclass

LEVELS = 3  # scales at most; each has twice as many pixels a side as the one before


@dataclass(frozen=True, kw_only=True)
class Place:
    """One crop: the picture is scaled to `width` x `height`, then cut at `left`, `top`. Level 0 shows most of it."""

    level: int
    width: int
    height: int
    left: int
    top: int


def places(width: int, height: int, *, size: int, overlap: float) -> list[Place]:
    """The crops of a picture of `width` x `height` pixels, `size` pixels square each.

    At level 0 the shorter side is `size`, at each level after that twice as long, as long as nothing is enlarged.
    Within a level two crops share at most `overlap` of a side across, or down. Empty for a picture smaller than a
    crop.
    """
    crops = []
    shorter = min(width, height)
    for level in range(LEVELS):
        scale = size * 2**level / shorter
        if scale > 1:
            break
        across, down = (max(size, round(side * scale)) for side in (width, height))
        crops += [
            Place(level=level, width=across, height=down, left=left, top=top)
            for top in starts(down, size=size, overlap=overlap)
            for left in starts(across, size=size, overlap=overlap)
        ]
    return crops


def starts(length: int, *, size: int, overlap: float) -> list[int]:
    """As many starts of intervals of `size` in `length` as `overlap` allows, evenly spread; one is centred."""
    step = math.ceil(size * (1 - overlap))
    room = length - size
    count = room // step + 1
    return [round(number * room / (count - 1)) for number in range(count)] if count > 1 else [room // 2]
