"""Semantic content encoder C: statistics of the deepest block of the pre-trained trunk, and a trained head.

That block's map may stand beside them: it tells a clock at three from a clock at nine, and one letter from another.
A linear map may stand beside the head: it carries over to contents that training has not seen, where the head knows
better those that it has (docs/decisions/content-descriptor.md).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.trunk import STRIDE, Trunk


@dataclass(frozen=True, kw_only=True)
class ContentEncoderConfig:
    """hidden: width of the head. dimension: length of the descriptor. size: side of its input in px.

    layout: whether the map stands beside the statistics. linear: how many of the descriptor's numbers are linear.
    """

    hidden: int = 512
    dimension: int = 256
    size: int = 128
    layout: bool = False
    linear: int = 0


class _Standardise(nn.BatchNorm1d):
    """A batch norm without weights whose inference is written out: the exporter can't see the width of what it gets."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        return (input - self.running_mean) * (self.running_var + self.eps).rsqrt()


class ContentEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm content descriptor c = C(x) [B, dimension]."""

    def __init__(self, config: ContentEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk()
        channels, places = self.trunk.widths[-1], (config.size // STRIDE) ** 2
        self.columns = slice(-channels * (2 + places), None if config.layout else -channels * places)
        measured = channels * (2 + places * config.layout)
        self.head = nn.Sequential(
            nn.BatchNorm1d(measured),
            nn.Linear(measured, config.hidden),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(config.hidden, config.dimension - config.linear),
        )
        self.line = (
            nn.Sequential(_Standardise(measured, affine=False), nn.Dropout(0.2), nn.Linear(measured, config.linear))
            if config.linear
            else None
        )

    def parts(self, measured: Float[Tensor, "B m"]) -> list[Float[Tensor, "B p"]]:
        """The unit-norm parts that the descriptor consists of, each trained for itself."""
        own = measured[:, self.columns]
        return [functional.normalize(head(own), dim=1) for head in (self.head, self.line) if head is not None]

    def describe(self, measured: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """Descriptor from what ends with a whole trunk's statistics and map, so that training computes those once."""
        return functional.normalize(torch.cat(self.parts(measured), dim=1), dim=1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        moments, layout = self.trunk.read(pixels)
        return self.describe(torch.cat([moments, layout.flatten(1)], dim=1))
