"""What flat references have in common: colours, how much of a drawing each has, and lines of one width."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.maths.lab import delta_e, lab
from parasol.vector.depth import depth, ridge
from parasol.vector.indexing import SCALE, index_picture
from parasol.vector.palette import Palette, between, choose_of, ground_of, nearest
from parasol.vector.regions import components, without_specks

SPECK = 5 * SCALE**2  # index pixels; a part with fewer is no region
PLAIN = 10.0  # delta E from the palette, up to which a pixel has one of its colours
FEW = 12  # colours that one flat drawing has at most; a set may have more
FLAT = 0.85  # share of what is drawn, that has to have one
HAIR = 1.5 * SCALE  # index pixels; what is nowhere wider is the fringe of an edge, and no colour of a style
WIDEST = 0.14  # of the side; what is wider is no line
STEADY = 0.35  # spread of a colour's widths over their median, up to which it draws lines
MINOR = 0.015  # share of the drawings, below which a colour is an accident
RIM = 0.55  # share of the drawings' rim that lines have to have
STEP, STEEPEST, RISEN = 4, 3.0, 0.6  # px; delta E to the next pixel within one colour, and over a whole step of a slope
SHADED = 0.5  # share of the insides that slopes; flat sets have 0.3 of it at most, rendered ones from 0.6 on


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A flat style, as its pictures show it. Shares sum to 1; those of the ground are what is left free."""

    palette: Palette
    """The ground first."""

    fills: tuple[float, ...]
    """Share of what drawings enclose that each colour fills, lines apart."""

    lines: tuple[float, ...]
    """Share of the lines that each colour has; all 0 where the style has no lines."""

    width: float
    """Of the lines, as a share of the side; 0 where there are none."""

    def within(self, palette: Palette) -> "Look":
        """The same look in other colours: each of its own, the commonest first, has the nearest that is left."""
        own, others = lab(self.palette.colours), lab(palette.colours)
        left, taken = list(range(len(others))), dict[int, int]()
        weight = np.array(self.fills) + np.array(self.lines)
        for colour in (0, *(1 + np.argsort(-weight[1:], kind="stable"))):
            pool = left or list(range(len(others)))
            taken[int(colour)] = min(pool, key=lambda one: float(((own[colour] - others[one]) ** 2).sum()))
            left = [one for one in left if one != taken[int(colour)]]
        order = [taken[0], *(one for one in range(len(others)) if one != taken[0])]
        fills, lines = np.zeros(len(order)), np.zeros(len(order))
        for colour, other in taken.items():
            fills[order.index(other)] += self.fills[colour]
            lines[order.index(other)] += self.lines[colour]
        return Look(
            palette=replace(palette, colours=palette.colours[order]),
            fills=tuple(fills.tolist()),
            lines=tuple(lines.tolist()),
            width=self.width,
        )


def outside(index: Int[np.ndarray, "h w"], ground: int = 0) -> Bool[np.ndarray, "h w"]:
    """Ground that hangs together with the border."""
    labels, kinds = components(index)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    reached = np.zeros(len(kinds), bool)
    reached[border] = kinds[border] == ground
    return reached[labels]


def look_of(pictures: Sequence[Float[np.ndarray, "_ _ 3"]], colours: int | None = None) -> Look | None:
    """The look of references of one size, in at most so many colours; None where they are no flat art."""
    chosen = choose_of(list(pictures), colours)
    own = chosen if colours is None else choose_of(list(pictures))
    if not flat_art(pictures, own):
        return None
    count = len(chosen.colours)
    rim, areas, widths = np.zeros(count), np.zeros(count), [list[float]() for _ in range(count)]
    for picture in pictures:
        index = without_specks(index_picture(picture, chosen), SPECK)
        drawn = ~outside(index)
        whole = max(int(drawn.sum()), 1)
        areas += np.bincount(index[drawn], minlength=count) / whole
        edge = drawn & (depth(drawn, SCALE) < SCALE)
        rim += np.bincount(index[edge], minlength=count) / max(int(edge.sum()), 1)
        most = round(WIDEST * max(index.shape))
        for colour in range(1, count):
            deep = depth(index == colour, most)
            widths[colour] += (2 * deep[ridge(deep) & (deep > SCALE / 2)] - 1).tolist()
    return _look(chosen, areas / len(pictures), rim / len(pictures), widths, max(pictures[0].shape) * SCALE)


def flat_art(pictures: Sequence[Float[np.ndarray, "_ _ 3"]], palette: Palette) -> bool:
    """Whether nearly all that is drawn has one of the colours that were chosen from it, and these are few."""
    if len(pictures) == 1 and len(palette.colours) > FEW:
        return False
    return bool(np.mean([_plain(picture, palette) for picture in pictures]) >= FLAT)


def shaded(pictures: Sequence[Float[np.ndarray, "_ _ 3"]]) -> bool:
    """Whether most of what is drawn has no colour of its own but slopes from one to the next, as what is rendered does.

    The few colours that are chosen from such pictures would stand for its slopes, and none of them for a thing.
    """
    slopes, insides = 0, 0
    for picture in pictures:
        colours = lab(picture)
        plain = (delta_e(colours, lab(ground_of(picture))) > PLAIN) & ~between(colours)
        for axis in (0, 1):
            values, inner = np.moveaxis(colours, axis, 0), np.moveaxis(plain, axis, 0)
            smooth = inner.copy()
            smooth[:-1] &= delta_e(values[1:], values[:-1]) < STEEPEST
            here = inner[STEP:] & np.logical_and.reduce([smooth[at : at - STEP] for at in range(STEP)])
            insides += int(here.sum())
            slopes += int((here & (delta_e(values[STEP:], values[:-STEP]) > RISEN)).sum())
    return slopes > SHADED * insides


def _look(palette: Palette, areas: np.ndarray, rim: np.ndarray, widths: list[list[float]], side: int) -> Look:
    thin = np.array([_steady(one, round(WIDEST * side)) for one in widths])
    hair = np.array([not one or float(np.median(one)) < HAIR for one in widths])
    hair[0] = False  # the ground, which is not measured
    areas, rim, thin = np.where(hair, 0, areas), np.where(hair, 0, rim), thin & ~hair
    areas = np.where(areas >= MINOR * areas.sum(), areas, 0)
    count = len(areas)
    fills, lines, width = areas, np.zeros(count), 0.0
    if rim[thin].sum() >= RIM * rim.sum():
        lines = np.where(thin, areas, 0)
        fills = np.where(thin, 0, areas)
        width = float(np.median(np.concatenate([widths[colour] for colour in np.flatnonzero(thin)]))) / side
    if fills.sum() < 0.02:
        fills = np.eye(count)[0]  # what is not line is free
    used = fills + lines > 0
    used[0] = True  # the ground
    shares = tuple(float(round(value, 3)) for value in fills[used] / fills.sum())
    of_lines = tuple(float(round(value, 3)) for value in lines[used] / max(lines.sum(), 1e-9))
    return Look(
        palette=replace(palette, colours=palette.colours[used]), fills=shares, lines=of_lines, width=round(width, 4)
    )


def _steady(widths: list[float], most: int) -> bool:
    if len(widths) < 8:
        return False
    low, middle, high = np.percentile(widths, [20, 50, 80])
    return bool(high - low <= max(STEADY * middle, SCALE) and high < most)


def _plain(picture: Float[np.ndarray, "_ _ 3"], palette: Palette) -> float:
    """Share of what is drawn, edges apart, that has a colour of the palette."""
    colours, centres = lab(picture), lab(palette.colours)
    owners = nearest(colours, centres)
    inner = ~between(colours) & (owners > 0)
    return float((delta_e(colours, centres[owners])[inner] <= PLAIN).mean()) if inner.any() else 1.0
