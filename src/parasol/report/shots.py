"""Draw and measure the pictures of a report, one by one; what is done is kept in its folder."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol.comparison.journal import Journal
from parasol.encoders.text import Words
from parasol.held_out import Subject
from parasol.images import load
from parasol.maths.distances import cosine_distance
from parasol.metrics.structure import edge_agreement
from parasol.report.sections import Goal, Shot
from parasol.types import Picture

MEASURES_FILE, PICTURES = "measures.jsonl", "pictures"
MEASURES = {
    "style distance": "1 - cos of the style descriptors of the result and of the style asked for",
    "content distance": "1 - cos of the content descriptors of the result and of the content asked for",
    "structure agreement": "correlation of Sobel gradient lengths of the result and of the content picture",
}
"""By name, what each is."""
DIGITS = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """The folder of a report: one PNG with its recipe for each picture, and a line with what was measured of it.

    Raises:
        ValueError: the folder holds the report of another model, corpus or number of steps.
    """

    folder: Path
    subject: Subject
    steps: int

    def __post_init__(self) -> None:
        _ = self._journal  # refuses a folder of another subject before anything is drawn

    @cached_property
    def _journal(self) -> Journal:
        key = {name: value for name, value in self.subject.key().items() if name != "pairs"} | {"steps": self.steps}
        return Journal(self.folder / MEASURES_FILE, key, renew=False)

    @cached_property
    def values(self) -> dict[str, dict[str, float]]:
        """What is measured so far, by a shot's name."""
        return {
            record["shot"]: record["values"]
            for record in self._journal.records()
            if self._file(record["shot"]).is_file()
        }

    def picture(self, shot: Shot) -> Picture:
        """The drawn picture."""
        return load(self._file(shot.name))

    def draw(self, shot: Shot) -> None:
        """Draw, measure and keep one picture."""
        result = self.subject.model.paint(shot.recipe())
        values = self._measure(result.pixels, shot.goal)
        replace(result, rgba=None).save(self._file(shot.name))  # as the model drew it, which is what is measured
        self._journal.append({"shot": shot.name, "values": values})
        self.values[shot.name] = values

    def _measure(self, result: Picture, goal: Goal) -> dict[str, float]:
        model, subject = self.subject.model, self.subject
        style = model.style(goal.style if isinstance(goal.style, Words) else subject.file(goal.style)).descriptor
        content = model.embed_content(goal.content if isinstance(goal.content, Words) else subject.fitted(goal.content))
        distances = (
            float(cosine_distance(model.embed_style(result), style)),
            float(cosine_distance(model.embed_content(result), content)),
            edge_agreement(result, subject.fitted(goal.layout)),
        )
        return {name: round(value, DIGITS) for name, value in zip(MEASURES, distances, strict=True)}

    def _file(self, name: str) -> Path:
        spelt, digest = re.sub(r"[^\w.,-]+", "-", name)[:120], hashlib.sha256(name.encode()).hexdigest()
        return self.folder / PICTURES / f"{spelt}-{digest[:8]}.png"


def drawing(kept: Kept, shots: Sequence[Shot]) -> Iterator[int]:
    """Draw what is missing; yields how many of the shots are there, at the start and after each more."""
    left = [shot for shot in shots if shot.name not in kept.values]
    yield len(shots) - len(left)
    for done, shot in enumerate(left, start=len(shots) - len(left) + 1):
        kept.draw(shot)
        yield done


def table(kept: Kept, rows: Sequence[Sequence[Shot]], measure: str) -> Float[np.ndarray, "rows columns"]:
    """One measure of shots in rows and columns."""
    return np.array([[kept.values[shot.name][measure] for shot in row] for row in rows])
