"""A single-file checkpoint -> a folder in diffusers' layout, by diffusers' own converters, without a network.

They are run on tensors without memory first, so that every key and shape is checked, under the file's own names, before
a number is read.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from parasol.backbones.files import SUFFIX, BackboneError
from parasol.backbones.inspection import SCHEDULER, STEM, UNET, VAE
from parasol.backbones.networks import on_meta
from parasol.backbones.single import UNET_PREFIX, VAE_PREFIX, Single

WHOLE = "take the whole file"
TRAINED_BESIDE = f"{VAE_PREFIX}loss."  # what some autoencoders were trained against


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One of the two networks: its class, where it lies in the file, and who renames its tensors."""

    name: str
    kind: type[UNet2DConditionModel] | type[AutoencoderKL]
    prefix: str
    rename: Callable[..., dict[str, Any]]


PARTS = (
    _Part(name=UNET, kind=UNet2DConditionModel, prefix=UNET_PREFIX, rename=convert_ldm_unet_checkpoint),
    _Part(name=VAE, kind=AutoencoderKL, prefix=VAE_PREFIX, rename=convert_ldm_vae_checkpoint),
)


def convert(file: Path, single: Single, folder: Path) -> None:
    """Write unet, vae and scheduler of a single file into `folder`; numbers keep their format.

    Raises:
        BackboneError: at the first key that a network lacks, has in another shape, or does not know.
    """
    configurations = {UNET: single.unet, VAE: single.vae}
    for part in (*configurations, SCHEDULER):
        (folder / part).mkdir(parents=True)
        name = "scheduler_config.json" if part == SCHEDULER else "config.json"
        config = configurations.get(part, single.scheduler)
        (folder / part / name).write_text(json.dumps(config, indent=2), encoding="utf-8")
    with safe_open(file, framework="pt") as opened:
        shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
        for part in PARTS:
            _check(file, part, folder, configurations[part.name], shapes)
        for part in PARTS:
            names = [name for name in shapes if name.startswith(part.prefix) and not name.startswith(TRAINED_BESIDE)]
            renamed = part.rename({name: opened.get_tensor(name) for name in names}, config=configurations[part.name])
            tensors = {name: value.contiguous() for name, value in renamed.items()}
            save_file(tensors, folder / part.name / f"{STEM}{SUFFIX}")


def _check(
    file: Path, part: _Part, folder: Path, config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    empty = {
        name: torch.empty(shape, device="meta")
        for name, shape in shapes.items()
        if name.startswith(part.prefix) and not name.startswith(TRAINED_BESIDE)
    }
    try:
        renamed: dict[str, Tensor | None] = part.rename(dict(empty), config=config)
    except KeyError as error:
        raise BackboneError(f"{file}: '{part.prefix}{error.args[0]}' is missing: {WHOLE}") from error
    names = {id(value): name for name, value in empty.items()}
    came = {new: names[_origin(value)] for new, value in renamed.items() if value is not None}
    wanted = {name: list(value.shape) for name, value in on_meta(part.kind, folder / part.name).state_dict().items()}
    for name, shape in wanted.items():
        value = renamed.get(name)
        if value is None:
            raise BackboneError(f"{file}: what becomes {name!r} of shape {shape} is missing: {WHOLE}")
        if list(value.shape) != shape:
            has = f"{came[name]!r} has shape {list(shapes[came[name]])}"
            raise BackboneError(f"{file}: {has} where {shape} is wanted for {name!r}: {WHOLE}")
    known = {came[name] for name in wanted}
    for name in empty:
        if name not in known:
            raise BackboneError(
                f"{file}: {name!r} of shape {list(shapes[name])} is nothing that a {part.kind.__name__} of this class "
                "has: take the model as it was published"
            )


def _origin(value: Tensor) -> int:
    """Which tensor one is, or is a view of: attention's 1 x 1 convolutions become matrices."""
    return id(value if value._base is None else value._base)
