"""Mixing: the ends are the single results, the way between them is one way, and the order of references is nothing."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from lab.figure import Figure
from lab.judging.cases import SEEN, UNSEEN, Case, cases
from parasol.blend import mesh
from parasol.held_out import Subject
from parasol.maths.distances import cosine_distance
from parasol.recipe import Recipe
from parasol.types import Picture, Record

STEPS = 5
MIXES = 12  # strips of either kind
WEIGHTS = (0.7, 0.3)
STYLES, CONTENTS = "styles", "contents"


def mixing(subject: Subject) -> Figure:
    """Strips of five pictures between two styles of one content, and between two contents in one style.

    Twelve of each: unseen contents at default dials between the style pictures of two cases; seen contents from new
    noise, without a content map, between the contents of two cases. ends: the first and the last picture of the strip
    have the pixels of the single results; weights: those of a mix with weights 1 and 0 do. order: 0.7 of one and 0.3 of
    the other give the same pixels in either order. way: (d1 - d2) / 2, d1 and d2 being the distances (1 - cos, the
    model's encoder of what is mixed) from a picture to the first and to the last of the strip; from -1 to 1. monotone:
    strips whose way rises at every step; mean: whether the mean over the strips does. Wanted: all identical, and the
    means monotone.
    """
    units = [
        *((STYLES, pair) for pair in neighbours(cases(subject.corpus, UNSEEN, MIXES + 1))),
        *((CONTENTS, pair) for pair in neighbours(cases(subject.corpus, SEEN, MIXES + 1))),
    ]

    def measure(unit: tuple[str, tuple[Case, Case]]) -> Record:
        kind, (case, other) = unit
        return {"kind": kind, "first": case.name, "second": other.name, **_strip(subject, kind, case, other)}

    def summarise(records: Sequence[Record]) -> Record:
        return {
            "encoders": "the model's own",
            **{
                kind: kind_summary([record for record in records if record["kind"] == kind])
                for kind in (STYLES, CONTENTS)
                if any(record["kind"] == kind for record in records)
            },
        }

    return Figure(units=units, measure=measure, summarise=summarise)


def neighbours(chosen: Sequence[Case]) -> list[tuple[Case, Case]]:
    """Each case with the next."""
    return [*pairwise(chosen)]


def way(descriptors: Float[np.ndarray, "N d"]) -> Float[np.ndarray, " N"]:
    """How far each is from the first rather than from the last: half the difference of the two cosine distances."""
    first, last = (np.broadcast_to(descriptors[end], descriptors.shape) for end in (0, -1))
    return (cosine_distance(descriptors, first) - cosine_distance(descriptors, last)) / 2.0


def rises(values: Float[np.ndarray, " N"]) -> bool:
    """Whether every value is above the one before."""
    return bool((np.diff(values) > 0.0).all())


def kind_summary(records: Sequence[Record]) -> Record:
    """Strips of one kind, summed up."""
    ways = np.array([record["way"] for record in records])
    mean = ways.mean(axis=0)
    return {
        "strips": len(records),
        **{name: sum(record[name] for record in records) for name in ("ends", "weights", "order")},
        "monotone": sum(rises(way) for way in ways),
        "way": mean.round(4).tolist(),
        "mean_monotone": rises(mean),
    }


def _strip(subject: Subject, kind: str, case: Case, other: Case) -> Record:
    model = subject.model
    first, second = _recipe(subject, kind, case, [(case, 1.0)]), _recipe(subject, kind, case, [(other, 1.0)])
    strip = [model.paint(recipe).pixels for recipe in mesh(model, [[first, second]], STEPS)[0]]
    mixed = [model.paint(_recipe(subject, kind, case, parts)).pixels for parts in (
        [(case, 1.0), (other, 0.0)], [(case, 0.0), (other, 1.0)],
        [(case, WEIGHTS[0]), (other, WEIGHTS[1])], [(other, WEIGHTS[1]), (case, WEIGHTS[0])],
    )]  # fmt: skip
    alone = [model.paint(recipe).pixels for recipe in (first, second)]
    embed = model.embed_style if kind == STYLES else model.embed_content
    return {
        "ends": _same(strip[0], alone[0]) and _same(strip[-1], alone[1]),
        "weights": _same(alone[0], mixed[0]) and _same(alone[1], mixed[1]),
        "order": _same(mixed[2], mixed[3]),
        "way": way(np.stack([embed(picture) for picture in strip])).round(5).tolist(),
    }


def _recipe(subject: Subject, kind: str, place: Case, parts: Sequence[tuple[Case, float]]) -> Recipe:
    """Of a mix of what the cases have of one kind; the rest is the first case's."""
    model, content = subject.model, subject.file(place.content)
    if kind == STYLES:
        styles = [(subject.file(case.style), weight) for case, weight in parts]
        return model.recipe(content, styles, subject.dials(), size=subject.side)
    shows = [(subject.file(case.content), weight) for case, weight in parts]
    dials = subject.dials(fresh=True, content_map=False)
    return model.recipe(content, subject.file(place.style), dials, shows=shows, size=subject.side)


def _same(picture: Picture, other: Picture) -> bool:
    return bool(np.array_equal(picture, other))
