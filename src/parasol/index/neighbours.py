"""Who answers a search: every row, or the lists of a large index."""

from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int64

from parasol.index.exact import nearest
from parasol.index.lists import opened_lists
from parasol.index.store import Index
from parasol.index.table import Table

EXACT_UP_TO = 2_000_000  # rows


@runtime_checkable
class Neighbours(Protocol):
    """Rows by their similarity to one vector."""

    def nearest(
        self, query: Float[np.ndarray, " n"], k: int
    ) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, " m"]]:
        """At most k rows and their exact scores, best first; ties go to the lower row."""
        ...


@final
class Exact:
    """Every row is scored."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def nearest(
        self, query: Float[np.ndarray, " n"], k: int
    ) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, " m"]]:
        """As `Neighbours` has it. Raises ValueError where there are no rows."""
        rows, scores = nearest(query[None], self._table, min(k, len(self._table)))
        return rows[0], scores[0]


def neighbours(index: Index) -> Neighbours:
    """The lists of an index above two million rows, where they are up to date; exact search otherwise."""
    opened = opened_lists(index) if is_large(index) else None
    return Exact(index.table) if opened is None else opened[0]


def is_large(index: Index) -> bool:
    """Whether scoring every row takes so long that lists pay."""
    return len(index.table) > EXACT_UP_TO
