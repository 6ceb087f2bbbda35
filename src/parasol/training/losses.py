"""Training objectives, as functions of tensors."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from parasol.errors import ParasolError


def supervised_contrastive_loss(
    descriptors: Float[Tensor, "B d"],
    groups: Int[Tensor, " B"],
    temperature: float,
    *,
    confounds: Int[Tensor, " B"] | None = None,
    emphasis: float = 1.0,
) -> Float[Tensor, ""]:
    """Khosla et al. 2020, eq. 2, on unit-norm descriptors: each picture's positives are the others of its group.

    A negative with the picture's own label in `confounds` counts `emphasis` times: what the two have in common besides
    their groups must then not bring them near (a set for contents, a content for sets).
    A picture that is alone in its group counts as a negative of the others and has no term of its own.
    Raises ValueError where no picture has a positive.
    """
    itself = torch.eye(len(groups), dtype=torch.bool, device=descriptors.device)
    positive: Bool[Tensor, "B B"] = (groups[:, None] == groups[None, :]) & ~itself
    count = positive.sum(1)
    if not bool(count.any()):
        raise ParasolError("a contrastive batch needs two pictures of one group; none of its groups has two")
    similarity = (descriptors @ descriptors.T / temperature).masked_fill(itself, -torch.inf)
    if confounds is not None:
        similarity = similarity + math.log(emphasis) * ((confounds[:, None] == confounds[None, :]) & ~positive)
    log_probability = similarity - similarity.logsumexp(1, keepdim=True)
    terms = -(log_probability.masked_fill(~positive, 0.0)).sum(1) / count.clamp_min(1)
    return terms[count > 0].mean()


def distance_loss(descriptors: Float[Tensor, "B d"], parameters: Float[Tensor, "B k"]) -> Float[Tensor, ""]:
    """Mean squared difference between the chords of unit-norm descriptors and half the distances of their parameters.

    Half, so that the diagonal of a cube of six parameters (2.4) stays a chord that a sphere has room for.
    """
    return (torch.pdist(descriptors) - 0.5 * torch.pdist(parameters)).square().mean()


def diffusion_loss(
    eps: Float[Tensor, "B C h w"],
    predicted: Float[Tensor, "B C h w"],
    alpha_bar: Float[Tensor, " B"],
    snr_cap: float,
    floor: float = 0.0,
) -> Float[Tensor, ""]:
    """L_DM = E |eps_t - eps'_t|^2 (paper eq. 1), each sample weighted by (min(SNR, cap) + floor) / SNR.

    SNR = alpha_bar / (1 - alpha_bar). snr_cap = inf is the paper's unweighted loss; 5 is min-SNR weighting (Hang et al.
    2023), which takes weight from nearly clean latents, where eps is hardest to see and matters least to the picture.
    In terms of z_0 the weight is min(SNR, cap) + floor: a floor of 1, which a network that predicts the velocity can
    bear, keeps the noisy end, where the layout of a picture is decided, from vanishing (with cap = inf it is the plain
    velocity loss).
    """
    snr = alpha_bar / (1.0 - alpha_bar)
    weight = (snr_cap / snr).clamp(max=1.0) + floor / snr
    return (weight * (eps - predicted).square().mean((1, 2, 3))).mean()


def velocity_loss(
    v: Float[Tensor, "B C h w"],
    predicted: Float[Tensor, "B C h w"],
    alpha_bar: Float[Tensor, " B"],
    snr_cap: float,
    floor: float = 1.0,
) -> Float[Tensor, ""]:
    """`diffusion_loss` of a network that predicts the velocity, finite where alpha_bar is 0 too: |eps - eps'|^2 is
    alpha_bar |v - v'|^2. With floor = 0 it is min-SNR's own weight for v, with floor = 1 and no cap plain MSE.
    """
    weight = torch.minimum(alpha_bar, snr_cap * (1.0 - alpha_bar)) + floor * (1.0 - alpha_bar)
    return (weight * (v - predicted).square().mean((1, 2, 3))).mean()


def modality_losses(
    predicted: tuple[Float[Tensor, "B a"], Float[Tensor, "B d"]],
    wanted: tuple[Float[Tensor, "B a"], Float[Tensor, "B d"]],
    weights: Float[Tensor, "B 2"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """L_s = MSE(a_s, A(x')) and L_y = MSE(c_y, C(x')) (paper section 4), each a weighted sum over the pictures / B.

    `predicted` and `wanted` hold a style and a content descriptor of each picture, unit norm: 2 (1 - cos) / d each. No
    picture at all costs nothing.
    """
    count = max(1, len(weights))
    style, content = (
        (weight * (descriptor - other).square().mean(1)).sum() / count
        for descriptor, other, weight in zip(predicted, wanted, weights.unbind(1), strict=True)
    )
    return style, content


def perceptual_loss(features: Sequence[Float[Tensor, "B _ _ _"]], wanted: Sequence[Float[Tensor, "B _ _ _"]]) -> Tensor:
    """LPIPS's formula (Zhang et al. 2018) with unit weights, mean over the batch.

    Of each layer's maps, channels brought to unit norm at each place: squared differences, summed over channels, mean
    over places; summed over layers.
    """
    terms = [
        (normalize(maps, dim=1) - normalize(other, dim=1)).square().sum(1).mean()
        for maps, other in zip(features, wanted, strict=True)
    ]
    return torch.stack(terms).sum()


def edge_loss(predicted: Float[Tensor, "B C H W"], wanted: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """Mean absolute error of the differences between neighbours, across and down: a blurred edge costs much."""
    error = predicted - wanted
    return error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
