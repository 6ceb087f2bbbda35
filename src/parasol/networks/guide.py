"""The guide: a small network that says what the U-Net would predict without the style, and without anything.

Guidance asks the U-Net up to three times for one prediction: with style and content, with the content alone, with
neither. Where most of its push is, at much noise, all three are blurred pictures, and a network of a fifth of its cost
can say by how much the other two differ from the first (a guide model beside a frozen base, Hsiao et al. 2024). The
U-Net is asked once then, and what the scales do to the three stays arithmetic: scales of 1 are its own prediction, to
the bit.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.unet import place

FREQUENCIES = 32
GROUPS = 8
SPREAD = 0.05  # of the differences, in noise of unit variance; about the same at every t


@dataclass(frozen=True, kw_only=True)
class GuideConfig:
    """latent_channels, token_dimension: as the U-Net's. widths: channels of the three levels, each at half the side of
    the one before. heard: width of what every block hears of both tokens and t.
    """

    latent_channels: int = 12
    token_dimension: int = 256
    widths: tuple[int, int, int] = (48, 96, 160)
    heard: int = 192


class Guide(nn.Module):
    """(z_t, t, tokens, z_0 as the U-Net foresees it) -> how far its noise is from that without anything, without style.

    Two levels down and up with adaptive norms, which hear both tokens and t; the content map is laid where it belongs
    at the first two levels, as in `PlacedUNet`.
    """

    def __init__(self, config: GuideConfig) -> None:
        super().__init__()
        self.config = config
        channels, tokens, (first, second, third), heard = (
            config.latent_channels,
            config.token_dimension,
            config.widths,
            config.heard,
        )
        self.hear_time = nn.Sequential(nn.Linear(2 * FREQUENCIES, heard), nn.SiLU(), nn.Linear(heard, heard))
        self.hear_tokens = nn.Linear(2 * tokens, heard)
        self.lay = nn.ModuleList(nn.Linear(tokens, width, bias=False) for width in (first, second))
        self.enter = nn.Conv2d(2 * channels, first, 3, padding=1)
        self.down = nn.ModuleList([_Block(first, first, heard), _Block(second, second, heard)])
        self.lower = nn.ModuleList(
            nn.Conv2d(above, below, 3, stride=2, padding=1) for above, below in ((first, second), (second, third))
        )
        self.middle = nn.ModuleList(_Block(third, third, heard) for _ in range(2))
        self.up = nn.ModuleList([_Block(third + second, second, heard), _Block(second + first, first, heard)])
        self.norm = nn.GroupNorm(GROUPS, first)
        self.leave = nn.Conv2d(first, 2 * channels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(
        self,
        z: Float[Tensor, "B C h w"],
        t: Int[Tensor, ""] | Int[Tensor, " B"],
        tokens: Float[Tensor, "B n d"],
        foreseen: Float[Tensor, "B C h w"],
    ) -> Float[Tensor, "B two_C h w"]:
        """What to add to the predicted noise: C channels without anything, then C with the content alone.

        `tokens` are [m_s, c_y, *content map] of the prediction. Sides of z are multiples of 4.
        """
        scale = math.sqrt(tokens.shape[2])  # they have unit norm
        powers = torch.arange(FREQUENCIES, device=z.device, dtype=z.dtype) / FREQUENCIES
        angles = t.to(z.dtype).reshape(-1, 1) * torch.exp(-math.log(10_000.0) * powers)
        time = self.hear_time(torch.cat([angles.sin(), angles.cos()], dim=1))
        heard = functional.silu(time + self.hear_tokens(scale * tokens[:, :2].flatten(1)))
        placed = scale * tokens[:, 2:]
        fine = self.enter(torch.cat([z, foreseen], dim=1)) + place(self.lay[0](placed), z[:1, 0])
        fine = self.down[0](fine, heard)
        middle = self.lower[0](fine) + place(self.lay[1](placed), z[:1, 0, ::2, ::2])
        middle = self.down[1](middle, heard)
        coarse = self.lower[1](middle)
        for block in self.middle:
            coarse = block(coarse, heard)
        middle = self.up[0](torch.cat([_twice(coarse), middle], dim=1), heard)
        fine = self.up[1](torch.cat([_twice(middle), fine], dim=1), heard)
        return SPREAD * self.leave(functional.silu(self.norm(fine)))


class _Block(nn.Module):
    """A residual block whose second norm is scaled and shifted by what is heard; it begins as its shortcut."""

    def __init__(self, channels: int, out: int, heard: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.first = nn.Conv2d(channels, out, 3, padding=1)
        self.normed = nn.GroupNorm(GROUPS, out)
        self.second = nn.Conv2d(out, out, 3, padding=1)
        self.line = nn.Linear(heard, 2 * out)
        self.shortcut = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()
        for zero in (self.second.weight, self.second.bias, self.line.weight, self.line.bias):
            assert zero is not None
            nn.init.zeros_(zero)

    def forward(self, values: Float[Tensor, "B c h w"], heard: Float[Tensor, "B k"]) -> Float[Tensor, "B o h w"]:
        scale, shift = self.line(heard)[:, :, None, None].chunk(2, dim=1)
        inner = self.normed(self.first(functional.silu(self.norm(values)))) * (1.0 + scale) + shift
        return self.shortcut(values) + self.second(functional.silu(inner))


def _twice(values: Float[Tensor, "B c h w"]) -> Float[Tensor, "B c h2 w2"]:
    return functional.interpolate(values, scale_factor=2.0)
