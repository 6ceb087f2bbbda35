"""What sort of picture is this?

The first blocks of EfficientNet-Lite0, trained further to tell photographs and paintings from drawings, look at a
picture at 96 px. `python -m lab kinds-training` makes their weights, `kind.safetensors`, from pictures of the splits
that train, changed as people meet them; `python -m lab kinds` measures them on others.
"""

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors.numpy import load_file

from parasol.images.arrange import fit, from_uint8, square, to_uint8
from parasol.images.ground import shows_nothing

WEIGHTS = Path(__file__).with_name("kind.safetensors")
SIDE = 96  # px
LARGEST = 384  # px; of larger pictures no more is looked at
LOOKED_AT = 128  # px, at which the ground around a picture is found
GROUND = 0.1  # in every channel: nearer to the median of the edges than this is ground
RIM = 0.06  # of the longer side: so much of the ground is left, for without it a bar or a square shows nothing
SPAN = (0.005, 0.995)  # quantiles that are taken for black and white, so that light and contrast don't count
LEAST_SPAN = 0.02
STRIDES = (1, 2, 1, 2, 1)  # of the blocks' depthwise convolutions
TINY = 1e-5  # of a variance
UNSURE = 1.0  # of the odds' logarithm, either way; commands say so of such pictures


def is_photograph(picture: Float[np.ndarray, "H W 3"]) -> bool:
    """Whether a picture, on the ground that it lies on, is a photograph or a painting rather than a drawing."""
    return photograph_odds(picture) > 0


def photograph_odds(picture: Float[np.ndarray, "H W 3"]) -> float:
    """Logarithm of the odds that a picture is a photograph, rounded to hundredths; above 0 it is taken for one.

    Within `UNSURE` of 0 there is doubt. What shows nothing is a drawing.
    """
    if shows_nothing(picture):
        return -np.inf
    weights = _weights()
    features = 2 * seen(picture) - 1
    moments = [_moments(features)]
    features = np.clip(_convolved(features, weights["stem.weight"], weights["stem.bias"]), 0, 6)
    moments.append(_moments(features))
    for block, stride in enumerate(STRIDES):
        features = _block(features, {name[2:]: weights[name] for name in weights if name[0] == str(block)}, stride)
        moments.append(_moments(features))
    hidden = np.maximum(np.concatenate(moments) @ weights["hidden.weight"] + weights["hidden.bias"], 0)
    odds = hidden @ weights["odds.weight"] + weights["odds.bias"]
    return round(float(odds[0]), 2)  # sums differ in their last digits between processors


def seen(picture: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "96 96 3"]:
    """A picture as the network sees it: without the ground around it, squared, its darkest as 0 and lightest as 1.

    The result is whole in 8 bits.
    """
    less = fit(picture, min(LARGEST, max(picture.shape[:2])))
    small = square(_beside_ground(less), SIDE)
    dark, light = np.quantile(small, SPAN)
    return from_uint8(to_uint8((small - dark) / max(light - dark, LEAST_SPAN)))


def _beside_ground(picture: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "h w 3"]:
    """The least rectangle outside of which all has the colour of the edges."""
    small = fit(picture, LOOKED_AT)
    edges = np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]), axis=0)
    apart = (np.abs(small - edges) > GROUND).any(axis=-1)
    if not apart.any():
        return picture
    places = np.argwhere(apart)
    first, last = places.min(axis=0), places.max(axis=0) + 1
    rim = RIM * (last - first).max()
    scale = np.divide(picture.shape[:2], small.shape[:2])
    top, left = np.floor((first - rim).clip(0) * scale).astype(int)
    bottom, right = np.ceil((last + rim) * scale).astype(int)
    return picture[top:bottom, left:right]


def _block(
    features: Float[np.ndarray, "h w c"], weights: dict[str, np.ndarray], stride: int
) -> Float[np.ndarray, "_ _ _"]:
    """Expansion, depthwise convolution, projection; a skip where the shape stays."""
    inner = features
    if "expand.weight" in weights:
        inner = np.clip(inner @ weights["expand.weight"] + weights["expand.bias"], 0, 6)
    inner = _depthwise(inner, weights["depthwise.weight"], stride) + weights["depthwise.bias"]
    projected = np.clip(inner, 0, 6) @ weights["project.weight"] + weights["project.bias"]
    return projected + features if projected.shape == features.shape else projected


def _convolved(
    features: Float[np.ndarray, "h w c"], weight: Float[np.ndarray, "k k c n"], bias: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "_ _ n"]:
    """A convolution of stride 2."""
    taps = np.concatenate([part for _, part in _taps(features, len(weight), 2)], axis=-1)
    return taps @ weight.reshape(-1, weight.shape[-1]) + bias


def _depthwise(
    features: Float[np.ndarray, "h w c"], weight: Float[np.ndarray, "k k c"], stride: int
) -> Float[np.ndarray, "_ _ c"]:
    """Every channel by itself."""
    (place, part), *rest = _taps(features, len(weight), stride)
    total = part * weight[place]
    buffer = np.empty_like(total)
    for place, part in rest:
        total += np.multiply(part, weight[place], out=buffer)
    return total


def _taps(features: Float[np.ndarray, "h w c"], kernel: int, stride: int) -> list[tuple[tuple[int, int], np.ndarray]]:
    """What each place of a kernel meets, zeros beyond the edges; a stride of 2 looks further right and down."""
    before = (kernel - stride) // 2 if stride > 1 else kernel // 2
    after = kernel - stride - before if stride > 1 else kernel // 2
    padded = np.pad(features, ((before, after), (before, after), (0, 0)))
    height, width = features.shape[:2]
    return [
        ((y, x), padded[y : y + height : stride, x : x + width : stride]) for y in range(kernel) for x in range(kernel)
    ]


def _moments(features: Float[np.ndarray, "h w c"]) -> Float[np.ndarray, " m"]:
    """Mean and standard deviation of every channel."""
    rows = features.reshape(-1, features.shape[-1])
    mean = rows.mean(axis=0)
    squares = np.einsum("nc,nc->c", rows, rows) / len(rows)
    return np.concatenate([mean, np.sqrt(np.maximum(squares - mean**2, 0) + TINY)])


@cache
def _weights() -> dict[str, np.ndarray]:
    return {name: values.astype(np.float32) for name, values in load_file(WEIGHTS).items()}
