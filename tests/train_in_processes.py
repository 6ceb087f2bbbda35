"""A brief training as `torchrun` starts it, for `test_training_processes`: CORPUS RUNS STEPS."""

import dataclasses
import json
import os
import sys
from pathlib import Path

from parasol.corpora import load
from parasol.training.recipes import Places, Recipe
from parasol.training.train import train
from test_training_loop import EVERYTHING, brief, diffusion

IN_FLOAT32 = dataclasses.replace(EVERYTHING, precision="float32")


def recipe(steps: int) -> Recipe:
    """Everything that training can do, in float32. Every process begins with weights of its own.

    But for adaptive norms, whose lines are zero at first: Adam's first step there is the sign of a gradient, and where
    that is rounding the two runs part.
    """
    return Recipe(
        name="brief",
        optimisation=brief(steps, learning_rate=1e-3),
        configuration={},
        task=lambda places: diffusion(
            load(places.corpus), places.runs, seed=int(os.environ.get("RANK", "0")), training=IN_FLOAT32, modulated=0
        ),
    )


if __name__ == "__main__":
    corpus, runs, steps = sys.argv[1:]
    for event in train(recipe(int(steps)), Places(corpus=Path(corpus), runs=Path(runs))):
        print(json.dumps(dataclasses.asdict(event)), flush=True)
