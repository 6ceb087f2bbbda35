"""What the dials do: at their ends exactly, and in between on the average over held-out pairs."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from lab.figure import Figure
from lab.statistics import rms
from parasol.calibration import style_distances
from parasol.conditions import Style
from parasol.held_out import Pair, Subject
from parasol.maths.distances import cosine_distance
from parasol.metrics.statistics import spearman
from parasol.pipeline import Parasol
from parasol.report.sections import STRUCTURES
from parasol.types import Picture, Record

STYLE_SCALES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
END_STRUCTURES = (0.0, 0.4, 0.8)
END_PICTURES = 4  # pictures on the side that must not matter


def no_style(subject: Subject) -> Figure:
    """At --style-scale 0, are the pixels the same whatever the style picture? At structures 0, 0.4 and 0.8.

    Each unit is one content picture at one structure under four style pictures of four sets. Wanted: all identical.
    """
    chosen = subject.pairs[:END_PICTURES]

    def measure(unit: tuple[Pair, float]) -> Record:
        pair, structure = unit
        dials = subject.dials(style_scale=0.0, structure=structure)
        pictures = [subject.paint(Pair(content=pair.content, style=other.style), dials) for other in chosen]
        return {"content": pair.content.id, "structure": structure, **_sameness(pictures)}

    return Figure(units=[*product(chosen, END_STRUCTURES)], measure=measure, summarise=_all_identical)


def no_content(subject: Subject) -> Figure:
    """At --content-scale 0 --fresh, are the pixels the same whatever the content picture?

    Each unit is one style picture and one seed with four content pictures of one shape. Wanted: all identical.
    """
    shapes = [subject.fitted(pair.content).shape for pair in subject.pairs]  # all that is left of a content picture
    chosen = [pair for pair, shape in zip(subject.pairs, shapes, strict=True) if shape == shapes[0]][:END_PICTURES]

    def measure(row: int) -> Record:
        style, dials = chosen[row].style, subject.dials(content_scale=0.0, fresh=True, seed=row)
        pictures = [subject.paint(Pair(content=other.content, style=style), dials) for other in chosen]
        return {"style": style.id, "seed": row, **_sameness(pictures)}

    return Figure(units=range(len(chosen)), measure=measure, summarise=_all_identical)


def structure(subject: Subject) -> Figure:
    """Distances over held-out pairs as structure goes from 0 to 1 in ten values, other dials at their defaults, seed 0.

    content_rms: root mean square pixel difference of result and content picture. content_distance: 1 - cos of their
    content descriptors. style_distance: 1 - cos of the style descriptors of result and style picture. `mean` averages
    each over the pairs at each value, `spearman` is between the values and those means. Wanted: -0.95 or lower for
    content_rms and content_distance. texture_distance, for a model whose own dials have texture: that of the textures
    of result and style picture, in latents.
    """
    return _sweep(subject, "structure", STRUCTURES)


def style_scale(subject: Subject) -> Figure:
    """The same distances as style scale goes from 0 to 5 in six values.

    Wanted: a spearman of -0.95 or lower for style_distance; for a model whose own dials have texture, which says more
    of a style than its descriptor does, for texture_distance.
    """
    return _sweep(subject, "style_scale", STYLE_SCALES)


def _sweep(subject: Subject, dial: str, values: Sequence[float]) -> Figure:
    def measure(pair: Pair) -> Record:
        model = subject.model
        recipe = subject.recipe(pair, subject.dials())
        content, style = recipe.picture(), model.style(subject.file(pair.style))
        rows = [
            _distances(model, model.paint(recipe.varied(**{dial: value})).pixels, content, style) for value in values
        ]
        return {"pair": pair.name, **{name: [row[name] for row in rows] for name in rows[0]}}

    def summarise(records: Sequence[Record]) -> Record:
        names = [name for name in records[0] if name != "pair"]
        means = {name: np.mean([record[name] for record in records], axis=0) for name in names}
        by_pair = {name: [spearman(np.array(values), np.array(record[name])) for record in records] for name in names}
        return {
            "values": list(values),
            "mean": {name: mean.round(5).tolist() for name, mean in means.items()},
            "spearman": {name: round(spearman(np.array(values), mean), 4) for name, mean in means.items()},
            "mean_spearman_of_a_pair": {name: round(float(np.mean(rhos)), 4) for name, rhos in by_pair.items()},
        }

    return Figure(units=subject.pairs, measure=measure, summarise=summarise)


def _distances(model: Parasol, result: Picture, content: Picture, style: Style) -> dict[str, float]:
    distances = {
        "content_rms": rms(result, content),
        "content_distance": float(cosine_distance(model.embed_content(result), model.embed_content(content))),
    }
    return {name: round(value, 6) for name, value in distances.items()} | style_distances(model, result, style)


def _sameness(pictures: Sequence[Picture]) -> Record:
    return {"pictures": len(pictures), "identical": all(np.array_equal(pictures[0], other) for other in pictures[1:])}


def _all_identical(records: Sequence[Record]) -> Record:
    return {"identical": sum(record["identical"] for record in records), "of": len(records)}
