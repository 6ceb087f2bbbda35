"""Distances between two sets of pictures, each picture one feature vector."""

import numpy as np
from jaxtyping import Bool, Float

from parasol.errors import ParasolError

CMMD_SIGMA = 10.0
CMMD_SCALE = 1000.0
NEIGHBOURS = 3  # k of the manifolds


def artfid(content_distance: float, style_fid: float) -> float:
    """(1 + mean content distance) (1 + FID of results against style pictures), from 1 (Wright and Ommer 2022).

    ArtFID proper takes LPIPS and an Inception trained on art; with other networks it must go by another name.

    Raises:
        ValueError: a distance is negative.
    """
    if content_distance < 0.0 or style_fid < 0.0:
        raise ParasolError(f"distances are {content_distance} and {style_fid}; both must be at least 0")
    return (1.0 + content_distance) * (1.0 + style_fid)


def squared_distances(a: Float[np.ndarray, "N d"], b: Float[np.ndarray, "M d"]) -> Float[np.ndarray, "N M"]:
    """Squared Euclidean distance of every pair of rows, in float64."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    centre = np.concatenate([x, y]).mean(axis=0)  # far from the origin, |x|^2 - 2xy + |y|^2 would cancel
    x, y = x - centre, y - centre
    return np.maximum(np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1) - 2.0 * x @ y.T, 0.0)


def mmd_terms(
    a: Float[np.ndarray, "N d"], b: Float[np.ndarray, "N d"], *, sigma: float = CMMD_SIGMA
) -> Float[np.ndarray, "N N"]:
    """k(a_i, a_j) + k(b_i, b_j) - k(a_i, b_j) - k(b_i, a_j), k(x, y) = exp(-|x - y|^2 / (2 sigma^2)).

    w^T T w is the squared MMD of the two sets when row i of both counts w_i, which makes resampling pairs cheap.
    """

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.exp(-squared_distances(x, y) / (2.0 * sigma**2))

    cross = kernel(a, b)
    return kernel(a, a) + kernel(b, b) - cross - cross.T


def inside(
    points: Float[np.ndarray, "N d"], manifold: Float[np.ndarray, "M d"], *, k: int = NEIGHBOURS
) -> Bool[np.ndarray, " N"]:
    """Which points lie within a manifold: no further from one of its points than that one's k-th neighbour in it.

    With results as points and real pictures as the manifold the share is precision, the other way round recall
    (Kynkaanniemi et al. 2019).

    Raises:
        ValueError: the manifold has no more than k points.
    """
    if not 1 <= k < len(manifold):
        raise ParasolError(f"k is {k}; it must be at least 1 and below the manifold's {len(manifold)} points")
    among = squared_distances(manifold, manifold)
    np.fill_diagonal(among, np.inf)  # a point is no neighbour of its own
    radii = np.partition(among, k - 1, axis=1)[:, k - 1]
    return np.any(squared_distances(points, manifold) <= radii, axis=1)
