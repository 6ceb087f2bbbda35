"""Line charts as SVG, side by side: shares in per cent over a few steps of a dial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by colour-blind eyes too
WIDTH, HEIGHT = 300, 220  # px of one chart's field
LEFT, TOP, BOTTOM = 48, 40, 84  # px round it; lines' names stand below
LINE = 16  # px of one name


@dataclass(frozen=True, kw_only=True)
class Chart:
    """steps: what stands below the axis, evenly spaced. lines: name -> a share, 0..1, at each step."""

    title: str
    axis: str
    steps: Sequence[str]
    lines: Mapping[str, Sequence[float]]


def svg(charts: Sequence[Chart]) -> str:
    """The charts in one drawing; all share one scale, from a round number below the lowest share up to 100 %."""
    lowest = min((value for chart in charts for line in chart.lines.values() for value in line), default=0.0)
    floor = min(int(lowest * 10) / 10, 0.9)
    names = max((len(chart.lines) for chart in charts), default=0)
    width, height = (LEFT + WIDTH + 24) * len(charts), TOP + HEIGHT + BOTTOM + names * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="white"/>'
    ]
    for number, chart in enumerate(charts):
        parts += [
            f'<g transform="translate({number * (LEFT + WIDTH + 24) + LEFT} {TOP})">',
            *_field(chart, floor),
            "</g>",
        ]
    return "\n".join([*parts, "</svg>", ""])


def _field(chart: Chart, floor: float) -> list[str]:
    def x(step: int) -> float:
        return WIDTH * (step + 0.5) / len(chart.steps)

    def y(share: float) -> float:
        return HEIGHT * (1.0 - share) / (1.0 - floor)

    parts = [f'<text x="{WIDTH / 2}" y="-16" text-anchor="middle" font-weight="bold">{escape(chart.title)}</text>']
    for tenth in range(round(floor * 10), 11):
        at = f"{y(tenth / 10):.1f}"
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{at}" y2="{at}" stroke="#ddd"/>')
        parts.append(f'<text x="-6" y="{at}" text-anchor="end" dominant-baseline="middle">{tenth * 10} %</text>')
    for step, name in enumerate(chart.steps):
        parts.append(f'<text x="{x(step):.1f}" y="{HEIGHT + 18}" text-anchor="middle">{escape(name)}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 40}" text-anchor="middle">{escape(chart.axis)}</text>')
    for number, (name, line) in enumerate(chart.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(step):.1f},{y(share):.1f}" for step, share in enumerate(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        below = HEIGHT + 66 + number * LINE
        parts.append(f'<line x1="0" x2="20" y1="{below - 4}" y2="{below - 4}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="28" y="{below}">{escape(name)}</text>')
    return parts


def span(values: Float[np.ndarray, "*any"]) -> tuple[float, float]:
    """Lowest and highest value, a little apart where they are one."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)
