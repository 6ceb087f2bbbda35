"""What sort of picture is this?

Nine measurements of a picture at 128 px and a logistic regression on them and their squares. `python -m lab kinds`
fits it to photographs and drawings of the splits that train, each changed as people meet them (grey, dark, pale,
letterboxed, cut out, scanned, compressed, on a ramp, blurred, noisy, recoloured, small), and measures it on others.
"""

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageFilter

from parasol.images.arrange import fit, to_uint8
from parasol.images.ground import shows_nothing

SIDE = 128  # px
SPAN = (
    0.02,
    0.98,
)  # quantiles of all values that are taken for black and white, so that light and contrast don't count
LEAST_SPAN = 0.02
INSET = 3  # px from the corners, where the ground's colours are looked up
GROUND = 0.08  # in every channel: nearer to the colour of a corner than this is ground
FEWEST = 0.03  # share of the picture; with less beside the ground, all of it counts
SLOPE = (0.01, 0.15)  # of neighbours: neither flat nor an edge
EDGE = 0.4
LEVELS = 24

# mean and spread of each trait over the training pictures, then the weights of its value and its square
TRAITS = ("slopes", "coarse", "lightness", "fine", "calm", "roughness", "grain", "edges", "chroma")
MEAN = np.array([0.357, -2.425, 1.821, -3.012, 0.626, -4.232, -6.482, -0.817, 0.193])
SPREAD = np.array([0.321, 0.626, 0.903, 0.728, 0.237, 1.124, 0.948, 0.628, 0.237])
LINEAR = np.array([2.215, -1.784, 2.697, 0.899, 1.866, 2.703, 1.099, -1.415, -0.152])
SQUARE = np.array([-1.404, -0.066, 0.958, 0.231, 0.215, 0.422, -0.736, 0.052, -0.439])
BIAS = -3.374
UNSURE = 1.5  # of the odds' logarithm, either way; commands say so of such pictures
MOST = 4.0  # spreads from the mean, beyond which a trait says no more


def is_photograph(picture: Float[np.ndarray, "H W 3"]) -> bool:
    """Whether a picture, on the ground that it lies on, is a photograph or a painting rather than a drawing.

    Wrong for about one in twenty-five pictures that are changed as above, most of them JPEGs and scans of small icons.
    """
    return photograph_odds(picture) > 0


def photograph_odds(picture: Float[np.ndarray, "H W 3"]) -> float:
    """Logarithm of the odds that a picture is a photograph; above 0 it is taken for one.

    Within `UNSURE` of 0 there is doubt. What shows nothing is a drawing.
    """
    if shows_nothing(picture):
        return -np.inf
    values = ((traits(picture) - MEAN) / SPREAD).clip(-MOST, MOST)
    return float(values @ LINEAR + values**2 @ SQUARE + BIAS)


def traits(picture: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "9"]:
    """What the rule looks at, over all that is not ground, with the lightest as 1 and the darkest as 0.

    slopes: share of neighbours that differ a little. coarse, fine: logarithm of the detail between 4 and 8 px, and
    below 2. lightness: entropy of its histogram. calm: share of places without an edge within 2 px. roughness, grain:
    logarithm of the mean square and the median of what a median takes away. edges: of the steepest neighbours. chroma:
    its mean.
    """
    small = to_uint8(fit(picture, SIDE))
    calmed = _median(small)
    dark, light = np.quantile(calmed[::2, ::2], SPAN) / 255
    span = max(light - dark, LEAST_SPAN)
    smooth, raw = ((values.astype(np.float32) / 255 - dark) / span for values in (calmed, small))
    inner = _beside_ground(smooth)
    slope, grey, away = _slopes(smooth), smooth.mean(axis=-1), np.abs(raw - smooth)[inner]
    apart = (_spread(smooth, np.maximum) - _spread(smooth, np.minimum)).max(axis=-1)
    blurs = {radius: _blurred(grey, radius) for radius in (1, 4, 8)}
    steps = slope[1:-1, 1:-1][inner[1:-1, 1:-1]]
    shades = np.bincount(np.clip(np.rint(grey[inner] * LEVELS), 0, LEVELS).astype(int)) / inner.sum()
    return np.array(
        [
            ((steps > SLOPE[0]) & (steps < SLOPE[1])).sum() / max(1, len(steps)),
            np.log(np.sqrt(((blurs[4] - blurs[8])[inner] ** 2).mean()) + 1e-3),
            -(shades[shades > 0] * np.log(shades[shades > 0])).sum(),
            np.log(np.sqrt(((grey - blurs[1])[inner] ** 2).mean()) + 1e-3),
            (apart[inner] < EDGE).mean(),
            np.log(np.sqrt((away**2).mean()) + 1e-3),
            np.log(np.median(away) + 1e-3),
            np.log(np.quantile(slope[inner], 0.97) + 3e-3),
            np.ptp(smooth, axis=-1)[inner].mean(),
        ]
    )


def _beside_ground(smooth: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Where no corner's colour is; everywhere, where that is nearly nowhere."""
    inset = min(INSET, min(smooth.shape[:2]) - 1)
    corners = [smooth[y, x] for y in (inset, -1 - inset) for x in (inset, -1 - inset)]
    inner = np.min([np.abs(smooth - corner).max(axis=-1) for corner in corners], axis=0) >= GROUND
    return inner if inner.mean() >= FEWEST else np.ones_like(inner)


def _slopes(values: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """The larger of the differences to the neighbours on the right and below, in the channel where it is largest."""
    steep = np.zeros(values.shape[:2], np.float32)
    steep[:-1] = np.abs(np.diff(values, axis=0)).max(axis=-1)
    steep[:, :-1] = np.maximum(steep[:, :-1], np.abs(np.diff(values, axis=1)).max(axis=-1))
    return steep


def _median(values: np.ndarray) -> np.ndarray:
    """Of three neighbours along rows, then along columns: nearly the median of nine, and quick."""
    for axis in (1, 0):
        first, middle, last = _shifted(values, axis, 1)
        values = np.maximum(np.minimum(first, middle), np.minimum(np.maximum(first, middle), last))
    return values


def _spread(values: np.ndarray, better: np.ufunc) -> np.ndarray:
    """The greatest, or the least, within 2 px."""
    for axis in (0, 1):
        values = better.reduce(_shifted(values, axis, 2))
    return values


def _shifted(values: np.ndarray, axis: int, reach: int) -> list[np.ndarray]:
    """The values moved by up to `reach` px along an axis, the edges repeated."""
    pad = [(reach, reach) if dimension == axis else (0, 0) for dimension in range(values.ndim)]
    padded, length = np.pad(values, pad, mode="edge"), values.shape[axis]
    return [padded.take(range(start, start + length), axis) for start in range(2 * reach + 1)]


def _blurred(grey: Float[np.ndarray, "h w"], radius: int) -> Float[np.ndarray, "h w"]:
    picture = Image.fromarray((grey.clip(0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.BoxBlur(radius))).astype(np.float32) / 255
