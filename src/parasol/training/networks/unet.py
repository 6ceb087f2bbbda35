"""The denoising U-Net: diffusers' UNet2DConditionModel, cross-attention on the two stacked tokens at every level."""

from dataclasses import dataclass
from typing import Literal

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """Shape of the U-Net.

    latent_channels: C of z [B, C, h, w]. widths: channels of its levels, each at half the side of the one before.
    layers: residual blocks a level on the way down. token_dimension: d of the tokens [B, 2, d]. heads: of attention.
    The first level attends to the tokens alone; self-attention starts at the second, where it costs a sixteenth.
    prediction: of its output, the noise as in the paper or the velocity (`epsilon_of_velocity`).
    """

    latent_channels: int = 12
    widths: tuple[int, ...] = (64, 128, 192)
    layers: int = 1
    token_dimension: int = 256
    heads: int = 4
    prediction: Literal["epsilon", "v"] = "epsilon"

    @property
    def stride(self) -> int:
        """Latent sides must be multiples of this."""
        return 2 ** (len(self.widths) - 1)


def build_unet(config: UNetConfig) -> UNet2DConditionModel:
    """unet(z, t, encoder_hidden_states=tokens).sample is eps_theta(z_t, t, m_s, c_y) (paper section 3), or v_theta."""
    levels = len(config.widths)
    return UNet2DConditionModel(
        in_channels=config.latent_channels,
        out_channels=config.latent_channels,
        block_out_channels=config.widths,
        layers_per_block=config.layers,
        down_block_types=("CrossAttnDownBlock2D",) * levels,
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("CrossAttnUpBlock2D",) * levels,
        only_cross_attention=(True,) + (False,) * (levels - 1),  # type: ignore[arg-type]
        mid_block_only_cross_attention=False,
        cross_attention_dim=config.token_dimension,
        attention_head_dim=config.heads,  # diffusers takes this as the number of heads
        use_linear_projection=True,
    )
