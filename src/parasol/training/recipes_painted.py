"""The recipe that learns from photographs in styles that are made up: an endless number, where paintings are few.

    parasol corpus build paintings --out data/paintings
    parasol train painting-imagined --corpus data/paintings --warm-start MODEL

MODEL is the second edition of painting, on whose frozen networks it stands: descriptors, cards and indexes of that
edition stay valid. The pool is computed first, about a minute of a core a shard. See docs/training.md.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from parasol.corpora import gallery
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.unet import UNetConfig
from parasol.training.diffusion import Denoiser
from parasol.training.guised import GuiseTask, GuiseTraining
from parasol.training.loop import Optimisation, Task
from parasol.training.pool import Pool, fill, load_pool
from parasol.training.recipes import PAINTING_FROZEN, STYLE, Places, Recipe
from parasol.training.recipes_guised import GUISE_MAP, eyes_of
from parasol.training.tables import key_of, load_best

POOL, HELD_SEED = 1, 10**6
"""Version of what the pool holds; first seed of the groups that are validated on."""


@dataclass(frozen=True, kw_only=True)
class PaintedPlan:
    """shards: of 32 groups of 8 pictures, to train on. held: shards of other photographs and styles, to validate on."""

    shards: int = 40
    held: int = 2


def painting_imagined() -> Recipe:
    """U-Net and projector on photographs in made up styles, from the second edition's weights."""
    unet, projector = UNetConfig(prediction="v", modulated=64, time=96), ProjectorConfig(hidden=256)
    plan = PaintedPlan()
    training = GuiseTraining(
        shares=(0.56, 0.1, 0.05, 0.14, 0.09, 0.06), single=0.6, hands=0.0, snr_cap=20.0, precision="bfloat16",
        compiled=True,
    )  # fmt: skip
    optimisation = Optimisation(
        steps=5_400, batch=64, learning_rate=7e-4, decay="tail", warmup=100, weight_decay=1e-3, average=0.998,
        validate_every=400, save_every=100, keep="last",
    )  # fmt: skip

    def task(places: Places) -> Task:
        pool, held = pools(places, plan)
        style = load_best(StyleEncoder(STYLE), places.runs / PAINTING_FROZEN.style_run)
        assert isinstance(style, StyleEncoder)
        return GuiseTask(Denoiser(unet, projector, GUISE_MAP), style, pool, held, training, optimisation.batch)

    return Recipe(
        name="painting-imagined",
        optimisation=optimisation,
        configuration={
            "unet": unet, "projector": projector, "content_map": GUISE_MAP, "pool": plan, "training": training,
            "frozen": PAINTING_FROZEN,
        },
        task=task,
    )  # fmt: skip


def pools(places: Places, plan: PaintedPlan) -> tuple[Pool, Pool]:
    """The pools to train and to validate on, computed where they are missing."""
    from parasol.training.painted_groups import painted_group, stock_of  # only painting needs the packaged network

    corpus = gallery.load(places.corpus)
    eyes = eyes_of(places.runs, PAINTING_FROZEN)
    names = [
        *(key_of(corpus, network) for network in (eyes.autoencoder, eyes.content)),
        str(GUISE_MAP),
        f"painted {POOL}",
    ]
    key = hashlib.sha256("".join(names).encode()).hexdigest()

    def pool(name: str, shards: int, first: int, held: bool) -> Pool:
        folder, stock = places.runs / name, stock_of(corpus, held=held)
        for _ in fill(folder, lambda seed: painted_group(stock, first + seed), eyes, shards, key=key):
            pass
        return load_pool(folder, shards)

    return pool("pool-painted", plan.shards, 0, False), pool("pool-painted-held", plan.held, HELD_SEED, True)


PAINTED: dict[str, Callable[[], Recipe]] = {"painting-imagined": painting_imagined}
