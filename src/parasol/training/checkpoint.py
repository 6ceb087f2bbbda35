"""One safetensors file holds the whole state of a run: weights, EMA, optimiser moments, step. Nothing is pickled."""

import json
import os
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from parasol.errors import ParasolError
from parasol.training.sharding import as_spread, whole

BEST = "best.safetensors"
"""File in a run's folder: the averaged weights with the lowest score, or the last ones, as the recipe keeps."""


def save_tensors(path: Path, tensors: dict[str, Tensor], record: dict[str, object]) -> None:
    """Write tensors and a JSON record atomically: a kill leaves the old file or the new one, never half of one."""
    temporary = path.with_suffix(".tmp")
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, temporary, {"record": json.dumps(record)})
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def load_record(path: Path) -> dict[str, object]:
    """The JSON record of a file that `save_tensors` wrote."""
    with safe_open(path, framework="pt") as opened:
        return json.loads(opened.metadata()["record"])


def warm_start(model: nn.Module, source: Path) -> list[str]:
    """Fill what fits of `model` from the best weights of a run or from a bundle, by name and shape.

    A matrix that has more columns than the one it is filled from, such as M's first where the style descriptor is
    longer, takes those and has zeros in the others. Returns the names that keep their fresh weights. Raises ValueError
    where nothing fits.
    """
    run, bundle = source / BEST, source / "weights.safetensors"
    if not run.exists() and not bundle.exists():
        raise ParasolError(
            f"{source} holds neither {run.name} of a run nor {bundle.name} of a bundle: name such a folder"
        )
    weights = load_file(run if run.exists() else bundle)
    # a bundle's names -> the denoiser's, or the style encoder's own
    parts = (("denoise/", "unet."), ("project/", "projector."), ("content_map/", "content_map."), ("style/", ""))
    for component, part in parts:
        weights = {name.replace(component, part): value for name, value in weights.items()}
    state = model.state_dict()
    weights = {name: _widened(value, state[name]) for name, value in weights.items() if name in state}
    fitting = {name: value for name, value in weights.items() if value.shape == state[name].shape}
    if not fitting:
        raise ParasolError(f"{source} has no weights that fit this recipe's network: name a run of the same kind")
    model.load_state_dict(fitting, strict=False)
    return [name for name in state if name not in fitting]


def _widened(value: Tensor, like: Tensor) -> Tensor:
    """A matrix with columns of zeros behind its own, as many as `like` has more; anything else as it is."""
    if value.ndim != 2 or like.ndim != 2 or len(value) != len(like) or value.shape[1] >= like.shape[1]:
        return value
    return torch.cat([value, value.new_zeros(len(value), like.shape[1] - value.shape[1])], dim=1)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's moments as flat tensors, keyed by the parameter's place in the optimiser."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Inverse of `optimizer_tensors`.

    The fused optimiser walks raw memory, so a moment must lie in memory as its parameter does (channels last).
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        like = parameters[int(index)]
        laid = torch.empty_like(like).copy_(as_spread(value, like)) if value.shape == like.shape else value
        state.setdefault(int(index), {})[name] = laid
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def save_state(
    path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, record: dict, keep: bool = True
) -> None:
    """Everything an exact resume needs. Randomness needs nothing: every draw is a function of (seed, step).

    keep: whether this process writes it; where a model is spread, all of them call this.
    """
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in average.state_dict().items()}
    tensors |= {f"optimizer.{k}": v for k, v in optimizer_tensors(optimizer).items()}
    tensors = whole(tensors, keep=keep)
    if keep:
        save_tensors(path, tensors, record)


def load_state(path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> dict:
    """Inverse of `save_state`; returns the record."""
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
    for key, value in load_file(path).items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    for network, values in ((model, parts["model"]), (average, parts["average"])):
        state = network.state_dict()
        network.load_state_dict(
            {name: as_spread(value, state[name]) if name in state else value for name, value in values.items()}
        )
    restore_optimizer(optimizer, parts["optimizer"])
    return load_record(path)
