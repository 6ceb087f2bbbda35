"""What a picture is told by without a trained encoder: discriminants of measured values, and colours."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from parasol.types import Picture

SHRINKAGE = 0.1  # of the discriminant's covariance
COLOURS = 8  # of a channel, in the histogram


def fit_discriminant(
    values: Float[np.ndarray, "N d"], labels: np.ndarray
) -> Callable[[Float[np.ndarray, "M d"]], Float[np.ndarray, "M k"]]:
    """Fisher's discriminant with a shrunk covariance: projection on whitened directions between the labels' means."""
    centre, scale = values.mean(0), values.std(0) + 1e-6
    standard = (values - centre) / scale
    names = np.unique(labels)
    means = np.stack([standard[labels == name].mean(0) for name in names])
    within = standard - means[np.searchsorted(names, labels)]
    covariance = within.T @ within / len(within)
    covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(
        len(covariance)
    )
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    directions = np.linalg.svd(means @ whitening, full_matrices=False)[2][: len(names) - 1]
    return lambda others: ((others - centre) / scale) @ whitening @ directions.T


def histogram(picture: Picture) -> Float[np.ndarray, "512"]:
    """Square roots of the shares of area of 8 x 8 x 8 colours of the RGB cube."""
    levels = np.minimum((picture * COLOURS).astype(int), COLOURS - 1).reshape(-1, 3)
    place = (levels * (COLOURS**2, COLOURS, 1)).sum(1)
    return np.sqrt(np.bincount(place, minlength=COLOURS**3) / len(place))
