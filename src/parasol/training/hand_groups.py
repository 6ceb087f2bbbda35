"""Groups of the pool that a procedural hand draws: the icons of a set redrawn from their vectors (`corpora.redraw`).

A hand gives the parts of a black icon several colours, and an outline that its raster does not have, so that from such
groups a network learns what no guise shows it: what is to be made of a solid icon is told by the style alone.
Needs shapely (the train extra).
"""

from collections.abc import Sequence

import numpy as np

from parasol.corpora.hands import hand_of
from parasol.corpora.icons import Vectors
from parasol.corpora.redraw import draw
from parasol.training.pool import GROUP, Group, IconSet, chosen, on_white
from parasol.training.reinking import reink

PLAIN, PLAIN_COLOUR = 0.45, 0.2
"""Shares of content pictures that are the icons as they are, of sets of one ink and of colour sets."""
PLAIN_REINKED = 0.35
"""Share of the others that are the icon re-inked, where the rest are the hand's drawing of it re-inked."""
TRIES = 3
"""Times as many icons are tried as a group has, before another set is taken: some SVGs can't be redrawn."""


def hand_group(icon_sets: Sequence[IconSet], seed: int, vectors: Vectors, *, held: bool = False) -> Group:
    """A group from its seed: a style, some of its icons as the seed's hand draws them, and their content pictures.

    held: by a hand that no training group is drawn by. Icons that can't be redrawn are passed over.
    """
    random = np.random.default_rng([14, seed])
    hand, x, rows = hand_of(seed, held=held), [], []
    while len(x) < GROUP:
        x, rows = [], []
        icon_set, order = chosen(icon_sets, random)
        cells, pixels = icon_set.corpus.cells, icon_set.corpus.rgba()
        for row in order[: TRIES * GROUP].tolist():
            try:
                x.append(draw(vectors.svg(cells[row]), hand, pixels.shape[1], cells[row].id))
            except ValueError:
                continue
            rows.append(row)
            if len(x) == GROUP:
                break
    y = []
    for drawing, plain in zip(x, on_white(pixels[rows]), strict=True):
        if random.random() < (PLAIN_COLOUR if icon_set.colour else PLAIN):
            y.append(plain)
        else:
            # Of a badge, which encloses all, re-inking would leave the tile alone.
            of_plain = hand.badge != "none" or random.random() < PLAIN_REINKED
            y.append(reink(plain if of_plain else drawing, random))
    bases = tuple(cells[row].base for row in rows)
    return Group(x=np.stack(x), y=np.stack(y), bases=bases, style=f"hand {seed}")
