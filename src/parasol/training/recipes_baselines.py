"""Recipes of the baselines that are networks of their own, for `parasol evaluate`: RDM-style and CAST-style.

    parasol train pictogram-rdm --warm-start src/parasol/models/pictogram
    parasol train pictogram-cast
    parasol train painting-rdm --corpus data/media --warm-start src/parasol/models/painting
    parasol train painting-cast --corpus data/media

They stand on the bundled editions' frozen networks, which the warm start brings; CAST comes after RDM for that.
"""

from collections.abc import Callable
from functools import partial

from parasol.corpora import load
from parasol.networks.cast import CastConfig
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.unet import UNetConfig
from parasol.training.cast import CastTask, CastTraining
from parasol.training.diffusion import DiffusionTask, DiffusionTraining, Frozen
from parasol.training.loop import Optimisation
from parasol.training.recipes import PAINTING_FROZEN, Recipe
from parasol.training.recipes_guised import GUISE_FROZEN
from parasol.triplets import Mining, Variety

RDM_UNET = UNetConfig(prediction="v", modulated=64, time=96)


def rdm(corpus: str, frozen: Frozen, *, styles: int) -> Recipe:
    """The RDM-style baseline, with which the ablation's rows begin: it hears content descriptors alone.

    The style picture goes in by its content descriptor, without M and without a map. Half an hour of one core.

    styles: partners of each picture in the style database.
    """
    dimension = frozen.content.dimension
    projector = ProjectorConfig(style_dimension=dimension, hidden=0, content_dimension=dimension)
    mining, variety = Mining(confidence=20.0), Variety(styles=styles)
    training = DiffusionTraining(shares=(0.85, 0.0, 0.0, 0.15, 0.0, 0.0))
    optimisation = Optimisation(
        steps=600, batch=32, learning_rate=5e-4, decay="tail", warmup=50, weight_decay=1e-3, average=0.99,
        validate_every=200, save_every=100,
    )  # fmt: skip
    return Recipe(
        name=f"{corpus}-rdm",
        optimisation=optimisation,
        configuration={
            "unet": RDM_UNET, "projector": projector, "mining": mining, "variety": variety, "training": training,
            "frozen": frozen,
        },
        task=lambda places: DiffusionTask(
            load(places.corpus), places.runs, frozen, RDM_UNET, projector, mining, training, optimisation.batch,
            style_token="content", variety=variety,
        ),
    )  # fmt: skip


def cast(corpus: str, frozen: Frozen, *, steps: int) -> Recipe:
    """The CAST-style baseline, after the RDM-style one, which brings the frozen networks.

    A second of one core a step once the tables are there.
    """
    network, content_map = CastConfig(style_dimension=frozen.style.dimension), ContentMapConfig()
    training = CastTraining(mirrored=0.0)  # of so many cells each is seen three times: mirrors would double the tables
    optimisation = Optimisation(
        steps=steps, batch=16, learning_rate=1e-3, decay="cosine", warmup=100, average=0.99, validate_every=250,
        save_every=250,
    )  # fmt: skip
    return Recipe(
        name=f"{corpus}-cast",
        optimisation=optimisation,
        configuration={"network": network, "content_map": content_map, "training": training, "frozen": frozen},
        task=lambda places: CastTask(
            load(places.corpus), places.runs, frozen, network, content_map, training, optimisation.batch
        ),
    )


BASELINES: dict[str, Callable[[], Recipe]] = {
    "pictogram-rdm": partial(rdm, "pictogram", GUISE_FROZEN, styles=128),
    "pictogram-cast": partial(cast, "pictogram", GUISE_FROZEN, steps=2_500),
    "painting-rdm": partial(rdm, "painting", PAINTING_FROZEN, styles=32),
    "painting-cast": partial(cast, "painting", PAINTING_FROZEN, steps=1_250),
}
