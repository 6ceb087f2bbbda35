"""What references have in common: colours, how much of a drawing each has, lines of one width, how colours slope."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.maths.lab import delta_e, lab
from parasol.vector.corners import corner_radius
from parasol.vector.depth import Box, box, depth, grown, ridge
from parasol.vector.indexing import SCALE, index_picture
from parasol.vector.palette import Palette, between, choose_of, ground_of, nearest
from parasol.vector.regions import outside, without_specks
from parasol.vector.tile import Tile, tile_of

SPECK = 5 * SCALE**2  # index pixels; a part with fewer is no region
PLAIN = 10.0  # delta E from the palette, up to which a pixel has one of its colours
FEW = 12  # colours that one flat drawing has at most; a set may have more
FLAT = 0.85  # share of what is drawn, that has to have one
HAIR = 1.5 * SCALE  # index pixels; what is nowhere wider is the fringe of an edge, and no colour of a style
WIDEST = 0.12  # of the side; what is wider is no line
STEADY, SAME = 0.2, 0.85  # of a width, by which widths of lines differ at most; share of the places where they do not
GRAIN = SCALE / 2  # index pixels, by which they may differ in any case: a hairline is two pixels wide
PEN, FINE = 1.8, 0.4  # a pen's widest places, by its width; its width, by that of the widest line
STRAYING, MOSTLY = 0.5, 0.9  # of its width, by which a pen strays; share of the places where it strays no more
LINE = 1.7  # widths of the lines, up to which what is thin is one
MARK = 0.18  # of the side, up to which what is wide in a colour of lines is a mark
CROSSED = 0.2  # share of a colour, up to which what is wide are crossings of lines, and what is thin corners of areas
CORNER = 0.45  # of a radius: how far a corner reaches out of the disc in it
MINOR = 0.015  # share of the drawings, below which a colour is an accident
SOME, OFTEN = 0.1, 0.35  # of what a drawing encloses, and of the drawings, below which a colour of lines is no fill
RARE = 0.15  # of the commonest colour of lines, below which one is that of details on areas
RIM, ALONE = 0.5, 0.1  # share of the drawings' rim that lines have to have; more, shared by the drawings
STEP, STEEPEST, RISEN = 4, 3.0, 0.6  # px; delta E to the next pixel within one colour, and over a whole step of a slope
SHADED = 0.5  # share of the insides that slopes; flat sets have 0.3 of it at most, rendered ones from 0.6 on
MIXED = 0.08  # of RGB: how far from the line between two others a mixture of them lies at most
BARE, SMOOTH = 0.62, 0.55  # of the border, that is ground, and of what is drawn, that goes on as it is: less is no icon
DIFFERENT = 3  # colours of what slopes, so that neighbours are told apart
FAINT = 20.0  # delta E from the ground, up to which what has no outline is a shadow of what is drawn
UNLIKE = 25.0  # delta E between two colours of a style, from which they tell areas from each other well
LEAST_SLOPE, MOST_SLOPE = 4.0, 60.0  # of L*, from one side of a picture to the other: what is seen, and what is drawn


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A style of plain parts, as its pictures show it. Shares sum to 1; those of the ground are what is left free."""

    palette: Palette
    """The ground first."""

    fills: tuple[float, ...]
    """Share of what drawings enclose that each colour fills, lines apart."""

    lines: tuple[float, ...]
    """Share of the lines that each colour has; all 0 where the style has no lines."""

    width: float
    """Of the lines, as a share of the side; 0 where there are none."""

    strokes: bool = True
    """Whether strokes of a drawing become such lines however wide they are, or those about as wide alone."""

    unlined: bool = True
    """Whether outlines of a drawing go to what they enclose, where the style has no lines."""

    revision: int = 2
    """Of the rules. From 1 on a drawing on what is clear ends where its picture does, what lies around other parts has
    one colour where the style has no lines, and what tapers is no stroke; from 2 on holes of strokes stay open."""

    slope: tuple[float, float] | None = None
    """L* that parts gain down and across a whole side, for what is rendered or has gradients; none where it is flat."""

    corner: float | None = None
    """Radius of the corners, as a share of the side; none where they are sharp, or nothing is said of them."""

    tile: Tile | None = None
    """What all drawings lie on, in the ground's colour; none where that is all around, or free."""

    def within(self, palette: Palette) -> "Look":
        """The same look in other colours: each of its own, the commonest first, has the nearest that is left.

        Without a tile, for what is around one would have none of these.
        """
        own, others = lab(self.palette.colours), lab(palette.colours)
        left, taken = list(range(len(others))), dict[int, int]()
        weight = np.array(self.fills) + np.array(self.lines)
        for colour in (0, *(1 + np.argsort(-weight[1:], kind="stable"))):
            pool = left or list(range(len(others)))
            taken[int(colour)] = min(pool, key=lambda place: float(((own[colour] - others[place]) ** 2).sum()))
            left = [place for place in left if place != taken[int(colour)]]
        order = [taken[0], *(place for place in range(len(others)) if place != taken[0])]
        fills, lines = np.zeros(len(order)), np.zeros(len(order))
        for colour, other in taken.items():
            fills[order.index(other)] += self.fills[colour]
            lines[order.index(other)] += self.lines[colour]
        ordered = replace(palette, colours=palette.colours[order])
        return replace(self, tile=None, palette=ordered, fills=tuple(fills.tolist()), lines=tuple(lines.tolist()))


def look_of(
    pictures: Sequence[Float[np.ndarray, "_ _ 3"]], colours: int | None = None, *, sloped: bool = False
) -> Look | None:
    """The look of references of one size, in at most so many colours; None where they are no flat art.

    sloped: take what slopes from one colour to the next too, on a bare ground; the look then has a `slope`.
    """
    tile, pictures = tile_of(pictures)
    chosen = choose_of(pictures, colours)
    own = chosen if colours is None else choose_of(pictures)
    flat = flat_art(pictures, own) and not (sloped and shaded(pictures))
    if not flat and not (sloped and _smooth(pictures)):
        return None
    drawn = [without_specks(_indexed(picture, chosen), SPECK) for picture in pictures]
    side, count = max(drawn[0].shape), len(chosen.colours)
    shown = [~outside(index) for index in drawn]
    ruled = _ruled(chosen)
    widths = np.concatenate([_rim_widths(*pair, side, ruled) for pair in zip(drawn, shown, strict=True)])
    width = steadiest(widths, WIDEST * side)
    counted = [_counted(*pair, width, count) for pair in zip(drawn, shown, strict=True)]
    areas, lines, of_lines, rim = np.sum(counted, axis=0)
    areas[~ruled], lines[~ruled] = (areas + lines)[~ruled], 0.0
    if not width or of_lines[ruled].sum() < (RIM + ALONE / len(drawn)) * rim[ruled].sum():
        width, areas, lines = 0.0, areas + lines, np.zeros(count)
    else:
        rare = (lines >= MINOR * lines.sum()) & (_filling(np.stack([kinds[0] for kinds in counted])) < OFTEN)
        rare[0] = False
        areas[0] += areas[rare].sum()
        areas[rare] = 0.0
    look = replace(_look(chosen, np.stack([areas, lines]), width / side), corner=corner_radius(shown), tile=tile)
    if flat:
        return look
    return replace(look, slope=_slope(pictures)) if _different(look) >= DIFFERENT else None


def _ruled(palette: Palette) -> Bool[np.ndarray, " k"]:
    """Which colours have outlines in a style of such: all but shadows, which a drawing casts beyond its own."""
    seen = delta_e(lab(palette.colours), lab(palette.colours[0])) >= FAINT
    return seen if seen.any() else np.arange(len(seen)) > 0


def _indexed(picture: Float[np.ndarray, "h w 3"], palette: Palette) -> Int[np.ndarray, "H W"]:
    """A picture's index without the colours that it only mixes of others: what is a colour of one reference is what
    edges and hairlines of the next come to.
    """
    rgb, centres = palette.colours.astype(np.float64), lab(palette.colours)
    colours = lab(picture)
    owners = nearest(colours, centres)
    near = delta_e(colours, centres[owners]) <= PLAIN
    corner = owners[1:, 1:]
    alike = [near[where] & (owners[where] == corner) for where in (np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, :-1])]
    own = np.isin(np.arange(len(rgb)), corner[near[1:, 1:] & np.logical_and.reduce(alike)])
    own[0] = True
    sure = np.flatnonzero(own)
    for colour in np.flatnonzero(~own):
        first, second = rgb[sure][:, None], rgb[sure][None]
        span = second - first
        share = ((rgb[colour] - first) * span).sum(axis=2) / np.maximum((span**2).sum(axis=2), 1e-9)
        off = np.linalg.norm(first + share[..., None] * span - rgb[colour], axis=2)
        own[colour] = not ((share > 0) & (share < 1) & (off <= MIXED)).any()
    kept = np.flatnonzero(own)
    return kept[index_picture(picture, replace(palette, colours=palette.colours[kept]))]


def _filling(areas: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Share of the drawings that each colour fills some of, lines apart."""
    whole = areas.sum(axis=1, keepdims=True)
    return ((areas > SOME * whole) & (whole > SOME)).mean(axis=0)


def _rim_widths(
    index: Int[np.ndarray, "h w"], shown: Bool[np.ndarray, "h w"], side: int, ruled: Bool[np.ndarray, " k"]
) -> Float[np.ndarray, " n"]:
    """Index pixels; how wide the parts of some colours are that lie along a drawing's rim, at each place of it."""
    most = round(WIDEST * side)  # twice as wide as a line
    inside = depth(shown, most)
    widths = [np.zeros(0, np.float32)]
    for here, area in _each(np.where(ruled[index], index, 0)):
        deep = depth(area, most)
        middle = ridge(deep) & (deep > SCALE / 2) & (deep < most) & (np.abs(inside[here] - deep) <= SCALE / 2)
        widths.append(2 * deep[middle] - 1)
    return np.concatenate(widths)


def _each(index: Int[np.ndarray, "h w"]) -> Iterator[tuple[Box, Bool[np.ndarray, "_ _"]]]:
    """The box around each colour that is drawn, and where in that it is."""
    for colour in range(1, int(index.max()) + 1):
        area = index == colour
        here = grown(box(area), 1)
        if area[here].size:
            yield here, area[here]


def steadiest(widths: Float[np.ndarray, " n"], most: float) -> float:
    """The width, up to `most`, that most places have within a fifth; 0 where there is none.

    That of a pen's lines is their median: they stray from it by more, but, unlike areas, are nowhere much wider.
    """
    if len(widths) < 8:
        return 0.0
    tried = np.arange(HAIR, most)
    alike = np.abs(widths - tried[:, None]) <= np.maximum(STEADY * tried, GRAIN)[:, None]
    best = alike.mean(axis=1).argmax()
    if alike[best].mean() >= SAME:
        return float(np.median(widths[alike[best]]))
    middle = float(np.median(widths))
    pen = np.percentile(widths, 97) <= PEN * middle and (np.abs(widths - middle) <= STRAYING * middle).mean() >= MOSTLY
    return middle if pen and middle <= FINE * most else 0.0


def _counted(
    index: Int[np.ndarray, "h w"], shown: Bool[np.ndarray, "h w"], width: float, count: int
) -> Float[np.ndarray, "4 k"]:
    """Shares of a drawing that each colour has in areas and in lines; shares of its rim, of lines and of all."""
    inner, edge = shown.copy(), shown & (depth(shown, SCALE) < SCALE)
    thin, strict = np.zeros(index.shape, bool), np.zeros(index.shape, bool)
    for here, area in _each(index):
        deep = depth(area, round(WIDEST * max(index.shape)))
        middle = ridge(deep) & (deep > SCALE / 2)
        if not middle.any() or np.median(2 * deep[middle] - 1) < HAIR:
            inner[here] &= ~area
        elif width:
            narrow = area & ~opened(area, deep, LINE * width)
            strict[here] |= narrow
            if narrow.sum() > area.sum() / 2:  # a colour of lines: dots and other marks are no areas of it
                narrow = area & ~opened(area, deep, max(LINE * width, MARK * max(index.shape)))
            thin[here] |= narrow
    whole = max(int(inner.sum()), 1)
    kinds = (inner & ~thin, inner & thin, edge & strict, edge)
    areas, lines, *rim = (np.bincount(index[kind], minlength=count) / whole for kind in kinds)
    moved = np.where(areas < CROSSED * (areas + lines), areas, 0) - np.where(
        lines < CROSSED * (areas + lines), lines, 0
    )
    return np.stack([areas - moved, lines + moved, *rim])


def opened(mask: Bool[np.ndarray, "h w"], deep: Float[np.ndarray, "h w"], width: float) -> Bool[np.ndarray, "h w"]:
    """Where a mask is wider than that, its corners too."""
    core, reach = deep > width / 2, (1 + CORNER) * width / 2
    return mask & (depth(~core, round(reach) + 2) <= reach) if core.any() else core


def flat_art(pictures: Sequence[Float[np.ndarray, "_ _ 3"]], palette: Palette) -> bool:
    """Whether nearly all that is drawn has one of the colours that were chosen from it, and these are few."""
    if len(pictures) == 1 and len(palette.colours) > FEW:
        return False
    return bool(np.mean([_plain(picture, palette) for picture in pictures]) >= FLAT)


def shaded(pictures: Sequence[Float[np.ndarray, "_ _ 3"]]) -> bool:
    """Whether most of what is drawn has no colour of its own but slopes from one to the next, as what is rendered does.

    The few colours that are chosen from such pictures would stand for its slopes, and none of them for a thing.
    """
    risen = np.concatenate([rise for picture in pictures for rise in _rises(picture)])
    return int((np.linalg.norm(risen, axis=1) > RISEN).sum()) > SHADED * len(risen)


def _rises(picture: Float[np.ndarray, "_ _ 3"]) -> Iterator[Float[np.ndarray, "n 3"]]:
    """What Lab colours gain in a step, first down and then across, wherever the picture is smooth all along it."""
    colours, drawn = _drawn(picture)
    plain = drawn & ~between(colours)
    for axis in (0, 1):
        values, inner = np.moveaxis(colours, axis, 0), np.moveaxis(plain, axis, 0)
        smooth = inner.copy()
        smooth[:-1] &= delta_e(values[1:], values[:-1]) < STEEPEST
        here = inner[STEP:] & np.logical_and.reduce([smooth[at : at - STEP] for at in range(STEP)])
        yield (values[STEP:] - values[:-STEP])[here]


def _slope(pictures: Sequence[Float[np.ndarray, "_ _ 3"]]) -> tuple[float, float] | None:
    """As steep as lightness slopes in them on average, the way that most of it goes; None where nobody would see it."""
    rises = [[rise[:, 0] * len(picture) / STEP for rise in _rises(picture)] for picture in pictures]
    down, across = (np.concatenate(own) for own in zip(*rises, strict=True))
    count = max(len(down) + len(across), 1) / 2
    steep = min(float(np.abs(down).sum() + np.abs(across).sum()) / count, MOST_SLOPE)
    way = np.array([down.sum(), across.sum()], np.float64)
    if steep < LEAST_SLOPE or not way.any():
        return None
    way /= np.linalg.norm(way)
    return round(float(steep * way[0]), 1), round(float(steep * way[1]), 1)


def _different(look: Look) -> int:
    """How many of the drawings' colours, the commonest first, differ from all before: slopes of one colour do not."""
    colours, kept = lab(look.palette.colours), list[int]()
    for colour in (1 + np.argsort(-np.add(look.fills, look.lines)[1:], kind="stable")).tolist():
        if (delta_e(colours[kept], colours[colour]) >= UNLIKE).all():
            kept.append(colour)
    return len(kept)


def _smooth(pictures: Sequence[Float[np.ndarray, "_ _ 3"]]) -> bool:
    """Whether they are icons: on bare ground, and without a grain that plain parts could not stand for."""
    border, steps = list[np.ndarray](), list[np.ndarray]()
    for picture in pictures:
        colours, drawn = _drawn(picture)
        border.append(np.concatenate([drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]]))
        for values, inner in ((colours, drawn), (colours.swapaxes(0, 1), drawn.T)):
            steps.append(delta_e(values[1:], values[:-1])[inner[1:] & inner[:-1]])
    bare, gone = np.mean([1 - edge.mean() for edge in border]), np.concatenate(steps)
    return bool(bare >= BARE and (gone < STEEPEST).sum() >= SMOOTH * len(gone))


def _drawn(picture: Float[np.ndarray, "h w 3"]) -> tuple[Float[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """A picture in Lab, and what of it is not its ground."""
    colours = lab(picture)
    return colours, delta_e(colours, lab(ground_of(picture))) > PLAIN


def _look(palette: Palette, areas: Float[np.ndarray, "2 k"], width: float) -> Look:
    kept = areas >= MINOR * areas.sum()
    used = kept.any(axis=0)
    used[0] = True  # the ground
    fills, lines = np.where(kept, areas, 0)[:, used]
    if fills.sum() < 0.02 * max(fills.sum() + lines.sum(), 1e-9):
        fills = np.eye(len(fills))[0]  # what is not line is free
    lines = np.where(lines >= RARE * lines.max(), lines, 0)
    shares, of_lines = fills / fills.sum(), lines / max(lines.sum(), 1e-9)
    return Look(
        palette=replace(palette, colours=palette.colours[used]),
        fills=tuple(shares.round(3).tolist()),
        lines=tuple(of_lines.round(3).tolist()),
        width=round(width, 4),
    )


def _plain(picture: Float[np.ndarray, "_ _ 3"], palette: Palette) -> float:
    """Share of what is drawn, edges apart, that has a colour of the palette."""
    colours, centres = lab(picture), lab(palette.colours)
    owners = nearest(colours, centres)
    inner = ~between(colours) & (owners > 0)
    return float((delta_e(colours, centres[owners])[inner] <= PLAIN).mean()) if inner.any() else 1.0
