"""Tiny single files in the layout of Stable Diffusion's own code, made by reversing diffusers' names."""

import re

import torch
from diffusers import AutoencoderKL
from diffusers.loaders.single_file_utils import DIFFUSERS_TO_LDM_MAPPING

from lab.tiny_backbone import tiny_unet

CLASSES: dict[str, dict[str, object]] = {
    "1.x": {"attention_head_dim": 8, "block_out_channels": (32, 64)},
    "2.x": {"attention_head_dim": (1, 1), "use_linear_projection": True, "block_out_channels": (64, 64)},
    "xl": {
        "attention_head_dim": (1, 1), "use_linear_projection": True, "block_out_channels": (64, 64),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "transformer_layers_per_block": (1, 2),
        "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 6 * 256 + 12,
    },
}  # fmt: skip
RESIDUAL = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
            "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def tiny_vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(32,) * 4, layers_per_block=1, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip


def single_file(kind: str, **changes: object) -> tuple[dict[str, torch.Tensor], torch.nn.Module, torch.nn.Module]:
    """The file's tensors, and the networks that they are of."""
    torch.manual_seed(0)
    unet, vae = tiny_unet(norm_num_groups=32, **{**CLASSES[kind], **changes}), tiny_vae()
    up = [hasattr(block, "attentions") for block in unet.up_blocks]
    named = {f"model.diffusion_model.{_unet(name, up)}": value for name, value in unet.state_dict().items()}
    for name, value in vae.state_dict().items():
        old = _vae(name, len(vae.config["block_out_channels"]))
        square = "attn_1" in old and value.ndim == 2
        named[f"first_stage_model.{old}"] = value[:, :, None, None] if square else value
    named["cond_stage_model.transformer.weight"] = torch.zeros(3)
    return {name: value.clone().contiguous() for name, value in named.items()}, unet, vae


def _unet(name: str, up: list[bool], layers: int = 1) -> str:
    mapping = DIFFUSERS_TO_LDM_MAPPING["unet"]
    plain = {**mapping["layers"], **mapping["addition_embed_type"]}
    if name in plain:
        return plain[name]
    if found := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name):
        place = 2 * int(found[2]) if found[1] == "resnets" else 1
        return f"middle_block.{place}.{_residual(found[3])}"
    found = re.fullmatch(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.*)", name)
    assert found is not None, name
    way, block, sort, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    first = block * (layers + 1) + int(way == "down")
    side = "input" if way == "down" else "output"
    if sort == "downsamplers":
        return f"input_blocks.{first + layers}.0.op.{rest.removeprefix('conv.')}"
    if sort == "upsamplers":
        return f"output_blocks.{first + layers}.{2 if up[block] else 1}.{rest}"
    return f"{side}_blocks.{first + layer}.{int(sort == 'attentions')}.{_residual(rest)}"


def _residual(rest: str) -> str:
    first, _, last = rest.partition(".")
    return f"{RESIDUAL.get(first, first)}.{last}"


def _vae(name: str, levels: int) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{levels - 1 - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0" in name:
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
        for new, old in ATTENTION.items():
            name = name.replace(f"attn_1.{new}.", f"attn_1.{old}.")
    return name
