"""ALADIN-style parametric style encoder A: style is the mean and deviation of every layer's channels (ALADIN, 2021).

The layers are those of a pre-trained trunk up to block 10: later ones tell what is shown, not how (docs/decisions.md).
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.training.networks.trunk import Trunk


@dataclass(frozen=True, kw_only=True)
class StyleEncoderConfig:
    """blocks: trunk blocks whose statistics count. hidden: width of the head. dimension: length of the descriptor.

    size: side of its input in px.
    """

    blocks: int = 11
    hidden: int = 512
    dimension: int = 128
    size: int = 128


class StyleEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm style descriptor a = A(x) [B, dimension]."""

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(config.blocks)
        self.head = nn.Sequential(
            nn.BatchNorm1d(self.trunk.dimension),
            nn.Linear(self.trunk.dimension, config.hidden),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(config.hidden, config.dimension),
        )

    def describe(self, moments: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """Descriptor from what a whole trunk returned, so that training can compute that once."""
        return functional.normalize(self.head(moments[:, : self.trunk.dimension]), dim=1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        return self.describe(self.trunk(pixels))
