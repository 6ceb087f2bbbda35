"""Flat pictures as drawings: palette, tracing to SVG, transparency, and how alike the pictures of a set are."""

from parasol.vector.drawing import Drawing, read_metadata
from parasol.vector.ground import GroundError, laid
from parasol.vector.measures import Measures, measure
from parasol.vector.palette import Palette, PaletteError, choices, choose_of, given_palette, named_palette
from parasol.vector.sets import Consistency, consistency
from parasol.vector.tracing import TraceError, trace, trace_parts

__all__ = [
    "Consistency", "Drawing", "GroundError", "Measures", "Palette", "PaletteError", "TraceError", "choices",
    "choose_of", "consistency", "given_palette", "laid", "measure", "named_palette", "read_metadata", "trace",
    "trace_parts",
]  # fmt: skip
