"""Tiny icons, of 16 to 32 px, enlarged with edges as sharp as those of large ones."""

from math import ceil

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageFilter

from parasol.images import from_uint8, is_photograph, to_uint8
from parasol.vector.ground import RGBA
from parasol.vector.tracing import bled

TINY = 48  # px, longer side; what is larger has edges that a model knows
MOST = 16  # times
FAINT = 0.25  # of alpha, below which a pixel's own colour says little


def enlarged(picture: RGBA, size: int) -> Float[np.ndarray, "h w 4"]:
    """A tiny drawing at a multiple of its size, up to about `size` px; any other picture as it is.

    Interpolated alone, the one mixed pixel of an edge becomes a band that is as wide as a stroke, which a model draws
    as something of its own. Each value therefore goes to that of its surroundings' ends, lowest or highest within a
    pixel of the original, that it is nearer to. A photograph has no such edges: it would fall into patches.
    """
    longer = max(picture.shape[:2])
    times = min(ceil(size / longer), MOST)
    if longer > TINY or times < 2:
        return picture
    alpha = picture[..., 3]
    if (alpha == 1).all() and is_photograph(picture[..., :3]):
        return picture
    # The colour of what is hardly seen is rounded away: it is that of what it is the edge of.
    flat = bled(picture[..., :3], (alpha > FAINT).astype(np.float32))
    channels = [_sharp(Image.fromarray(to_uint8(channel)), times) for channel in (*flat.transpose(2, 0, 1), alpha)]
    return from_uint8(to_uint8(np.stack(channels, axis=-1)))


def _sharp(channel: Image.Image, times: int) -> Float[np.ndarray, "h w"]:
    large = channel.resize((channel.width * times, channel.height * times), Image.Resampling.BICUBIC)
    around = 2 * times + 1
    ends = [large.filter(kind(around)) for kind in (ImageFilter.MinFilter, ImageFilter.MaxFilter)]
    value, lowest, highest = (from_uint8(np.asarray(image)) for image in (large, *ends))
    share = (value - lowest) / np.maximum(highest - lowest, 1 / 255)
    return lowest + (0.5 + (share - 0.5) * times / 2).clip(0, 1) * (highest - lowest)
