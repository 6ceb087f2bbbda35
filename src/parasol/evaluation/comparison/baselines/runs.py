"""Networks that a baseline of its own recipe trains: the run's folder, checked."""

from pathlib import Path

from parasol.bundle import sha256
from parasol.evaluation.figure import Record


def weights_of(kind: str, run: str, recipe: str, train: str) -> tuple[Record, str]:
    """The record of a run's best weights, and the first digits of their hash. train: the command that makes a run.

    Raises:
        ValueError: no run is named, or it has no weights yet, or those of another recipe.
    """
    from parasol.training.checkpoint import BEST
    from parasol.training.tables import best_record

    if not run:
        raise ValueError(f"{kind} needs a trained network: run  {train}  and name its folder, {kind}:run=runs/{recipe}")
    path = Path(run) / BEST
    if not path.is_file():
        raise ValueError(f"the run {run!r} has no {BEST}: train it first with  {train}")
    record = best_record(Path(run))
    if record.get("recipe") != recipe:
        raise ValueError(f"the run {run!r} is of the recipe {record.get('recipe')!r}: name one of  {train}")
    return record, sha256(path)[:12]
