"""A brief fine-tuning as `torchrun` starts it, for `test_backbones_processes`: BASE SHARDS RUNS [KILLED].

The first process kills itself, as `kill -9` would, after KILLED steps; the same command without it goes on.
"""

import os
import signal
import sys
from pathlib import Path

from parasol.training.backbone import BackboneTask, BackboneTraining
from parasol.training.loop import Optimisation
from parasol.training.modality import ModalityTraining
from parasol.training.recipes import Places, Recipe
from parasol.training.recipes_backbone import base_of
from parasol.training.shards import open_triplets
from parasol.training.train import train

STEPS, BATCH = 6, 4


def recipe() -> Recipe:
    """The paper's whole objective under zero terminal SNR; the state is saved after steps 2, 4 and 6."""
    modality = ModalityTraining(style=10.0, content=10.0, least=0.0)
    training = BackboneTraining(zero_terminal=True, modality=modality)
    optimisation = Optimisation(
        steps=STEPS, batch=BATCH, learning_rate=1e-3, warmup=1, validate_every=100, save_every=2
    )

    def task(places: Places) -> BackboneTask:
        assert places.triplets is not None
        return BackboneTask(base_of(places), open_triplets(places.triplets), training, BATCH)

    return Recipe(name="brief", optimisation=optimisation, configuration={"backbone_training": training}, task=task)


if __name__ == "__main__":
    base, shards, runs, *killed = sys.argv[1:]
    places = Places(corpus=Path(), runs=Path(runs), backbone=Path(base), triplets=Path(shards))
    for event in train(recipe(), places):
        if killed and event.kind == "step" and event.step == int(killed[0]):
            os.kill(os.getpid(), signal.SIGKILL)
