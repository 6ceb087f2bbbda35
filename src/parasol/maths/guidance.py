"""Classifier-free guidance with one scale for each modality (paper, "Conditioning using Classifier-free Guidance")."""

from typing import NamedTuple

from parasol.types import Z


class BranchWeights(NamedTuple):
    """Weight of each network branch in the guided prediction; the four always sum to 1."""

    null: float
    """eps(z_t, t, null, null)."""

    style: float
    """eps(z_t, t, m_s, null)."""

    content: float
    """eps(z_t, t, null, c_y)."""

    joint: float = 0.0
    """eps(z_t, t, m_s, c_y)."""


def branch_weights(g_s: float, g_y: float) -> BranchWeights:
    """The paper's guidance equation, terms collected: a scale of 0 ignores the modality, 1 is plain conditional.

    eps = e_00 + g_s (e_s0 - e_00) + g_y (e_0y - e_00) = (1 - g_s - g_y) e_00 + g_s e_s0 + g_y e_0y.
    A weight of exactly 0 means that the branch need not be evaluated.

    Raises:
        ValueError: a scale is not finite.
    """
    if not (-float("inf") < g_s < float("inf") and -float("inf") < g_y < float("inf")):
        raise ValueError(f"g_s is {g_s} and g_y {g_y}; guidance scales must be finite, usually 0 to 10")
    return BranchWeights(null=1.0 - g_s - g_y, style=float(g_s), content=float(g_y))


def joint_weights(g_s: float, g_y: float) -> BranchWeights:
    """The paper's guidance with the part that both modalities say together: what the scales share goes to both at once.

    With g = min(g_s, g_y), where both are above 0 (else as `branch_weights`),
    eps = e_00 + g (e_sy - e_00) + (g_s - g) d_s + (g_y - g) d_y.
    The paper's sum of two differences cannot say how this style draws this content; e_sy can. d_s, what the style adds,
    is e_sy - e_0y where the content is heard (g_y >= 1), e_s0 - e_00 where it is not (0), and in between a mix, so that
    nothing jumps; d_y the same the other way round. Each scale still turns its own modality off at 0; equal scales are
    plain classifier-free guidance (Ho and Salimans 2022) in two branches, others the nested guidance of InstructPix2Pix
    (Brooks et al. 2023).

    Raises:
        ValueError: a scale is not finite.
    """
    alone = branch_weights(g_s, g_y)
    shared = min(alone.style, alone.content)
    if shared <= 0.0:
        return alone
    more = max(alone.style, alone.content) - shared
    heard = min(1.0, shared) * more  # of what is beyond the shared scale, as much as the other modality is heard
    without = more - heard
    style, content = (without, -heard) if g_s > g_y else (-heard, without)
    return BranchWeights(null=1.0 - shared - without, style=style, content=content, joint=shared + heard)


def combine(weighted: list[tuple[float, Z]]) -> Z:
    """Weighted sum of the branches that were evaluated, at least one, in the order given."""
    (weight, eps), *rest = weighted
    total = weight * eps
    for weight, eps in rest:
        total = total + weight * eps
    return total
