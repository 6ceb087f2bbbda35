"""Searching an index: one score over both spaces, and the pictures that have the most of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from parasol.errors import ParasolError
from parasol.index.neighbours import neighbours
from parasol.index.store import BUILD_AGAIN, Encoders, Index, StoreError

LARGEST_SCORE = 1.05  # of unit vectors that were rounded to float16


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """What is looked for: a style, a content, or both; unit-norm descriptors of the index's encoders.

    Whatever has a descriptor can be asked for: a picture, a mix of several, a style card, words.
    """

    style: Float[np.ndarray, " a"] | None = None
    content: Float[np.ndarray, " d"] | None = None
    style_weight: float = 0.5
    """Share of the style in the score, 0..1, where both are given; one that is given alone counts whole."""

    def __post_init__(self) -> None:
        if self.style is None and self.content is None:
            raise ParasolError("the query is empty: give a style, a content, or both")
        if not 0 <= self.style_weight <= 1:
            raise ParasolError(f"the style weight is {self.style_weight}; it must be between 0 and 1")

    def vector(self, encoders: Encoders) -> Float32[np.ndarray, " n"]:
        """q, such that q . row = w cos(style) + (1 - w) cos(content) for every row of an index."""
        joined = np.zeros(encoders.dimension, np.float32)
        w = self.style_weight if self.content is not None else 1.0
        if self.style is not None:
            joined[encoders.style_columns] = w * self.style
        if self.content is not None:
            joined[encoders.content_columns] = (1 - w if self.style is not None else 1.0) * self.content
        return joined


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A picture that was found. Cosines are -1..1; that of a space which was not asked for is None."""

    file: Path
    score: float
    style: float | None
    content: float | None


def search(index: Index, query: Query, top: int) -> list[Hit]:
    """The `top` pictures (fewer in a smaller index) of the highest score, best first; ties go to the lower path.

    Raises:
        ValueError: `top` is below 1, the index is empty or damaged.
    """
    if top < 1:
        raise ParasolError(f"top is {top}; it must be 1 at least")
    if not len(index.table):
        raise StoreError(f"the index {str(index.folder)!r} holds no picture yet: {BUILD_AGAIN}")
    encoders, root = index.manifest.encoders, Path(index.manifest.pictures)
    vector = query.vector(encoders)
    if not np.isfinite(vector).all():
        raise ParasolError("the query holds what is no number: describe its pictures anew")
    try:
        rows, scores = neighbours(index).nearest(vector, top)
    except ValueError as error:
        raise _damaged(index) from error
    vectors = index.table.take(rows).astype(np.float32)
    if not (np.abs(scores) <= LARGEST_SCORE).all() or len(set(rows.tolist())) < len(rows):
        raise _damaged(index)
    return [
        Hit(
            file=root / entry.path,
            score=float(score),
            style=_cosine(query.style, vector[encoders.style_columns]),
            content=_cosine(query.content, vector[encoders.content_columns]),
        )
        for entry, score, vector in zip(index.entries_of(rows.tolist()), scores, vectors, strict=True)
    ]


def _damaged(index: Index) -> StoreError:
    return StoreError(f"the index {str(index.folder)!r} holds damaged descriptors: {BUILD_AGAIN}")


def _cosine(query: Float[np.ndarray, " n"] | None, vector: Float[np.ndarray, " n"]) -> float | None:
    return None if query is None else float(query @ vector)
