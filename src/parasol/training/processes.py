"""One run by many processes, each of which takes its part of every batch; `accelerate` carries what they tell.

All draws are functions of (seed, step), so every process knows the whole batch and takes its rows of it: together they
take the very step that one process would, up to the rounding of sums.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from parasol.errors import ParasolError
from parasol.training.devices import accelerator

if TYPE_CHECKING:
    from accelerate import PartialState

PATIENCE = timedelta(hours=12)  # of those that wait for the first to tabulate a corpus


@dataclass(frozen=True, kw_only=True)
class Part:
    """rank: which of `count` processes this is, 0 to count - 1."""

    rank: int = 0
    count: int = 1

    def rows(self, batch: int) -> slice:
        """This part's rows of a batch: every `count`-th, so that parts are alike where batches are stratified.

        Raises:
            ValueError: the parts would not be equally large.
        """
        if batch % self.count:
            raise ParasolError(
                f"batch is {batch} and there are {self.count} processes; their number must divide it: start fewer"
            )
        return slice(self.rank, None, self.count)


WHOLE = Part()


class Processes:
    """What the processes of a run tell each other. One alone has nobody to tell."""

    def __init__(self, state: "PartialState | None" = None, *, spread: bool = False) -> None:
        """spread: whether models that can be are to be spread over the processes (FSDP)."""
        self._state, self.spread = state, spread and state is not None
        self.part = Part(rank=state.process_index, count=state.num_processes) if state else WHOLE
        self.device = state.device if state and state.device else accelerator()

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.part.rank == 0

    def in_turn(self) -> AbstractContextManager[None]:
        """A block that the first process goes through before all others, which then find what it wrote."""
        return self._state.main_process_first() if self._state else nullcontext()

    def agree(self, network: nn.Module) -> None:
        """Give every process the first one's parameters and buffers."""
        if self._state is None:
            return
        from accelerate.utils import broadcast

        with torch.no_grad():
            for tensor in (*network.parameters(), *network.buffers()):
                if not isinstance(tensor, DTensor):  # each has a part of its own of what all have read
                    tensor.copy_(broadcast(tensor.contiguous()))

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes; a parameter that no part reached stays without one.

        Those of parameters that are spread are means already.
        """
        parameters = [parameter for parameter in parameters if not isinstance(parameter, DTensor)]
        if self._state is None or not parameters:
            return
        reached = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        means = self._mean(torch.cat([reached, *(gradient.reshape(-1) for gradient in gradients)]))
        reached, *means = means.split([len(parameters), *(p.numel() for p in parameters)])
        for parameter, gradient, mean, by in zip(parameters, gradients, means, reached.tolist(), strict=True):
            parameter.grad = gradient.copy_(mean.view_as(gradient)) if by else None

    def average_figures(self, figures: dict[str, float]) -> dict[str, float]:
        """The mean of every figure over the processes."""
        if self._state is None:
            return figures
        values = self._mean(torch.tensor([*figures.values()], dtype=torch.float32, device=self.device))
        return dict(zip(figures, values.tolist(), strict=True))

    def _mean(self, values: Tensor) -> Tensor:
        from accelerate.utils import reduce

        mean = reduce(values, reduction="mean")
        assert isinstance(mean, Tensor)
        return mean


ALONE = Processes()


def launched() -> Processes:
    """The processes that `accelerate launch` or `torchrun` has started this one among; one alone without them."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    from accelerate import PartialState

    spread = os.environ.get("ACCELERATE_USE_FSDP", "false") == "true"  # what `accelerate launch --use_fsdp` sets
    return Processes(PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE), spread=spread)
