"""Small line charts as SVG that stands inside a page: one measure over one dial, each line and their mean."""

from html import escape

import numpy as np
from jaxtyping import Float

from parasol.charts import span
from parasol.report.curves import Curve

WIDTH, HEIGHT = 230, 130  # of the field inside the axes, in px
LEFT, TOP, RIGHT, BOTTOM = 46, 24, 12, 40
LINE, MEAN, AXIS = "#b8c4cc", "#0072b2", "#556"
TICK_GAP = 30.0  # px between two numbers below the axis, at least


def svg(curve: Curve) -> str:
    """The chart of a curve: thin lines, their mean bold, the range of the values at the left."""
    x = np.array(curve.dial.values)
    low, high = span(curve.lines)

    def points(line: Float[np.ndarray, " V"]) -> str:
        return " ".join(
            f"{_across(at, x):.1f},{HEIGHT * (high - value) / (high - low):.1f}"
            for at, value in zip(x, line, strict=True)
        )

    dial = curve.dial.name.replace("_", " ")
    title = f"{curve.measure} over {dial}"
    parts = [
        f'<svg role="img" aria-label="{escape(title)}" width="{LEFT + WIDTH + RIGHT}" height="{TOP + HEIGHT + BOTTOM}"'
        f' viewBox="{-LEFT} {-TOP} {LEFT + WIDTH + RIGHT} {TOP + HEIGHT + BOTTOM}">',
        f'<text x="0" y="-9" font-weight="600">{escape(curve.measure)}</text>',
        f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="{AXIS}"/>',
        *(f'<text x="-5" y="{y}" text-anchor="end">{value:.2f}</text>' for y, value in ((8, high), (HEIGHT, low))),
        *_ticks(x),
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 33}" text-anchor="middle">{escape(dial)}</text>',
        *(f'<polyline points="{points(line)}" fill="none" stroke="{LINE}"/>' for line in curve.lines),
        f'<polyline points="{points(curve.mean)}" fill="none" stroke="{MEAN}" stroke-width="2.5"/>',
        "</svg>",
    ]
    return "".join(parts)


def _across(value: float, x: Float[np.ndarray, " V"]) -> float:
    return WIDTH * float((value - x[0]) / (x[-1] - x[0]))


def _ticks(x: Float[np.ndarray, " V"]) -> list[str]:
    """A mark at each value of the dial, and its number where there is room."""
    parts, last = [], -np.inf
    for value in x.tolist():
        at = _across(value, x)
        parts.append(f'<path d="M{at:.1f} {HEIGHT}v4" stroke="{AXIS}"/>')
        if at - last >= TICK_GAP:
            parts.append(f'<text x="{at:.1f}" y="{HEIGHT + 16}" text-anchor="middle">{value:.2g}</text>')
            last = at
    return parts
