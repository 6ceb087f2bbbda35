"""The pool that `GuiseTask` learns from: icons under guises as the frozen networks see them, computed once, in shards.

A group is some icons of one set under one guise: any of them may be the output x while others of it are the style s.
Each has its own content picture y, which shows the same and is drawn otherwise: the icon re-inked, as its set has it,
or, of emoji, by another hand. A shard is a function of the corpora, the networks and its number, and is kept.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from parasol.corpora import Cell, Corpus
from parasol.networks.autoencoder import Autoencoder
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.content_map import PARTS, ContentMapConfig, standardised
from parasol.networks.palette import Palette
from parasol.networks.trunk import Trunk, statistics
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.guises import Guise, dress
from parasol.training.reinking import reink

GROUP = 12  # icons of a group
SHARD = 32  # groups of a shard
COLOURED = 0.45  # share of groups whose set has colours
PLAIN_CONTENT, BY_ANOTHER_HAND = 0.3, 0.6  # shares of content pictures, of icons and of emoji as they are
WHITE = 255


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """The frozen networks that see a pool. trunk: whose layers the style encoder reads."""

    autoencoder: Autoencoder
    palette: Palette
    trunk: Trunk
    content: ContentEncoder
    content_map: ContentMapConfig


@dataclass(frozen=True, kw_only=True)
class IconSet:
    """The icons of one style that groups are drawn from: rows of a corpus, and whether the set has colours."""

    corpus: Corpus
    look: str
    colour: bool
    rows: Int[np.ndarray, " R"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group in pixels: outputs, content pictures, and what each shows."""

    x: UInt8[np.ndarray, "N S S 3"]
    y: UInt8[np.ndarray, "N S S 3"]
    bases: tuple[str, ...]
    style: str
    """Names the style: the set where the guise leaves it as it is, else the group alone."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What training reads of a pool, float16 but for the numbers; rows of one group lie together.

    measured: palette and layer statistics of x, from which a style descriptor follows. content, maps: of y.
    """

    latents: Float[Tensor, "R C h w"]
    measured: Float[Tensor, "R m"]
    content: Float[Tensor, "R d"]
    maps: Float[Tensor, "R p c"]
    group: Int[Tensor, " R"]
    style: Int[Tensor, " R"]
    base: Int[Tensor, " R"]


def icon_sets(corpora: Sequence[Corpus], wanted: Callable[[Cell], bool], least: int = GROUP) -> list[IconSet]:
    """The icon set of every style that has `least` icons that are wanted, in the order of the corpora."""
    sets = []
    for corpus in corpora:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, cell in enumerate(corpus.cells):
            if wanted(cell):
                rows[cell.set].append(row)
        pixels = corpus.rgba()
        sets += [
            IconSet(corpus=corpus, look=look, colour=_has_colours(pixels[indices[:24]]), rows=np.array(indices))
            for look, indices in sorted(rows.items())
            if len(indices) >= least
        ]
    return sets


def group_of(icon_sets: Sequence[IconSet], seed: int, by_another_hand: dict[str, list[tuple[Corpus, int]]]) -> Group:
    """A group from its seed: a style, a guise, some of its icons, and their content pictures."""
    random = np.random.default_rng([12, seed])
    icon_set, order = chosen(icon_sets, random)
    cells, rows = icon_set.corpus.cells, order[:GROUP]
    icons = icon_set.corpus.rgba()[rows]
    guise = Guise(look=icon_set.look, colour=icon_set.colour, seed=seed)
    x = dress(icons, guise)
    plain = on_white(icons)
    y = []
    for picture, icon, row in zip(x, plain, rows, strict=True):
        others = [
            (corpus, other)
            for corpus, other in by_another_hand.get(cells[row].codepoint, [])
            if corpus.cells[other].family != cells[row].family
        ]
        if others and guise.plain and random.random() < BY_ANOTHER_HAND:
            corpus, other = others[random.integers(len(others))]
            y.append(on_white(corpus.rgba()[other][None])[0])
        elif not guise.plain and random.random() < PLAIN_CONTENT:
            y.append(icon)
        else:
            y.append(reink(picture, random))
    style = icon_set.look if guise.plain else f"{icon_set.look} {seed}"
    return Group(x=x, y=np.stack(y), bases=tuple(cells[row].base for row in rows), style=style)


def chosen(icon_sets: Sequence[IconSet], random: np.random.Generator) -> tuple[IconSet, Int[np.ndarray, " R"]]:
    """An icon set, and its rows in any order, one of each content."""
    coloured = random.random() < COLOURED
    fit = [icon_set for icon_set in icon_sets if icon_set.colour == coloured] or list(icon_sets)
    icon_set = fit[random.integers(len(fit))]
    order = random.permutation(icon_set.rows)
    _, first = np.unique([icon_set.corpus.cells[row].base for row in order], return_index=True)
    return icon_set, order[np.sort(first)]


def fill(
    folder: Path,
    groups: Callable[[int], Group],
    eyes: Eyes,
    shards: int,
    *,
    key: str,
    part: int = 0,
    parts: int = 1,
) -> Iterator[int]:
    """Compute the shards that are missing, of which a process may take a part; yields each number when it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(part, shards, parts):
        path = folder / f"{number:04}.safetensors"
        if not (path.exists() and load_record(path).get("key") == key):
            made = [groups(seed) for seed in range(number * SHARD, (number + 1) * SHARD)]
            save_tensors(path, _seen(made, eyes, number * SHARD), {"key": key})
        yield number


def load_pool(folder: Path, shards: int) -> Pool:
    """The pool from its shards."""
    parts = [load_file(folder / f"{number:04}.safetensors") for number in range(shards)]
    return Pool(**{name: torch.cat([part.pop(name) for part in parts]) for name in list(parts[0])})


@torch.inference_mode()
def _seen(groups: Sequence[Group], eyes: Eyes, first: int) -> dict[str, Tensor]:
    tensors: dict[str, list[Tensor]] = defaultdict(list)
    for number, group in enumerate(groups, first):
        x, y = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255.0 for pictures in (group.x, group.y))
        tensors["latents"].append(eyes.autoencoder.encode(x).half())
        tensors["measured"].append(torch.cat([eyes.palette(x), eyes.trunk(x)], dim=1).half())
        content, maps = _content(eyes, y)
        tensors["content"].append(content.half())
        tensors["maps"].append(maps.half())
        tensors["group"].append(torch.full((len(x),), number))
        tensors["style"].append(torch.full((len(x),), _number(group.style)))
        tensors["base"].append(torch.tensor([_number(base) for base in group.bases]))
    return {name: torch.cat(values) for name, values in tensors.items()}


def _content(eyes: Eyes, pixels: Float[Tensor, "B 3 S S"]) -> tuple[Tensor, Tensor]:
    """The content descriptor and what the content map measures, from one pass of the trunk that they share."""
    config, trunk = eyes.content_map, eyes.content.trunk
    *finer, coarse, last = trunk.maps(
        pixels, ((config.fine + 1,) if config.fine else ()) + (config.blocks + 1, len(trunk.layers) - 1)
    )
    described = eyes.content.describe(torch.cat([statistics(last), last.flatten(1)], dim=1))
    parts = [standardised(coarse)]
    parts += [functional.pixel_unshuffle(standardised(part), PARTS) for part in finer]
    return described, torch.cat(parts, dim=1).flatten(2).transpose(1, 2)


def joined(pools: Sequence[Pool]) -> Pool:
    """Several pools as one; no group of one is a group of another."""
    firsts = np.cumsum([0, *(int(pool.group.max()) + 1 for pool in pools)]).tolist()
    moved = [replace(pool, group=pool.group + first) for pool, first in zip(pools, firsts, strict=False)]
    return Pool(**{part.name: torch.cat([getattr(pool, part.name) for pool in moved]) for part in fields(Pool)})


def on_white(icons: UInt8[np.ndarray, "N S S 4"]) -> UInt8[np.ndarray, "N S S 3"]:
    """Pictures with straight alpha on a white sheet."""
    alpha = icons[..., 3:].astype(np.float32) / WHITE
    return np.rint(icons[..., :3] * alpha + WHITE * (1.0 - alpha)).astype(np.uint8)


def _has_colours(icons: UInt8[np.ndarray, "N S S 4"]) -> bool:
    """Whether what is drawn is anything but black: ink, which a guise gives a colour, is black with an alpha."""
    visible = icons[icons[..., 3] > WHITE // 2]
    return bool(len(visible)) and float((visible[:, :3].max(axis=1) > 8).mean()) > 0.02


def _number(base: str) -> int:
    """A number for a content, the same in every process."""
    return int.from_bytes(hashlib.sha256(base.encode()).digest()[:6], "big")
