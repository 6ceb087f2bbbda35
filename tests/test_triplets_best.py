"""The running top-k: brute force whatever the tiles, ties to the lower row, cosines exact on the grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parasol.triplets.best import Best
from parasol.triplets.fixed_point import on_grid, pack, unpack


def vectors(seed: int, count: int, width: int = 24) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, width))
    return on_grid(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def by_tiles(queries: np.ndarray, database: np.ndarray, k: int, tile: int) -> tuple[np.ndarray, np.ndarray]:
    best = Best(len(queries), k)
    for start in range(0, len(database), tile):
        part = database[start : start + tile]
        best.absorb(queries @ part.T, np.arange(start, start + len(part)))
    return best.result()


def brute(queries: np.ndarray, database: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-(queries.astype(np.float64) @ database.T), axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("tile", [1, 7, 64, 500])
@pytest.mark.parametrize("k", [1, 20, 500])
def test_it_is_brute_force_whatever_the_tile(tile: int, k: int) -> None:
    queries, database = vectors(0, 9), vectors(1, 500)
    rows, cosines = by_tiles(queries, database, k, tile)
    np.testing.assert_array_equal(rows, brute(queries, database, k))
    np.testing.assert_array_equal(cosines, np.take_along_axis(queries @ database.T, rows, 1))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), tile=st.integers(1, 50), copies=st.integers(1, 30))
def test_ties_go_to_the_lower_row(seed: int, k: int, tile: int, copies: int) -> None:
    database = np.repeat(vectors(seed, 6, 4), copies, axis=0)[np.random.default_rng(seed).permutation(6 * copies)]
    k = min(k, len(database))
    rows, _ = by_tiles(vectors(seed + 1, 3, 4), database, k, tile)
    np.testing.assert_array_equal(rows, brute(vectors(seed + 1, 3, 4), database, k))


def test_candidates_that_only_get_better_need_all_the_room_there_is() -> None:
    query, database = vectors(0, 1), vectors(1, 3000)
    ascending = database[np.argsort((query @ database.T)[0])]
    rows, _ = by_tiles(query, ascending, 5, 256)
    np.testing.assert_array_equal(rows[0], [2999, 2998, 2997, 2996, 2995])


def test_cosines_on_the_grid_do_not_depend_on_the_order_of_summation() -> None:
    a, b = vectors(2, 40, 512), vectors(3, 50, 512)
    exact = a.astype(np.float64) @ b.T.astype(np.float64)
    shuffled = np.random.default_rng(0).permutation(512)
    for product in (a @ b.T, a[:, shuffled] @ b[:, shuffled].T, np.stack([(row * b).sum(1) for row in a])):
        np.testing.assert_array_equal(product.astype(np.float64), exact)
    np.testing.assert_array_equal(on_grid(a.astype(np.float16)), a)  # float16 on disk holds the grid


def test_packing_keeps_cosine_and_row_and_sorts() -> None:
    cosines = (vectors(4, 30) @ vectors(5, 30).T).reshape(-1)
    rows = np.random.default_rng(0).integers(0, 2**32 - 1, cosines.size)
    keys = pack(cosines, rows)
    assert keys.min() > 0
    back = unpack(keys)
    np.testing.assert_array_equal(back[0], rows)
    np.testing.assert_array_equal(back[1], cosines)
    np.testing.assert_array_equal(np.argsort(keys)[::-1], np.lexsort((rows, -cosines)))
