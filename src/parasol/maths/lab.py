"""CIE L*a*b* (D65) of sRGB colours, in which equal distances look about equally far apart (CIE 15:2004, 8.2.1)."""

import numpy as np
from jaxtyping import Float

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to XYZ (IEC 61966-2-1)."""

FROM_XYZ = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
"""Its inverse."""

WHITE_POINT = TO_XYZ.sum(axis=1)
KNEE = (6 / 29) ** 3


def lab(pixels: Float[np.ndarray, "*space 3"]) -> Float[np.ndarray, "*space 3"]:
    """RGB in [0, 1], gamma-encoded -> L* in 0..100, a* and b* in about -110..110; float32."""
    encoded = pixels.astype(np.float32)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ (TO_XYZ / WHITE_POINT[:, None]).T.astype(np.float32)
    root = np.asarray(np.where(ratio > KNEE, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29), np.float32)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def rgb(colours: Float[np.ndarray, "*space 3"]) -> Float[np.ndarray, "*space 3"]:
    """L*, a*, b* -> RGB in [0, 1], gamma-encoded, float32: what `lab` turns into them, the nearest ends beyond."""
    y = (colours[..., 0] + 16) / 116
    root = np.stack([y + colours[..., 1] / 500, y, y - colours[..., 2] / 200], axis=-1).astype(np.float64)
    ratio = np.where(root > 6 / 29, root**3, (root - 4 / 29) * 3 * (6 / 29) ** 2)
    linear = (ratio * WHITE_POINT @ FROM_XYZ.T).clip(0, 1)
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)


def delta_e(
    first: Float[np.ndarray, "*#space 3"], second: Float[np.ndarray, "*#space 3"]
) -> Float[np.ndarray, "*space"]:
    """CIE 1976 colour difference of two Lab colours: about 2 is just seen, 10 is another shade, 50 another colour."""
    return np.sqrt(((first - second) ** 2).sum(axis=-1))
