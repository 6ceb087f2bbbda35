"""Loss and quality of a model against what its training has seen: python -m lab training-curve.

Reads lab/results/figures/training.json, to which each edition adds its points, and draws docs/training.svg.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from parasol.charts import Chart, Line, Points, svg
from parasol.images import write_atomic

POINTS = Path("lab/results/figures/training.json")
SEEN = "thousands of pictures seen by the U-Net"


def draw(charts: Mapping[str, Mapping[str, Points]]) -> str:
    """Charts by title, lines by name. Raises ValueError where a chart has no point."""
    return svg(
        [
            Chart(title=title, axis=SEEN, lines=[Line(name=name, points=points) for name, points in lines.items()])
            for title, lines in charts.items()
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab training-curve", description=__doc__)
    parser.add_argument("--points", type=Path, default=POINTS, help="JSON file of points")
    parser.add_argument("--out", type=Path, default=Path("docs/training.svg"), help="SVG file")
    options = parser.parse_args(arguments)
    try:
        drawing = draw(json.loads(options.points.read_text(encoding="utf-8"))["charts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        parser.error(f"{str(options.points)!r} holds no points to draw ({error}): name a file like {POINTS}")
    write_atomic(options.out, drawing.encode())
    return 0
