"""The last step of making a model: where the stops of its one dial over style scale and structure are."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol import corpora
from parasol.bundle import MANIFEST, Bundle, DefaultDials, StrengthStop
from parasol.conditions import Style
from parasol.corpora import gallery
from parasol.held_out import CONTENT_VAL, Pair, Subject, pairs, tuning_subject
from parasol.images import write_atomic
from parasol.maths.distances import cosine_distance
from parasol.maths.texture import texture_distance
from parasol.pipeline import Parasol
from parasol.types import Picture

STOPS = 21
WAY = tuple(round(k / 15, 4) for k in range(16))  # along the way on which the dial is laid out
FIRST_SCALE = 1.0  # style scale where the way begins; it ends at the model's own


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


def tuning(model: Parasol, folder: Path, count: int) -> Subject:
    """A model on `count` validation pairs of the corpus in a folder: of a grid, or of photographs and paintings.

    Raises:
        ValueError: there is no corpus, or it has no room for so many pairs.
    """
    if corpora.holds_pictures(folder):
        return tuning_subject(model, gallery.load(folder), count)
    corpus = corpora.load(folder)
    return Subject(model=model, corpus=corpus, pairs=pairs(corpus, count, CONTENT_VAL))


def calibrate(
    subject: Subject, *, end: float = 0.0, progress: Callable[[int, int], None] | None = None
) -> tuple[StrengthStop, ...]:
    """Stops of the dial from the mean style distance over the subject's pairs along the way to structure `end`.

    progress: told (pairs done, pairs) after each.
    """
    own = subject.model.bundle.manifest.dials
    rows: list[list[float]] = []
    for pair in subject.pairs:
        rows.append(distances(subject, pair, [way(share, own=own, end=end) for share in WAY]))
        if progress:
            progress(len(rows), len(subject.pairs))
    return stops(np.mean(rows, axis=0), own=own, end=end)


def keep(bundle: Bundle, strength: Sequence[StrengthStop]) -> None:
    """Write the stops into the manifest of a bundle; all else in it stays."""
    manifest = bundle.manifest.model_copy(update={"strength": tuple(strength)})
    write_atomic(bundle.folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())


def distances(subject: Subject, pair: Pair, dials: Sequence[dict[str, float]]) -> list[float]:
    """Of a pair's result at each of the dials to its style: of textures, where the model's own dials have one."""
    model, recipe = subject.model, subject.recipe(pair, subject.dials())
    style = model.style(subject.file(pair.style))
    measured = [
        style_distances(model, model.paint(recipe.varied(**asdict(subject.dials(**some)))).pixels, style)
        for some in dials
    ]
    return [row.get("texture_distance", row["style_distance"]) for row in measured]


def style_distances(model: Parasol, result: Picture, style: Style) -> dict[str, float]:
    """How far a result is from a style: `style_distance`, 1 - cos of the descriptors, and, for a model whose own dials
    have texture and a style that has one, `texture_distance`, in latents."""
    record = {"style_distance": float(cosine_distance(model.embed_style(result), style.descriptor))}
    if model.bundle.manifest.dials.texture and style.texture:
        record["texture_distance"] = texture_distance(model.painter.texture(result).latents, style.texture.latents)
    return {name: round(value, 6) for name, value in record.items()}
