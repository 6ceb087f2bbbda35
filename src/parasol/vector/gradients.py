"""Linear gradients of regions: of a slope that a style has, or of neighbours that are found to be one smooth ramp.

A palette cuts a ramp into bands. Two neighbours become one where that costs less than the second region does: the
measure is squared error over pixels, plus a price for each region (a description length).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.images import to_uint8
from parasol.maths.lab import lab, rgb
from parasol.vector.drawing import Gradient
from parasol.vector.indexing import SCALE
from parasol.vector.palette import Palette, hex_of
from parasol.vector.regions import borders, components

PRICE = 8.0
"""Squared error (RGB in 0..1, summed over index pixels) for which one more region is drawn."""

RAMP = 1.5  # times that price for a gradient in a flat fill's stead
STOPS = 5  # colours of a slope's gradient: what Lab calls even is not even in RGB, least of all where that ends
STEEP = 24 / 255  # change of colour along a region, below which it is flat


@dataclass(kw_only=True, eq=False)
class _Sums:
    """What a linear model of colour over place needs, added up over the pixels of a region."""

    places: Float[np.ndarray, "3 3"]
    mixed: Float[np.ndarray, "3 3"]
    squares: float

    def plus(self, other: "_Sums") -> "_Sums":
        return _Sums(
            places=self.places + other.places,
            mixed=self.mixed + other.mixed,
            squares=self.squares + other.squares,
        )

    def flat_error(self) -> float:
        """Left by the mean colour."""
        return self.squares - float((self.mixed[0] ** 2).sum() / max(self.places[0, 0], 1e-9))

    def model(self) -> Float[np.ndarray, "3 3"]:
        """Colour at (1, x, y) as a row times this."""
        return np.linalg.solve(self.places + 1e-6 * np.eye(3), self.mixed)

    def ramp_error(self) -> float:
        """Left by the best linear ramp."""
        return self.squares - float((self.mixed * self.model()).sum())

    def cost(self) -> float:
        return min(self.flat_error() + PRICE, self.ramp_error() + RAMP * PRICE)


def with_gradients(
    index: Int[np.ndarray, "h w"],
    pixels: Float[np.ndarray, "H W 3"],
    mixed: Bool[np.ndarray, "H W"],
    colours: int,
) -> tuple[Int[np.ndarray, "h w"], dict[int, Gradient]]:
    """The index picture with each ramp as one region, and the gradients of the new indices from `colours` on.

    `mixed` says which pixels of the picture tell nothing of a region's colour.
    """
    labels, kinds = components(index)
    large = np.repeat(np.repeat(pixels, SCALE, axis=0), SCALE, axis=1)
    sums = _sums(labels, large, ~np.repeat(np.repeat(mixed, SCALE, axis=0), SCALE, axis=1))
    ground = set(np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])).tolist())
    fixed = {label for label in range(len(kinds)) if kinds[label] < 0 or (kinds[label] == 0 and label in ground)}
    owner = _merged(sums, [(a, b) for a, b, _ in borders(labels) if not fixed & {a, b}])
    return _numbered(labels, kinds, owner, sums, fixed, colours)


def sloped(
    index: Int[np.ndarray, "h w"], palette: Palette, slope: tuple[float, float]
) -> tuple[Int[np.ndarray, "h w"], dict[int, Gradient]]:
    """An index of its own for each part but ground, and its gradient: as `painted` has parts slope."""
    labels, kinds = components(index)
    steep = float(np.hypot(*slope))
    down, across = np.array(slope) / steep
    gradients = dict[int, Gradient]()
    for label in np.flatnonzero(kinds > 0).tolist():
        rows, columns = np.nonzero(labels == label)
        along = (rows - rows.mean()) * down + (columns - columns.mean()) * across
        colours = np.repeat(lab(palette.colours[kinds[label]])[None], STOPS, axis=0)
        colours[:, 0] += steep * np.linspace(along.min(), along.max(), STOPS) / max(index.shape)
        x, y = columns.mean() / SCALE, rows.mean() / SCALE
        start, end = (
            (float(x + far * across), float(y + far * down)) for far in np.array([along.min(), along.max()]) / SCALE
        )
        kinds[label] = len(palette.colours) + len(gradients)
        stops = tuple(hex_of(colour) for colour in rgb(colours))
        gradients[int(kinds[label])] = Gradient(start=start, end=end, colours=stops)
    return kinds[labels], gradients


def _sums(
    labels: Int[np.ndarray, "h w"], large: Float[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]
) -> list[_Sums]:
    rows, columns = np.nonzero(mask)
    where, colours = labels[mask], large[mask].astype(np.float64)
    basis = np.stack([np.ones(len(rows)), columns / SCALE, rows / SCALE])
    count = int(labels.max()) + 1

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(where, values, count)

    places = np.array([[total(term * other) for other in basis] for term in basis])
    mixed = np.array([[total(term * colours[:, channel]) for channel in range(3)] for term in basis])
    squares = total((colours**2).sum(axis=1))
    return [
        _Sums(places=places[..., label], mixed=mixed[..., label], squares=float(squares[label]))
        for label in range(count)
    ]


def _merged(sums: list[_Sums], pairs: list[tuple[int, int]]) -> list[int]:
    """Who each label belongs to at the end; `sums` of the owners grow as they take others in."""
    owner = list(range(len(sums)))
    around = dict[int, set[int]]()
    for label, other in pairs:
        around.setdefault(label, set()).add(other)
        around.setdefault(other, set()).add(label)
    cost = [region.cost() for region in sums]

    def gain(label: int, other: int) -> float:
        return cost[label] + cost[other] - sums[label].plus(sums[other]).cost()

    gains = {(min(pair), max(pair)): gain(*pair) for pair in pairs}
    while gains:
        (label, other), best = max(gains.items(), key=lambda item: (item[1], -item[0][0], -item[0][1]))
        if best <= 0:
            break
        owner = [label if who == other else who for who in owner]
        sums[label] = sums[label].plus(sums[other])
        cost[label] = sums[label].cost()
        around[label] = (around[label] | around[other]) - {label, other}
        gains = {pair: value for pair, value in gains.items() if not {label, other} & set(pair)}
        for near in around[label]:
            around[near] = (around[near] - {other}) | {label}
            gains[min(label, near), max(label, near)] = gain(label, near)
    return owner


def _numbered(
    labels: Int[np.ndarray, "h w"],
    kinds: Int[np.ndarray, " n"],
    owner: list[int],
    sums: list[_Sums],
    fixed: set[int],
    colours: int,
) -> tuple[Int[np.ndarray, "h w"], dict[int, Gradient]]:
    """A new index for each ramp; what merged and is flat takes the index that most of it had."""
    areas = np.bincount(labels.ravel(), minlength=len(kinds))
    owners, kinds, gradients = np.asarray(owner), kinds.copy(), dict[int, Gradient]()
    for label in np.unique(owners).tolist():
        members = np.flatnonzero(owners == label)
        if label in fixed:
            continue
        region = sums[label]
        if region.flat_error() > region.ramp_error() + (RAMP - 1) * PRICE:
            gradient = _gradient(region, np.isin(labels, members))
            if gradient is not None:
                kinds[members] = colours + len(gradients)
                gradients[colours + len(gradients)] = gradient
                continue
        if len(members) > 1:
            share = np.bincount(kinds[members], areas[members])
            kinds[members] = int(np.argmax(share))
    return kinds[labels], gradients


def _gradient(region: _Sums, mask: Bool[np.ndarray, "h w"]) -> Gradient | None:
    """The gradient of one direction nearest to the linear model; None where it hardly changes along the region."""
    model = region.model()
    _, _, axes = np.linalg.svd(model[1:].T)
    along = axes[0]
    rows, columns = np.nonzero(mask)
    at = (columns * along[0] + rows * along[1]) / SCALE
    first, last = float(at.min()), float(at.max())
    basis = np.stack([[1.0, 0.0, 0.0], [0.0, along[0], along[1]]])
    places = basis @ region.places @ basis.T
    line = np.linalg.solve(places + 1e-6 * np.eye(2), basis @ region.mixed)
    ends = np.stack([line[0] + line[1] * first, line[0] + line[1] * last]).clip(0, 1)
    if np.abs(ends[1] - ends[0]).max() < STEEP:
        return None
    middle = np.array([columns.mean(), rows.mean()]) / SCALE
    offset = middle - along * float(middle @ along)
    start, end = offset + along * first, offset + along * last
    colours = tuple(hex_of(to_uint8(end_.astype(np.float32)) / np.float32(255)) for end_ in ends)
    return Gradient(
        start=(float(start[0]), float(start[1])), end=(float(end[0]), float(end[1])), colours=(colours[0], colours[1])
    )
