"""Exponential moving average of the weights: what is validated, exported and shipped."""

import torch
from torch import Tensor, nn

from parasol.training.sharding import own_part


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """average <- d average + (1 - d) model, with d = min(decay, (1 + step) / (10 + step)): the start is forgotten.

    Buffers (batch-norm statistics, latent scale) are copied: they are averages already, or constants.
    """
    d = min(decay, (1 + step) / (10 + step))
    ours: list[Tensor] = [own_part(parameter) for parameter in average.parameters()]
    theirs = [own_part(parameter).to(target.device) for target, parameter in zip(ours, model.parameters(), strict=True)]
    torch._foreach_lerp_(ours, theirs, 1.0 - d)  # pyright: ignore[reportPrivateImportUsage]
    for target, source in zip(average.buffers(), model.buffers(), strict=True):
        target.copy_(source)
