"""What part of the machine's peak training reaches: python -m lab training-speed --corpus DIR.

Steps of a diffusion recipe in its own loop, with data, clipping, optimiser and average, on an idle machine. Arithmetic
is that of convolutions and matrix products, forwards and backwards, as torch counts it; the peaks are measured before
and after, and the larger counts. Float32 on CPU cores, whatever the recipe says: most have no bfloat16 products.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from torch.utils.flop_counter import FlopCounterMode

from lab.speed.peak import convolution_gflops, matmul_gflops, torch_threads
from parasol.runtime.onnx import available_cores
from parasol.training.catalogue import RECIPES
from parasol.training.diffusion import DiffusionTask, DiffusionTraining, Frozen
from parasol.training.loop import Optimisation, Task, run
from parasol.training.recipes import Places, words_run
from parasol.training.unpack import unpack

WARM_UP = 2
NEVER = 10**9  # step


@dataclass(frozen=True, kw_only=True)
class TrainingSpeed:
    """One step of a run."""

    seconds: float
    """Median, from the end of one step to the end of the next."""
    gflop: float
    """Convolutions and matrix products, a multiplication and an addition counted as two."""

    def share_of(self, peak: float) -> float:
        """What part of `peak` [GFLOP/s] the step reaches."""
        return self.gflop / self.seconds / peak


def training_speed(task: Task, optimisation: Optimisation, steps: int) -> TrainingSpeed:
    """Count one step of the loop, then time `steps` others after a warm-up. Steps of one task are alike."""
    whole = replace(optimisation, steps=1 + WARM_UP + steps, validate_every=NEVER, save_every=NEVER)
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder, closing(run(task, whole, Path(folder), {})) as events:
        with FlopCounterMode(display=False) as counted:
            next(events)
        for event in events:
            if event.kind == "step":
                ends.append(time.perf_counter())
            if len(ends) == WARM_UP + steps:
                break  # before the validation at the end
    gaps = [after - before for before, after in zip(ends[WARM_UP - 1 :], ends[WARM_UP:], strict=False)]
    return TrainingSpeed(seconds=median(gaps), gflop=counted.get_total_flops() / 1e9)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab training-speed", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of a built corpus; a part of one is enough")
    parser.add_argument("--recipe", default="pictogram-diffusion", help="a diffusion recipe")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of its tables and frozen networks")
    parser.add_argument("--start", type=Path, help="a bundle that stands in for runs of frozen networks")
    parser.add_argument("--batch", type=int, default=32, help="triplets a step")
    parser.add_argument("--steps", type=int, default=8, help="steps that are timed")
    options = parser.parse_args(arguments)
    threads = available_cores()
    try:
        if options.recipe not in RECIPES:
            raise ValueError(f"there is no recipe {options.recipe!r}: choose one of {', '.join(RECIPES)}")
        recipe = RECIPES[options.recipe]()
        training, frozen = (recipe.configuration.get(name) for name in ("training", "frozen"))
        if not isinstance(training, DiffusionTraining) or training.modality is None:
            raise ValueError(f"{options.recipe!r} has no modality losses: name a bundled model's diffusion recipe")
        if options.start and isinstance(frozen, Frozen):
            unpack(options.start, options.runs, frozen, words_run(recipe.name))
        task = recipe.task(Places(corpus=options.corpus, runs=options.runs))
        assert isinstance(task, DiffusionTask)
        assert task.modality is not None
        task.batch, task.training = options.batch, replace(task.training, precision="float32")
        with torch_threads(threads):
            peaks = [_peaks(threads)]
            for what, since in (("noise loss alone", NEVER), ("with the modality losses", 0)):
                task.modality.training = replace(task.modality.training, since=since)
                speed = training_speed(task, recipe.optimisation, options.steps)
                peaks.append(_peaks(threads))
                matrix, convolution = (max(column) for column in zip(*peaks, strict=True))
                print(
                    f"{what}: {speed.seconds:.2f} s a step of {options.batch}, {speed.gflop:.0f} GFLOP, "
                    f"{speed.gflop / speed.seconds:.0f} GFLOP/s: {100 * speed.share_of(matrix):.0f} % of the peak of a "
                    f"matrix product ({matrix:.0f}), {100 * speed.share_of(convolution):.0f} % of a convolution's "
                    f"({convolution:.0f})",
                    flush=True,
                )
    except (ValueError, FileNotFoundError) as error:
        parser.error(" ".join(str(error).split()))
    return 0


def _peaks(threads: int) -> tuple[float, float]:
    return matmul_gflops(threads), convolution_gflops(threads)
