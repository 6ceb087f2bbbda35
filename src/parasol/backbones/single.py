"""Single-file checkpoints in the layout of Stable Diffusion's own code: what they are, told by their headers alone.

Such a file holds no configuration. Widths, depths and the context are those of its tensors; heads, groups of norms and
the schedule are what every published model of its class has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parasol.backbones.files import BackboneError, Shape, Tensors, header

UNET_PREFIX, VAE_PREFIX = "model.diffusion_model.", "first_stage_model."
PREDICTIONS = ("epsilon", "v_prediction")
TIME_WIDTH, SIZES = 256, 6  # of SDXL: numbers to a size that the U-Net is told, and how many sizes
HEADS, HEAD_WIDTH = 8, 64  # of Stable Diffusion 1.x; of all later ones
FOREIGN = {
    "lora_unet_": "a LoRA, not a model: merge it into its model first",
    "lora_te_": "a LoRA, not a model: merge it into its model first",
    "control_model.": "a ControlNet, not a model: take the text-to-image model",
    "model.diffusion_model.double_blocks.": "Flux or the like, which is a transformer; PARASOL is for U-Nets",
    "double_blocks.": "Flux or the like, which is a transformer; PARASOL is for U-Nets",
    "model.diffusion_model.joint_blocks.": "Stable Diffusion 3, which is a transformer; PARASOL is for U-Nets",
    "down_blocks.": "one network in diffusers' layout: name the folder above the one that it lies in",
    "backbone.": "CSD's style encoder: name it with --style",
    "vision_model.": "a picture encoder: name its folder with --content or --style",
}
"""First letters of keys, and what the file is then."""


@dataclass(frozen=True, kw_only=True)
class Single:
    """What becomes of a single file: diffusers' configurations, and the file's own tensors of either network."""

    unet: dict[str, Any]
    vae: dict[str, Any]
    scheduler: dict[str, Any]
    tensors: Mapping[str, Tensors]
    """"unet" and "vae", under the file's names; with those of diffusers beside that configurations are checked by."""


def read_single(file: Path, prediction: str | None = None) -> Single:
    """What a single file is.

    prediction: what its U-Net predicts, where the file does not say ("epsilon" or "v_prediction").

    Raises:
        BackboneError: it is no model of a class that fits, is pickled, or breaks off.
    """
    whole = header(file)
    inner = {prefix: _under(prefix, whole.shapes) for prefix in (UNET_PREFIX, VAE_PREFIX)}
    if not inner[UNET_PREFIX] or any(name.startswith(tuple(FOREIGN)) for name in whole.shapes):
        raise BackboneError(f"{file} is {_what(whole.shapes)}")
    if not inner[VAE_PREFIX]:
        raise BackboneError(f"{file} has no {VAE_PREFIX!r} and so no autoencoder: take the file with its VAE")
    try:
        unet, vae = _unet(inner[UNET_PREFIX]), _vae(inner[VAE_PREFIX])
    except _Missing as error:
        raise BackboneError(f"{file}: {error} is missing or of another rank: take the whole file") from error
    large = unet["addition_embed_type"] is not None
    vae["scaling_factor"] = 0.13025 if large else 0.18215
    predicts, terminal = _prediction(file, whole.shapes, unet, prediction)
    size = 1024 if large else 768 if predicts == "v_prediction" else 512
    unet["sample_size"], vae["sample_size"] = size // 8, size
    scheduler = {
        "_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
        "timestep_spacing": "trailing" if terminal else "leading", "prediction_type": predicts,
        "rescale_betas_zero_snr": terminal,
    }  # fmt: skip
    tensors = {
        name: Tensors(files=(file,), shapes={**inner[prefix], **_probes(inner[prefix])}, kinds=whole.kinds)
        for name, prefix in (("unet", UNET_PREFIX), ("vae", VAE_PREFIX))
    }
    return Single(unet=unet, vae=vae, scheduler=scheduler, tensors=tensors)


class _Missing(LookupError):
    """A tensor that is not there, by its name in the file."""


class _Shapes(dict[str, Shape]):
    """Shapes by name without a prefix; one that is asked for and not there is told with it."""

    def __init__(self, prefix: str, shapes: Mapping[str, Shape]) -> None:
        super().__init__(shapes)
        self.prefix = prefix

    def sides(self, name: str, rank: int = 4) -> Shape:
        """The shape of a tensor that must have so many sides."""
        if len(self.get(name, ())) != rank:
            raise _Missing(repr(f"{self.prefix}{name}"))
        return self[name]

    def count(self, *parts: str) -> int:
        """How many of {parts[0]}0{parts[1]}, {parts[0]}1{parts[1]} ... there are, names that begin so."""
        number = 0
        while any(name.startswith(f"{parts[0]}{number}{parts[1]}") for name in self):
            number += 1
        return number


def _under(prefix: str, shapes: Mapping[str, Shape]) -> _Shapes:
    return _Shapes(
        prefix, {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
    )


def _unet(shapes: _Shapes) -> dict[str, Any]:
    """diffusers' configuration of the U-Net."""
    width, channels = shapes.sides("input_blocks.0.0.weight")[:2]
    widths, depths, layers = [width], list[int](), list[int]([0])
    depth = 0
    for block in range(1, shapes.count("input_blocks.", ".")):
        if f"input_blocks.{block}.0.op.weight" in shapes:
            depths.append(depth)
            widths, layers, depth = [*widths, 0], [*layers, 0], 0
            continue
        widths[-1] = shapes.sides(f"input_blocks.{block}.0.in_layers.2.weight")[0]
        layers[-1] += 1
        depth = shapes.count(f"input_blocks.{block}.1.transformer_blocks.", ".")
    depths.append(depth)
    attends = [depth > 0 for depth in depths]
    middle = shapes.count("middle_block.1.transformer_blocks.", ".")
    linear = len(shapes.get("middle_block.1.proj_in.weight", ())) == 2
    adm = shapes.sides("label_emb.0.0.weight", 2)[1] if "label_emb.0.0.weight" in shapes else 0
    return {
        "_class_name": "UNet2DConditionModel",
        "in_channels": channels,
        "out_channels": shapes.sides("out.2.weight")[0],
        "block_out_channels": widths,
        "layers_per_block": layers[0],
        "down_block_types": ["CrossAttnDownBlock2D" if attending else "DownBlock2D" for attending in attends],
        "up_block_types": ["CrossAttnUpBlock2D" if attending else "UpBlock2D" for attending in reversed(attends)],
        "transformer_layers_per_block": [*(depth or 1 for depth in depths[:-1]), depths[-1] or middle],
        "cross_attention_dim": shapes.sides("middle_block.1.transformer_blocks.0.attn2.to_k.weight", 2)[1],
        "attention_head_dim": [max(1, width // HEAD_WIDTH) for width in widths] if linear else HEADS,
        "use_linear_projection": linear,
        "addition_embed_type": "text_time" if adm else None,
        "addition_time_embed_dim": TIME_WIDTH if adm else None,
        "projection_class_embeddings_input_dim": adm or None,
    }


def _vae(shapes: _Shapes) -> dict[str, Any]:
    """diffusers' configuration of the autoencoder; its scaling is not in the file."""
    levels = shapes.count("encoder.down.", ".")
    return {
        "_class_name": "AutoencoderKL",
        "latent_channels": shapes.sides("decoder.conv_in.weight")[1],
        "block_out_channels": [shapes.sides(f"encoder.down.{k}.block.0.conv1.weight")[0] for k in range(levels)],
        "layers_per_block": shapes.count("encoder.down.0.block.", "."),
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }


def _prediction(
    file: Path, shapes: Mapping[str, Shape], unet: Mapping[str, Any], prediction: str | None
) -> tuple[str, bool]:
    """What the U-Net predicts, and whether its chain ends on noise alone; some fine-tuned SDXL have a key that says."""
    if prediction is not None and prediction not in PREDICTIONS:
        raise BackboneError(f"prediction is {prediction!r}; {' and '.join(PREDICTIONS)} fit")
    predicted = prediction or ("v_prediction" if "v_pred" in shapes else None)
    if predicted is None and unet["use_linear_projection"] and not unet["addition_embed_type"]:
        raise BackboneError(
            f"{file} is of Stable Diffusion 2.x, whose files do not say what they predict: add --prediction "
            "v_prediction (768 px) or --prediction epsilon (512 px)"
        )
    return predicted or "epsilon", "ztsnr" in shapes and predicted == "v_prediction"


def _probes(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tensors that an inspection looks at, under diffusers' names."""
    names = {"input_blocks.0.0.weight": "conv_in.weight", "out.2.weight": "conv_out.weight"}
    return {new: shapes[old] for old, new in names.items() if old in shapes}


def _what(shapes: Mapping[str, Shape]) -> str:
    for first, what in FOREIGN.items():
        if any(name.startswith(first) for name in shapes):
            return what
    return f"no model of Stable Diffusion: it has no {UNET_PREFIX!r}, name a whole checkpoint or a folder"
