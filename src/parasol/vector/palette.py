"""A picture's few colours: chosen from it, or given."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError
from parasol.images import from_uint8, load, to_uint8
from parasol.maths.lab import delta_e, lab

MOST_COLOURS = 64
MOST_CHOSEN = 16  # colours of a drawing whose number nobody gave
NEAR = 7.0  # delta E, below which two colours of a drawing are one
KEPT = 0.004  # share of the drawing; a colour with less is a mixture or a speckle
GAIN = 0.03  # of what is left of the error, that one more colour has to take away
ROUNDS = 12  # of Lloyd's algorithm; after these nothing moves that could be seen
AT_ONCE = 1 << 14  # pixels, whose distances to all colours are held at once
MIXED = 0.02  # weight of a pixel that lies between two others
STEEP = 12.0  # delta E between two neighbours, from which what lies between them is an edge

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")


class PaletteError(ParasolError):
    """A palette that cannot be read. One line: the value, the rule, the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Palette:
    """Colours in order: the ground first, then by the area that they cover.

    Raises:
        ValueError: there are fewer than 1 or more than 64, or a value lies outside [0, 1].
    """

    colours: Float[np.ndarray, "k 3"]
    """RGB on the 8-bit grid, float32."""

    given: bool = False
    """Whether somebody named these colours, so that nothing may leave them."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.colours) <= MOST_COLOURS:
            raise PaletteError(f"the palette has {len(self.colours)} colours; it must have 1 to {MOST_COLOURS}")
        if self.colours.min() < 0 or self.colours.max() > 1:
            raise PaletteError("a colour of the palette lies outside [0, 1]: divide it by 255")

    @property
    def hexes(self) -> list[str]:
        """The colours as #rrggbb."""
        return [hex_of(colour) for colour in self.colours]


def hex_of(colour: Float[np.ndarray, "3"]) -> str:
    """#rrggbb of an RGB colour in [0, 1]."""
    red, green, blue = (int(value) for value in to_uint8(colour))
    return f"#{red:02x}{green:02x}{blue:02x}"


def colour_of(text: str) -> Float[np.ndarray, "3"]:
    """RGB in [0, 1] of #rrggbb or #rgb; the # may be left out. Raises PaletteError."""
    match = _HEX.fullmatch(text.strip())
    if not match:
        raise PaletteError(f"{text!r} is no colour: write it as #rrggbb, such as #e11d48")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return from_uint8(np.frombuffer(bytes.fromhex(digits), np.uint8))


def named_palette(hexes: Sequence[str]) -> Palette:
    """A palette of exactly these colours, #rrggbb. Raises PaletteError."""
    return _listed([colour_of(name) for name in hexes])


def given_palette(source: str) -> Palette:
    """A palette as it is named on a command line.

    `source` is a list such as "#e11d48,#ffffff" (spaces and semicolons do too), a text file with such colours in it
    (GIMP's .gpl too), or a picture, of which the colours are chosen.
    Raises PaletteError, or PictureError where a picture cannot be read.
    """
    if not source.strip() or source.lstrip().startswith("#") or "," in source:
        return _listed([colour_of(part) for part in re.split(r"[,;\s]+", source) if part])
    path = Path(source)
    if path.suffix.lower() in (".txt", ".gpl", ".hex", ".json", ".css") and path.is_file():
        return _listed(_colours_in(path))
    chosen = choose_palette(load(source))
    return Palette(colours=chosen.colours, given=True)


def _listed(colours: list[np.ndarray]) -> Palette:
    unique = list({hex_of(colour): colour for colour in colours}.values())
    if not unique:
        raise PaletteError("the palette names no colour: write #rrggbb, one after another")
    return Palette(colours=np.stack(unique), given=True)


def _colours_in(path: Path) -> list[np.ndarray]:
    """Hex colours of a text file, or the three numbers at the start of a GIMP palette's lines."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith("GIMP Palette"):
        rows = re.findall(r"^\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\b", text, re.MULTILINE)
        return [from_uint8(np.array(row, int).clip(0, 255).astype(np.uint8)) for row in rows]
    pattern = r"#?\b([0-9a-fA-F]{6})\b" if path.suffix.lower() == ".hex" else r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b"
    return [colour_of(digits) for digits in re.findall(pattern, text)]


def choose_palette(pixels: Float[np.ndarray, "H W 3"], count: int | None = None) -> Palette:
    """The colours of one drawing, by k-means in Lab without chance: the same picture gives the same palette.

    `count` is how many there are to be at most; else as many as are worth it, up to 16. The ground, the commonest
    colour of the border, is the first and is met exactly. Pixels that only mix their neighbours count for little.
    """
    return choose_of([pixels], count)


def choose_of(pictures: list[Float[np.ndarray, "H W 3"]], count: int | None = None) -> Palette:
    """One palette of a whole set of pictures: each has the same say, whatever its size."""
    if count is not None and not 1 <= count <= MOST_COLOURS:
        raise PaletteError(f"{count} colours are asked for; it must be 1 to {MOST_COLOURS}")
    sums = np.zeros((1 << 15, 4))
    for picture in pictures:
        sums += _histogram(picture)
    weights = sums[:, 3]
    used = weights > 0
    colours, weights = (sums[used, :3] / weights[used, None]).astype(np.float32), weights[used] / weights.sum()
    grounds = [ground_of(picture) for picture in pictures]
    ground = max(grounds, key=lambda candidate: sum(np.abs(candidate - other).max() < 6 / 255 for other in grounds))
    centres = _grow(lab(colours), weights, lab(ground[None]), count)
    owners = nearest(lab(colours), centres)
    shares = np.bincount(owners, weights, len(centres))
    means = np.stack([np.bincount(owners, weights * colours[:, axis], len(centres)) for axis in range(3)], axis=1)
    means = means / np.maximum(shares, 1e-12)[:, None]
    means[0] = ground
    order = [0, *(1 + np.argsort(-shares[1:], kind="stable"))]
    return Palette(colours=from_uint8(to_uint8(means[order].astype(np.float32))))


def ground_of(pixels: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "3"]:
    """The commonest colour of the border, to 4 levels; nearly white is white, and nearly black is black."""
    border = to_uint8(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]))
    kinds, owners, counts = np.unique(border // 4, axis=0, return_inverse=True, return_counts=True)
    members = border[owners.ravel() == np.argmax(counts)] if len(kinds) > 1 else border
    commonest = from_uint8(np.median(members, axis=0).astype(np.uint8))
    for plain in (np.ones(3, np.float32), np.zeros(3, np.float32)):
        if np.abs(commonest - plain).max() < 6 / 255:
            return plain
    return commonest


def between(colours: Float[np.ndarray, "H W 3"]) -> Bool[np.ndarray, "H W"]:
    """Which pixels of a Lab picture only mix two of their neighbours, as antialiasing and soft edges do."""
    height, width = colours.shape[:2]
    planes = np.pad(np.moveaxis(colours, -1, 0), ((0, 0), (2, 2), (2, 2)), mode="edge")
    flat, mixed = planes.reshape(3, -1), np.zeros(height * width, bool)

    def shifted(down: int, right: int) -> np.ndarray:
        return planes[:, 2 + down : 2 + down + height, 2 + right : 2 + right + width]

    for reach in (1, 2):
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            span = shifted(-down * reach, -right * reach) - shifted(down * reach, right * reach)
            length = (span**2).sum(axis=0).ravel()
            steep = np.flatnonzero((length > STEEP**2) & ~mixed)
            here = (steep // width + 2) * (width + 4) + steep % width + 2
            length, span = length[steep], span.reshape(3, -1)[:, steep]
            own = flat[:, here] - flat[:, here + (down * (width + 4) + right) * reach]
            place = (own * span).sum(axis=0) / length
            off = ((own - place * span) ** 2).sum(axis=0)
            mixed[steep] = (place > 0.08) & (place < 0.92) & (off < 0.06 * length)
    return mixed.reshape(height, width)


def nearest(colours: Float[np.ndarray, "*space 3"], centres: Float[np.ndarray, "k 3"]) -> Int[np.ndarray, "*space"]:
    """The index of the nearest centre, both in Lab; the first of equals."""
    flat, axes = colours.reshape(-1, 3), centres.astype(np.float32).T
    owner = np.zeros(len(flat), np.int64)
    for start in range(0, len(flat), AT_ONCE):
        x, y, z = ((row[:, None] - axis) ** 2 for row, axis in zip(flat[start : start + AT_ONCE].T, axes, strict=True))
        owner[start : start + AT_ONCE] = (x + y + z).argmin(axis=1)
    return owner.reshape(colours.shape[:-1])


def choices(
    pixels: Float[np.ndarray, "H W 3"], palette: Palette, owners: Int[np.ndarray, "H W"] | None = None
) -> list[tuple[str, float, float]]:
    """What a palette did to a picture: each colour, the share of pixels that have it, and their mean delta E from it.

    owners: which each pixel has; left out, the nearest.
    """
    colours, centres = lab(pixels), lab(palette.colours)
    owners = nearest(colours, centres) if owners is None else owners
    off = delta_e(colours, centres[owners])
    count = np.bincount(owners.ravel(), minlength=len(centres))
    total = np.bincount(owners.ravel(), off.ravel(), minlength=len(centres))
    rows = zip(palette.hexes, count / owners.size, total / np.maximum(count, 1), strict=True)
    return [(name, float(share), float(error)) for name, share, error in rows]


def _histogram(pixels: Float[np.ndarray, "H W 3"]) -> Float[np.ndarray, "bins 4"]:
    """Sums of red, green, blue and weight in 32 x 32 x 32 bins; the weights of one picture sum to 1."""
    weights = np.where(between(lab(pixels)), MIXED, 1.0).ravel()
    levels = to_uint8(pixels).reshape(-1, 3).astype(np.int64) >> 3
    bins = (levels[:, 0] << 10) | (levels[:, 1] << 5) | levels[:, 2]
    flat = pixels.reshape(-1, 3).astype(np.float64)
    columns = [np.bincount(bins, weights * values, 1 << 15) for values in (*flat.T, np.ones(len(flat)))]
    return np.stack(columns, axis=1) / weights.sum()


def _grow(
    colours: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, " n"],
    ground: Float[np.ndarray, "1 3"],
    count: int | None,
) -> Float[np.ndarray, "k 3"]:
    """Centres in Lab, the ground first and fixed: the worst cluster is split until no further colour is worth it."""
    most = MOST_CHOSEN if count is None else count
    centres = ground.astype(np.float64)
    while len(centres) < most:
        owners = nearest(colours, centres)
        off = weights * ((colours - centres[owners]) ** 2).sum(axis=1)
        errors = np.bincount(owners, off, len(centres))
        if errors.sum() < 1e-9:
            break
        grown = _lloyd(colours, weights, np.vstack([centres, _seed(colours, off, owners, errors)]))
        if count is None and not _worth(colours, weights, grown, float(errors.sum())):
            break
        centres = grown
    return _merged(colours, weights, centres, count)


def _seed(colours: np.ndarray, off: np.ndarray, owners: np.ndarray, errors: np.ndarray) -> Float[np.ndarray, "1 3"]:
    """Where the next colour starts: the mean of the worst cluster's farther half, weighted by what it costs."""
    inside = owners == int(np.argmax(errors))
    cost = np.where(inside, off, 0.0)
    peak = colours[int(np.argmax(cost))]
    near = cost * np.exp(-((colours - peak) ** 2).sum(axis=1) / (2 * 15.0**2))
    return ((near @ colours) / near.sum())[None]


def _lloyd(colours: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> np.ndarray:
    weighted = weights * colours.T
    for _ in range(ROUNDS):
        owners = nearest(colours, centres)
        shares = np.bincount(owners, weights, len(centres))
        sums = np.array([np.bincount(owners, values, len(centres)) for values in weighted]).T
        means = sums / np.maximum(shares, 1e-12)[:, None]
        moved = np.where((shares > 0)[:, None], means, centres)
        moved[0] = centres[0]
        if np.abs(moved - centres).max() < 0.05:
            break
        centres = moved
    return centres


def _worth(colours: np.ndarray, weights: np.ndarray, centres: np.ndarray, before: float) -> bool:
    owners = nearest(colours, centres)
    after = float((weights * ((colours - centres[owners]) ** 2).sum(axis=1)).sum())
    return before - after > GAIN * before


def _merged(colours: np.ndarray, weights: np.ndarray, centres: np.ndarray, count: int | None) -> np.ndarray:
    """Drop, the smallest first, what hardly any pixel has, and, without a number given, what is hardly another."""
    while len(centres) > 1:
        shares = np.bincount(nearest(colours, centres), weights, len(centres))
        apart = delta_e(centres[:, None], centres[None]) + np.diag(np.full(len(centres), np.inf))
        spare = (shares < KEPT) | ((apart.min(axis=1) < NEAR) & (count is None))
        spare[0] = False
        if not spare.any():
            break
        gone = min(np.flatnonzero(spare), key=lambda index: shares[index])
        centres = _lloyd(colours, weights, np.delete(centres, gone, axis=0))
    return centres
