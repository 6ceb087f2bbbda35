"""CAST-style feed-forward stylisation (Zhang et al. 2022) in the autoencoder's latent space: a baseline, not the model.

A generator takes a latent and a style descriptor, by adaptive instance normalisation; two readers judge latents while
it is trained: one reads their style from several layers at once (the paper's multi-layer style projector), the other
their content map.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.trunk import statistics


@dataclass(frozen=True, kw_only=True)
class CastConfig:
    """latent_channels: C of z [B, C, h, w]. width: channels inside. blocks: of the generator.

    style_dimension: of the style descriptor. map_channels: of the content map, at half the latent's sides.
    """

    latent_channels: int = 12
    width: int = 64
    blocks: int = 6
    style_dimension: int = 128
    map_channels: int = 112


class StyledBlock(nn.Module):
    """x + a second convolution of AdaIN of a first: mean and deviation of each channel are set by the style's code."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.set = nn.Linear(width, 2 * width)

    def forward(self, x: Float[Tensor, "B w h l"], code: Float[Tensor, "B w"]) -> Float[Tensor, "B w h l"]:
        scale, shift = self.set(code)[:, :, None, None].chunk(2, dim=1)
        normal = functional.instance_norm(self.first(functional.relu(x)))
        return x + self.second(functional.relu((1.0 + scale) * normal + shift))


class StyleReader(nn.Module):
    """Latent -> unit-norm style [B, style_dimension] from mean and deviation of every layer's channels."""

    def __init__(self, config: CastConfig) -> None:
        super().__init__()
        inside = (config.latent_channels, config.width, config.width)
        self.layers = nn.ModuleList(nn.Conv2d(channels, config.width, 3, padding=1) for channels in inside)
        measured = 2 * (config.latent_channels + len(inside) * config.width)
        self.head = nn.Sequential(
            nn.Linear(measured, 4 * config.width), nn.GELU(), nn.Linear(4 * config.width, config.style_dimension)
        )

    def forward(self, z: Float[Tensor, "B C h w"]) -> Float[Tensor, "B a"]:
        moments = [statistics(z)]
        for layer in self.layers:
            z = functional.relu(layer(z))
            moments.append(statistics(z))
        return functional.normalize(self.head(torch.cat(moments, dim=1)), dim=1)


class MapReader(nn.Module):
    """Latent -> what the content map measures of the picture [B, places, map_channels], row by row."""

    def __init__(self, config: CastConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(config.latent_channels, config.width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(config.width, 2 * config.width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * config.width, 2 * config.width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * config.width, config.map_channels, 3, padding=1),
        )

    def forward(self, z: Float[Tensor, "B C h w"]) -> Float[Tensor, "B p c"]:
        return self.layers(z).flatten(2).transpose(1, 2)


class Cast(nn.Module):
    """forward(z, style): the latent of the same picture in that style; the identity before training.

    `space` is the version (12 hexadecimal digits) of the style descriptors that it takes.
    """

    space: Tensor

    def __init__(self, config: CastConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.code = nn.Sequential(nn.Linear(config.style_dimension, width), nn.GELU(), nn.Linear(width, width))
        self.into = nn.Conv2d(config.latent_channels, width, 3, padding=1)
        self.blocks = nn.ModuleList(StyledBlock(width) for _ in range(config.blocks))
        self.out = nn.Conv2d(width, config.latent_channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]
        self.style_reader, self.map_reader = StyleReader(config), MapReader(config)
        self.register_buffer("space", torch.zeros(1, dtype=torch.int64))

    def forward(self, z: Float[Tensor, "B C h w"], style: Float[Tensor, "B a"]) -> Float[Tensor, "B C h w"]:
        code, features = self.code(style), self.into(z)
        for block in self.blocks:
            features = block(features, code)
        return z + self.out(functional.relu(features))
