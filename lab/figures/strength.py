"""The one dial over style scale and structure, measured on test pairs."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from lab.figure import Figure
from parasol.calibration import distances
from parasol.held_out import Pair, Subject
from parasol.types import Record

STRENGTHS = tuple(round(k / 10, 1) for k in range(11))


def strength(subject: Subject) -> Figure:
    """Mean style distance over held-out pairs as strength goes from 0 to 1 in eleven values, the dial as it ships.

    style_distance: 1 - cos of the style descriptors of result and style picture; for a model whose own dials have
    texture, the distance of their textures. deviation: the largest distance of that curve from the straight line
    between its ends, as a share of its range. Wanted: at most 0.1.
    """

    def measure(pair: Pair) -> Record:
        measured = distances(subject, pair, [{"strength": value} for value in STRENGTHS])
        return {"pair": pair.name, "style_distance": measured}

    def summarise(records: Sequence[Record]) -> Record:
        mean = np.mean([record["style_distance"] for record in records], axis=0)
        return {
            "values": list(STRENGTHS),
            "style_distance": mean.round(5).tolist(),
            "deviation": round(deviation(mean), 4),
        }

    return Figure(units=subject.pairs, measure=measure, summarise=summarise)


def deviation(curve: Float[np.ndarray, " N"]) -> float:
    """Largest distance of evenly spaced values from the line between the first and the last, as a share of its range.

    Infinite where the two are equal: such a dial does nothing.
    """
    line = np.linspace(curve[0], curve[-1], len(curve))
    span = abs(float(curve[-1] - curve[0]))
    return float(np.abs(curve - line).max()) / span if span else float("inf")
