"""The paper's ablation (Results 2) as trainings: python -m lab ablation-train NAME --corpus DIR --runs DIR.

Four rows, each with one thing more than the one before it; the last two of the paper, guidance for each modality and
inversion, are ways to sample the fourth row's weights (`rows.py`). The same command resumes a training.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from parasol.apps.train import follow
from parasol.corpora import load
from parasol.networks.projector import ProjectorConfig
from parasol.training.diffusion import DiffusionTask, DiffusionTraining, Frozen
from parasol.training.loop import Optimisation, Task
from parasol.training.modality import ModalityTraining
from parasol.training.recipes import Places, Recipe
from parasol.training.recipes_baselines import RDM_UNET
from parasol.training.recipes_guised import GUISE_FROZEN as FROZEN
from parasol.triplets import Mining

SEEDS = (0, 1, 2)
"""Of M's first weights and of every draw: at one seed the rows have the same ones."""

ABLATED_UNET = RDM_UNET
ABLATED_START = "pictogram-rdm"
ABLATED_OPTIMISATION = Optimisation(
    steps=300, batch=32, learning_rate=5e-4, decay="tail", warmup=30, weight_decay=1e-3, average=0.98,
    validate_every=150, save_every=100,
)  # fmt: skip

WHOLE = DiffusionTraining(
    # one scale for both modalities asks for the joint branch, a scale for each for the style and the content alone
    shares=(0.4, 0.25, 0.25, 0.1, 0.0, 0.0),
    modality=ModalityTraining(style=10.0, content=10.0, pictures=2, since=150),
)
"""With all that a row can have."""


@dataclass(frozen=True, kw_only=True)
class TrainedRow:
    """All in which the trainings of the rows differ.

    name: of the row. style_token: whose descriptor of the style picture goes in for the style. projector: whether it
    goes through M. modality: whether the two modality losses count.
    """

    name: str
    style_token: Literal["style", "content"] = "style"
    projector: bool = True
    modality: bool = True

    def run(self, seed: int) -> str:
        """Name of the recipe and of its run's folder."""
        return f"ablation-{self.name}-{seed}"

    def m(self, frozen: Frozen) -> ProjectorConfig:
        """M, or none of it: see `ProjectorConfig`."""
        return ProjectorConfig(
            style_dimension=(frozen.style if self.style_token == "style" else frozen.content).dimension,
            hidden=256 if self.projector else 0,
            content_dimension=frozen.content.dimension,
        )

    def training(self, seed: int) -> DiffusionTraining:
        """How the row is trained."""
        return replace(WHOLE, modality=WHOLE.modality if self.modality else None, seed=seed)


TRAINED = {
    row.name: row
    for row in (
        TrainedRow(name="rdm", style_token="content", projector=False, modality=False),
        TrainedRow(name="encoder", projector=False, modality=False),
        TrainedRow(name="projector", modality=False),
        TrainedRow(name="modality"),
    )
}


def ablation(row: str, seed: int) -> Recipe:
    """One row of the paper's ablation with one seed, with the paper's two tokens. See docs/ablation.md.

    As in the paper all rows are fine-tuned from a pre-trained RDM, here from `ABLATED_START`, and share steps, batch,
    U-Net and triplets, and at one seed the draws. Raises KeyError for a row that has no training of its own.
    """
    chosen = TRAINED[row]
    projector, training, mining = chosen.m(FROZEN), chosen.training(seed), Mining(confidence=20.0)

    def task(places: Places) -> Task:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return DiffusionTask(
                load(places.corpus), places.runs, FROZEN, ABLATED_UNET, projector, mining, training,
                ABLATED_OPTIMISATION.batch, style_token=chosen.style_token,
            )  # fmt: skip

    return Recipe(
        name=chosen.run(seed),
        optimisation=ABLATED_OPTIMISATION,
        configuration={
            "row": chosen, "unet": ABLATED_UNET, "projector": projector, "mining": mining, "training": training,
            "frozen": FROZEN,
        },
        task=task,
        start=ABLATED_START,
    )  # fmt: skip


TRAININGS: dict[str, Callable[[], Recipe]] = {
    row.run(seed): partial(ablation, row.name, seed) for row in TRAINED.values() for seed in SEEDS
}
"""By the name of their run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab ablation-train", description=__doc__)
    parser.add_argument("name", choices=TRAININGS, metavar="NAME", help=f"one of {', '.join(TRAININGS)}")
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the trainings")
    options = parser.parse_args(arguments)
    try:
        follow(TRAININGS[options.name](), Places(corpus=options.corpus, runs=options.runs))
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    return 0
