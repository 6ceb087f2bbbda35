"""The formulas of training: by hand, and what each weight does."""

import numpy as np
import pytest
import torch
from torch import nn

from parasol.maths.steps import add_noise, epsilon_of_velocity, per_picture
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.training.losses import (
    diffusion_loss,
    distance_loss,
    edge_loss,
    modality_losses,
    supervised_contrastive_loss,
)
from parasol.training.modality import Modality, ModalityTraining


def small_modality(**settings: float) -> Modality:
    """The losses through small networks with random weights."""
    torch.manual_seed(0)
    autoencoder = Autoencoder(
        AutoencoderConfig(widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), latent_channels=4)
    )
    style = StyleEncoder(StyleEncoderConfig(blocks=3, hidden=16, dimension=8, size=64))
    content = ContentEncoder(ContentEncoderConfig(hidden=16, dimension=8, size=64))
    frozen = [network.eval().requires_grad_(False) for network in (autoencoder, style, content)]
    return Modality(*frozen, ModalityTraining(**{"style": 1.0, "content": 1.0, **settings}))  # type: ignore[arg-type]


def told(modality: Modality, alpha_bars: list[float], kept: list[list[float]]) -> tuple[float, float]:
    """Both losses of one and the same picture, foreseen exactly from latents of so much noise each."""
    random, alpha_bar = torch.Generator().manual_seed(1), torch.tensor(alpha_bars)
    z_0, eps, *wanted = (torch.randn(1, *shape, generator=random) for shape in ((4, 8, 8), (4, 8, 8), (8,), (8,)))
    z_0, eps, style, content = (values.expand(len(alpha_bars), *values.shape[1:]) for values in (z_0, eps, *wanted))
    z = add_noise(z_0, eps, per_picture(alpha_bar, z_0))
    towards = (nn.functional.normalize(style, dim=1), nn.functional.normalize(content, dim=1))
    of_style, of_content = modality.losses(z, eps, alpha_bar, *towards, torch.tensor(kept))
    return of_style.item(), of_content.item()


def test_a_foreseen_picture_counts_as_much_as_its_latent_is_clean() -> None:
    modality = small_modality()
    clean, noisy = (told(modality, [share], [[1.0, 1.0, 0.0]]) for share in (0.9, 0.3))
    assert [one / other for one, other in zip(clean, noisy, strict=True)] == pytest.approx([3.0, 3.0], rel=1e-3)


def test_a_loss_counts_where_its_own_condition_was_kept() -> None:
    modality = small_modality()
    both = told(modality, [0.9], [[1.0, 1.0, 0.0]])
    assert min(both) > 0.0
    assert told(modality, [0.9], [[1.0, 0.0, 0.0]]) == pytest.approx((both[0], 0.0))
    assert told(modality, [0.9], [[0.0, 1.0, 0.0]]) == pytest.approx((0.0, both[1]))


def test_each_modality_has_its_own_weight() -> None:
    total = small_modality(style=3.0, content=5.0).weighed(torch.tensor(1.0), torch.tensor(10.0))
    assert total.item() == pytest.approx(53.0)


def test_the_first_that_are_clean_enough_and_have_a_condition_are_decoded() -> None:
    alpha_bar = torch.tensor([0.1, 0.9, 0.9, 0.2, 0.9])
    kept = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    modality = small_modality(pictures=2, least=0.2)
    assert modality.chosen(alpha_bar, kept).tolist() == [False, False, True, True, False]


def test_edges_across_and_down_count_alike() -> None:
    wanted, found = torch.zeros(1, 1, 2, 2), torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    assert float(edge_loss(found, wanted)) == pytest.approx(1.0), "an edge across"
    assert float(edge_loss(found.transpose(2, 3), wanted)) == pytest.approx(1.0), "an edge down"


def test_modality_losses_by_hand() -> None:
    found, wanted = torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weights = torch.tensor([[1.0, 0.5], [0.5, 0.0]])
    style, content = modality_losses((found, found), (wanted, wanted.flip(0)), weights)
    # 2 (1 - cos) / d = 0.2 for the second pair of the first; in the second 1 for the first, and the second unweighted
    assert style.item() == pytest.approx(0.5 * 0.2 / 2)
    assert content.item() == pytest.approx(0.5 * 1.0 / 2)


def test_contrastive_loss_by_hand_and_its_refusal() -> None:
    descriptors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    groups = torch.tensor([0, 0, 1])
    # each of the first two: log(e^1 / (e^1 + e^0)) at temperature 1; the third has no positive
    expected = -np.log(np.e / (np.e + 1.0))
    assert supervised_contrastive_loss(descriptors, groups, 1.0).item() == pytest.approx(expected, rel=1e-6)
    sharp = -np.log(np.e**2 / (np.e**2 + 1.0))
    assert supervised_contrastive_loss(descriptors, groups, 0.5).item() == pytest.approx(sharp, rel=1e-6)
    with pytest.raises(ValueError, match="two pictures of one group"):
        supervised_contrastive_loss(descriptors, torch.tensor([0, 1, 2]), 1.0)


def test_emphasis_counts_a_confounded_negative_more_often() -> None:
    descriptors = nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.2], [0.0, 1.0], [0.6, 0.8]]), dim=1)
    groups, confounds = torch.tensor([0, 0, 1, 1]), torch.tensor([5, 6, 5, 7])
    # as if the negative with the same confound stood three times in the batch
    similarity = (descriptors @ descriptors.T).double()
    count = torch.ones(4, 4, dtype=torch.float64).fill_diagonal_(0.0)
    count[0, 2] = count[2, 0] = 3.0
    terms = similarity - (count * similarity.exp()).sum(1, keepdim=True).log()
    expected = -(terms[0, 1] + terms[1, 0] + terms[2, 3] + terms[3, 2]) / 4
    found = supervised_contrastive_loss(descriptors, groups, 1.0, confounds=confounds, emphasis=3.0)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert supervised_contrastive_loss(descriptors, groups, 1.0, confounds=confounds) == supervised_contrastive_loss(
        descriptors, groups, 1.0
    )


def test_distances_are_learned_as_half_the_parameters() -> None:
    looks = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    at_half = torch.tensor([[1.0, 0.0], [0.875, 0.75**0.5 * 0.559]])  # unit vectors a chord of 0.5 apart
    assert distance_loss(nn.functional.normalize(at_half, dim=1), looks).item() < 1e-3
    assert distance_loss(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), looks).item() == pytest.approx(0.25)


def test_min_snr_weights_only_the_clean_end() -> None:
    eps, predicted = torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 2, 2)
    alpha_bar = torch.tensor([0.5, 10.0 / 11.0])  # SNR 1 and 10
    assert diffusion_loss(eps, predicted, alpha_bar, float("inf")).item() == pytest.approx(1.0)
    assert diffusion_loss(eps, predicted, alpha_bar, 5.0).item() == pytest.approx((1.0 + 0.5) / 2, rel=1e-5)


def test_with_a_floor_of_1_the_uncapped_loss_is_the_velocity_loss() -> None:
    torch.manual_seed(0)
    eps, z_0, v = torch.randn(3, 2, 1, 2, 2)
    alpha_bar = torch.tensor([0.01, 0.9])
    shaped = per_picture(alpha_bar, eps)
    truth = shaped**0.5 * eps - (1.0 - shaped) ** 0.5 * z_0
    predicted = epsilon_of_velocity(v, add_noise(z_0, eps, shaped), shaped)
    loss = diffusion_loss(eps, predicted, alpha_bar, float("inf"), floor=1.0)
    assert loss.item() == pytest.approx((truth - v).square().mean().item(), rel=1e-4)
