"""A drawing in the parts that one colour goes to: what hangs together, what it encloses, halves of a narrow shape."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.maths.lab import delta_e, lab
from parasol.vector.depth import Box, box, depth, grown
from parasol.vector.indexing import enlarged, index_picture
from parasol.vector.look import SPECK
from parasol.vector.palette import choose_palette
from parasol.vector.regions import around, borders, components, outside, without_specks
from parasol.vector.same import Same

MOST_PARTS = 60  # of a drawing; what has more is a picture of another kind
BUSY = 0.1  # share of index pixels whose neighbour below has another colour; drawings have a third of it at most
SMALLEST = 0.003  # share of a drawing; a part with less belongs to what is around it
NECKS = (0.03, 0.05, 0.07)  # of the side; half of the width at which a shape is cut in two
DEEP = 1.6  # times as deep as the neck is what it parts
LARGE = 0.1  # share of the drawing, from which a part is worth a cut
OPENING = 0.02  # share of the drawing, from which what it encloses is a part of its own
PIECE, MOST_PIECES = 0.12, 4  # share of the part that a piece has at least; more pieces than that are a pattern


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """A drawing in parts, at the size of the index picture."""

    labels: Int[np.ndarray, "h w"]
    colours: Float[np.ndarray, "n 3"]
    """Lab, of each in the drawing."""

    areas: Int[np.ndarray, " n"]
    free: Bool[np.ndarray, " n"]
    """What lies around the drawing."""

    hollow: Bool[np.ndarray, " n"]
    """Ground that the drawing encloses."""

    @cached_property
    def borders(self) -> list[tuple[int, int, int]]:
        """Of every two neighbours, as of `regions.borders`."""
        return borders(self.labels)

    @cached_property
    def boxes(self) -> list[Box]:
        """The box of each part."""
        return [box(self.labels == label) for label in range(len(self.areas))]


def parts_of(content: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"] | None = None) -> Parts | None:
    """The parts of a drawing; None where it falls into too many, or is not there.

    Its ground is what is clear, where there is an alpha, with colours bled over it; else its ground's colour. Those of
    the last few drawings are kept, for they are asked for before a drawing is painted and in every style of it.
    """
    kept = _kept(Same(content), None if alpha is None else Same(alpha))
    return None if kept is None else replace(kept, labels=kept.labels.astype(np.int64))


@lru_cache(maxsize=2)
def _kept(content: Same, alpha: Same | None) -> Parts | None:
    """The same with labels of 16 bits, which are kept."""
    pixels = content.array
    chosen = choose_palette(pixels)
    index, colours = index_picture(pixels, chosen), lab(chosen.colours)
    if (index[1:] != index[:-1]).mean() > BUSY:
        return None
    if alpha is not None:
        index = np.where(enlarged(alpha.array) < 0.5, 0, index + 1)
        colours = np.concatenate([lab(np.ones((1, 3), np.float32)), colours])
    drawn = int((~outside(index)).sum())
    index = without_specks(index, max(SPECK, round(SMALLEST * drawn)))
    labels, kinds = components(index)
    free = around(labels, kinds)
    if len(kinds) > MOST_PARTS or free.all() or not free.any():
        return None
    return Parts(
        labels=labels.astype(np.int16),
        colours=colours[kinds],
        areas=np.bincount(labels.ravel(), minlength=len(kinds)),
        free=free,
        hollow=(kinds == 0) & ~free,
    )


def joined(parts: Parts, apart: float) -> Parts:
    """Neighbours nearer than so many delta E as one, the nearest first: shading makes no parts."""
    owner, colours, areas = np.arange(len(parts.areas)), parts.colours.copy(), parts.areas.astype(float)
    ground = parts.free | parts.hollow
    pairs = {(label, other) for label, other, _ in parts.borders if not ground[label] and not ground[other]}
    while pairs:
        away = delta_e(colours[:, None], colours[None])
        best, label, other = min((float(away[pair]), *pair) for pair in pairs)
        if best >= apart:
            break
        share = areas[label] / (areas[label] + areas[other])
        colours[label] = share * colours[label] + (1 - share) * colours[other]
        areas[label] += areas[other]
        owner[owner == other] = label
        ends = ((label if a == other else a, label if b == other else b) for a, b in pairs)
        pairs = {(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]}
    names, labels = np.unique(owner, return_inverse=True)
    return replace(divided(parts, labels[parts.labels], names), colours=colours[names])


def cut(parts: Parts, *, whole: bool = True) -> Parts:
    """Large parts in two to four where they are narrow, so that halves of one shape may have two colours.

    A drawing that encloses ground has what a second colour goes to, and is left whole. whole: so is a part that lies
    around others, such as a badge below its mark.
    """
    labels, origin, side = parts.labels.copy(), list(range(len(parts.areas))), max(parts.labels.shape)
    drawn = parts.areas[~parts.free].sum()
    if (parts.areas[parts.hollow] > OPENING * drawn).any():
        return parts
    large = parts.areas > LARGE * drawn
    for label in np.flatnonzero(~parts.free & ~parts.hollow & large).tolist():
        here = grown(parts.boxes[label], 1)
        mask = labels[here] == label
        cores = _cores(mask, side)
        if whole and cores and (~mask & ~outside(np.pad(mask, 1).astype(int))[1:-1, 1:-1]).sum() > OPENING * drawn:
            continue
        if cores:
            nearest = np.stack([depth(~core, side) for core in cores]).argmin(axis=0)
            for number in range(1, len(cores)):
                labels[here][mask & (nearest == number)] = len(origin)
                origin.append(label)
    return divided(parts, labels, origin)


def divided(parts: Parts, labels: Int[np.ndarray, "h w"], origin: Sequence[int] | Int[np.ndarray, " m"]) -> Parts:
    """The same drawing in other parts: of which of those before each is like."""
    like = {name: getattr(parts, name)[origin] for name in ("colours", "free", "hollow")}
    return Parts(labels=labels, areas=np.bincount(labels.ravel(), minlength=len(origin)), **like)


def _cores(mask: Bool[np.ndarray, "h w"], side: int) -> list[Bool[np.ndarray, "h w"]]:
    """What is left of a shape without its narrow places; nothing where that is no few pieces of some size."""
    deep = depth(mask, round(2 * NECKS[-1] * side))
    for neck in NECKS:
        labels, kinds = components((deep > neck * side).astype(np.int64))
        sizes = np.where(kinds == 1, np.bincount(labels.ravel()), 0)
        cores = [labels == core for core in np.flatnonzero(sizes > PIECE * max(sizes.sum(), 1))]
        if 2 <= len(cores) <= MOST_PIECES and min(deep[core].max() for core in cores) >= DEEP * neck * side:
            return cores
    return []
