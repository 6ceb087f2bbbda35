"""Semantic content encoder C: the statistics of the deepest block of the pre-trained trunk, and a trained head."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.training.networks.trunk import Trunk


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
        self.moments = 2 * self.trunk.widths[-1]
        self.head = nn.Sequential(
            nn.BatchNorm1d(self.moments),
            nn.Linear(self.moments, config.hidden),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(config.hidden, config.dimension),
        )

    def describe(self, moments: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """Descriptor from what a whole trunk returned, so that training can compute that once."""
        return functional.normalize(self.head(moments[:, -self.moments :]), dim=1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        return self.describe(self.trunk(pixels))
