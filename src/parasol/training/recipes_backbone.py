"""Recipes that fine-tune somebody else's backbone: `parasol train NAME --backbone BASE --triplets TRIPLETS`.

What each takes of memory and time, `--dry-run` prints for the very base; docs/scale.md has the table.
"""

from collections.abc import Callable
from pathlib import Path

from parasol.errors import ParasolError
from parasol.training.backbone import BackboneTask, BackboneTraining
from parasol.training.loop import Optimisation
from parasol.training.modality import ModalityTraining
from parasol.training.recipes import Places, Recipe
from parasol.training.shards import open_triplets

# Unit descriptors of 768 numbers where ours have 128 to 256, and MSE is 2 (1 - cos) / d: weights grow with d.
MODALITY = ModalityTraining(style=40.0, content=40.0, pictures=1, since=2_000)


def backbone_try() -> Recipe:
    """Fifty steps on eight triplets in float32, to see that everything holds together: minutes on a laptop for a tiny
    base. Expected: the loss falls by half. Eight triplets are learnt by heart.
    """
    optimisation = Optimisation(
        steps=50, batch=8, learning_rate=2e-3, warmup=5, average=0.9, validate_every=25, save_every=25
    )
    return _recipe("backbone-try", BackboneTraining(snr_cap=float("inf")), optimisation)


def backbone_24gb() -> Recipe:
    """One card of 24 GB: bfloat16 products, activations computed again, small batches, the average in the CPU's memory.
    Never run here: computed for Stable Diffusion 1.5.
    """
    training = BackboneTraining(precision="bfloat16", checkpointing=True, modality=MODALITY)
    optimisation = Optimisation(
        steps=120_000, batch=4, learning_rate=1e-5, warmup=500, average=0.9995, validate_every=2_000, save_every=1_000,
        average_aside=True,
    )  # fmt: skip
    return _recipe("backbone-24gb", training, optimisation)


def backbone_adapters() -> Recipe:
    """One card of 16 GB: the U-Net stays as it is, and two adapters of IP-Adapter's shape are trained beside it.
    Never run here.
    """
    training = BackboneTraining(precision="bfloat16", checkpointing=True, decoupled=True)
    optimisation = Optimisation(
        steps=60_000, batch=8, learning_rate=1e-4, warmup=500, average=0.9995, validate_every=2_000, save_every=1_000
    )
    return _recipe("backbone-adapters", training, optimisation)


def backbone_8_cards() -> Recipe:
    """Eight cards of 80 GB, started with `torchrun --nproc-per-node 8`: zero terminal SNR, the paper's 500 thousand
    triplets some forty times. Never run here.
    """
    training = BackboneTraining(precision="bfloat16", zero_terminal=True, modality=MODALITY)
    optimisation = Optimisation(
        steps=80_000,
        batch=256,
        learning_rate=5e-5,
        warmup=1_000,
        average=0.9999,
        validate_every=2_000,
        save_every=1_000,
    )
    return _recipe("backbone-8-cards", training, optimisation)


def base_of(places: Places) -> Path:
    """The base that is trained on. Raises ParasolError where none is named."""
    if places.backbone is None:
        raise ParasolError(
            "this recipe fine-tunes a backbone: name its base with --backbone (`parasol backbone import`)"
        )
    return places.backbone


def _recipe(name: str, training: BackboneTraining, optimisation: Optimisation) -> Recipe:
    def task(places: Places) -> BackboneTask:
        base = base_of(places)
        if places.triplets is None:
            raise ParasolError("this recipe learns from triplets: name them with --triplets (`parasol triplets mine`)")
        return BackboneTask(base, open_triplets(places.triplets), training, optimisation.batch)

    return Recipe(name=name, optimisation=optimisation, configuration={"backbone_training": training}, task=task)


BACKBONES: dict[str, Callable[[], Recipe]] = {
    "backbone-try": backbone_try,
    "backbone-24gb": backbone_24gb,
    "backbone-adapters": backbone_adapters,
    "backbone-8-cards": backbone_8_cards,
}
