"""Line charts side by side, as one SVG file: each with its own range and axis."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from parasol.charts import COLOURS, span

WIDTH, HEIGHT = 380, 220  # px of one chart's field
LEFT, TOP, BOTTOM, GAP = 56, 44, 56, 28

Points = Sequence[Sequence[float]]
"""What the line passes, across and up; in order."""


def draw(charts: Mapping[str, Mapping[str, Points]], across: str) -> str:
    """Charts side by side, by title; each has its lines by name, and its own range, the smallest that holds them.

    across: what the horizontal axis measures.

    Raises:
        ValueError: a chart has no point.
    """
    wide, high = (LEFT + WIDTH + GAP) * len(charts), TOP + HEIGHT + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" font-family="sans-serif" '
        f'font-size="12"><rect width="{wide}" height="{high}" fill="white"/>'
    ]
    for number, (title, lines) in enumerate(charts.items()):
        if not any(lines.values()):
            raise ValueError(f"the chart {title!r} has no point: add at least one")
        parts += [
            f'<g transform="translate({number * (LEFT + WIDTH + GAP) + LEFT} {TOP})">',
            *_chart(title, lines, across),
            "</g>",
        ]
    return "\n".join([*parts, "</svg>", ""])


def _chart(title: str, lines: Mapping[str, Points], axis: str) -> list[str]:
    across, up = np.array([point for line in lines.values() for point in line], np.float64).T
    left, right, bottom, top = *span(across), *span(up)

    def x(value: float) -> float:
        return WIDTH * (value - left) / (right - left)

    def y(value: float) -> float:
        return HEIGHT * (top - value) / (top - bottom)

    parts = [
        f'<text x="0" y="-26" font-weight="bold">{escape(title)}</text>',
        f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#556"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 40}" text-anchor="middle">{escape(axis)}</text>',
        *(f'<text x="-6" y="{y(at) + 4:.1f}" text-anchor="end">{at:.3g}</text>' for at in (bottom, top)),
        *(f'<text x="{x(at):.1f}" y="{HEIGHT + 18}" text-anchor="middle">{at:.3g}</text>' for at in (left, right)),
    ]
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.5" fill="{colour}"/>' for at, value in line]
        parts.append(f'<text x="{number * 120}" y="-8" fill="{colour}">{escape(name)}</text>')
    return parts
