"""Groups of the pool that photographs make: some of them painted in a style that the group's seed makes up.

Paintings that may be trained on are few, so a style is made: the packaged network of any style paints after an imagined
picture, or a medium paints with parameters of its own, or photographs take another's colours. What the style is made
from stands in the group beside what is painted, since a user brings the painting and no photograph painted after it.
The content picture is the photograph; of the painting's own parts, which have none, it is the part made plain.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from parasol import images
from parasol.corpora import networks
from parasol.corpora.brushwork import LUMA, flow_of, kuwahara, scale_of
from parasol.corpora.gallery import Gallery
from parasol.corpora.imagined import imagine, part_of
from parasol.corpora.media import MEDIA, paint
from parasol.errors import ParasolError
from parasol.maths.colour import ColourStatistics, colour_statistics, match_colours
from parasol.training.pool import Group
from parasol.types import Picture

PAINTED, PARTS = 6, 2
"""Photographs of a group that are painted, and parts of the style's own picture beside them."""
AFTER, MEDIUM = 0.6, 0.28
"""Shares of groups after an imagined picture and in a medium; the others take another photograph's colours."""
OF_PAINTING = 0.35
"""Share of imagined pictures that are made of a painting."""
STRANGE = 0.45
"""Share of the pictures to paint after that also get a look that nobody would paint."""
LARGEST = 512
"""px, of whole pictures that styles are made of."""
HELD = 8
"""Of so many photographs one is kept for validation."""
PLAIN = 0.55
"""Share of content pictures that are the photograph as it is; the others are made plain."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What groups are drawn from: by the id of a picture, the rows of its crops; and the ids of paintings."""

    gallery: Gallery
    photographs: dict[str, Int[np.ndarray, " n"]]
    paintings: tuple[str, ...]


def stock_of(corpus: Gallery, *, held: bool) -> Stock:
    """The training pictures of a corpus of photographs and paintings; `held` are the photographs kept for validation,
    with the paintings that training has too: there are eight.

    Raises ValueError where there are too few photographs for a group.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, crop in enumerate(corpus.crops):
        if crop.split == "train" and crop.kind == "photograph":
            rows[crop.picture].append(row)
    wanted = [name for number, name in enumerate(sorted(rows)) if (number % HELD == 0) == held]
    if len(wanted) < PAINTED + PARTS + 3:
        use = "to validate on" if held else "to train on"
        raise ParasolError(f"{corpus.folder} has {len(wanted)} photographs {use}; a group takes {PAINTED + PARTS + 3}")
    paintings = [name for name, own in corpus.pictures.items() if own.kind == "painting" and own.split == "train"]
    return Stock(
        gallery=corpus, photographs={name: np.array(rows[name]) for name in wanted}, paintings=tuple(sorted(paintings))
    )


def painted_group(stock: Stock, seed: int) -> Group:
    """A group from its seed: a style, photographs painted in it, and parts of the picture it was made from."""
    random, side = np.random.default_rng([15, seed]), stock.gallery.size
    names = random.permutation(list(stock.photographs)).tolist()
    count, kind = PAINTED + PARTS, random.random()
    plain = [_crop(stock, name, random) for name in names[:count]]
    if kind < AFTER:
        source = _imagined(stock, names[-2:], random, seed)
        x = [networks.in_style_of(picture, source) for picture in plain[:PAINTED]]
        parts = [part_of(source, random, side, least=least) for least in (1.0, 0.6)]
    elif kind < AFTER + MEDIUM:
        x, parts = _in_a_medium(stock, plain, names[-1], random), []
    else:
        source = _whole(stock, names[-1])
        colours = colour_statistics(source)
        x = [match_colours(picture, colours).pixels for picture in plain[:PAINTED]]
        parts = [part_of(source, random, side, least=0.5) for _ in range(PARTS)]
    shown = names[: len(x)] + [f"{seed} part {number}" for number in range(len(parts))]
    other = _colours(stock, names[-3])
    y = [made_plain(picture, other, random) if random.random() > PLAIN else picture for picture in plain[: len(x)]]
    y += [made_plain(part, other, random) for part in parts]
    return Group(
        x=np.stack([images.to_uint8(picture) for picture in x + parts]),
        y=np.stack([images.to_uint8(picture) for picture in y]),
        bases=tuple(shown),
        style=f"painted {seed}",
    )


def made_plain(picture: Picture, colours: ColourStatistics, random: np.random.Generator) -> Float[np.ndarray, "S S 3"]:
    """The picture without its brushwork, and in other colours or grey: what it shows stays."""
    scale = scale_of(picture)
    kind = random.random()
    if kind > 0.75 or random.random() < 0.6:
        picture = kuwahara(picture, scale * random.uniform(1.5, 3.5), flow_of(picture, 2.0 * scale, 0.0))
    if kind < 0.55:
        return match_colours(picture, colours, strength=random.uniform(0.6, 1.0)).pixels
    if kind < 0.75:
        return np.repeat((picture @ LUMA)[..., None], 3, axis=2)
    return picture


def _crop(stock: Stock, name: str, random: np.random.Generator) -> Float[np.ndarray, "S S 3"]:
    """One crop of a picture, mirrored or not."""
    rows = stock.photographs[name]  # the coarsest first, which show things rather than sky
    crop = images.from_uint8(stock.gallery.rgb()[rows[int(len(rows) * random.random() ** 2)]])
    return crop[:, ::-1].copy() if random.random() < 0.5 else crop


def _in_a_medium(
    stock: Stock, plain: Sequence[Picture], palette: str, random: np.random.Generator
) -> list[Float[np.ndarray, "S S 3"]]:
    """All photographs in one medium, half of the time in another picture's colours."""
    medium = list(MEDIA)[random.integers(len(MEDIA))]
    parameters = random.random(len(MEDIA[medium].words))
    colours = _colours(stock, palette) if palette and random.random() < 0.5 else None
    pictures = [match_colours(picture, colours).pixels if colours else picture for picture in plain]
    return [paint(medium, picture, parameters, int(random.integers(2**31))) for picture in pictures]


def _imagined(stock: Stock, names: Sequence[str], random: np.random.Generator, seed: int) -> Picture:
    """A painting to paint after: a part of one, or of a photograph in a medium, in its own colours or another's, or
    one that nobody would paint.
    """
    painted = bool(stock.paintings) and random.random() < OF_PAINTING
    name = stock.paintings[random.integers(len(stock.paintings))] if painted else names[0]
    whole, colours = _whole(stock, name), _colours(stock, names[1])
    if random.random() < STRANGE:
        return imagine(whole, colours, seed, painted=painted)
    part = part_of(whole, random, 2 * stock.gallery.size, least=0.5)
    if random.random() < 0.5:
        part = match_colours(part, colours).pixels
    return part if painted else _in_a_medium(stock, [part], "", random)[0]


def _colours(stock: Stock, name: str) -> ColourStatistics:
    """Of the coarsest crop of a photograph."""
    return colour_statistics(images.from_uint8(stock.gallery.rgb()[stock.photographs[name][0]]))


def _whole(stock: Stock, name: str) -> Picture:
    return _read(stock.gallery.folder / stock.gallery.pictures[name].file)


@lru_cache(maxsize=64)
def _read(path: Path) -> Picture:
    """A whole picture, at most 512 px high or wide."""
    small = networks.for_pillow(images.load(path))
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return images.from_uint8(np.asarray(small))
