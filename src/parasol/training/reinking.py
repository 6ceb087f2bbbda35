"""Re-inking: the same picture drawn in another ink, where it is, so that only what it shows is left of it.

A content picture y that is made from its own target x shows what x shows, and says nothing of how x is drawn: a
silhouette, an outline, flat grey, other colours, thinner, thicker, blurred, simplified.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

from parasol.training.guises import palette

Pixels = Float[np.ndarray, "H W 3"]
NEAR = 0.12
"""Distance from the ground's colour, over the channels, below which a pixel is ground."""


def reink(picture: UInt8[np.ndarray, "H W 3"], random: np.random.Generator) -> UInt8[np.ndarray, "H W 3"]:
    """The picture (on an opaque ground of one colour) in another ink; its shapes stay where they are."""
    pixels = picture.astype(np.float32) / 255.0
    ground = _ground(pixels)
    ways: tuple[tuple[float, Callable[[], Pixels]], ...] = (
        (0.35, lambda: _solid(pixels, ground, random)),
        (0.15, lambda: _silhouette(pixels, ground, random)),
        (0.15, lambda: _outline(pixels, ground, random)),
        (0.1, lambda: _grey(pixels, ground)),
        (0.15, lambda: _recoloured(pixels, ground, random)),
        (0.1, lambda: _simplified(pixels, ground, random)),
    )
    chosen = ways[random.choice(len(ways), p=[share for share, _ in ways])][1]()
    if random.random() < 0.15:
        chosen = ndimage.gaussian_filter(chosen, (random.uniform(0.5, 1.5),) * 2 + (0,))
    return np.rint(np.clip(chosen, 0.0, 1.0) * 255.0).astype(np.uint8)


def _ground(pixels: Pixels) -> Float[np.ndarray, " 3"]:
    """The colour that most of the border has."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    levels, counts = np.unique(np.rint(border * 32).astype(int), axis=0, return_counts=True)
    return (levels[counts.argmax()] / 32.0).astype(np.float32)


def _coverage(pixels: Pixels, ground: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "H W"]:
    """How much of each pixel is not ground, softly about `NEAR`."""
    apart = np.abs(pixels - ground).max(axis=2)
    return np.clip(apart / (2.0 * NEAR), 0.0, 1.0)


def _shape(pixels: Pixels, ground: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "H W"]:
    """Coverage by the strongest ink: of a shaded or two-tone drawing the parts that stand out, of flat ink all."""
    apart = np.abs(pixels - ground).max(axis=2)
    strongest = np.quantile(apart[apart > NEAR], 0.9) if (apart > NEAR).any() else 1.0
    return np.clip((apart - 0.25 * strongest) / (0.5 * strongest), 0.0, 1.0)


def _solid(pixels: Pixels, ground: Float[np.ndarray, " 3"], random: np.random.Generator) -> Pixels:
    """A solid black icon: everything that is enclosed is ink, and what is drawn inside is left white in it.

    Of a line drawing that is the lines inside, of a coloured one the edges between its colours. Without it a solid icon
    teaches that solid icons stay solid, for most inks of a line drawing are line drawings too.
    """
    cover = _coverage(pixels, ground) > 0.5
    filled: Bool[np.ndarray, "H W"] = np.asarray(ndimage.binary_fill_holes(cover), bool)
    inside = _depth(filled)
    lined = cover.sum() < 0.7 * filled.sum()
    if lined:
        rim = np.count_nonzero(cover & ~np.asarray(ndimage.binary_erosion(cover), bool))
        inner = cover & (inside > 2.6 * cover.sum() / max(rim, 1))  # one and a third of the lines' width from outside
    else:
        edges = np.max([_steepness(pixels[..., channel]) for channel in range(3)], axis=0)
        inner = (edges > 0.35) & (inside > 4.0)
    white = ndimage.gaussian_filter(
        ndimage.binary_dilation(inner).astype(np.float32) if not lined else inner * 1.0, 0.5
    )
    ink = np.clip(
        ndimage.gaussian_filter(filled.astype(np.float32), 0.5) - (white if random.random() < 0.85 else 0), 0, 1
    )
    return _on_white(ink.astype(np.float32), 0.0 if random.random() < 0.85 else random.uniform(0.0, 0.4))


def _depth(inside: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """How far each pixel that is inside is from the nearest that is not."""
    return np.asarray(ndimage.distance_transform_edt(inside))


def _steepness(channel: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """How steep a lightly smoothed channel is."""
    smooth = ndimage.gaussian_filter(channel, 0.7)
    return np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1))


def _silhouette(pixels: Pixels, ground: Float[np.ndarray, " 3"], random: np.random.Generator) -> Pixels:
    """Solid ink on white: what stands out, with or without its holes, a little thinner or thicker at times."""
    kind = random.random()
    ink = _shape(pixels, ground) if kind < 0.6 else _coverage(pixels, ground)
    if kind > 0.8:
        ink = np.maximum(ink, np.asarray(ndimage.binary_fill_holes(ink > 0.5)))
    if random.random() < 0.3:
        ink = _grown(ink, random.uniform(-1.0, 1.5))
    return _on_white(ink, 0.0 if random.random() < 0.8 else random.uniform(0.0, 0.4))


def _outline(pixels: Pixels, ground: Float[np.ndarray, " 3"], random: np.random.Generator) -> Pixels:
    """A line drawing in black on white: along every edge between two colours, one to three px wide."""
    edges = np.zeros(pixels.shape[:2], np.float32)
    for channel in range(3):
        edges = np.maximum(edges, _steepness(pixels[..., channel]))
    line = np.clip(edges / 0.8, 0.0, 1.0)
    width = random.uniform(0.0, 1.0)
    return _on_white(_grown(line, width) if width > 0.3 else line, 0.0)


def _grey(pixels: Pixels, ground: Float[np.ndarray, " 3"]) -> Pixels:
    """Shades of grey on white: colours gone, lightness kept, turned over where the ground is dark."""
    light = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    below = float(ground @ np.array([0.299, 0.587, 0.114]))
    apart = np.abs(light - below)
    apart = apart / max(float(apart.max()), 1e-3)
    return np.repeat((1.0 - 0.85 * apart)[..., None], 3, axis=2)


def _recoloured(pixels: Pixels, ground: Float[np.ndarray, " 3"], random: np.random.Generator) -> Pixels:
    """Other colours on another ground: channels mixed by a random matrix, or ink of one colour."""
    colours = palette(random, 2)
    sheet = np.ones(3) if random.random() < 0.6 else colours[0] * random.uniform(0.2, 1.0)
    ink = _coverage(pixels, ground)[..., None]
    if random.random() < 0.4:
        return colours[1] * ink + sheet * (1.0 - ink)
    mixed = np.clip(pixels @ (np.eye(3)[random.permutation(3)] * 0.8 + 0.2 * random.random((3, 3))), 0.0, 1.0)
    return mixed * ink + sheet * (1.0 - ink)


def _simplified(pixels: Pixels, ground: Float[np.ndarray, " 3"], random: np.random.Generator) -> Pixels:
    """Small things gone, corners round: a median, then silhouette, grey or the colours themselves."""
    size, ink = int(random.choice([3, 5, 7])), float(_coverage(pixels, ground).sum())
    plain = pixels
    for width in range(size, 2, -2):  # a wide median takes thin lines away
        smooth = np.stack([ndimage.median_filter(pixels[..., channel], width) for channel in range(3)], axis=2)
        if float(_coverage(smooth, ground).sum()) > 0.6 * ink:
            plain = smooth
            break
    kind = random.integers(3)
    if kind == 0:
        return _silhouette(plain, ground, random)
    return _grey(plain, ground) if kind == 1 else plain


def _grown(ink: Float[np.ndarray, "H W"], by: float) -> Float[np.ndarray, "H W"]:
    """Ink grown by so many px, or thinned where that is below 0; what would vanish stays as it was."""
    inside: Bool[np.ndarray, "H W"] = ink > 0.5
    distance = _depth(~inside) - _depth(inside)
    grown = np.clip(0.5 + by - distance, 0.0, 1.0).astype(np.float32)
    return grown if grown.sum() > 0.4 * ink.sum() else ink


def _on_white(ink: Float[np.ndarray, "H W"], value: float) -> Pixels:
    return np.repeat((1.0 - (1.0 - value) * ink)[..., None], 3, axis=2)
