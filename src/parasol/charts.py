"""Line charts as SVG, side by side: the one drawer of all of them, in files and inside pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by colour-blind eyes too
AXIS, GRID, FAINT = "#556", "#ddd", "#b8c4cc"
FIELD = (340, 220)  # px of one chart's field, across and up
LEFT, TOP, RIGHT, BOTTOM = 56, 32, 24, 44  # px round it
ROW = 16  # px of one line's name; they stand below
TICK_GAP = 30.0  # px between two numbers below the axis, at least

Points = Sequence[Sequence[float]]
"""What a line passes, (across, up) each, in order."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart."""

    points: Points
    name: str = ""
    faint: bool = False
    """Thin and grey: one of many behind their mean."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines over one axis.

    Raises:
        ValueError: no line has a point.
    """

    title: str
    axis: str
    """What the horizontal axis measures."""
    lines: Sequence[Line]
    marks: Mapping[float, str] | None = None
    """Words below the axis by their place, in order; the ends of the lines if none are given."""
    levels: Mapping[float, str] | None = None
    """Words left of the axis by their height, lowest first, each with a line across; the ends of the lines if none."""

    def __post_init__(self) -> None:
        if not any(len(line.points) for line in self.lines):
            raise ValueError(f"the chart {self.title!r} has no point: add at least one")

    @property
    def names(self) -> list[tuple[str, str]]:
        """Colour and name of each line that has a name."""
        return [(colour, line.name) for colour, line in _coloured(self.lines) if line.name]


def svg(charts: Sequence[Chart], field: tuple[int, int] = FIELD) -> str:
    """The charts in one drawing, each with its own range: that of its marks and levels, or else of its lines.

    field: px of one chart's field, across and up.
    """
    each = LEFT + field[0] + RIGHT
    wide = each * len(charts)
    high = TOP + field[1] + BOTTOM + ROW * max((len(chart.names) for chart in charts), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(_told(charts))}" width="{wide}" '
        f'height="{high}" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">',
        f'<rect width="{wide}" height="{high}" fill="white"/>',
    ]
    for number, chart in enumerate(charts):
        parts += [f'<g transform="translate({number * each + LEFT} {TOP})">', *_Field(chart, field).parts(), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


class _Field:
    """Where things are in one chart, and how they are drawn."""

    def __init__(self, chart: Chart, field: tuple[int, int]) -> None:
        across, up = np.array([point for line in chart.lines for point in line.points], np.float64).T
        self._chart, (self._width, self._height) = chart, field
        self._left, self._right = _span(np.array([*chart.marks], np.float64) if chart.marks else across)
        self._bottom, self._top = _span(np.array([*chart.levels], np.float64) if chart.levels else up)

    def parts(self) -> Iterator[str]:
        """Title, axes with their words, lines, names."""
        chart, middle = self._chart, self._width / 2
        yield f'<text x="0" y="-10" font-weight="bold">{escape(chart.title)}</text>'
        yield from self._levels()
        yield f'<path d="M0 0V{self._height}H{self._width}" fill="none" stroke="{AXIS}"/>'
        yield from self._marks()
        yield f'<text x="{middle}" y="{self._height + 36}" text-anchor="middle">{escape(chart.axis)}</text>'
        for colour, line in _coloured(chart.lines):
            points = " ".join(f"{self._x(at):.1f},{self._y(value):.1f}" for at, value in line.points)
            width = 1 if line.faint else 2
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
            for at, value in () if line.faint else line.points:
                yield f'<circle cx="{self._x(at):.1f}" cy="{self._y(value):.1f}" r="2.5" fill="{colour}"/>'
        for number, (colour, name) in enumerate(chart.names):
            below = self._height + BOTTOM + 12 + number * ROW
            yield f'<path d="M0 {below - 4}h20" stroke="{colour}" stroke-width="3"/>'
            yield f'<text x="28" y="{below}">{escape(name)}</text>'

    def _levels(self) -> Iterator[str]:
        given = self._chart.levels
        for value, words in (given or {end: f"{end:.3g}" for end in (self._bottom, self._top)}).items():
            at = f"{self._y(value):.1f}"
            if given:
                yield f'<path d="M0 {at}H{self._width}" stroke="{GRID}"/>'
            yield f'<text x="-6" y="{at}" text-anchor="end" dominant-baseline="middle">{escape(words)}</text>'

    def _marks(self) -> Iterator[str]:
        """A mark at each place, and its words where there is room."""
        last = -np.inf
        for value, words in (self._chart.marks or {end: f"{end:.3g}" for end in (self._left, self._right)}).items():
            at = self._x(value)
            yield f'<path d="M{at:.1f} {self._height}v4" stroke="{AXIS}"/>'
            if at - last >= TICK_GAP:
                yield f'<text x="{at:.1f}" y="{self._height + 17}" text-anchor="middle">{escape(words)}</text>'
                last = at

    def _x(self, value: float) -> float:
        return self._width * (value - self._left) / (self._right - self._left)

    def _y(self, value: float) -> float:
        return self._height * (self._top - value) / (self._top - self._bottom)


def _coloured(lines: Sequence[Line]) -> Iterator[tuple[str, Line]]:
    """Each line with its colour; faint ones have one and the same."""
    number = 0
    for line in lines:
        yield (FAINT if line.faint else COLOURS[number % len(COLOURS)]), line
        number += not line.faint


def _told(charts: Sequence[Chart]) -> str:
    return "; ".join(f"{chart.title} over {chart.axis}" for chart in charts)


def _span(values: Float[np.ndarray, " N"]) -> tuple[float, float]:
    """Lowest and highest value, a little apart where they are one."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)
