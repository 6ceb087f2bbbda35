"""Does the subject of the style picture appear in the result?"""

import numpy as np
from jaxtyping import Float, Shaped

from parasol.maths.distances import unit

CHANCE = 0.5


def leakage(
    results: Float[np.ndarray, "N d"],
    styles: Float[np.ndarray, "N d"],
    *,
    subjects: Shaped[np.ndarray, " N"],
    groups: Shaped[np.ndarray, " N"],
) -> Float[np.ndarray, " N"]:
    """Share of other style pictures that are less like the result than its own one, by content descriptors, 0..1.

    0.5 is chance: the result tells nothing of what its style picture shows; 1 is a copy of it. Only style pictures of
    the same group (a set) and another subject are compared, since a content descriptor may see the style too. NaN
    where there are none. Ties count half.
    """
    cosines = unit(results) @ unit(styles).T
    own = np.diagonal(cosines)[:, None]
    others = (groups[:, None] == groups[None, :]) & (subjects[:, None] != subjects[None, :])
    above = np.where(cosines < own, 1.0, np.where(cosines == own, 0.5, 0.0))
    counts = others.sum(axis=1)
    return np.where(counts > 0, (above * others).sum(axis=1) / np.maximum(counts, 1), np.nan)
