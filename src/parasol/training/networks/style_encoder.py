"""ALADIN-style parametric style encoder A: style is the mean and deviation of every layer's channels (ALADIN, 2021)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class StyleEncoderConfig:
    """Shape of the style encoder.

    widths: channels of the four levels, at 1/2, 1/4, 1/8 and 1/16 of the picture's side. depths: layers at each level.
    hidden: width of the MLP on the statistics. dimension: length of the descriptor. size: side of its input in px.
    """

    widths: tuple[int, int, int, int] = (24, 48, 96, 160)
    depths: tuple[int, int, int, int] = (1, 2, 2, 2)
    hidden: int = 384
    dimension: int = 128
    size: int = 128


def statistics(features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 2*C"]:
    """Mean and standard deviation of each channel over the picture: AdaIN's statistics, which have no place in them."""
    mean = features.mean((2, 3))
    variance = (features - mean[:, :, None, None]).square().mean((2, 3))
    return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)


def _layer(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class StyleEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm style descriptor a = A(x) [B, dimension]."""

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        inside = 3
        moments = 2 * inside
        for width, depth in zip(config.widths, config.depths, strict=True):
            layers += [_layer(width if repeat else inside, width, 1 if repeat else 2) for repeat in range(depth)]
            moments += 2 * width * depth
            inside = width
        self.layers = nn.ModuleList(layers)
        self.head = nn.Sequential(
            nn.LayerNorm(moments),
            nn.Linear(moments, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.dimension),
        )

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        features = 2.0 * pixels - 1.0  # [0,1] => [-1,1]
        moments = [statistics(features)]
        for layer in self.layers:
            features = layer(features)
            moments.append(statistics(features))
        return functional.normalize(self.head(torch.cat(moments, dim=1)), dim=1)
