"""Exact search against sums in float64: order, ties, tiles, parts, and crowds of equal vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parasol.index import Table, nearest
from worlds import unit_rows


def brute_force(queries: np.ndarray, database: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    wide = database.astype(np.float64)
    cosines = np.array([[np.sum(query * row) for row in wide] for query in queries.astype(np.float64)], np.float32)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(cosines, rows, axis=1)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 60), st.booleans())
def test_nearest_is_brute_force(seed: int, k: int, tile: int, half: bool) -> None:
    queries, database = unit_rows(seed, 3, 5), unit_rows(seed + 1, 40, 5)
    database[seed % 40] = database[(seed + 7) % 40]
    stored = database.astype(np.float16) if half else database
    rows, cosines = nearest(queries, stored, k, tile=tile)
    expected = brute_force(queries, stored, k)
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_allclose(cosines, expected[1], atol=1e-7)


def test_the_answer_depends_on_no_cut() -> None:
    """Products of BLAS do: their last bits change with the shape of the product."""
    queries, database = unit_rows(0, 700, 128), unit_rows(1, 3000, 128)
    rows, cosines = nearest(queries, database, 50)
    for tile in (77, 1000, 5000):
        found = nearest(queries, database, 50, tile=tile)
        np.testing.assert_array_equal(found[0], rows)
        np.testing.assert_array_equal(found[1], cosines)
    alone = nearest(queries[3:5], database, 50)
    np.testing.assert_array_equal(alone[1], cosines[3:5])


def test_of_equal_vectors_the_lower_row_wins_however_many_there_are() -> None:
    database = np.repeat(unit_rows(0, 2, 16), 4000, axis=0)[np.random.default_rng(0).permutation(8000)]
    rows, cosines = nearest(database[:2], database, 30, tile=500)
    for query in range(2):
        equal = np.flatnonzero((database == database[query]).all(axis=1))
        np.testing.assert_array_equal(rows[query], equal[:30])
        assert len(set(cosines[query])) == 1


def test_cosines_on_both_sides_of_zero_keep_their_order() -> None:
    database = np.array([[-1, 0], [0, 1], [0, -1], [1, 0], [-0.6, 0.8]], np.float32)
    rows, cosines = nearest(database[3:4], database, 5)
    assert rows.tolist() == [[3, 1, 2, 4, 0]]
    np.testing.assert_allclose(cosines, [[1, 0, 0, -0.6, -1]], rtol=1e-6)


def test_parts_are_one_table() -> None:
    queries, database = unit_rows(0, 4, 8), unit_rows(1, 100, 8).astype(np.float16)
    table = Table([database[:3], database[3:3], database[3:60], database[60:]])
    assert len(table) == 100
    np.testing.assert_array_equal(table.take(np.array([[99, 0], [3, 2]])), database[[[99, 0], [3, 2]]])
    for found, expected in zip(nearest(queries, table, 9), nearest(queries, database, 9), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("k", [0, 6])
def test_a_k_without_an_answer_is_refused(k: int) -> None:
    rows = unit_rows(0, 5, 4)
    with pytest.raises(ValueError, match=f"k is {k}; it must be between 1 and the 5 rows"):
        nearest(rows, rows, k)
