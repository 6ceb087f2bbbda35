"""The paper's ablation (Results 2) as trainings: four rows, each with one thing more than the one before it.

Its last two rows, guidance for each modality and inversion, are ways to sample the fourth row's weights
(`lab/ablation/rows.py`).
"""

from dataclasses import dataclass, replace
from typing import Literal

from parasol.networks.projector import ProjectorConfig
from parasol.networks.unet import UNetConfig
from parasol.training.diffusion import DiffusionTraining, Frozen
from parasol.training.loop import Optimisation
from parasol.training.modality import ModalityTraining

SEEDS = (0, 1, 2)
"""Of M's first weights and of every draw: at one seed the rows have the same ones."""

ABLATED_UNET = UNetConfig(prediction="v", modulated=64)
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
