"""The one dial over style scale and structure: calibrate it on validation pairs, measure it on test pairs.

    python -m parasol.evaluation.strength --model DIR --corpus DIR

writes the stops of the dial into the manifest of the bundle in DIR. A corpus of photographs and paintings is taken too.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol import corpora
from parasol.bundle import MANIFEST, DefaultDials, StrengthStop
from parasol.corpora import gallery
from parasol.evaluation.choice import CONTENT_VAL, Pair, pairs
from parasol.evaluation.comparison.paintings import tuning_subject
from parasol.evaluation.dials import style_distances
from parasol.evaluation.figure import Figure, Record, Subject
from parasol.evaluation.waiting import Waiting
from parasol.images import write_atomic
from parasol.pipeline import Parasol

STRENGTHS = tuple(round(k / 10, 1) for k in range(11))
STOPS = 21
WAY = tuple(round(k / 15, 4) for k in range(16))  # along the way on which the dial is laid out
FIRST_SCALE = 1.0  # style scale where the way begins; it ends at the model's own


def strength(subject: Subject) -> Figure:
    """Mean style distance over held-out pairs as strength goes from 0 to 1 in eleven values, the dial as it ships.

    style_distance: 1 - cos of the style descriptors of result and style picture; for a model whose own dials have
    texture, the distance of their textures. deviation: the largest distance of that curve from the straight line
    between its ends, as a share of its range. Wanted: at most 0.1.
    """

    def measure(pair: Pair) -> Record:
        found = _distances(subject, pair, [{"strength": value} for value in STRENGTHS])
        return {"pair": pair.name, "style_distance": found}

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


def way(share: float, *, own: DefaultDials, end: float) -> dict[str, float]:
    """Dials on the way from the content picture (0) to all of the style (1), which ends at structure `end`."""
    return {
        "style_scale": FIRST_SCALE + (own.style_scale - FIRST_SCALE) * share,
        "structure": 1.0 - (1.0 - end) * share,
    }


def stops(
    distances: Float[np.ndarray, " W"], *, own: DefaultDials, end: float, count: int = STOPS
) -> tuple[StrengthStop, ...]:
    """Where on the way the distance has fallen by equal parts, from distances at evenly spaced places along it.

    Where the distance rises again it is taken as what it was; the dial ends where it was lowest.
    """
    falling = np.minimum.accumulate(distances)
    places = np.linspace(0.0, 1.0, len(distances))[: int(falling.argmin()) + 1]
    wanted = np.linspace(falling[0], falling.min(), count)
    shares = np.interp(-wanted, -falling[: len(places)], places)
    return tuple(
        StrengthStop(**{name: round(value, 4) for name, value in dials.items()})
        for dials in (way(float(share), own=own, end=end) for share in shares)
    )


def calibrate(subject: Subject, end: float) -> tuple[StrengthStop, ...]:
    """Stops of the dial from the mean style distance over the subject's pairs along the way."""
    own, waiting = subject.model.bundle.manifest.dials, Waiting("strength")
    found: list[list[float]] = []
    for pair in subject.pairs:
        found.append(_distances(subject, pair, [way(share, own=own, end=end) for share in WAY]))
        waiting.tell(len(found), len(subject.pairs))
    return stops(np.mean(found, axis=0), own=own, end=end)


def _distances(subject: Subject, pair: Pair, dials: Sequence[dict[str, float]]) -> list[float]:
    """Of a pair's result at each of the dials to its style: of textures, where the model's own dials have one."""
    model, recipe = subject.model, subject.recipe(pair, subject.dials())
    style = model.style(subject.file(pair.style))
    found = [
        style_distances(model, model.paint(recipe.varied(**asdict(subject.dials(**some)))).pixels, style)
        for some in dials
    ]
    return [distances.get("texture_distance", distances["style_distance"]) for distances in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m parasol.evaluation.strength", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--model", type=Path, required=True, help="folder of the bundle to calibrate")
    parser.add_argument("--pairs", type=int, default=24, help="validation pairs")
    parser.add_argument("--end", type=float, default=0.0, help="structure at strength 1")
    options = parser.parse_args(arguments)
    try:
        model = Parasol.load(options.model)
        if corpora.holds_pictures(options.corpus):
            subject = tuning_subject(model, gallery.load(options.corpus), options.pairs)
        else:
            corpus = corpora.load(options.corpus)
            subject = Subject(model=model, corpus=corpus, pairs=pairs(corpus, options.pairs, CONTENT_VAL))
        found = calibrate(subject, options.end)
    except ValueError as error:
        parser.error(str(error))
    manifest = model.bundle.manifest.model_copy(update={"strength": found})
    write_atomic(model.bundle.folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())
    for stop in found:
        print(f"style scale {stop.style_scale:.2f}  structure {stop.structure:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
