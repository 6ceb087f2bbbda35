"""Distance of two pictures by the feature maps of a network."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError

TINY = 1e-10  # as in LPIPS: a place where every channel is 0 stays 0


def perceptual_distance(
    a: Sequence[Float[np.ndarray, "_ _ _"]],
    b: Sequence[Float[np.ndarray, "_ _ _"]],
    weights: Sequence[Float[np.ndarray, " _"]] | None = None,
) -> float:
    """Sum over layers of the mean over places of sum_c w_c (a_c / |a| - b_c / |b|)^2, (LPIPS, Zhang et al. 2018).

    `a` and `b` hold one map C h w a layer, `weights` the C weights of each; without weights all are 1. With the maps
    and the learned weights of LPIPS's own backbone this is LPIPS; with others it must go by another name.

    Raises:
        ValueError: maps or weights differ in number or shape.
    """
    scales = [np.ones(len(each)) for each in a] if weights is None else list(weights)
    shapes = [[each.shape for each in a], [each.shape for each in b]]
    if not a or shapes[0] != shapes[1] or [each.shape for each in scales] != [shape[:1] for shape in shapes[0]]:
        sizes = [each.shape for each in scales]
        raise ParasolError(
            f"maps of shapes {shapes[0]} and {shapes[1]} with weights of shapes {sizes} do not go together: bring both "
            "pictures to one size, and give each layer one weight a channel"
        )
    layers = zip(a, b, scales, strict=True)
    return float(sum(np.mean(np.tensordot(w, (_unit(x) - _unit(y)) ** 2, axes=1)) for x, y, w in layers))


def _unit(values: Float[np.ndarray, "C h w"]) -> Float[np.ndarray, "C h w"]:
    wide = values.astype(np.float64)
    return wide / (np.linalg.norm(wide, axis=0) + TINY)
