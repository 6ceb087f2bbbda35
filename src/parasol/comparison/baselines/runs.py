"""Networks that a baseline of its own recipe trains: the run's folder, checked."""

from pathlib import Path
from typing import Any

from parasol.bundle import Manifest, sha256
from parasol.errors import ParasolError


def weights_of(kind: str, run: str, train: str, manifest: Manifest) -> tuple[dict[str, Any], str]:
    """The record of a run's best weights, and the first digits of their hash.

    train: the command that makes a run for pictograms; a run is of the recipe NAME-kind, whatever the name.

    Raises:
        ValueError: no run is named, or it has no weights yet, those of another recipe, or those for the latents of
            another autoencoder than the model's (where both say which that is).
    """
    from parasol.training.checkpoint import BEST
    from parasol.training.tables import best_record

    if not run:
        raise ParasolError(
            f"{kind} needs a trained network: run  {train}  (for photographs painting-{kind}) and name its folder, "
            f"{kind}:run=runs/pictogram-{kind}"
        )
    path = Path(run) / BEST
    if not path.is_file():
        raise ParasolError(f"the run {run!r} has no {BEST}: train it first with  {train}")
    record: dict[str, Any] = best_record(Path(run))
    if not str(record.get("recipe")).endswith(f"-{kind}"):
        raise ParasolError(f"the run {run!r} is of the recipe {record.get('recipe')!r}: name one of  {train}")
    latents = record["frozen"]["autoencoder_run"] if "frozen" in record else ""
    if latents and manifest.training and latents not in manifest.training:
        raise ParasolError(
            f"the run {run!r} is for the latents of {latents}, and the model {manifest.name!r} has others: train it"
            f" anew with  {train}"
        )
    return record, sha256(path)[:12]
