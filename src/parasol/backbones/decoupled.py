"""The cheaper conditioning: the U-Net stays as it is, and two adapters of IP-Adapter's shape (Ye et al. 2023) hear the
style and the content, each with keys and values of its own beside those of the text, which is null.

    ADAPTERS/style.safetensors, content.safetensors     each loads by `load_ip_adapter` of diffusers as it is

An adapter makes four tokens of a descriptor. It has no room for M, so the style's hears the style's own descriptor.
What it makes of a descriptor of zeros is null, and is learnt with the rest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from parasol.backbones.files import SUFFIX, BackboneError
from parasol.backbones.inspection import Backbone
from parasol.backbones.networks import Denoiser

ADAPTERS = "adapters"
NAMES = ("style", "content")
TOKENS = 4  # that diffusers expects of an adapter of this form


class Widened(nn.Module):
    """In M's place: the style descriptor itself, zeros behind it, as long as the content descriptor."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, style: Float[Tensor, "B a"]) -> Float[Tensor, "B d"]:
        return functional.pad(style, (0, self.width - style.shape[1]))


class DecoupledDenoiser(Denoiser):
    """The frozen U-Net, and adapters that are trained; what is stored of it is the adapters alone."""

    def __init__(
        self, unet: UNet2DConditionModel, widths: tuple[int, int], backbone: Backbone, states: list[dict[str, Any]]
    ) -> None:
        """widths: of the style and content descriptors. states: `fresh` ones, or those of `read`."""
        if widths[0] > widths[1]:
            raise BackboneError(
                f"the style encoder gives {widths[0]} numbers and the content encoder {widths[1]}: decoupled adapters "
                "need a content encoder as wide; take another"
            )
        unet.requires_grad_(False)
        unet._load_ip_adapter_weights(states, low_cpu_mem_usage=False)
        super().__init__(unet, Widened(widths[1]), backbone)
        self.widths = widths
        self.learnt = frozenset(name for name, value in self.named_parameters() if value.requires_grad)

    def forward(
        self, z: Float[Tensor, "B C h w"], t: Tensor, tokens: Float[Tensor, "B 2 d"]
    ) -> Float[Tensor, "B C h w"]:
        """As of the base class; a token is a descriptor, and one of zeros is null."""
        heard = [tokens[:, k : k + 1, :width].to(z.dtype) for k, width in enumerate(self.widths)]
        text = z.new_zeros(z.shape[0], 1, self.backbone.context)
        added = {**(self.added(z) or {}), "image_embeds": heard}
        return self.unet(z, t, encoder_hidden_states=text, added_cond_kwargs=added).sample

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name in self.learnt}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        return super().load_state_dict({**super().state_dict(), **state_dict}, strict, assign)

    def adapters(self) -> list[dict[str, Tensor]]:
        """Both adapters, under the names that files of IP-Adapter have."""
        own: Any = self.unet
        states = []
        for k, layer in enumerate(own.encoder_hid_proj.image_projection_layers):
            state = {f"image_proj.{name.replace('image_embeds', 'proj')}": v for name, v in layer.state_dict().items()}
            heard = [processor for name, processor in own.attn_processors.items() if "attn2" in name]
            for place, processor in enumerate(heard):
                state[f"ip_adapter.{2 * place + 1}.to_k_ip.weight"] = processor.to_k_ip[k].weight
                state[f"ip_adapter.{2 * place + 1}.to_v_ip.weight"] = processor.to_v_ip[k].weight
            states.append({name: value.detach().cpu().contiguous() for name, value in state.items()})
        return states

    def write(self, folder: Path) -> None:
        """Write both adapters into the folder of a model."""
        (folder / ADAPTERS).mkdir(parents=True, exist_ok=True)
        for name, state in zip(NAMES, self.adapters(), strict=True):
            save_file(state, folder / ADAPTERS / f"{name}{SUFFIX}")


def fresh(unet: UNet2DConditionModel, widths: tuple[int, int]) -> list[dict[str, Any]]:
    """Adapters that begin with the keys and values of the text, as IP-Adapter's do; torch's own seed draws the rest."""
    context = int(unet.config["cross_attention_dim"])
    heard: Any = [
        unet.get_submodule(name.removesuffix(".processor")) for name in unet.attn_processors if "attn2" in name
    ]
    states = []
    for width in widths:
        line = nn.Linear(width, TOKENS * context)
        state = {"proj.weight": line.weight, "proj.bias": line.bias}
        state |= {"norm.weight": torch.ones(context), "norm.bias": torch.zeros(context)}
        layers: dict[str, Tensor] = {}
        for place, processor in enumerate(heard):
            layers[f"{2 * place + 1}.to_k_ip.weight"] = processor.to_k.weight
            layers[f"{2 * place + 1}.to_v_ip.weight"] = processor.to_v.weight
        states.append({"image_proj": _copies(state), "ip_adapter": _copies(layers)})
    return states


def read(folder: Path) -> list[dict[str, Any]]:
    """The adapters of a model's folder, as diffusers takes them."""
    states = []
    for name in NAMES:
        tensors = load_file(folder / ADAPTERS / f"{name}{SUFFIX}")
        parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
        for key, value in tensors.items():
            part, _, rest = key.partition(".")
            parts[part][rest] = value
        states.append(parts)
    return states


def _copies(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}
