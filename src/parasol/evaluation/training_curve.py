"""Loss and quality of a model against what its training has seen: python -m parasol.evaluation.training_curve.

Reads docs/figures/training.json, to which each edition adds its points, and draws docs/training.svg.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from parasol.evaluation.charts import draw
from parasol.images import write_atomic

SEEN = "thousands of pictures seen by the U-Net"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m parasol.evaluation.training_curve", description=__doc__)
    parser.add_argument("--points", type=Path, default=Path("docs/figures/training.json"), help="JSON file of points")
    parser.add_argument("--out", type=Path, default=Path("docs/training.svg"), help="SVG file")
    options = parser.parse_args(arguments)
    try:
        charts = json.loads(options.points.read_text(encoding="utf-8"))["charts"]
        drawing = draw(charts, SEEN)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        parser.error(
            f"{str(options.points)!r} holds no points to draw ({error}): name a file like docs/figures/training.json"
        )
    write_atomic(options.out, drawing.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
