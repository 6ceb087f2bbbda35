"""Classifier-free guidance with one scale for each modality (paper, "Conditioning using Classifier-free Guidance")."""

from typing import NamedTuple

from parasol.types import Z


class BranchWeights(NamedTuple):
    """Weight of each network branch in the guided prediction; the three always sum to 1."""

    null: float
    """eps(z_t, t, null, null)."""

    style: float
    """eps(z_t, t, m_s, null)."""

    content: float
    """eps(z_t, t, null, c_y)."""


def branch_weights(g_s: float, g_y: float) -> BranchWeights:
    """The guidance equation with its terms collected: a scale of 0 ignores the modality, 1 is plain conditional.

    eps = e_00 + g_s (e_s0 - e_00) + g_y (e_0y - e_00) = (1 - g_s - g_y) e_00 + g_s e_s0 + g_y e_0y.
    A weight of exactly 0 means that the branch need not be evaluated.

    Raises:
        ValueError: a scale is not finite.
    """
    if not (-float("inf") < g_s < float("inf") and -float("inf") < g_y < float("inf")):
        raise ValueError(f"g_s is {g_s} and g_y {g_y}; guidance scales must be finite, usually 0 to 10")
    return BranchWeights(null=1.0 - g_s - g_y, style=float(g_s), content=float(g_y))


class JointWeights(NamedTuple):
    """Weight of each network branch where one scale serves both modalities; the two always sum to 1."""

    null: float
    """eps(z_t, t, null, null)."""

    joint: float
    """eps(z_t, t, m_s, c_y)."""


def joint_weights(g: float) -> JointWeights:
    """Classifier-free guidance before the paper split it, as in RDM: one scale for both modalities at once.

    eps = e_00 + g (e_sy - e_00) = (1 - g) e_00 + g e_sy: 0 ignores both, 1 is plain conditional.

    Raises:
        ValueError: the scale is not finite.
    """
    if not -float("inf") < g < float("inf"):
        raise ValueError(f"g is {g}; a guidance scale must be finite, usually 0 to 10")
    return JointWeights(null=1.0 - g, joint=float(g))


def combine(weighted: list[tuple[float, Z]]) -> Z:
    """Weighted sum of the branches that were evaluated, at least one, in the order given."""
    (weight, eps), *rest = weighted
    total = weight * eps
    for weight, eps in rest:
        total = total + weight * eps
    return total
