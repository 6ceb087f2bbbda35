"""The denoising U-Net: diffusers' UNet2DConditionModel, cross-attention on the stacked tokens at every level."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


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
    unet = UNet2DConditionModel(
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
    return attentive(unet)


def attentive(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """`unet` as this project runs it: null tokens of a content map go unheard, and attention is float32."""
    unet.set_attn_processor(_TokenAttention())  # type: ignore[arg-type]
    return unet


class _TokenAttention:
    """Attention on itself or on the tokens [m_s, c_y, *content map].

    Null is zeros. The first two tokens are always attended to, as in RDM; those of a map that are null are not, since
    dozens of zeros would drown the others. The products are float32 under autocast too: in bfloat16 the CPU kernel's
    backward takes eight times as long.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: Float[Tensor, "B p w"],
        encoder_hidden_states: Float[Tensor, "B n d"] | None = None,
        attention_mask: None = None,
        **_: Any,
    ) -> Float[Tensor, "B p w"]:
        tokens = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        assert attn.to_k is not None
        assert attn.to_v is not None
        assert attn.to_out is not None
        query, key, value = (
            layer(states).unflatten(2, (attn.heads, -1)).transpose(1, 2).float()
            for layer, states in ((attn.to_q, hidden_states), (attn.to_k, tokens), (attn.to_v, tokens))
        )
        bias = None if encoder_hidden_states is None else _unheard(tokens)[:, None, None]
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        found = found.transpose(1, 2).flatten(2).to(hidden_states.dtype)
        return attn.to_out[1](attn.to_out[0](found))


def _unheard(tokens: Float[Tensor, "B n d"]) -> Float[Tensor, "B n"]:
    """What is added to the attention to each token: nothing, or so much less that a null map is not heard."""
    null = (tokens[:, 2:].abs().amax(2) == 0.0).float()
    return torch.cat([torch.zeros_like(tokens[:, :2, 0]), -1e4 * null], dim=1)
