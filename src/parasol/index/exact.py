"""Exact nearest neighbours: tiles of the database, a running selection, memory bounded by one tile.

A matrix product proposes, exact sums decide. BLAS rounds a product differently at the edge of a tile than inside one,
so float32 products alone would let the order of near ties depend on how the work was cut. Proposals are therefore kept
with a margin for that rounding, and put in order by sums in float64: the answer is a function of the vectors alone.
"""

import numpy as np
from jaxtyping import Float, Float32, Int, Int64

from parasol.errors import ParasolError
from parasol.index.table import Table

BLOCK = 512  # queries in one product
SLACK = 1024  # proposals beyond k before exact sums thin them out; reached among thousands of equal vectors
GATHER = 1 << 18  # numbers in memory at once where exact sums are taken
ROW_BITS = 32
LAST_ROW = (1 << ROW_BITS) - 1
NO_KEY = np.iinfo(np.int64).max


def nearest(
    queries: Float[np.ndarray, "Q d"], database: Float[np.ndarray, "N d"] | Table, k: int, *, tile: int = 4096
) -> tuple[Int[np.ndarray, "Q k"], Float32[np.ndarray, "Q k"]]:
    """The k rows of `database` most similar to each query, and their cosines, most similar first.

    Both sides are unit-norm (at most 2^(1/2), so that two descriptors may stand side by side). Ties go to the lower
    row. The result is a function of the vectors alone, whatever the tile and whichever queries are asked together.
    float16 and memory-mapped databases are read tile by tile. Raises ValueError where k is not in 1..N, or a vector
    holds what is no number.
    """
    table = database if isinstance(database, Table) else Table([database])
    if not 1 <= k <= len(table):
        raise ParasolError(f"k is {k}; it must be between 1 and the {len(table)} rows of the database")
    rows, cosines = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), BLOCK):
        part = slice(start, start + BLOCK)
        keys = _nearest_keys(queries[part].astype(np.float32), table, k, tile)
        rows[part], cosines[part] = keys & LAST_ROW, _cosines(keys)
    return rows, cosines


def best_of(
    query: Float[np.ndarray, " d"], table: Table, rows: Int64[np.ndarray, " n"], k: int
) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, " m"]]:
    """The k most similar among some rows (all of them where there are fewer), with `nearest`'s cosines and order."""
    wide, keys = query[None].astype(np.float32), np.empty((1, 0), np.int64)
    step = max(1, GATHER // len(query))
    for start in range(0, len(rows), step):
        part = _exact_keys(wide, table, rows[None, start : start + step])
        keys = np.sort(np.concatenate([keys, part], axis=1), axis=1)[:, :k]
    return keys[0] & LAST_ROW, _cosines(keys[0])


def _nearest_keys(queries: Float32[np.ndarray, "B d"], table: Table, k: int, tile: int) -> Int64[np.ndarray, "B k"]:
    # Twice the bound on the rounding of a product of d terms, for norms whose product is at most 2.
    margin = np.float32(queries.shape[1] * 2.0**-22)
    proposals = np.empty((len(queries), 0), np.int64)
    floor = np.full((len(queries), 1), -np.inf, np.float32)
    scratch = np.empty(len(queries) * tile, np.float32)  # fresh memory for every product costs more than a selection
    for start, vectors in table.tiles(tile):
        products = scratch[: len(queries) * len(vectors)].reshape(len(queries), -1)
        with np.errstate(invalid="ignore", over="ignore"):
            np.matmul(queries, vectors.T, out=products)
        if not np.isfinite([products.min(), products.max()]).all():  # it would be nearest to all, or nothing to anybody
            raise ParasolError(f"some vector of the rows {start} to {start + len(vectors) - 1} is not finite")
        if start == 0 and len(vectors) >= k:
            floor = np.partition(products, -k, axis=1)[:, -k, None] - margin
        proposals = np.concatenate([proposals, _proposals(products, floor, start)], axis=1)
        proposals.sort(axis=1)
        if proposals.shape[1] >= k:
            floor = np.fmax(floor, _cosines(proposals[:, k - 1, None]) - margin)
        counts = (proposals <= _keys(floor, np.int64(LAST_ROW))).sum(axis=1)
        crowded = counts > k + SLACK
        if crowded.any():
            proposals[crowded] = _thinned(queries[crowded], table, proposals[crowded], k)
            counts[crowded] = k
        proposals = proposals[:, : counts.max()]
    return np.sort(_exact_keys(queries, table, proposals), axis=1)[:, :k]


def _proposals(
    products: Float32[np.ndarray, "B n"], floor: Float32[np.ndarray, "B 1"], first_row: int
) -> Int64[np.ndarray, "B m"]:
    """Keys of the products that reach the floor, each query's at the left of its row."""
    queries, columns = np.divmod(np.flatnonzero(products >= floor), products.shape[1])
    counts = np.bincount(queries, minlength=len(products))
    place = np.arange(len(queries)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((len(products), counts.max()), NO_KEY)
    keys[queries, place] = _keys(products[queries, columns], columns + first_row)
    return keys


def _thinned(
    queries: Float32[np.ndarray, "B d"], table: Table, proposals: Int64[np.ndarray, "B m"], k: int
) -> Int64[np.ndarray, "B m"]:
    """The proposals that exact sums put among the k nearest so far, and no other."""
    best = np.argsort(_exact_keys(queries, table, proposals), axis=1)[:, :k]
    thinned = np.full_like(proposals, NO_KEY)
    thinned[:, :k] = np.sort(np.take_along_axis(proposals, best, axis=1), axis=1)
    return thinned


def _exact_keys(
    queries: Float32[np.ndarray, "B d"], table: Table, proposals: Int64[np.ndarray, "B m"]
) -> Int64[np.ndarray, "B m"]:
    """The same rows' keys by cosines that are summed in float64, each over the same terms in the same order."""
    keys = np.full_like(proposals, NO_KEY)
    step = max(1, GATHER // (proposals.shape[1] * queries.shape[1]))
    for start in range(0, len(proposals), step):
        part = proposals[start : start + step]
        rows = np.where(part == NO_KEY, 0, part & LAST_ROW)
        vectors = table.take(rows).astype(np.float64)
        sums = np.einsum("bd,bmd->bm", queries[start : start + step].astype(np.float64), vectors)
        keys[start : start + step] = np.where(part == NO_KEY, NO_KEY, _keys(sums.astype(np.float32), rows))
    return keys


def _keys(
    cosines: Float32[np.ndarray, "*shape"], rows: Int64[np.ndarray, "*shape"] | np.int64
) -> Int64[np.ndarray, "*shape"]:
    """One number for cosine and row: the larger cosine first, then the lower row."""
    bits = (cosines + np.float32(0)).view(np.int32)  # + 0 turns -0 into 0
    ascending = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits)
    return (~ascending).astype(np.int64) << ROW_BITS | rows


def _cosines(keys: Int64[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Inverse of `_keys`; not a number for NO_KEY."""
    ascending = ~(keys >> ROW_BITS).astype(np.int32)
    return np.where(ascending < 0, ascending ^ np.int32(0x7FFFFFFF), ascending).astype(np.int32).view(np.float32)
