"""Palette of a picture: how much of it lies near each colour of a fixed grid, inside its fills and along its edges."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

SIDE = 8  # colours a channel: the grid is SIDE^3 colours of the RGB cube
WIDTH = 0.05  # of a colour's neighbourhood, about a third of the grid's spacing
FLAT = 0.03  # difference between neighbouring pixels, in one channel, at which a fill turns into an edge


class Palette(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> square roots of shares of area [B, 2 * SIDE^3], of fills and of edges apart.

    A hand is known by its paints as much as by its line, and a layer's mean and deviation blur one flat red into
    another. Membership of a colour is a product of one soft membership a channel, so that a picture costs three small
    matrices and one product of them. Square roots (Hellinger) make distances between palettes count rare colours too.
    """

    dimension = 2 * SIDE**3

    def extra_repr(self) -> str:
        return f"side={SIDE}, width={WIDTH}, flat={FLAT}"

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B p"]:
        scale = 1.0 / (2.0**0.5 * WIDTH)
        levels = torch.linspace(0.0, scale, SIDE, dtype=pixels.dtype, device=pixels.device)
        distance = (pixels * scale).flatten(2)[:, :, None] - levels[:, None]
        near = torch.exp(-(distance * distance))  # to the nearest level always above exp(-1.1): the sum needs no care
        red, green, blue = (near / near.sum(2, keepdim=True)).unbind(1)  # each [B, SIDE, H*W]
        fill = torch.exp(-((_steepness(pixels).flatten(1) / FLAT) ** 2))[:, None]
        kinds = torch.cat([blue * fill, blue * (1.0 - fill)], dim=1) / blue.shape[2]
        pairs = (red[:, :, None] * green[:, None]).flatten(1, 2)
        shares = pairs @ kinds.transpose(1, 2)  # [B, red and green, kind and blue]
        return (shares.flatten(1) + 1e-4).sqrt()


def _steepness(pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B H W"]:
    """Largest difference to the pixel on the right and to the one below, over the channels."""
    wider = functional.pad(pixels, (0, 1, 0, 1), mode="replicate")
    right, below = wider[:, :, :-1, 1:] - pixels, wider[:, :, 1:, :-1] - pixels
    return torch.maximum(right.abs(), below.abs()).amax(1)
