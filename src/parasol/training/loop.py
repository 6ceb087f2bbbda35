"""The training loop: a generator of events over any `Task`; printing, logging and stopping belong to the caller.

Every random draw of a task is a function of (seed, step), so a run that is killed and resumed gives the same weights,
bit for bit, as one that was not.
"""

import copy
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from parasol.training.checkpoint import BEST, load_record, load_state, save_state, save_tensors
from parasol.training.devices import CPU
from parasol.training.ema import update_average
from parasol.training.processes import ALONE, WHOLE, Part, Processes
from parasol.training.sharding import clip, rest, spread, whole

STATE = "state.safetensors"
READ_EVERY = 20
"""Steps between two whose figures are read from a GPU: reading waits until it has done what it was told."""


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """How a run is optimised.

    steps: length of the run. batch: samples a step. learning_rate: peak, reached after `warmup` steps.
    decay: 'constant', 'cosine' (to zero at `steps`) or 'tail' (constant, then linear to zero over the last fifth).
    average: decay of the weights' EMA. clip: largest gradient norm. seed: of every draw in the run.
    validate_every, save_every: in steps. keep: which averaged weights a run ends with, those with the 'best' score or
    the 'last', for losses whose gain the score does not see. average_aside: whether the average waits in the CPU's
    memory, where a GPU has no room for it: every step then sends the weights there.
    """

    steps: int
    batch: int
    learning_rate: float
    warmup: int = 100
    decay: str = "constant"
    weight_decay: float = 0.0
    average: float = 0.999
    clip: float = 1.0
    seed: int = 0
    validate_every: int = 500
    save_every: int = 250
    keep: Literal["best", "last"] = "best"
    average_aside: bool = False

    def rate(self, step: int) -> float:
        """Learning rate of a step (0-based)."""
        scale = min(1.0, (step + 1) / max(1, self.warmup))
        if self.decay == "cosine":
            scale *= 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))
        elif self.decay == "tail":
            scale *= min(1.0, 5.0 * (1.0 - min(1.0, step / self.steps)))
        return self.learning_rate * scale


class Task(ABC):
    """What is trained. `model` holds every trainable and every buffer that the checkpoint keeps.

    `part` is the part of each batch that this process takes. A task whose loss cannot be split leaves it aside and
    takes the whole batch in every process: the same step, not a faster one. `accelerated`: whether it is trained on a
    GPU where there is one; a head of a minute is not.
    """

    model: nn.Module
    part: Part = WHOLE
    accelerated: bool = False

    def to(self, device: torch.device) -> None:
        """Bring what is trained to a device, and all that its steps read."""
        self.model.to(device)

    def layers(self, model: nn.Module) -> list[nn.Module]:
        """What FSDP is to spread of a model, all parameters in one layer or another; [] where it is to stay whole."""
        return []

    @abstractmethod
    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        """Scalar loss of the batch of this step, and the figures to log. Draws only from (seed, step).

        Of a part of the batch it is such that the mean over the parts is the loss of the whole.
        """

    @abstractmethod
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Figures on the validation split, among them 'score' (lower is better). Called with the averaged weights."""

    def given(self) -> dict[str, float]:
        """Figures of what is trained on, to log before the first step."""
        return {}

    def finish(self, model: nn.Module) -> None:
        """Last touch on the averaged weights before they are written as best (scales, batch-norm statistics)."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened: kind is 'given', 'step', 'validation' or 'saved'.

    A step on a GPU has figures at every `READ_EVERY`-th alone.
    """

    kind: str
    step: int
    steps: int
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


def run(
    task: Task, optimisation: Optimisation, folder: Path, record: dict[str, object], processes: Processes = ALONE
) -> Generator[Event, None, None]:
    """Train `task`, resuming from `folder/state.safetensors` where there is one.

    Writes `state.safetensors` (exact resume) and `best.safetensors` (the averaged weights that `keep` asks for).
    Closing the generator (Ctrl-C included) saves the state first. Of many `processes`, which all see the same folder,
    the first writes; the others take part in the steps and would only wait for its validation, so they validate too.
    A model that is spread over them is saved at its end, or every `save_every` steps, for that takes all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    task.part = processes.part
    device = processes.device if task.accelerated else CPU
    model, aside = task.model, optimisation.average_aside
    average = copy.deepcopy(model).requires_grad_(False)
    spread_out = processes.spread and bool(task.layers(model))
    if spread_out:  # from here on each process has a part of both, and no average is too large
        aside = False
        for network in (model, average):
            spread(task.layers(network), device, processes.part.count)
    task.to(device)
    average.to(CPU if aside else device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=optimisation.learning_rate, weight_decay=optimisation.weight_decay, fused=True
    )
    state, best = folder / STATE, folder / BEST
    step, score = 0, math.inf
    if state.exists():
        restored = load_state(state, model, average, optimizer)
        step = int(restored["step"])
    for network in (model,) if aside else (model, average):  # GPUs tell each other what is on them
        processes.agree(network)
    if best.exists():
        score = float(load_record(best)["score"])  # type: ignore[arg-type]
    started = time.monotonic()

    def save(step: int) -> None:
        if spread_out or processes.first:
            save_state(state, model, average, optimizer, {**record, "step": step}, keep=processes.first)

    try:
        while step < optimisation.steps:
            scalars = _step(task, model, average, optimizer, parameters, optimisation, step, processes)
            step += 1
            read = device.type == "cpu" or step % READ_EVERY == 0
            figures = processes.average_figures({name: float(value) for name, value in scalars.items()}) if read else {}
            yield _event("step", step, optimisation, started, figures)
            if step % optimisation.validate_every == 0 or step == optimisation.steps:
                finished = (average if spread_out else copy.deepcopy(average).to(device)).eval()
                task.finish(finished)
                figures = processes.average_figures(task.validate(finished))  # so that all keep the same ones
                rest(finished)
                if figures["score"] < score or optimisation.keep == "last":
                    score = figures["score"]
                    tensors = whole(finished.state_dict(), keep=processes.first)
                    if processes.first:
                        save_tensors(best, tensors, {**record, **figures, "step": step})
                yield _event("validation", step, optimisation, started, figures)
            if step % optimisation.save_every == 0:
                save(step)
                yield _event("saved", step, optimisation, started, {})
    finally:
        if not spread_out or step == optimisation.steps:
            save(step)


def _step(
    task: Task,
    model: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    optimisation: Optimisation,
    step: int,
    processes: Processes,
) -> dict[str, float | Tensor]:
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = optimisation.rate(step)
    loss, figures = task.loss(model, step)
    loss.backward()
    processes.average_gradients(parameters)
    norm = clip(parameters, optimisation.clip)
    optimizer.step()
    update_average(average, model, optimisation.average, step)
    optimizer.zero_grad(set_to_none=True)  # a validation's copy of the average takes the gradients' place
    return {"loss": loss.detach(), **figures, "gradient": norm, "rate": optimisation.rate(step)}


def _event(kind: str, step: int, optimisation: Optimisation, started: float, figures: dict[str, float]) -> Event:
    return Event(kind=kind, step=step, steps=optimisation.steps, seconds=time.monotonic() - started, figures=figures)
