"""The two modality losses: does the picture that one U-Net pass foresees have the style and the content asked for?

L = L_DM + w_s MSE(a_s, A(x')) + w_y MSE(c_y, C(x')) (paper section 4), with x' = D(z0_hat) from the same pass.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from parasol.maths.steps import per_picture, predict_z0
from parasol.networks.autoencoder import Autoencoder
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.style_encoder import StyleEncoder
from parasol.training.losses import modality_losses


@dataclass(frozen=True, kw_only=True)
class ModalityTraining:
    """style, content: w_s and w_y. pictures: how many of a batch are decoded. least: alpha_bar that they have at least.

    since: first step in which the losses count: a young network foresees no picture worth what decoding costs.

    z0_hat amplifies an error of the network by 1 / sqrt(alpha_bar), so noisy latents foresee no picture, and each
    picture counts alpha_bar times. MSE of unit vectors is 2 (1 - cos) / d, hence weights of this size: each loss sends
    a quarter as much gradient (norm over the parameters) as L_DM at weights of 10 (docs/training.md).
    """

    style: float
    content: float
    pictures: int = 4
    least: float = 0.2
    since: int = 0


class Modality:
    """The losses through the frozen decoder and the frozen encoders, which share one pass of the trunk."""

    def __init__(
        self, autoencoder: Autoencoder, style: StyleEncoder, content: ContentEncoder, training: ModalityTraining
    ) -> None:
        self.autoencoder, self.style, self.content, self.training = autoencoder, style, content, training

    def to(self, device: torch.device) -> None:
        """Bring the frozen networks to where the batch is."""
        for network in (self.autoencoder, self.style, self.content):
            network.to(device)

    def chosen(self, alpha_bar: Float[Tensor, " B"], kept: Float[Tensor, "B 3"]) -> Bool[Tensor, " B"]:
        """Which of a batch are decoded: the first `pictures` that are clean enough and have a condition to keep to."""
        fit = (alpha_bar >= self.training.least) & (kept[:, :2].amax(1) > 0.0)
        return fit & (fit.cumsum(0) <= self.training.pictures)

    def losses(
        self,
        z: Float[Tensor, "B C h w"],
        eps: Float[Tensor, "B C h w"],
        alpha_bar: Float[Tensor, " B"],
        style: Float[Tensor, "B a"],
        content: Float[Tensor, "B d"],
        kept: Float[Tensor, "B 3"],
        chosen: Bool[Tensor, " B"] | None = None,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """L_s and L_y of the chosen pictures; a loss counts where its condition was kept.

        Which these are is up to `chosen`, the method, unless told: of a part of a batch the whole decides.
        """
        rows = torch.nonzero(self.chosen(alpha_bar, kept) if chosen is None else chosen)[:, 0]
        if not len(rows):  # pixel shuffle has no gradient for no picture
            return torch.zeros((), device=eps.device), torch.zeros((), device=eps.device)
        z_0 = predict_z0(z[rows], eps[rows], per_picture(alpha_bar[rows], z[rows]))
        pixels = self.autoencoder.decode(z_0).clamp(0.0, 1.0)
        moments, layout = self.content.trunk.read(pixels)
        measured = torch.cat([self.style.palette(pixels), moments, layout.flatten(1)], dim=1)
        descriptors = self.style.describe(measured), self.content.describe(measured)
        weights = alpha_bar[rows, None] * kept[rows, :2]
        return modality_losses(descriptors, (style[rows], content[rows]), weights)

    def weighed(self, of_style: Float[Tensor, ""], of_content: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """w_s L_s + w_y L_y."""
        return self.training.style * of_style + self.training.content * of_content
