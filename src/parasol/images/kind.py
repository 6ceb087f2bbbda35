"""What sort of picture is this?"""

import numpy as np
from jaxtyping import Float

from parasol.images.arrange import fit

SIDE = 128  # px; small, so that noise and JPEG's blocks count for little
FLAT = 0.3


def is_photograph(picture: Float[np.ndarray, "H W 3"]) -> bool:
    """Whether fewer than 30 % of neighbouring pixels are the very same, at 128 px and on the ground that it lies on.

    Photographs and paintings are; what is drawn in flat fills, or stands on a plain ground, is not.
    """
    return flat_share(picture) < FLAT


def flat_share(picture: Float[np.ndarray, "H W 3"]) -> float:
    """Share of pairs of neighbouring pixels, across and down, that are the very same in 8 bits at 128 px; 0 to 1."""
    small = fit(picture, SIDE)
    same = [(small[1:] == small[:-1]).all(axis=-1).ravel(), (small[:, 1:] == small[:, :-1]).all(axis=-1).ravel()]
    return float(np.concatenate(same).mean())
