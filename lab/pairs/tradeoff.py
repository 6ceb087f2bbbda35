"""Style against content over the dials of two kinds of method: python -m lab tradeoff.

Reads a finished comparison in which both kinds stand at several strengths, and tells where the first is nearer to the
style at equal distance from the content.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol.charts import Chart, Line, svg
from parasol.images import write_atomic
from parasol.types import Record

CONTENT, STYLE = "lite2-perceptual", "lite2-brushwork"
STEPS = 1001  # of the range of content distances that both reach


def nearest_style(points: Float[np.ndarray, "N 2"], content: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """Lowest style distance on the polyline through (content distance, style distance), in the order of the dial.

    Infinite at a content distance that the polyline does not pass.
    """
    lowest = np.full(len(content), np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        within = (content >= min(x0, x1)) & (content <= max(x0, x1))
        passed = y0 + (content - x0) / (x1 - x0) * (y1 - y0) if x1 != x0 else min(y0, y1)
        lowest = np.where(within, np.minimum(lowest, passed), lowest)
    return lowest


def dominated(ours: Float[np.ndarray, "N 2"], theirs: Float[np.ndarray, "M 2"]) -> float:
    """Share of the content distances that both reach at which ours is nearer to the style.

    Raises:
        ValueError: there is no distance that both reach.
    """
    low, high = max(ours[:, 0].min(), theirs[:, 0].min()), min(ours[:, 0].max(), theirs[:, 0].max())
    if low >= high:
        raise ValueError(
            f"the first method's content distances are {ours[:, 0].min():.3g} to {ours[:, 0].max():.3g} and the "
            f"second's {theirs[:, 0].min():.3g} to {theirs[:, 0].max():.3g}: compare more strengths, so that they meet"
        )
    content = np.linspace(low, high, STEPS)
    return float((nearest_style(ours, content) < nearest_style(theirs, content)).mean())


def points_of(comparison: Record, kind: str) -> Float[np.ndarray, "N 2"]:
    """(content distance, style distance) of the methods of a kind, in the order in which they were named.

    Raises:
        ValueError: there are fewer than two.
    """
    methods = [method for method in comparison["methods"].values() if method["kinds"][0] == kind]
    if len(methods) < 2:
        raise ValueError(f"the comparison has {len(methods)} methods of the kind {kind!r}: compare it at two or more")
    return np.array([[method["values"][name]["value"] for name in (CONTENT, STYLE)] for method in methods])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab tradeoff", description=__doc__)
    parser.add_argument("comparison", type=Path, help="comparison.json of a finished comparison")
    parser.add_argument("kinds", nargs=2, metavar="KIND", help="two kinds of method, such as ours and magenta")
    parser.add_argument("--out", type=Path, help="SVG file of both curves")
    options = parser.parse_args(arguments)
    try:
        comparison = json.loads(options.comparison.read_text(encoding="utf-8"))
        curves = {kind: points_of(comparison, kind) for kind in options.kinds}
        share = dominated(*curves.values())
    except (OSError, ValueError, KeyError) as error:
        parser.error(f"{str(options.comparison)!r}: {error}")
    if options.out:
        lines = [Line(name=kind, points=points.tolist()) for kind, points in curves.items()]
        write_atomic(options.out, svg([Chart(title=STYLE, axis=CONTENT, lines=lines)]).encode())
    print(json.dumps({"dominated": round(share, 4), "content": CONTENT, "style": STYLE}))
    return 0
