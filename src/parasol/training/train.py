"""`parasol train`: a recipe, run in its folder, with a JSONL and a TensorBoard log."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from parasol.training.checkpoint import BEST, warm_start
from parasol.training.diffusion import Frozen
from parasol.training.loop import READ_EVERY, STATE, Event, Task, run
from parasol.training.processes import launched
from parasol.training.recipes import Places, Recipe, words_run
from parasol.training.unpack import unpack


def train(recipe: Recipe, places: Places, *, start: Path | None = None) -> Iterator[Event]:
    """Run or resume `recipe` in `places.runs / recipe.name`; yields every event. Logs a line every `READ_EVERY` steps.

    `start` is a run's or a bundle's folder whose weights a new run begins with, instead of those that its recipe names;
    a run that is resumed has its own. A bundle also stands in for the runs of frozen networks that are missing. Of many
    processes (`launched`) the first prepares what all read, writes and yields, and the others work in silence. Raises
    FileNotFoundError where the run that the recipe begins with is not there.
    """
    processes, first = launched(), first_weights(recipe, places, start)
    folder = places.runs / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    frozen = recipe.configuration.get("frozen")
    with processes.in_turn():
        if start and isinstance(frozen, Frozen):
            unpack(start, places.runs, frozen, words_run(recipe.name))
        task = recipe.task(places)
    if first and not (folder / STATE).exists():
        warm_start(task.model, first)
    events = run(task, recipe.optimisation, folder, record_of(recipe), processes)
    if not processes.first:
        for _ in events:
            pass
        return
    with (folder / "log.jsonl").open("a") as log, SummaryWriter(str(folder / "tensorboard")) as board:
        for event in chain(_given(task, recipe), events):
            if event.kind in ("given", "validation") or (event.kind == "step" and event.step % READ_EVERY == 0):
                log.write(json.dumps(dataclasses.asdict(event)) + "\n")
                log.flush()
                for name, value in event.figures.items():
                    board.add_scalar(f"{event.kind}/{name}", value, event.step)
            yield event


def _given(task: Task, recipe: Recipe) -> Iterator[Event]:
    if figures := task.given():
        yield Event(kind="given", step=0, steps=recipe.optimisation.steps, seconds=0.0, figures=figures)


def first_weights(recipe: Recipe, places: Places, start: Path | None) -> Path | None:
    """The folder of the weights that a new run begins with, if not with fresh ones: `start`, or the recipe's own run.

    Raises FileNotFoundError where that is not there.
    """
    if start or not recipe.start:
        return start
    run = places.runs / recipe.start
    if not (run / BEST).exists():
        raise FileNotFoundError(f"{run / BEST} is missing: train it first with  parasol train {recipe.start}")
    return run


def record_of(recipe: Recipe) -> dict[str, object]:
    """The recipe as JSON: what its checkpoints keep."""
    configuration = {name: dataclasses.asdict(value) for name, value in recipe.configuration.items()}  # type: ignore[call-overload]
    start = {"start": recipe.start} if recipe.start else {}
    return {"recipe": recipe.name, "optimisation": dataclasses.asdict(recipe.optimisation), **start, **configuration}


def disagreeing(recipe: Recipe, record: Mapping[str, object]) -> list[str]:
    """The parts of a recipe of which a checkpoint's record says something else.

    A record is silent about settings that are younger than it: their defaults change nothing. Nor does one that is no
    more, where it was off.
    """
    wanted = json.loads(json.dumps(record_of(recipe)))
    return [part for part, value in wanted.items() if not _agree(record.get(part), value)]


def _agree(stored: object, wanted: object) -> bool:
    if isinstance(stored, dict) and isinstance(wanted, dict):
        return all(_agree(value, wanted[name]) if name in wanted else not value for name, value in stored.items())
    return stored == wanted
