"""A result in few colours: each pixel by itself, by what most of a region has, or as an index picture says."""

import numpy as np
from jaxtyping import Float, Int

from parasol.errors import ParasolError
from parasol.images import from_uint8, to_uint8
from parasol.maths.lab import lab, rgb
from parasol.vector.indexing import SCALE, index_picture, mode_filter
from parasol.vector.look import SPECK
from parasol.vector.palette import Palette, choose_palette
from parasol.vector.regions import CLEAR, components, without_specks

EVEN = 9  # index pixels; side of the square whose commonest colour a pixel takes
AGREED = 0.6  # share of a region of the content that has to be one colour for all of it to be


def flat_finish(
    result: Float[np.ndarray, "H W 3"], content: Float[np.ndarray, "_ _ 3"], palette: Palette
) -> Float[np.ndarray, "H W 3"]:
    """The result in the palette's colours alone, antialiased between them.

    `content` is the drawing that the result shows, in the same shape: where the result has one colour over most of a
    region of it, all of that region is that colour, up to the region's own edge. `palette` is, for a set, that of all
    its references (`choose_of`).

    Raises:
        ValueError: the shapes differ.
    """
    if result.shape != content.shape:
        raise ParasolError(
            f"the result has shape {result.shape} and the content {content.shape}; both must be one size"
        )
    index = mode_filter(index_picture(result, palette), EVEN)
    own = without_specks(index_picture(content, choose_palette(content)), SPECK)
    index = without_specks(_agreed(index, own), SPECK)
    return _picture(index, palette)


def in_colours(result: Float[np.ndarray, "H W 3"], palette: Palette) -> Float[np.ndarray, "H W 3"]:
    """The result in the palette's colours alone, antialiased between them, each pixel by itself."""
    return _picture(without_specks(index_picture(result, palette), SCALE**2), palette)


def painted(
    index: Int[np.ndarray, "h w"], palette: Palette, slope: tuple[float, float] | None = None
) -> Float[np.ndarray, "H W 4"]:
    """An index picture at the size of its picture: alpha says how much of a pixel is not `CLEAR`.

    slope: L* that each part gains down and across a whole side, its own colour in its middle.
    """
    means = _means(index, np.pad(np.pad(palette.colours, ((0, 0), (0, 1)), constant_values=1), ((0, 1), (0, 0))))
    sums, shown = means[..., :3], means[..., 3:]
    colours = np.where(shown > 0, sums / np.maximum(shown, 1e-6), 1)
    if slope is not None:
        risen = lab(colours.astype(np.float32))
        risen[..., :1] += _gained(index, slope) / np.maximum(shown, 1e-6)
        colours = np.where(shown > 0, rgb(risen), 1)
    return from_uint8(to_uint8(np.concatenate([colours, shown], axis=-1)))


def _gained(index: Int[np.ndarray, "h w"], slope: tuple[float, float]) -> Float[np.ndarray, "H W 1"]:
    """L* that parts gain in each pixel, as much of it as is not `CLEAR`: nothing in the middle of a part."""
    labels, kinds = components(index)
    owner, areas = labels.ravel(), np.bincount(labels.ravel())
    gained = np.zeros(index.shape)
    for share, places in zip(slope, np.indices(index.shape), strict=True):
        gained += share * (places - (np.bincount(owner, places.ravel()) / areas)[labels])
    gained = np.where(kinds[labels] == CLEAR, 0.0, gained / max(index.shape))
    height, width = (side // SCALE for side in index.shape)
    return gained.reshape(height, SCALE, width, SCALE).mean(axis=(1, 3))[..., None]


def _means(index: Int[np.ndarray, "h w"], values: Float[np.ndarray, "k c"]) -> Float[np.ndarray, "H W c"]:
    """Of the values of all index pixels in a pixel; what is `CLEAR` has the last."""
    return np.mean([values[index[down::SCALE, right::SCALE]] for down, right in np.ndindex(SCALE, SCALE)], axis=0)


def _picture(index: Int[np.ndarray, "h w"], palette: Palette) -> Float[np.ndarray, "H W 3"]:
    return from_uint8(to_uint8(_means(index, palette.colours)))


def _agreed(index: Int[np.ndarray, "h w"], own: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """Each region of `own` in the index that most of it has, where enough of it agrees."""
    labels, kinds = components(own)
    colours = int(index.max()) + 1
    votes = np.bincount((labels * colours + index).ravel(), minlength=len(kinds) * colours).reshape(-1, colours)
    agreed = votes.max(axis=1) >= AGREED * votes.sum(axis=1)
    return np.where(agreed[labels], votes.argmax(axis=1)[labels], index)
