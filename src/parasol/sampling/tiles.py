"""Tiles: what is larger than a network is to see at once, in overlapping parts that are blended.

At each step every tile is predicted by itself, and where tiles overlap their predictions are averaged, so that all of
them share one latent and its noise (MultiDiffusion, Bar-Tal et al. 2023; Mixture of Diffusers, Jimenez 2023).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxtyping import Float

from parasol.types import Array, EpsFn, Z


class Window(NamedTuple):
    """A rectangle of the last two axes, in latents or pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, array: Float[Z, "B C H W"]) -> Float[Z, "B C h w"]:
        """What an array holds there, as a view."""
        return array[:, :, self.top : self.top + self.height, self.left : self.left + self.width]

    def scaled(self, factor: int) -> "Window":
        """The same window on an array whose sides are `factor` times as long."""
        return Window(*(factor * value for value in self))


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Overlapping windows over height x width, every one at most `tile` a side.

    They begin at multiples of tile - overlap, and the last ones end with the whole; so where sides, tile and overlap
    are multiples of a network's stride, every window begins at one too.

    Raises:
        ValueError: `margin` is below 0, or `overlap` is not in 2 margin + 1 .. tile - 1.
    """

    height: int
    width: int
    tile: int
    overlap: int
    """The least that two neighbours share."""

    margin: int = 0
    """How much of a tile counts nothing where it borders on others: as far as what lies outside reaches in."""

    def __post_init__(self) -> None:
        if not 0 <= 2 * self.margin < self.overlap < self.tile:
            raise ValueError(
                f"overlap is {self.overlap} for tiles of {self.tile} with margins of {self.margin}; it must be more "
                "than both margins and less than a tile"
            )

    @property
    def windows(self) -> list[Window]:
        """Row by row."""
        rows, columns = self._spans(self.height), self._spans(self.width)
        return [Window(down[0], across[0], len(down), len(across)) for down in rows for across in columns]

    def scaled(self, factor: int) -> "Tiles":
        """The same tiles of an array whose sides are `factor` times as long."""
        return Tiles(**{name: factor * value for name, value in vars(self).items()})

    def shares(self) -> Iterator[tuple[list[float], list[float]]]:
        """How much of each of its rows, and of each of its columns, comes from each window, in their order.

        The product of the two is the window's share of a place; all shares of a place sum to 1.
        """
        rows, columns = self._shares(self.height), self._shares(self.width)
        return ((down, across) for down in rows for across in columns)

    def _spans(self, length: int) -> list[range]:
        if length <= self.tile:
            return [range(length)]
        starts = [*range(0, length - self.tile, self.tile - self.overlap), length - self.tile]
        return [range(start, start + self.tile) for start in starts]

    def _shares(self, length: int) -> list[list[float]]:
        spans = self._spans(length)
        weights = [[self._weight(place, span, length) for place in span] for span in spans]
        sums = [0.0] * length
        for span, values in zip(spans, weights, strict=True):
            for place, value in zip(span, values, strict=True):
                sums[place] += value
        return [
            [value / sums[place] for place, value in zip(span, values, strict=True)]
            for span, values in zip(spans, weights, strict=True)
        ]

    def _weight(self, place: int, span: range, length: int) -> float:
        """1 in the middle of a span, falling smoothly to 0 where it ends and the whole goes on."""
        before = 1.0 if span.start == 0 else self._ramp(place - span.start)
        after = 1.0 if span.stop == length else self._ramp(span.stop - 1 - place)
        return before * after

    def _ramp(self, steps: int) -> float:
        share = (steps + 0.5 - self.margin) / (self.overlap - 2 * self.margin)
        share = min(max(share, 0.0), 1.0)
        return share * share * (3.0 - 2.0 * share)


def tiled(eps_at: Callable[[Window], EpsFn[Z]], *, tile: int, overlap: int) -> EpsFn[Z]:
    """A predictor of latents of any size that calls, tile by tile, predictors of latents of at most `tile` a side.

    `eps_at` gives the predictor of each window, since what a tile is told may depend on where it is; the noise in z is
    that of the whole. A latent that fits into one tile goes through as it is.

    Raises:
        ValueError: when called, `overlap` is not in 1..tile - 1.
    """

    def eps_fn(z: Z, t: int) -> Z:
        tiles = Tiles(height=z.shape[2], width=z.shape[3], tile=tile, overlap=overlap)
        return blend((eps_at(window)(window.of(z), t) for window in tiles.windows), tiles)

    return eps_fn


def blend(parts: Iterable[Z], tiles: Tiles) -> Float[Z, "B C H W"]:
    """One array from a part for each window of `tiles`, in their order; a single part is returned as it is.

    Raises:
        ValueError: there is not one part for each window.
    """
    windows = tiles.windows
    whole: Any = None
    for window, (down, across), part in zip(windows, tiles.shares(), parts, strict=True):
        if len(windows) == 1:
            return part
        if whole is None:
            whole = part[:, :, [0] * tiles.height][:, :, :, [0] * tiles.width]  # a copy, in numpy and torch alike
            whole[:] = 0.0
        weights = _line(part, down).reshape(-1, 1) * _line(part, across)
        place = window.of(whole)
        place[:] = place + part * weights
    return whole


def _line(like: Array, values: Sequence[float]) -> Any:
    """Numbers as a one-dimensional array of the kind and the type of another."""
    line = like[0, 0, 0, [0] * len(values)]
    for place, value in enumerate(values):
        line[place] = value
    return line
