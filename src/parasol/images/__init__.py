"""THE pixel convention: float32 RGB in [0, 1], height x width x 3. Pictures come in and go out here alone."""

from parasol.images.arrange import Box, crop, fit, from_uint8, pad_to_multiple, square, stretch, to_uint8
from parasol.images.encode import encode, encode_png
from parasol.images.errors import PictureError
from parasol.images.kind import UNSURE, is_photograph, photograph_odds
from parasol.images.read import SUFFIXES, load, load_rgba, load_shown, read_bytes
from parasol.images.save import carries, check_target, read_text, save_png, write_atomic
from parasol.images.sheet import sheet

__all__ = [
    "SUFFIXES", "UNSURE", "Box", "PictureError", "carries", "check_target", "crop", "encode", "encode_png", "fit",
    "from_uint8", "is_photograph", "load", "load_rgba", "load_shown", "pad_to_multiple", "photograph_odds",
    "read_bytes", "read_text", "save_png", "sheet", "square", "stretch", "to_uint8", "write_atomic",
]  # fmt: skip
