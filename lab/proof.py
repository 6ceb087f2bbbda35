"""What data teach: python -m lab proof NAME --corpus ICONS --beside PICTOGRAMS --start SEVENTH --runs DIR --out MODEL.

Three trainings at equal compute, from the seventh edition of `pictogram` and over the same frozen networks: they differ
in the pool that they learn from, and in nothing else. `triplets`: emoji, the content picture by another hand, as the
paper's triplets have it. `reinked`: icons of any set under guises, the content picture made from the target. `hands`:
these, and procedural hands for a share of every batch. The same command resumes a training, and writes its bundle at
the end: `python -m lab unseen --validation --model MODEL` judges it. docs/decisions/guises.md has the table.
"""

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from parasol.apps.train import follow
from parasol.bundle import Bundle
from parasol.corpora import Corpus
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.unet import UNetConfig
from parasol.training.assemble import assemble
from parasol.training.diffusion import Denoiser
from parasol.training.export import export
from parasol.training.guised import GuiseTask, GuiseTraining
from parasol.training.loop import Optimisation, Task
from parasol.training.pool import GROUP, Group, IconSet, Pool, chosen, fill, load_pool, on_white
from parasol.training.recipes import Places, Recipe
from parasol.training.recipes_guised import (
    FROZEN,
    GUISE_FROZEN,
    GUISE_MAP,
    GUISE_STYLE,
    PoolPlan,
    eyes_of,
    hand_pools,
    pictogram_guised,
    pools,
    stock_of,
)
from parasol.training.tables import key_of, load_best
from parasol.training.unpack import unpack

Data = Literal["triplets", "reinked", "hands"]
NAMES: tuple[Data, ...] = get_args(Data)
PLAN = PoolPlan(shards=24, hands=12)
TRAINING = GuiseTraining(precision="bfloat16", compiled=True)
OPTIMISATION = Optimisation(
    steps=900, batch=64, learning_rate=5e-4, decay="tail", warmup=50, weight_decay=1e-3, average=0.99,
    validate_every=300, save_every=50, keep="last",
)  # fmt: skip


def triplets_of(
    sets: Sequence[IconSet], seed: int, by_another_hand: Mapping[str, Sequence[tuple[Corpus, int]]]
) -> Group:
    """A group of one emoji set as it is: each content picture shows the same content by the hand of another family."""
    random = np.random.default_rng([14, seed])
    icon_set, order = chosen(sets, random)
    cells, known = icon_set.corpus.cells, dict[int, list[tuple[Corpus, int]]]()
    for row in order.tolist():
        cell = cells[row]
        known[row] = [
            (corpus, other)
            for corpus, other in by_another_hand[cell.codepoint]
            if corpus.cells[other].family != cell.family
        ]
    rows = [row for row, others in known.items() if others][:GROUP]
    drawn = [known[row][random.integers(len(known[row]))] for row in rows]
    return Group(
        x=on_white(icon_set.corpus.rgba()[rows]),
        y=np.concatenate([on_white(corpus.rgba()[other][None]) for corpus, other in drawn]),
        bases=tuple(cells[row].base for row in rows),
        style=icon_set.look,
    )


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One of the trainings: data names what it learns from."""

    data: Data

    def recipe(self) -> Recipe:
        """As `pictogram-guised`, on another pool."""
        guised = pictogram_guised().configuration
        unet, projector = guised["unet"], guised["projector"]
        assert isinstance(unet, UNetConfig)
        assert isinstance(projector, ProjectorConfig)

        def task(places: Places) -> Task:
            reinked, held = pools(places, PLAN)
            own = triplet_pool(places) if self.data == "triplets" else reinked
            style = load_best(StyleEncoder(GUISE_STYLE), places.runs / GUISE_FROZEN.style_run)
            assert isinstance(style, StyleEncoder)
            hands = hand_pools(places, PLAN) if self.data == "hands" else None
            denoiser = Denoiser(unet, projector, GUISE_MAP)
            return GuiseTask(denoiser, style, own, held, TRAINING, OPTIMISATION.batch, hands)

        return Recipe(
            name=f"proof-{self.data}",
            optimisation=OPTIMISATION,
            configuration={**guised, "data": self, "pool": PLAN, "training": TRAINING},
            task=task,
        )


def triplet_pool(places: Places) -> Pool:
    """As many groups as the pool of guises has, of emoji sets that it may be trained on too."""
    icons, emoji, seen, _, by_content = stock_of(places)
    sets = [icon_set for icon_set in seen if icon_set.corpus is emoji]
    known = defaultdict(list, by_content)
    eyes = eyes_of(places.runs, FROZEN)
    names = [key_of(icons, eyes.autoencoder), key_of(emoji, eyes.content), str(eyes.content_map), "triplets"]
    key, folder = hashlib.sha256("".join(names).encode()).hexdigest(), places.runs / "pool-triplets"
    for _ in fill(folder, lambda seed: triplets_of(sets, seed, known), eyes, PLAN.shards, key=key):
        pass
    return load_pool(folder, PLAN.shards)


def bundled(recipe: Recipe, places: Places, frozen: Bundle, folder: Path) -> Bundle:
    """The bundle of a finished training, with the dials of the model that lent the frozen networks, without a guide."""
    dials = frozen.manifest.dials.model_copy(update={"distilled": False})
    networks, card = assemble(recipe, places, name=recipe.name, licence=frozen.manifest.licence, dials=dials)
    return export(networks, card, folder)


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab proof", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--corpus", type=Path, default=Path("data/icons"))
    parser.add_argument("--beside", type=Path, default=Path("data/pictograms"))
    parser.add_argument("--frozen", type=Path, default=Path("src/parasol/models/pictogram"), help="of the networks")
    parser.add_argument("--start", type=Path, required=True, help="bundle of the seventh edition, as 236d652 has it")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    options = parser.parse_args(words)
    recipe, places = (
        Proof(data=options.name).recipe(),
        Places(corpus=options.corpus, runs=options.runs, beside=options.beside),
    )
    unpack(options.frozen, places.runs, GUISE_FROZEN, "pictogram-guise-words")
    try:
        follow(recipe, places, options.start)
        print(bundled(recipe, places, Bundle.open(options.frozen), options.out).hash)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    return 0
