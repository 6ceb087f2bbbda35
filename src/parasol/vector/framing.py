"""The drawings of a set in one frame: as large to the eye as the others, and each in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.vector.depth import Box, box, longest
from parasol.vector.ground import NOTHING_SEEN, RGBA, GroundError, is_opaque, lifted, plain_ground
from parasol.vector.regions import outside

SEEN = 0.05  # of alpha, from which a pixel belongs to the drawing
MOST_PADDING = 0.45  # of the side; more would leave no drawing
ASIDE = 0.1  # of the side, beyond which a drawing sticks out of its room where it is not in the middle


def off_plain(picture: RGBA) -> RGBA:
    """A drawing with alpha as it is; an opaque one off its plain ground. Raises GroundError where there is none."""
    flat = picture[..., :3]
    return lifted(flat, plain_ground(flat)) if is_opaque(picture) else picture


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much of their pictures the drawings of a set take up."""

    bulk: float
    """How large they are to the eye: longer side as a share of the picture's, times the fourth root of the share of
    the square of that side that they enclose. A disc then is drawn larger than a square, and smaller than a bar."""

    least: float
    most: float
    """Longer sides of the drawings, as shares."""

    @property
    def padding(self) -> float:
        """Free space around the largest of them, as a share of the side."""
        return (1 - self.most) / 2

    def padding_of(self, picture: RGBA) -> float:
        """The free space that makes a drawing as large to the eye. Raises GroundError where nothing is drawn."""
        _, filled = _extent(picture)
        return (1 - min(max(self.bulk / filled**0.25, self.least), self.most)) / 2


def room_of(pictures: Sequence[Float[np.ndarray, "_ _ 4"]]) -> Room:
    """The room of a set's drawings. Raises GroundError where none of them shows any."""
    extents = list[tuple[float, float]]()
    for picture in pictures:
        try:
            extents.append(_extent(off_plain(picture)))
        except GroundError:  # as good as full
            continue
    if not extents:
        raise GroundError("no reference is a drawing on a plain or transparent ground: give icons of the set")
    sides, filled = np.array(extents).T
    least, most = np.percentile(sides, [10, 90])
    return Room(bulk=float(np.median(sides * filled**0.25)), least=float(least), most=float(most))


def _extent(picture: RGBA) -> tuple[float, float]:
    """Longer side of what is drawn, as a share of the picture's, and the share of its square that it encloses."""
    drawn = picture[..., 3] >= 0.5
    longer = longest(_box(drawn))
    enclosed = ~outside(np.pad(drawn, 1).astype(np.int64))
    return float(longer / max(drawn.shape)), float(enclosed.sum() / longer**2)


def _box(drawn: Bool[np.ndarray, "h w"]) -> Box:
    here = box(drawn)
    if not longest(here):
        raise GroundError(NOTHING_SEEN)
    return here


def framed(picture: RGBA, padding: float, side: int) -> Float[np.ndarray, "h w 4"]:
    """What is drawn, whole and in its own shape, in the middle of a clear square of `side` px.

    padding: free space between it and the nearer sides, as a share of the side. Raises GroundError where nothing is
    drawn.
    """
    drawn = picture[_box(picture[..., 3] > SEEN)]
    scale = side * (1 - 2 * min(padding, MOST_PADDING)) / max(drawn.shape[:2])
    size = (max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale)))
    small = resized(drawn, size)
    canvas = np.zeros((side, side, 4), np.float32)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas


def inset(content: RGBA, room: float) -> RGBA:
    """A drawing on a plain or clear ground, no larger than that share of the side; all else as it is.

    One that would still reach well beyond the square of that share, such as one in a corner, goes into the middle.
    """
    try:
        around = plain_ground(content[..., :3]) if is_opaque(content) else None
    except GroundError:
        return content
    drawn = (content if around is None else lifted(content[..., :3], around))[..., 3] >= 0.5
    here, sides, longer = box(drawn), drawn.shape, max(drawn.shape)
    if not longest(here):
        return content
    share = min(room * longer / longest(here), 1)
    off = [side.start + side.stop - length for side, length in zip(here, sides, strict=True)]
    beyond = max(share * (side.stop - side.start + abs(gap)) for side, gap in zip(here, off, strict=True))
    aside = beyond > (room + ASIDE) * longer
    if share == 1 and not aside:
        return content
    size = [max(1, round(share * length)) for length in sides]
    small = content if share == 1 else resized(content, (size[1], size[0]))
    canvas = np.zeros_like(content)
    if around is not None:
        canvas[:] = (*around, 1)
    at = [(length - own - aside * round(share * gap)) // 2 for length, own, gap in zip(sides, size, off, strict=True)]
    to = tuple(slice(max(start, 0), start + own) for start, own in zip(at, size, strict=True))
    fits = tuple(slice(max(-start, 0), length - start) for start, length in zip(at, sides, strict=True))
    canvas[to] = small[fits]
    return canvas


def frame_of(picture: RGBA, share: float) -> tuple[float, float, float] | None:
    """Left, top and side in px of the square of that share of the picture's side, or larger, that has a whole drawing
    in its middle; None where nothing is drawn."""
    drawn = picture[..., 3] >= 0.5
    down, across = box(drawn)
    if not down.stop:
        return None
    side = max(longest((down, across)), share * max(drawn.shape))
    return (across.start + across.stop - side) / 2, (down.start + down.stop - side) / 2, float(side)


def at_most(content: RGBA, longer: int) -> Float[np.ndarray, "h w 4"]:
    """A picture whose longer side has no more px."""
    share = min(longer / max(content.shape), 1)
    height, width = (max(1, round(share * side)) for side in content.shape[:2])
    return content if share == 1 else resized(content, (width, height))


def resized(picture: RGBA, size: tuple[int, int]) -> Float[np.ndarray, "h w 4"]:
    """At (width, height) px, colours weighed by alpha, so that no colour of what is clear is met at an edge."""
    whole = Image.fromarray(to_uint8(picture), "RGBA").convert("RGBa")
    kind = Image.Resampling.LANCZOS
    return from_uint8(np.asarray(whole.resize(size, kind, reducing_gap=3.0).convert("RGBA")))
