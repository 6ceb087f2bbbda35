"""Models that are spread over processes, each of which keeps a part of every tensor: torch's FSDP2.

What is written and read are whole tensors, so that a run goes on with any number of processes.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def spread(layers: Sequence[nn.Module], device: torch.device, count: int) -> None:
    """Keep one part in `count` of the parameters of each layer here; a layer goes before the one that it is in."""
    mesh = init_device_mesh(device.type, (count,))
    for layer in layers:
        fully_shard(layer, mesh=mesh)


def rest(network: nn.Module) -> None:
    """Give back the whole tensors that a pass without a gradient has left."""
    for layer in network.modules():
        if isinstance(layer, FSDPModule):
            layer.reshard()


def own_part(tensor: Tensor) -> Tensor:
    """What lies here of a tensor, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def as_spread(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor spread as another is."""
    if not isinstance(like, DTensor):
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def whole(tensors: Mapping[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    """Whole tensors, in the CPU's memory where they were spread; all processes take part, those that `keep` get them.

    What was not spread is handed on as it is.
    """
    gathered: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if isinstance(value, DTensor):
            value = value.full_tensor().cpu()
        if keep:
            gathered[name] = value
    return gathered


def clip(parameters: Sequence[nn.Parameter], most: float) -> Tensor:
    """As `clip_grad_norm_`, of parameters of which all or none are spread; returns the norm of the whole gradient."""
    norm = torch.nn.utils.clip_grad_norm_(parameters, most)
    return norm.full_tensor() if isinstance(norm, DTensor) else norm
