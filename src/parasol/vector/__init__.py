"""Flat pictures as drawings: palette, tracing to SVG, transparency, and how alike the pictures of a set are."""

from parasol.vector.drawing import Drawing, read_metadata
from parasol.vector.finish import flat_finish
from parasol.vector.ground import GroundError, cut_out, laid, showing, split, wanted_ground
from parasol.vector.measures import Measures, measure
from parasol.vector.palette import Palette, PaletteError, choices, choose_of, choose_palette, given_palette
from parasol.vector.sets import Consistency, consistency
from parasol.vector.tracing import Traced, TraceError, trace

__all__ = [
    "Consistency",
    "Drawing",
    "GroundError",
    "Measures",
    "Palette",
    "PaletteError",
    "TraceError",
    "Traced",
    "choices",
    "choose_of",
    "choose_palette",
    "consistency",
    "cut_out",
    "flat_finish",
    "given_palette",
    "laid",
    "measure",
    "read_metadata",
    "showing",
    "split",
    "trace",
    "wanted_ground",
]
