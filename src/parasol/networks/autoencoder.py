"""Autoencoder E / D of the latent space in which diffusion takes place (paper section 3; frozen once trained).

Norm-free convolutional residual blocks: no statistic is taken over the picture, so a crop, a tile and the whole picture
give the same latent away from their borders, and any height and width that are multiples of 8 px work.
"""

from dataclasses import dataclass
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Shape of the autoencoder.

    widths: channels at 1/2, 1/4 and 1/8 of the picture's side; each twice the one before.
    encoder_blocks, decoder_blocks: residual blocks at each of these three levels.
    latent_channels: channels C of the latent [B, C, H/8, W/8].
    """

    widths: tuple[int, int, int] = (32, 64, 128)
    encoder_blocks: tuple[int, int, int] = (1, 2, 3)
    decoder_blocks: tuple[int, int, int] = (1, 3, 4)
    latent_channels: int = 12

    def __post_init__(self) -> None:
        half, quarter, eighth = self.widths
        if (quarter, eighth) != (2 * half, 4 * half):
            raise ValueError(f"widths {self.widths}: each must be twice the one before, the shortcuts pair them")


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), the last convolution zero at first, so that a deep stack starts as identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(torch.relu(self.first(torch.relu(x))))


class Down(nn.Module):
    """Half the side, twice the channels: a strided convolution beside a shortcut without weights.

    The shortcut (pixels to channels, neighbours averaged) carries the picture from the first step on, so that the
    convolutions learn what it leaves out: residual autoencoding, Chen et al. 2024 (DC-AE).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(torch.relu(x)) + functional.pixel_unshuffle(x, 2).unflatten(1, (-1, 2)).mean(2)


class Up(nn.Module):
    """Twice the side, half the channels: the mirror of `Down`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, 2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pixel_shuffle(self.convolution(torch.relu(x)) + x.repeat_interleave(2, dim=1), 2)


class Autoencoder(nn.Module):
    """E: pixels in [0,1] [B,3,H,W] -> latent [B,C,H/8,W/8], about zero mean and unit variance; D: the way back.

    The latent's scale (per-channel mean and standard deviation over the training pictures) lives in buffers and is
    applied inside `encode` and `decode`: nobody outside knows it.
    """

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth = config.widths
        n_half, n_quarter, n_eighth = config.encoder_blocks
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, half, 3, padding=1),
            *(ResidualBlock(half) for _ in range(n_half)),
            Down(half),
            *(ResidualBlock(quarter) for _ in range(n_quarter)),
            Down(quarter),
            *(ResidualBlock(eighth) for _ in range(n_eighth)),
            nn.ReLU(),
            nn.Conv2d(eighth, config.latent_channels, 3, padding=1),
        )
        n_half, n_quarter, n_eighth = config.decoder_blocks
        self.decoder = nn.Sequential(
            nn.Conv2d(config.latent_channels, eighth, 3, padding=1),
            *(ResidualBlock(eighth) for _ in range(n_eighth)),
            Up(eighth),
            *(ResidualBlock(quarter) for _ in range(n_quarter)),
            Up(quarter),
            *(ResidualBlock(half) for _ in range(n_half)),
            nn.ReLU(),
            nn.Conv2d(half, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )
        self.register_buffer("latent_mean", torch.zeros(1, config.latent_channels, 1, 1))
        self.register_buffer("latent_std", torch.ones(1, config.latent_channels, 1, 1))

    def raw_encode(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C h w"]:
        """The latent before its scale is applied (training only)."""
        return self.encoder(2.0 * pixels - 1.0)  # [0,1] => [-1,1]

    def raw_decode(self, raw: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 3 H W"]:
        """Pixels from a latent whose scale has been taken off (training only); not clamped."""
        return 0.5 * self.decoder(raw) + 0.5  # [-1,1] => [0,1]

    def encode(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C h w"]:
        """E(x). pixels in [0,1], H and W multiples of 8."""
        return (self.raw_encode(pixels) - self.latent_mean) / self.latent_std

    def decode(self, latent: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 3 H W"]:
        """D(z), clamped to [0,1]."""
        return self.raw_decode(latent * self.latent_std + self.latent_mean).clamp(0.0, 1.0)


def deepened(trained: Autoencoder, config: AutoencoderConfig) -> Autoencoder:
    """An autoencoder with `trained`'s encoder and more residual blocks in its decoder, which at first do nothing.

    `config` differs from that of `trained` in `decoder_blocks` alone, which are as many or more.

    Raises:
        RuntimeError: the shapes differ.
        ValueError: the decoder has fewer blocks.
    """
    if any(new < old for new, old in zip(config.decoder_blocks, trained.config.decoder_blocks, strict=True)):
        raise ValueError(f"decoder_blocks {config.decoder_blocks} are fewer than {trained.config.decoder_blocks}")
    network = Autoencoder(config)
    network.encoder.load_state_dict(trained.encoder.state_dict())
    network.latent_mean.copy_(trained.latent_mean)
    network.latent_std.copy_(trained.latent_std)
    for new, old in zip(_levels(network.decoder), _levels(trained.decoder), strict=True):
        for own, other in zip(new, old, strict=False):
            own.load_state_dict(other.state_dict())
    return network


def _levels(layers: nn.Sequential) -> list[list[nn.Module]]:
    """The layers in runs: residual blocks, what is between them, residual blocks, and so on."""
    return [list(run) for _, run in groupby(layers, lambda layer: isinstance(layer, ResidualBlock))]
