"""Picture encoders of others behind one small class: pixels in, unit-norm descriptors out.

CSD (Somepalli et al. 2024) is a CLIP trunk with OpenAI's names and a head of its own; the others are transformers'
classes. Each sees the square that `Components.style` and `content` are given, resized where it is not of its size.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from parasol.backbones.files import BackboneError
from parasol.backbones.inspection import CSD_HEAD, Encoder, encoder_in
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig

MEANS = {
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "csd": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "siglip": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "dinov3": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "own": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Mean and deviation of the pixels of each kind, where its folder has no preprocessor_config.json that says."""

HEAD_WIDTH = 64  # of CLIP's attention, at every size
OWN: Mapping[str, tuple[type, type]] = {
    "style": (StyleEncoder, StyleEncoderConfig),
    "content": (ContentEncoder, ContentEncoderConfig),
}


class PictureEncoder(nn.Module):
    """Pixels in [0, 1] [B,3,H,W], square -> unit-norm descriptors [B, dimension]."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, card: Encoder, network: nn.Module, describe: Callable[[Tensor], Tensor], look: tuple[Any, Any]
    ) -> None:
        super().__init__()
        self.card, self.network, self._describe = card, network, describe
        for name, values in zip(("mean", "deviation"), look, strict=True):
            self.register_buffer(name, torch.tensor(values).reshape(3, 1, 1), persistent=False)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B d"]:
        size = (self.card.size, self.card.size)
        if tuple(pixels.shape[2:]) != size:
            pixels = functional.interpolate(pixels, size, mode="bicubic", antialias=True).clamp(0.0, 1.0)
        described = self._describe((pixels - self.mean) / self.deviation)
        return functional.normalize(described.float(), dim=1)


def load_encoder(folder: Path) -> PictureEncoder:
    """The encoder of a folder, frozen, in evaluation mode, float32.

    Raises:
        BackboneError: it is none that is known, or its weights do not fit it, with the first wrong key.
    """
    card, tensors = encoder_in(folder)
    if card.kind == "own":
        network, describe = _own(folder)
    elif card.kind == "csd":
        network, describe = _csd(folder, load_file(tensors.files[0]), card)
    else:
        network, describe = _published(folder, card)
    return PictureEncoder(card, network, describe, _look(folder, card)).eval().requires_grad_(False)


def _look(folder: Path, card: Encoder) -> tuple[Any, Any]:
    path = folder / "preprocessor_config.json"
    config = json.loads(path.read_text("utf-8")) if path.exists() else {}
    mean, deviation = MEANS[card.kind]
    return config.get("image_mean", mean), config.get("image_std", deviation)


def _own(folder: Path) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    kind, settings = OWN[config["network"]]
    network = kind(settings(**{n: tuple(v) if isinstance(v, list) else v for n, v in config["settings"].items()}))
    _fill(folder, network, load_file(folder / "model.safetensors"))
    return network, network.forward


def _csd(folder: Path, state: dict[str, Tensor], card: Encoder) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    state = {name.removeprefix("module."): value.float() for name, value in state.items()}
    width, _, patch, _ = state["backbone.conv1.weight"].shape
    named = clip_names({name.removeprefix("backbone."): value for name, value in state.items() if "backbone." in name})
    layers = len([name for name in named if name.endswith("mlp.fc1.bias")])
    settings = CLIPVisionConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, image_size=card.size,
        num_attention_heads=max(1, width // HEAD_WIDTH), patch_size=patch, hidden_act="quick_gelu",
    )  # fmt: skip
    trunk = CLIPVisionModel(settings)
    prefix = "vision_model." if any(name.startswith("vision_model.") for name in trunk.state_dict()) else ""
    _fill(folder, trunk, {f"{prefix}{name}": value for name, value in named.items()})
    head = nn.Parameter(state[CSD_HEAD])
    network = nn.ModuleDict({"trunk": trunk, "head": nn.ParameterList([head])})
    return network, lambda pixels: trunk(pixels).pooler_output @ head


def clip_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of OpenAI's CLIP image trunk under the names of transformers' CLIPVisionModel."""
    named: dict[str, Tensor] = {}
    plain = {
        "class_embedding": "embeddings.class_embedding",
        "positional_embedding": "embeddings.position_embedding.weight",
        "conv1.weight": "embeddings.patch_embedding.weight",
    }
    parts = {
        "ln_pre": "pre_layrnorm", "ln_post": "post_layernorm", "transformer.resblocks": "encoder.layers",
        "attn.out_proj": "self_attn.out_proj", "ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    }  # fmt: skip
    for name, value in state.items():
        renamed = plain.get(name, name)
        for old, new in parts.items():
            renamed = renamed.replace(old, new)
        if "attn.in_proj_" in renamed:
            start, kind = renamed.split("attn.in_proj_")
            for letter, third in zip("qkv", value.chunk(3), strict=True):
                named[f"{start}self_attn.{letter}_proj.{kind}"] = third
        else:
            named[renamed] = value
    return named


class TextTower:
    """The text encoder of a CLIP: texts -> unit-norm descriptors in the space of its image encoder, [n, d]."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        from transformers import CLIPTokenizer

        self._network: Any = _loaded(folder, "CLIPTextModelWithProjection").eval().requires_grad_(False).to(device)
        self._tokens: Any = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        self._longest = int(self._network.config.max_position_embeddings)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "n d"]:
        tokens = self._tokens(
            list(texts), padding="max_length", truncation=True, max_length=self._longest, return_tensors="pt"
        )  # fmt: skip
        return functional.normalize(self._network(tokens.input_ids.to(self._network.device)).text_embeds.float(), dim=1)


def _published(folder: Path, card: Encoder) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    names = {"clip": "CLIPVisionModelWithProjection", "siglip": "SiglipVisionModel", "dinov3": "DINOv3ViTModel"}
    network: Any = _loaded(folder, names[card.kind])
    if card.kind == "clip":
        return network, lambda pixels: network(pixels).image_embeds
    return network, lambda pixels: network(pixels).pooler_output


def _loaded(folder: Path, name: str) -> nn.Module:
    """A network of transformers, float32. Raises BackboneError at the first wrong key."""
    import transformers
    from transformers.utils import logging

    logging.set_verbosity_error()  # what is wrong is told here, in one line
    logging.disable_progress_bar()
    network, info = getattr(transformers, name).from_pretrained(
        folder, local_files_only=True, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True,
        dtype=torch.float32,
    )  # fmt: skip
    for key, *shapes in sorted(tuple(mismatch) for mismatch in info["mismatched_keys"]):
        there, wanted = (list(shape) for shape in shapes)
        raise BackboneError(f"{folder}: {key!r} has shape {there} and its configuration asks for {wanted}")
    for key in sorted(info["missing_keys"]):
        raise BackboneError(f"{folder}: {key!r} is missing: take the whole {name}")
    return network


def _fill(folder: Path, network: nn.Module, state: Mapping[str, Tensor]) -> None:
    wanted = network.state_dict()
    for name, value in wanted.items():
        if name.endswith(("num_batches_tracked", "position_ids")):
            continue
        if name not in state or state[name].shape != value.shape:
            has = f"has shape {list(state[name].shape)}" if name in state else "is missing"
            raise BackboneError(f"{folder}: {name!r} {has} and {list(value.shape)} is wanted: take the whole file")
    network.load_state_dict({name: value for name, value in state.items() if name in wanted}, strict=False)
