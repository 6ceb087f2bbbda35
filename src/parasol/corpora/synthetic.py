"""Synthetic styles: a picture of a set under six continuous parameters (style multiplication).

No designer drew these. They exist because their parameters say how far two styles are apart, which no label does: they
teach the style space distances, and measure them.
"""

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageFilter

PARAMETERS = ("hue", "saturation", "lightness", "outline", "blur", "halftone")
"""Names of the six numbers of a look, each in 0..1."""
COLOURLESS = frozenset({"emojione-monotone", "fluent-emoji-high-contrast", "openmoji-black"})
"""Sets that hue and saturation cannot change, so that a look's numbers do not measure them."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32)
_TURN = np.deg2rad(60.0)  # of hue, at both ends
_GAMMA = 0.8  # octaves of gamma, at both ends
_INK = 0.9  # darkness of the strongest outline
_SOFT = 2.5  # px at a side of 128, deviation of the strongest blur
_DOTS, _SCREEN = 6.0, 0.6  # px from dot to dot at a side of 128, and their greatest darkness


def look_of(seed: int, place: int) -> Float[np.ndarray, " 6"]:
    """The look at one place of an endless list, uniform in the unit cube."""
    return np.random.default_rng([seed, place]).random(len(PARAMETERS), dtype=np.float32)


def restyle(picture: Float[np.ndarray, "H W 3"], look: Float[np.ndarray, " 6"]) -> Float[np.ndarray, "H W 3"]:
    """A picture in 0..1 under a look. White paper stays white whatever the look."""
    hue, saturation, lightness, outline, blur, halftone = (float(value) for value in look)
    scale = max(picture.shape[:2]) / 128.0
    angle, vivid = (2.0 * hue - 1.0) * _TURN, 0.3 + 1.4 * saturation
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]], np.float32)
    turn[1:] *= vivid
    matrix = np.linalg.inv(_YIQ) @ turn @ _YIQ
    drawn = np.clip(picture @ matrix.T, 0.0, 1.0) ** (2.0 ** (_GAMMA * (1.0 - 2.0 * lightness)))
    drawn = drawn * (1.0 - _INK * outline * _edges(picture, round(1.5 * scale)))[..., None]
    darkness = 1.0 - drawn @ _LUMA
    drawn = (
        drawn * (1.0 - _SCREEN * halftone * np.minimum(1.0, 2.0 * darkness) * _dots(darkness.shape, scale))[..., None]
    )
    whole = Image.fromarray(np.round(255.0 * drawn).astype(np.uint8))
    soft = whole.filter(ImageFilter.GaussianBlur(_SOFT * blur * scale))
    return np.asarray(soft, np.float32) / 255.0


def _edges(picture: Float[np.ndarray, "H W 3"], reach: int) -> Float[np.ndarray, "H W"]:
    """How much of an edge each pixel is near to, 0..1."""
    step = np.zeros(picture.shape[:2], np.float32)
    across, down = np.abs(np.diff(picture, axis=1)).max(2), np.abs(np.diff(picture, axis=0)).max(2)
    step[:, 1:], step[1:] = across, np.maximum(step[1:], down)
    strength = Image.fromarray(np.round(255.0 * np.minimum(1.0, 3.0 * step)).astype(np.uint8))
    return np.asarray(strength.filter(ImageFilter.MaxFilter(2 * max(1, reach) + 1)), np.float32) / 255.0


def _dots(shape: tuple[int, ...], scale: float) -> Float[np.ndarray, "H W"]:
    """A screen of round dots at 45 degrees, 0..1."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) * (2.0 * np.pi / (_DOTS * scale))
    return 0.5 + 0.25 * (np.cos(x + y) + np.cos(x - y))
