"""Spatial content tokens: where things are, beside the one vector that says what they are (beyond the paper).

One global vector cannot draw a shape that training never saw. A map of the trunk's middle layer can say the shape; the
mean and deviation of its channels, which are what ALADIN calls style, are taken out of it first.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.training.networks.trunk import Trunk

STRIDE = 16  # px between two places
FLAT = 1e-2  # added to a channel's variance: a channel that says next to nothing is not blown up


@dataclass(frozen=True, kw_only=True)
class ContentMapConfig:
    """blocks: trunk blocks below the map, 6 to 11, whose stride is 16. dimension: of the tokens. size: of its input.

    aligned: whether the U-Net is also given the tokens where they belong, at each of its levels (`PlacedUNet`).

    Raises ValueError for other blocks.
    """

    blocks: int = 11
    dimension: int = 256
    size: int = 128
    aligned: bool = False

    def __post_init__(self) -> None:
        if not 6 <= self.blocks <= 11:
            raise ValueError(f"blocks is {self.blocks}; maps at a stride of {STRIDE} px come from 6 to 11 blocks")

    @property
    def places(self) -> int:
        """How many tokens there are, row by row."""
        return (self.size // STRIDE) ** 2


class ContentMap(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> content tokens [B, places, dimension], each of unit norm like c_y.

    The trunk is frozen; the linear map and the places are trained with the U-Net, as the projector M is.
    """

    def __init__(self, config: ContentMapConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(config.blocks)
        self.line = nn.Linear(self.trunk.widths[-1], config.dimension)
        self.places = nn.Parameter(0.02 * torch.randn(config.places, config.dimension))

    def measure(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B p C"]:
        """The last block's features at each place, every channel without its mean and deviation over the picture."""
        features = self.trunk.read(pixels)[1].flatten(2)
        centred = features - features.mean(2, keepdim=True)
        deviation = (centred.square().mean(2, keepdim=True) + FLAT).sqrt()
        return (centred / deviation).transpose(1, 2)

    def tokens(self, measured: Float[Tensor, "B p C"]) -> Float[Tensor, "B p d"]:
        """Tokens from what `measure` returned, so that training measures once."""
        return functional.normalize(self.line(measured) + self.places, dim=2)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B p d"]:
        return self.tokens(self.measure(pixels))
