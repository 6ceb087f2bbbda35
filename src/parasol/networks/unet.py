"""The denoising U-Net: diffusers' UNet2DConditionModel, cross-attention on the stacked tokens at every level."""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.networks.content_map import PARTS


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """Shape of the U-Net.

    latent_channels: C of z [B, C, h, w]. widths: channels of its levels, each at half the side of the one before.
    layers: residual blocks a level on the way down. token_dimension: d of the tokens [B, 2, d]. heads: of attention.
    The first level attends to the tokens alone; self-attention starts at the second, where it costs a sixteenth.
    prediction: of its output, the noise as in the paper or the velocity (`epsilon_of_velocity`).
    modulated: width of what the norms hear of both tokens and t (`TokenUNet`); 0 leaves the norms as they are.
    time: width of t's embedding; 0 is four times the first level's.
    """

    latent_channels: int = 12
    widths: tuple[int, ...] = (64, 128, 192)
    layers: int = 1
    token_dimension: int = 256
    heads: int = 4
    prediction: Literal["epsilon", "v"] = "epsilon"
    modulated: int = 0
    time: int = 0

    @property
    def stride(self) -> int:
        """Latent sides must be multiples of this."""
        return 2 ** (len(self.widths) - 1)


class TokenUNet(UNet2DConditionModel):
    """A U-Net that may hear m_s and c_y twice: as tokens to attend to, and by adaptive norms in every residual block.

    modulated: width of what the norms hear, SiLU of a line of both tokens and t; 0 leaves the norms as they are. Beside
    a content map the two tokens share one softmax with 64 others, and t, which is added before norms of two to six
    channels a group, is mostly taken out again by them; what scales and shifts after the norm is heard (AdaGN,
    Dhariwal and Nichol 2021). Those lines are zero at first, so that a trained U-Net becomes this one without a change.
    """

    def __init__(self, *, modulated: int = 0, **config: Any) -> None:
        super().__init__(**config)
        self.register_to_config(modulated=modulated)
        if modulated:
            self.hear_tokens = nn.Linear(2 * config["cross_attention_dim"], modulated, bias=False)
            self.hear_time = nn.Linear(self.time_embedding.linear_2.out_features, modulated, bias=False)
            for block in self.modules():
                if isinstance(block, ResnetBlock2D):
                    block.norm2 = ModulatedNorm(block.norm2, modulated)

    def forward(  # type: ignore[override]
        self, sample: Tensor, timestep: Tensor | int, encoder_hidden_states: Tensor, **others: Any
    ) -> Any:
        """As of the base class; the tokens are [m_s, c_y, *content map], each of which may be null, the map absent."""
        if not self.config["modulated"]:
            return super().forward(sample, timestep, encoder_hidden_states, **others)
        t = self.time_embedding(self.get_time_embed(sample, timestep))
        scale = math.sqrt(encoder_hidden_states.shape[2])  # tokens have unit norm
        tokens = scale * encoder_hidden_states[:, :2].flatten(1)
        self._tell(functional.silu(self.hear_tokens(tokens) + self.hear_time(t)))
        try:
            return super().forward(sample, timestep, encoder_hidden_states, **others)
        finally:
            self._tell(None)

    def _tell(self, heard: Tensor | None) -> None:
        for norm in self.modules():
            if isinstance(norm, ModulatedNorm):
                norm.heard = heard


class ModulatedNorm(nn.GroupNorm):
    """A group norm whose channels are scaled by 1 + g and shifted by b, where (g, b) is a line of `heard` [B, k].

    `heard` is set by the network that it stands in, for the time of a pass.
    """

    heard: Tensor | None = None

    def __init__(self, norm: nn.GroupNorm, width: int) -> None:
        super().__init__(norm.num_groups, norm.num_channels, norm.eps)
        self.line = nn.Linear(width, 2 * norm.num_channels, bias=False)
        nn.init.zeros_(self.line.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Normalised, scaled and shifted [B, c, h, w]."""
        assert self.heard is not None
        scale, shift = self.line(self.heard)[:, :, None, None].chunk(2, dim=1)
        return super().forward(input) * (1.0 + scale) + shift


class PlacedUNet(TokenUNet):
    """A U-Net that hears a content map twice: as tokens to attend to, and at each level laid where it belongs.

    What is laid is added where a T2I adapter's features are (Mou et al. 2023): at the end of each level on the way
    down. The lines to the levels are zero at first, so that a trained U-Net becomes this one without a change.

    fine: whether the first level is also told what each token says of the four quarters of its place.
    """

    def __init__(self, *, fine: bool = False, **config: Any) -> None:
        super().__init__(**config)
        self.register_to_config(fine=fine)
        tokens, widths = config["cross_attention_dim"], config["block_out_channels"]
        self.lay = nn.ModuleList(nn.Linear(tokens, width, bias=False) for width in widths)
        self.lay_fine = nn.Linear(tokens, PARTS**2 * widths[0], bias=False) if fine else None
        for line in (*self.lay, *([self.lay_fine] if fine else [])):
            nn.init.zeros_(line.weight)  # type: ignore[arg-type, union-attr]

    def forward(  # type: ignore[override]
        self, sample: Tensor, timestep: Tensor | int, encoder_hidden_states: Tensor, **others: Any
    ) -> Any:
        """As of the base class; the tokens are [m_s, c_y, *content map], whose map may be null or not there."""
        tokens = encoder_hidden_states[:, 2:]
        tokens = math.sqrt(tokens.shape[2]) * tokens  # they have unit norm, features about unit variance
        laid = [place(line(tokens), sample[:1, 0, :: 2**level, :: 2**level]) for level, line in enumerate(self.lay)]
        if self.lay_fine is not None:
            laid[0] = laid[0] + place(self.lay_fine(tokens), sample[:1, 0], PARTS)
        return super().forward(
            sample,
            timestep,
            encoder_hidden_states,
            down_intrablock_additional_residuals=laid,  # type: ignore[arg-type]  (taken from its front, level by level)
            **others,
        )


def place(values: Float[Tensor, "B p c"], plane: Float[Tensor, "1 h w"], parts: int = 1) -> Float[Tensor, "B d h w"]:
    """Values at the places of a square, row by row, bilinearly at each point of a plane that lies centred in it.

    The square is as wide as the plane's longer side: that is how a picture lies in what encoders see. Without any
    places there are zeros. Where a place has parts, parts^2 of them in rows, its values are those of one after the
    other. Sizes are computed as tensors, for the traced graph takes any.
    """
    ones = torch.ones_like(plane)
    rows, columns = ones[0, :, 0].cumsum(0) - 0.5, ones[0, 0].cumsum(0) - 0.5
    side = torch.maximum(rows[-1], columns[-1]) + 0.5
    within = parts**2
    values = values.reshape(values.shape[0], -1, values.shape[2] // within)
    values = torch.cat([values, torch.zeros_like(values.sum(1, keepdim=True))], dim=1)  # no place has no sum otherwise
    count = torch.ones_like(values[0, :, 0], dtype=plane.dtype)
    across = ((count.sum() - 1.0) / within).sqrt().round().clamp(min=1.0)
    number = count.cumsum(0) - 1.0
    whole = torch.div(number, within).floor()
    part, down = number - within * whole, torch.div(whole + 0.5, across).floor()
    lower = torch.div(part, parts).floor()
    row, column = parts * down + lower, parts * (whole - across * down) + part - parts * lower
    apart = (
        _places(rows, side, parts * across)[:, None] - row,
        _places(columns, side, parts * across)[:, None] - column,
    )
    vertical, horizontal = ((1.0 - distance.abs()).clamp(min=0.0) for distance in apart)
    spread = vertical[:, None] * horizontal[None]
    laid = torch.matmul(spread.flatten(0, 1), values.to(spread.dtype)).transpose(1, 2)
    return laid.reshape(values.shape[0], values.shape[2], rows.shape[0], columns.shape[0])


def unet_class(aligned: bool) -> type[TokenUNet]:
    """The class of a U-Net: plain, or one that lays a content map where it belongs."""
    return PlacedUNet if aligned else TokenUNet


def build_unet(config: UNetConfig, *, aligned: bool = False, fine: bool = False) -> TokenUNet:
    """unet(z, t, encoder_hidden_states=tokens).sample is eps_theta(z_t, t, m_s, c_y) (paper section 3), or v_theta.

    aligned: whether the tokens of a content map are also laid where they belong; fine: with their finer features.
    """
    levels = len(config.widths)
    unet = unet_class(aligned)(
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
        modulated=config.modulated,
        time_embedding_dim=config.time or None,
        **({"fine": fine} if aligned else {}),
    )
    return attentive(unet)


def attentive(unet: TokenUNet) -> TokenUNet:
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
        device = query.device.type
        # autocast has this product on its list: it would make bfloat16 of all three again
        with torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext():
            attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        attended = attended.transpose(1, 2).flatten(2).to(hidden_states.dtype)
        return attn.to_out[1](attn.to_out[0](attended))


def _places(points: Float[Tensor, " n"], side: Float[Tensor, ""], across: Float[Tensor, ""]) -> Float[Tensor, " n"]:
    """Points along a side, in px from the plane's own edge, in places of the square from its first one's middle."""
    margin = 0.5 * (side - points[-1] - 0.5)
    return ((points + margin) / side * across - 0.5).clamp(min=0.0).minimum(across - 1.0)


def _unheard(tokens: Float[Tensor, "B n d"]) -> Float[Tensor, "B n"]:
    """What is added to the attention to each token: nothing, or so much less that a null map is not heard."""
    null = (tokens[:, 2:].abs().amax(2) == 0.0).float()
    return torch.cat([torch.zeros_like(tokens[:, :2, 0]), -1e4 * null], dim=1)
