"""The tile that every drawing of a style lies on, such as the rounded square below an app's icon."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from parasol.maths.lab import delta_e, lab
from parasol.vector.depth import box, depth, longest
from parasol.vector.ground import RGBA, WHITE, is_opaque, laid, lifted
from parasol.vector.palette import ground_of
from parasol.vector.regions import outside

BARE, PLAIN = 3.0, 10.0  # delta E, up to which a pixel has the colour of what is around, and of the tile
LEAST, SPECK = 0.6, 0.2  # of the side; what is smaller is a thing and no tile, and what lies on it no drawing
FITS = 0.97  # of two shapes together, that is in both, where they are one
SHARED = 0.75  # of the references, that have to lie on a tile of one shape
OFF, TURNED = 0.02, 0.05  # of the side, by which their margins and radii differ at most
MANY, BADGE = 3, 0.4  # references, from which any shape is a tile; radius of a disc, of which fewer say nothing
BAND, RIM, OWN = 0.04, 0.6, 0.4  # of the side, along its rim; of that and of all of a tile, what has its colour
BEVEL = 0.06  # of the side, along the edge of a tile, that may be blurred or of a darker colour, and stays on it
SMALLEST = 8  # px, of which a tile's rim can be looked at
GLANCE = 256  # px; of a larger picture fewer are looked at first, for most have none


class Tile(NamedTuple):
    """All as shares of the side of the picture: a square in its middle with round corners, and what lies on it."""

    margin: float
    """Free space around it."""

    radius: float
    """Of its corners; a disc has half of its side."""

    room: float
    """Longer side of what lies on it."""

    def shape(self, side: int) -> Bool[np.ndarray, "side side"]:
        """Where it is."""
        at = np.abs((np.arange(side) + 0.5) / side - 0.5)
        beyond = np.maximum(at - (0.5 - self.margin - self.radius), 0)
        return np.hypot(beyond[:, None], beyond[None]) <= self.radius


def tile_of(
    pictures: Sequence[Float[np.ndarray, "side side 3"]],
) -> tuple[Tile | None, list[Float[np.ndarray, "side side 3"]]]:
    """The tile that most of some pictures lie on, if any, and each with its colour as the ground instead."""
    each = [_tile(picture) for picture in pictures]
    present = [tile for tile, _ in each if tile is not None]
    if len(present) < SHARED * len(pictures):
        return None, [*pictures]
    middle = Tile(*(round(float(value), 4) for value in np.median(present, axis=0)))
    off = np.abs(np.subtract(present, middle))
    alike = (off[:, 0] <= OFF) & (off[:, 1] <= TURNED)
    sure = len(pictures) >= MANY or (middle.margin <= OFF / 2 and middle.radius < BADGE)
    if not sure or alike.sum() < SHARED * len(pictures):
        return None, [*pictures]
    return middle, [picture if tile is None else bare for picture, (tile, bare) in zip(pictures, each, strict=True)]


def off_tile(content: RGBA) -> RGBA | None:
    """What lies on a tile of its own, off that; None where there is no tile, or what is on it is cut out of it."""
    shown, step = laid(content, WHITE), len(content) // GLANCE + 1
    if content.shape[0] != content.shape[1] or (step > 1 and tile_of([shown[::step, ::step]])[0] is None):
        return None
    tile, [bare] = tile_of([shown])
    if tile is None:
        return None
    red, green, blue = (float(value) for value in bare[0, 0])
    same = delta_e(lab(bare), lab(bare[0, 0])) <= PLAIN  # with what resizing has left around what lies on it
    marks = lifted(np.where(same[..., None], bare[0, 0], bare), (red, green, blue))
    within = tile._replace(margin=tile.margin + BEVEL, radius=max(tile.radius - BEVEL, 0.0))
    marks[~within.shape(len(marks)), 3] = 0
    cut = delta_e(lab(shown), lab(shown[0, 0])) <= BARE if is_opaque(content) else content[..., 3] < 0.5
    return None if cut[marks[..., 3] >= 0.5].mean() > 0.5 else marks


def _tile(picture: Float[np.ndarray, "side side 3"]) -> tuple[Tile | None, Float[np.ndarray, "side side 3"]]:
    """The tile of one picture, and the picture without what is around that."""
    side, colours = len(picture), lab(picture)
    corners = colours[[0, 0, -1, -1], [0, -1, 0, -1]]
    if (delta_e(corners, corners[0]) > BARE).any():
        return None, picture
    solid = ~outside((delta_e(colours, corners[0]) > BARE).astype(np.int64))
    wide = longest(box(solid))
    radius = min(float(np.sqrt(max(wide**2 - solid.sum(), 0) / (4 - np.pi))), wide / 2)
    tile = Tile((side - wide) / 2 / side, radius / side, 0.0)
    ideal = tile.shape(side)
    seen = radius + (side - wide) / 2 >= 2 and wide >= max(LEAST * side, SMALLEST)
    if not seen or (solid & ideal).sum() < FITS * (solid | ideal).sum():
        return None, picture
    band = max(BAND * side, 3)
    deep = depth(np.pad(solid, 1), round(band) + 1)[1:-1, 1:-1]
    rim = (deep > 2) & (deep <= band)
    colour = ground_of(picture[rim][None])
    off = delta_e(colours, lab(colour)) > PLAIN
    room = longest(box((deep > 2) & off))
    if off[rim].mean() > 1 - RIM or off[solid].mean() > 1 - OWN or room < SPECK * side:
        return None, picture
    return tile._replace(room=room / side), np.where(deep[..., None] > 2, picture, colour)
