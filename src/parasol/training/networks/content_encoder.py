"""Semantic content encoder C: statistics and map of the deepest block of the pre-trained trunk, and a trained head.

The map tells a clock at three from a clock at nine and one letter from another, which statistics cannot.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.training.networks.trunk import STRIDE, Trunk


@dataclass(frozen=True, kw_only=True)
class ContentEncoderConfig:
    """hidden: width of the head. dimension: length of the descriptor. size: side of its input in px."""

    hidden: int = 512
    dimension: int = 256
    size: int = 128


class ContentEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm content descriptor c = C(x) [B, dimension]."""

    def __init__(self, config: ContentEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk()
        self.measured = self.trunk.widths[-1] * (2 + (config.size // STRIDE) ** 2)
        self.head = nn.Sequential(
            nn.BatchNorm1d(self.measured),
            nn.Linear(self.measured, config.hidden),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(config.hidden, config.dimension),
        )

    def describe(self, measured: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """Descriptor from what ends with a whole trunk's statistics and map, so that training computes those once."""
        return functional.normalize(self.head(measured[:, -self.measured :]), dim=1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        moments, layout = self.trunk.read(pixels)
        return self.describe(torch.cat([moments, layout.flatten(1)], dim=1))
