"""Exact nearest neighbours: tiles of the database, a running top-k, memory bounded by one tile."""

import numpy as np
from jaxtyping import Float, Int


def nearest(
    queries: Float[np.ndarray, "Q d"], database: Float[np.ndarray, "N d"], k: int, *, tile: int = 4096
) -> tuple[Int[np.ndarray, "Q k"], Float[np.ndarray, "Q k"]]:
    """The k rows of `database` most similar to each query, and their cosines, most similar first.

    Both sides are unit-norm. Ties go to the lower row, whatever the tile: the result is a function of the input alone.
    Raises ValueError where k is not in 1..N.
    """
    if not 1 <= k <= len(database):
        raise ValueError(f"k is {k}; it must be between 1 and the {len(database)} rows of the database")
    rows = np.empty((len(queries), 0), np.int64)
    cosines = np.empty((len(queries), 0), np.float32)
    for start in range(0, len(database), tile):
        part = queries @ database[start : start + tile].T
        here = np.broadcast_to(np.arange(start, start + part.shape[1]), part.shape)
        rows, cosines = np.concatenate([rows, here], 1), np.concatenate([cosines, part], 1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        rows, cosines = np.take_along_axis(rows, best, 1), np.take_along_axis(cosines, best, 1)
    return rows, cosines
