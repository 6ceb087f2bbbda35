"""Spatial content tokens: where things are, beside the one vector that says what they are (beyond the paper).

One global vector cannot draw a shape that training never saw. A map of the trunk's middle layer can say the shape; the
mean and deviation of its channels, which are what ALADIN calls style, are taken out of it first.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.trunk import Trunk

STRIDE = 16  # px between two places
PARTS = 2  # a side of a place is so many of the finer features
FLAT = 1e-2  # added to a channel's variance: a channel that says next to nothing is not blown up


@dataclass(frozen=True, kw_only=True)
class ContentMapConfig:
    """blocks: trunk blocks below the map, 6 to 11, whose stride is 16. dimension: of the tokens. size: of its input.

    aligned: whether the U-Net is also given the tokens where they belong, at each of its levels (`PlacedUNet`).
    fine: trunk blocks, 4 or 5, below features at a stride of 8 px that each token is told too, 0 for none.

    Raises ValueError for other blocks.
    """

    blocks: int = 11
    dimension: int = 256
    size: int = 128
    aligned: bool = False
    fine: int = 0

    def __post_init__(self) -> None:
        if not 6 <= self.blocks <= 11:
            raise ValueError(f"blocks is {self.blocks}; maps at a stride of {STRIDE} px come from 6 to 11 blocks")
        if self.fine not in (0, 4, 5):
            raise ValueError(
                f"fine is {self.fine}; features at a stride of {STRIDE // PARTS} px come from 4 or 5 blocks"
            )

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
        if config.fine:
            self.fine = nn.Linear(PARTS**2 * self.trunk.widths[config.fine + 1], config.dimension, bias=False)
            nn.init.zeros_(self.fine.weight)  # so that a trained map becomes this one without a change

    def measure(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B p C"]:
        """The features at each place, every channel without its mean and deviation over the picture.

        Those of the last block, then, where there are finer ones, theirs of the four quarters of the place.
        """
        fine, blocks = self.config.fine, self.config.blocks
        *finer, coarse = self.trunk.maps(pixels, (fine + 1, blocks + 1) if fine else (blocks + 1,))
        parts = [standardised(coarse), *(functional.pixel_unshuffle(standardised(part), PARTS) for part in finer)]
        return torch.cat(parts, dim=1).flatten(2).transpose(1, 2)

    def tokens(self, measured: Float[Tensor, "B p C"]) -> Float[Tensor, "B p d"]:
        """Tokens from what `measure` returned, so that training measures once."""
        coarse, finer = measured.tensor_split([self.line.in_features], dim=2)
        tokens = self.line(coarse) + self.places
        return functional.normalize(tokens + self.fine(finer) if self.config.fine else tokens, dim=2)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B p d"]:
        return self.tokens(self.measure(pixels))


def standardised(features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C h w"]:
    """Each channel without its mean and deviation over the picture."""
    centred = features - features.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean((2, 3), keepdim=True) + FLAT).sqrt()
