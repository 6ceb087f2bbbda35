"""Recipes that learn from icons under guises: any set teaches, and the content picture is made from the target.

    parasol corpus build pictograms --out data/pictograms
    parasol corpus build icons --out data/icons
    parasol train pictogram-guise-style --corpus data/icons --beside data/pictograms --warm-start MODEL
    parasol train pictogram-guise-words --corpus data/pictograms
    parasol train pictogram-guised --corpus data/icons --beside data/pictograms --warm-start MODEL

MODEL is the seventh edition of pictogram, whose frozen networks these stand on; the last recipe also goes on from the
eighth, as the ninth did. See docs/training.md. The pool is computed by the first that needs it, some 25 s of a core a
shard.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from parasol.corpora import Corpus, load
from parasol.corpora.icons import Vectors
from parasol.errors import ParasolError
from parasol.networks.autoencoder import Autoencoder
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.palette import Palette
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.trunk import Trunk, load_published_trunk
from parasol.networks.unet import UNetConfig
from parasol.networks.words import WordsHeads
from parasol.training.diffusion import Denoiser, Frozen
from parasol.training.guised import GuiseStyleTask, GuiseStyleTraining, GuiseTask, GuiseTraining
from parasol.training.loop import Optimisation, Task
from parasol.training.pool import GROUP, Eyes, Group, IconSet, Pool, fill, group_of, icon_sets, load_pool
from parasol.training.recipes import CONTENT, FROZEN, LANGUAGES, STYLE, WORDS, Places, Recipe
from parasol.training.tables import key_of, load_best
from parasol.training.words import StyleWordsTask, WordsTraining

GUISE_STYLE = replace(STYLE, dimension=192, paints=64)
GUISE_FROZEN = replace(FROZEN, style=GUISE_STYLE, style_run="pictogram-guise-style")
POOL, HANDS, HELD_SEED = 1, 1, 10**6
"""Versions of what a pool holds, and of the hands that draw; first seed of the held sets' groups."""
GUISE_MAP = ContentMapConfig(aligned=True, fine=5)
HELD_SETS = frozenset(
    (
        *("marketeq", "uim", "quill", "streamline-plump-color", "streamline-plump-color-flat"),
        *("stash", "stash-duotone", "stash-light", "stash-solid"),
    )
)
"""What validation is measured on, so that the style test chooses no weights."""
LEFT_OUT = frozenset(("flag", "flagpack", "cif", "unjs"))
"""More flags than enough, and sixty pictures of one mascot."""


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """shards: of 32 groups of 12 icons, to train on. held: shards of the held sets, to validate on.
    hands: shards that procedural hands draw; one more, of held out hands and contents, is validated on.
    """

    shards: int = 64
    held: int = 2
    hands: int = 0


def pictogram_guise_style() -> Recipe:
    """The style encoder with paints, its head from the seventh edition's: two minutes once the pool is there.

    Expected: the nearest picture is of the same style in 96 % of the held sets (80 % before).
    """
    plan, training = PoolPlan(), GuiseStyleTraining()
    optimisation = Optimisation(
        steps=500, batch=training.groups, learning_rate=1e-3, decay="cosine", weight_decay=5e-2, average=0.99,
        validate_every=100, save_every=100,
    )  # fmt: skip

    def task(places: Places) -> Task:
        pool, held = pools(places, plan)
        return GuiseStyleTask(StyleEncoder(GUISE_STYLE), pool, held, training)

    return Recipe(
        name="pictogram-guise-style",
        optimisation=optimisation,
        configuration={"network": GUISE_STYLE, "pool": plan, "training": training, "frozen": FROZEN},
        task=task,
    )


def pictogram_guise_words() -> Recipe:
    """The head for words into that style space; the one for contents stays. A minute: `--corpus data/pictograms`."""
    network = replace(WORDS, style=GUISE_STYLE.dimension)
    training = WordsTraining(
        languages=LANGUAGES, style=GUISE_STYLE, content=CONTENT, style_run=GUISE_FROZEN.style_run,
        content_run=GUISE_FROZEN.content_run,
    )  # fmt: skip
    optimisation = Optimisation(
        steps=600, batch=1, learning_rate=1e-3, decay="cosine", weight_decay=5e-2, average=0.98, validate_every=100,
        save_every=100,
    )  # fmt: skip

    def task(places: Places) -> Task:
        before = load_best(WordsHeads(WORDS), places.runs / "pictogram-words")
        assert isinstance(before, WordsHeads)
        return StyleWordsTask(load(places.corpus), places.runs, network, training, before)

    return Recipe(
        name="pictogram-guise-words",
        optimisation=optimisation,
        configuration={"network": network, "training": training},
        task=task,
    )


def pictogram_guised() -> Recipe:
    """U-Net and projector on icons under guises, from an edition's weights: an hour and a half of one AVX2 core."""
    unet = UNetConfig(prediction="v", modulated=64, time=96)
    projector = ProjectorConfig(style_dimension=GUISE_STYLE.dimension, hidden=256)
    plan, training = PoolPlan(hands=20), GuiseTraining()
    optimisation = Optimisation(
        steps=1_000, batch=32, learning_rate=5e-4, decay="tail", warmup=50, weight_decay=1e-3, average=0.995,
        validate_every=200, save_every=50, keep="last",
    )  # fmt: skip

    def task(places: Places) -> Task:
        pool, held = pools(places, plan)
        hands = hand_pools(places, plan)
        style = load_best(StyleEncoder(GUISE_STYLE), places.runs / GUISE_FROZEN.style_run)
        assert isinstance(style, StyleEncoder)
        return GuiseTask(Denoiser(unet, projector, GUISE_MAP), style, pool, held, training, optimisation.batch, hands)

    return Recipe(
        name="pictogram-guised",
        optimisation=optimisation,
        configuration={
            "unet": unet, "projector": projector, "content_map": GUISE_MAP, "pool": plan, "training": training,
            "frozen": GUISE_FROZEN,
        },
        task=task,
    )  # fmt: skip


class Stock(NamedTuple):
    """What groups are drawn of: two corpora, sets to train and to validate on, and contents by another hand."""

    icons: Corpus
    emoji: Corpus
    seen: list[IconSet]
    unseen: list[IconSet]
    by_content: dict[str, list[tuple[Corpus, int]]]


def stock_of(places: Places) -> Stock:
    """Icons and emoji; those that are validated on are of other sets and in part other contents.

    Raises ParasolError where the second corpus is not named.
    """
    if places.beside is None:
        raise ParasolError("this recipe learns from icons and emoji: name both with --corpus ICONS --beside PICTOGRAMS")
    icons, emoji = load(places.corpus), load(places.beside)
    by_content: dict[str, list[tuple[Corpus, int]]] = defaultdict(list)
    for row, cell in enumerate(emoji.cells):
        if cell.split == "train":
            by_content[cell.codepoint].append((emoji, row))
    seen = icon_sets(
        [icons, emoji], lambda cell: cell.split == "train" and cell.set not in HELD_SETS | LEFT_OUT, least=2 * GROUP
    )
    unseen = icon_sets([icons], lambda cell: cell.split in ("train", "content-val") and cell.set in HELD_SETS)
    return Stock(icons, emoji, seen, unseen, by_content)


def pools(places: Places, plan: PoolPlan) -> tuple[Pool, Pool]:
    """The pools to train and to validate on, computed where they are missing.

    Raises ValueError where the second corpus is not named.
    """
    icons, emoji, seen, unseen, by_content = stock_of(places)
    eyes = eyes_of(places.runs, FROZEN)
    names = [key_of(icons, eyes.autoencoder), key_of(emoji, eyes.content), str(eyes.content_map), str(POOL)]
    key = hashlib.sha256("".join(names).encode()).hexdigest()

    def pool(name: str, stock: list[IconSet], shards: int, first: int) -> Pool:
        folder = places.runs / name
        for _ in fill(folder, lambda seed: group_of(stock, first + seed, by_content), eyes, shards, key=key):
            pass
        return load_pool(folder, shards)

    return pool("pool", seen, plan.shards, 0), pool("pool-held", unseen, plan.held, HELD_SEED)


def hand_pools(places: Places, plan: PoolPlan) -> tuple[Pool, Pool]:
    """The pools that procedural hands draw, to train and to validate on, computed where they are missing."""
    icons = load(places.corpus)
    eyes, vectors = eyes_of(places.runs, FROZEN), Vectors(icons)
    seen = icon_sets(
        [icons], lambda cell: cell.split == "train" and cell.set not in HELD_SETS | LEFT_OUT, least=2 * GROUP
    )
    unseen = icon_sets([icons], lambda cell: cell.split == "content-val" and cell.set not in LEFT_OUT, least=2 * GROUP)
    names = [key_of(icons, eyes.autoencoder), key_of(icons, eyes.content), str(eyes.content_map), f"hands {HANDS}"]
    key = hashlib.sha256("".join(names).encode()).hexdigest()

    def group(stock: list[IconSet], seed: int, held: bool) -> Group:
        from parasol.training.hand_groups import hand_group  # only drawing needs shapely

        return hand_group(stock, seed, vectors, held=held)

    def pool(name: str, stock: list[IconSet], shards: int, first: int, held: bool) -> Pool:
        folder = places.runs / name
        for _ in fill(folder, lambda seed: group(stock, first + seed, held), eyes, shards, key=key):
            pass
        return load_pool(folder, shards)

    held = pool("pool-hands-held", unseen, 1, HELD_SEED, True)
    return pool("pool-hands", seen, plan.hands, 0, False), held


def eyes_of(runs: Path, frozen: Frozen) -> Eyes:
    """The frozen networks that a pool is seen by, from their runs."""
    trunk = Trunk(GUISE_STYLE.blocks)
    load_published_trunk(trunk)
    autoencoder = load_best(Autoencoder(frozen.autoencoder), runs / frozen.autoencoder_run)
    content = load_best(ContentEncoder(CONTENT), runs / frozen.content_run)
    assert isinstance(autoencoder, Autoencoder)
    assert isinstance(content, ContentEncoder)
    return Eyes(autoencoder=autoencoder, palette=Palette(), trunk=trunk.eval(), content=content, content_map=GUISE_MAP)


GUISED: dict[str, Callable[[], Recipe]] = {
    "pictogram-guise-style": pictogram_guise_style,
    "pictogram-guise-words": pictogram_guise_words,
    "pictogram-guised": pictogram_guised,
}
