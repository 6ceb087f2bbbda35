"""Tiny but real backbones: diffusers' and transformers' own classes with random weights, saved by themselves."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModelWithProjection

CONTEXT = 24
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False,
      "steps_offset": 1, "set_alpha_to_one": False}  # fmt: skip
SDXL = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 60}


def tiny_unet(**changes: object) -> UNet2DConditionModel:
    """Of Stable Diffusion's shape, with two levels."""
    settings = {
        "sample_size": 4, "in_channels": 4, "out_channels": 4, "block_out_channels": (16, 32), "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": CONTEXT, "attention_head_dim": 2, "norm_num_groups": 8,
    }  # fmt: skip
    return UNet2DConditionModel(**{**settings, **changes})


def tiny_clip(dimension: int = CONTEXT) -> CLIPVisionModelWithProjection:
    """CLIP's image encoder, two layers of 16."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28,
            patch_size=14, projection_dim=dimension,
        )
    )  # fmt: skip


def tiny_words(folder: Path, dimension: int = CONTEXT) -> Path:
    """A whole CLIP, as it is published: both encoders in one file, and a tokenizer of single letters."""
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {"vocab_size": len(tokens), "max_position_embeddings": 16, "bos_token_id": 52, "eos_token_id": 53}
    configuration = CLIPConfig(
        text_config={**shape, **vocabulary, "projection_dim": dimension}, projection_dim=dimension,
        vision_config={**shape, "image_size": 28, "patch_size": 14, "projection_dim": dimension},
    )  # fmt: skip
    torch.manual_seed(0)
    CLIPModel(configuration).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder


def tiny_csd(width: int = 64, layers: int = 2, dimension: int = 20) -> dict[str, torch.Tensor]:
    """A style encoder's weights with CSD's names, which are those of OpenAI's CLIP."""
    shapes = {
        "class_embedding": (width,), "positional_embedding": (5, width), "conv1.weight": (width, 3, 14, 14),
        "ln_pre.weight": (width,), "ln_pre.bias": (width,), "ln_post.weight": (width,), "ln_post.bias": (width,),
    }  # fmt: skip
    for layer in range(layers):
        block = f"transformer.resblocks.{layer}"
        shapes |= {
            f"{block}.attn.in_proj_weight": (3 * width, width), f"{block}.attn.in_proj_bias": (3 * width,),
            f"{block}.attn.out_proj.weight": (width, width), f"{block}.attn.out_proj.bias": (width,),
            f"{block}.mlp.c_fc.weight": (4 * width, width), f"{block}.mlp.c_fc.bias": (4 * width,),
            f"{block}.mlp.c_proj.weight": (width, 4 * width), f"{block}.mlp.c_proj.bias": (width,),
            **{f"{block}.ln_{n}.{what}": (width,) for n in (1, 2) for what in ("weight", "bias")},
        }  # fmt: skip
    tensors = {f"backbone.{name}": 0.1 * torch.randn(shape) for name, shape in shapes.items()}
    for name in tensors:
        if ".ln_" in name and name.endswith("weight"):
            tensors[name] = torch.ones(width)
    heads = {f"last_layer_{what}": torch.randn(width, dimension) for what in ("style", "content")}
    return tensors | heads


def tiny_folder(folder: Path, *, unet: dict[str, object] | None = None, **scheduler: object) -> Path:
    """A folder as diffusers saves one, with CLIP's image encoder and CSD."""
    torch.manual_seed(0)
    tiny_unet(**(unet or {})).save_pretrained(folder / "unet")
    config: dict[str, Any] = {
        "block_out_channels": (8, 8, 16, 16), "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4,
        "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4, "sample_size": 64,
    }  # fmt: skip
    AutoencoderKL(**config).save_pretrained(folder / "vae")
    DDIMScheduler(**{**SD, **scheduler}).save_pretrained(folder / "scheduler")
    tiny_clip().save_pretrained(folder / "image_encoder")
    (folder / "style_encoder").mkdir()
    save_file(tiny_csd(), folder / "style_encoder" / "model.safetensors")
    return folder


def settings(folder: Path, part: str, **changes: object) -> None:
    """Change a configuration."""
    path = folder / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
