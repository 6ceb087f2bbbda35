"""Flat pictures as drawings: palette, tracing to SVG, transparency, and how alike the pictures of a set are."""

from parasol.vector.coloured import coloured
from parasol.vector.drawing import Drawing, read_metadata
from parasol.vector.finish import flat_finish, in_colours, painted
from parasol.vector.framing import inset
from parasol.vector.ground import (
    GroundError,
    cut_out,
    laid,
    lifted,
    plain_ground,
    showing,
    split,
    turned,
    unlaid,
    wanted_ground,
    without_ground,
)
from parasol.vector.look import Look, flat_art, look_of, shaded
from parasol.vector.measures import Measures, measure
from parasol.vector.palette import (
    Palette,
    PaletteError,
    choices,
    choose_of,
    choose_palette,
    colour_of,
    given_palette,
    hex_of,
    named_palette,
)
from parasol.vector.sets import Consistency, consistency
from parasol.vector.tile import Tile, off_tile
from parasol.vector.tracing import Traced, TraceError, bled, trace, trace_parts

__all__ = [
    "Consistency",
    "Drawing",
    "GroundError",
    "Look",
    "Measures",
    "Palette",
    "PaletteError",
    "Tile",
    "TraceError",
    "Traced",
    "bled",
    "choices",
    "choose_of",
    "choose_palette",
    "colour_of",
    "coloured",
    "consistency",
    "cut_out",
    "flat_art",
    "flat_finish",
    "given_palette",
    "hex_of",
    "in_colours",
    "inset",
    "laid",
    "lifted",
    "look_of",
    "measure",
    "named_palette",
    "off_tile",
    "painted",
    "plain_ground",
    "read_metadata",
    "shaded",
    "showing",
    "split",
    "trace",
    "trace_parts",
    "turned",
    "unlaid",
    "wanted_ground",
    "without_ground",
]
