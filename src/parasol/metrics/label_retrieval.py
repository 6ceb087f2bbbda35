"""Does a descriptor put together what belongs together? Nearest neighbours under a condition, as pure functions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped


@dataclass(frozen=True, kw_only=True, eq=False)
class Retrieval:
    """What the nearest neighbour of each query is. Only queries that can be answered rightly are counted."""

    right: Bool[np.ndarray, " Q"]
    """The nearest has the query's own `same` label."""

    possible: Bool[np.ndarray, " Q"]
    """Some candidate has it."""

    chance: Float[np.ndarray, " Q"]
    """Share of the candidates that have it: what a random neighbour would score."""

    def share(self, among: Bool[np.ndarray, " Q"] | None = None) -> float:
        """Share of right answers, 0..1, of all queries or of those in `among`; 0 where none can be answered."""
        return _mean(self.right, self.possible, among)

    def expected(self, among: Bool[np.ndarray, " Q"] | None = None) -> float:
        """The same for random neighbours."""
        return _mean(self.chance, self.possible, among)


def retrieve(
    descriptors: Float[np.ndarray, "N d"], *, same: Shaped[np.ndarray, " N"], apart: Shaped[np.ndarray, " N"]
) -> Retrieval:
    """Nearest of each picture among those with another `apart` label; it is right if it has the `same` label.

    same = set, apart = content: a style descriptor's retrieval, and a content descriptor's leak of style.
    same = content, apart = set: a content descriptor's retrieval, and a style descriptor's leak of content.
    Rows of `descriptors` are unit-norm.
    """
    candidate = apart[:, None] != apart[None, :]
    belongs = candidate & (same[:, None] == same[None, :])
    nearest = np.where(candidate, descriptors @ descriptors.T, -np.inf).argmax(axis=1)
    return Retrieval(
        right=belongs[np.arange(len(same)), nearest],
        possible=belongs.any(axis=1),
        chance=belongs.sum(axis=1) / np.maximum(candidate.sum(axis=1), 1),
    )


def _mean(values: np.ndarray, possible: np.ndarray, among: np.ndarray | None) -> float:
    counted = possible if among is None else possible & among
    return float(values[counted].mean()) if counted.any() else 0.0
