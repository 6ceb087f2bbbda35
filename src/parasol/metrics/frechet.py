"""Frechet distance between Gaussians, and what is made of it: SIFID of two pictures, FID of two sets."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """First two moments of feature vectors."""

    mean: Float[np.ndarray, " d"]
    """Mean vector."""

    covariance: Float[np.ndarray, "d d"]
    """Unbiased (divided by N - 1), as in every published FID."""


def gaussian(rows: Float[np.ndarray, "N d"]) -> Gaussian:
    """Mean and unbiased covariance of rows, in float64.

    Raises:
        ValueError: there are fewer rows than columns (the covariance is then singular for want of data, and distances
            to it measure the number of rows), or a value is not finite.
    """
    count, dimension = rows.shape
    if count < max(dimension, 2) or not bool(np.isfinite(rows).all()):
        raise ParasolError(
            f"{count} feature vectors of {dimension} channels are given; their covariance needs at least "
            f"{max(dimension, 2)}, all finite: use larger pictures, more of them, or a layer with fewer channels"
        )
    wide = rows.astype(np.float64)
    mean = wide.mean(axis=0)
    centred = wide - mean
    return Gaussian(mean=mean, covariance=centred.T @ centred / (count - 1))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|mu_a - mu_b|^2 + tr(A + B - 2 (A B)^(1/2)), from 0 (Dowson and Landau 1982; Heusel et al. 2017).

    tr (A B)^(1/2) is taken as the sum of the square roots of the eigenvalues of A^(1/2) B A^(1/2): that matrix is
    symmetric, so nothing turns complex where a covariance is singular.

    Raises:
        ValueError: the Gaussians differ in dimension.
    """
    if a.mean.shape != b.mean.shape:
        raise ParasolError(f"Gaussians have {len(a.mean)} and {len(b.mean)} dimensions; take both from the same layer")
    root = _root(a.covariance)
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b.covariance @ root), 0.0)).sum()
    apart = float(np.sum((a.mean - b.mean) ** 2))
    distance = apart + float(np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * shared)
    return max(distance, 0.0)  # equal Gaussians end a rounding below 0


def sifid(a: Float[np.ndarray, "_ h w"], b: Float[np.ndarray, "_ H W"]) -> float:
    """Single-image FID: Frechet distance of the feature vectors at all places of two maps (Shaham et al. 2019, SinGAN).

    The variants in use are this formula on other layers of Inception: 192 channels in SinGAN's paper, 64 or 192 in its
    code, by the commit. A report names its backbone and layer.

    Raises:
        ValueError: a map has fewer places than channels, or a value that is not finite.
    """
    return frechet_distance(gaussian(a.reshape(len(a), -1).T), gaussian(b.reshape(len(b), -1).T))


def fid(a: Float[np.ndarray, "N _"], b: Float[np.ndarray, "M _"]) -> float:
    """Frechet distance of two sets of pictures, one feature vector each (Heusel et al. 2017).

    Raises:
        ValueError: a set has fewer pictures than the features have channels.
    """
    return frechet_distance(gaussian(a), gaussian(b))


def _root(covariance: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d d"]:
    """Symmetric square root."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
