"""ALADIN-style parametric style encoder A: style is the mean and deviation of every layer's channels (ALADIN, 2021).

The layers are those of a pre-trained trunk up to block 10: later ones tell what is shown, not how. The palette may
stand beside them: it is what tells two flat hands apart (docs/decisions/palette.md).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.palette import Palette
from parasol.networks.trunk import Trunk


@dataclass(frozen=True, kw_only=True)
class StyleEncoderConfig:
    """blocks: trunk blocks whose statistics count. hidden: width of the head. dimension: length of the descriptor.

    size: side of its input in px. palette: whether the palette stands beside the statistics, which are ALADIN's.
    paints: how many numbers of the descriptor are a fixed linear map of the palette, the others being the head's; 0 for
    none. A head that tells hands apart whatever they show forgets what they are painted with, and the mean over several
    pictures of a set has to be the set's own palette (docs/decisions/palette-limit.md).
    """

    blocks: int = 11
    hidden: int = 512
    dimension: int = 128
    size: int = 128
    palette: bool = False
    paints: int = 0


class StyleEncoder(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> unit-norm style descriptor a = A(x) [B, dimension]."""

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.palette = Palette()
        self.trunk = Trunk(config.blocks)
        end = self.palette.dimension + self.trunk.dimension
        self.columns = slice(0 if config.palette else self.palette.dimension, end)
        measured = end - self.columns.start
        self.head = nn.Sequential(
            nn.BatchNorm1d(measured),
            nn.Linear(measured, config.hidden),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(config.hidden, config.dimension - config.paints),
        )
        self.line = nn.Linear(self.palette.dimension, config.paints).requires_grad_(False) if config.paints else None

    def parts(self, measured: Float[Tensor, "B m"]) -> list[Float[Tensor, "B p"]]:
        """The unit-norm parts that the descriptor consists of: the head's, which is trained, and the paints."""
        drawn = functional.normalize(self.head(measured[:, self.columns]), dim=1)
        if self.line is None:
            return [drawn]
        return [drawn, functional.normalize(self.line(measured[:, : self.palette.dimension]), dim=1)]

    def describe(self, measured: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """Descriptor from a palette followed by what a whole trunk returned, so that training computes those once."""
        parts = self.parts(measured)
        return parts[0] if len(parts) == 1 else functional.normalize(torch.cat(parts, dim=1), dim=1)

    @torch.no_grad()
    def set_paints(self, palettes: Float[Tensor, "N p"]) -> None:
        """Let the paints be the principal components of some palettes, such as the mean ones of many sets."""
        assert self.line is not None
        centre = palettes.mean(0)
        components = torch.linalg.svd(palettes - centre, full_matrices=False)[2][: self.config.paints]
        self.line.weight.copy_(components)
        self.line.bias.copy_(-components @ centre)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B d"]:
        return self.describe(torch.cat([self.palette(pixels), self.trunk(pixels)], dim=1))
