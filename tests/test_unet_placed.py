"""A content map laid where it belongs: by definition on squares, in the middle of other shapes, silent where null."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate, pixel_unshuffle

from parasol.networks.unet import UNetConfig, build_unet, place

UNET = UNetConfig(latent_channels=4, widths=(32, 32), token_dimension=16, heads=2)


def grid(side: int, channels: int = 3) -> torch.Tensor:
    return torch.randn(2, side * side, channels, generator=torch.Generator().manual_seed(side))


def by_torch(values: torch.Tensor, size: int) -> torch.Tensor:
    side = round(values.shape[1] ** 0.5)
    square = values.transpose(1, 2).unflatten(2, (side, side))
    return interpolate(square, (size, size), mode="bilinear", align_corners=False)


@pytest.mark.parametrize(("side", "size"), [(8, 16), (8, 8), (8, 4), (4, 20), (1, 6)])
def test_on_a_square_it_is_bilinear_interpolation(side: int, size: int) -> None:
    values = grid(side)
    found = place(values, torch.zeros(1, size, size))
    torch.testing.assert_close(found, by_torch(values, size), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(16, 8), (8, 16), (12, 16)])
def test_another_shape_lies_centred_in_the_square(height: int, width: int) -> None:
    """As pictures do that encoders letterbox."""
    values, side = grid(8), max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    whole = place(values, torch.zeros(1, side, side))
    found = place(values, torch.zeros(1, height, width))
    torch.testing.assert_close(found, whole[:, :, top : top + height, left : left + width], atol=1e-5, rtol=0)


@pytest.mark.parametrize("parts", [1, 2])
def test_no_places_are_zeros(parts: int) -> None:
    assert torch.equal(place(torch.zeros(2, 0, 4), torch.ones(1, 8, 12), parts), torch.zeros(2, 4 // parts**2, 8, 12))


def test_the_quarters_of_places_are_a_map_of_twice_the_side() -> None:
    """In the order of `pixel_unshuffle`'s quarters, channel by channel."""
    fine = torch.randn(2, 3, 16, 16)
    quarters = pixel_unshuffle(fine, 2).unflatten(1, (3, 4)).transpose(1, 2)  # [B, quarter, channel, h, w]
    values = quarters.flatten(1, 2).flatten(2).transpose(1, 2)
    torch.testing.assert_close(place(values, torch.zeros(1, 16, 16), parts=2), fine)
    whole = fine.flatten(2).transpose(1, 2)
    torch.testing.assert_close(place(values, torch.zeros(1, 12, 20), parts=2), place(whole, torch.zeros(1, 12, 20)))


@pytest.mark.parametrize(("fine", "new"), [(False, {"lay"}), (True, {"lay", "lay_fine"})])
def test_a_trained_unet_becomes_a_placed_one_without_a_change(fine: bool, new: set[str]) -> None:
    torch.manual_seed(0)
    plain, placed = build_unet(UNET).eval(), build_unet(UNET, aligned=True, fine=fine).eval()
    missing, unexpected = placed.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert {name.split(".")[0] for name in missing} == new
    z, tokens = torch.randn(2, 4, 8, 12), torch.randn(2, 2 + 16, 16)
    with torch.no_grad():
        one, other = (unet(z, 300, encoder_hidden_states=tokens).sample for unet in (plain, placed))
    torch.testing.assert_close(one, other)


def test_what_is_laid_stays_where_it_is() -> None:
    """A change of the map's first place reaches its corner through the lines more than the opposite corner."""
    torch.manual_seed(0)
    unet = build_unet(UNET, aligned=True).eval()
    for line in unet.lay:  # type: ignore[union-attr]
        torch.nn.init.normal_(line.weight)
    tokens = torch.randn(1, 2 + 64, 16)
    moved = tokens.clone()
    moved[:, 2] *= -1.0
    seen = []
    for given in (tokens, moved):
        z = torch.zeros(1, 1, 32, 32)
        seen.append(place(given[:, 2:], z[0, :1]))
    apart = (seen[0] - seen[1]).abs().sum(1)[0].numpy()
    assert apart[:4, :4].min() > 0.0
    assert np.all(apart[8:] == 0.0)
    assert np.all(apart[:, 8:] == 0.0)
    with torch.no_grad():
        results = [unet(torch.zeros(1, 4, 32, 32), 300, encoder_hidden_states=one).sample for one in (tokens, moved)]
    assert not torch.allclose(*results)


def test_a_null_map_and_no_map_are_the_same() -> None:
    torch.manual_seed(0)
    unet = build_unet(UNET, aligned=True, fine=True).eval()
    for line in (*unet.lay, unet.lay_fine):  # type: ignore[misc]
        torch.nn.init.normal_(line.weight)
    z, pair = torch.randn(2, 4, 8, 8), torch.randn(2, 2, 16)
    null = torch.cat([pair, torch.zeros(2, 16, 16)], dim=1)
    with torch.no_grad():
        found = [unet(z, 300, encoder_hidden_states=tokens).sample for tokens in (pair, null)]
    torch.testing.assert_close(*found)
