"""Statistics of the figures, against scipy and numbers whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from parasol.metrics.statistics import calibration_error, decibel, ranks, spearman

whole = st.lists(st.integers(-3, 3), min_size=2, max_size=12)


@given(whole)
def test_ranks_are_scipys(values: list[int]) -> None:
    assert ranks(np.array(values, float)).tolist() == stats.rankdata(values).tolist()


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=12))
def test_spearman_is_scipys(values: list[tuple[int, int]]) -> None:
    a, b = np.array(values, float).T
    found = spearman(a, b)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert found == 0.0
    else:
        assert found == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_spearman_sees_order_alone() -> None:
    dial = np.linspace(0, 1, 10)
    assert spearman(dial, -np.exp(5 * dial)) == pytest.approx(-1.0)
    one_swap = np.array([0, 1, 2, 4, 3, 5, 6, 7, 8, 9.0])
    assert spearman(dial, one_swap) == pytest.approx(1 - 6 * 2 / (10 * 99))


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0]), ([1.0, np.nan], [1.0, 2.0])])
def test_spearman_refuses_what_has_no_order(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match="equally long lists"):
        spearman(np.array(a), np.array(b))


def test_decibel_has_an_end() -> None:
    assert decibel(float("inf")) == 100.0
    assert decibel(31.41592) == 31.416


@pytest.mark.parametrize(
    ("curve", "wanted"),
    [
        ([1.0, 2.0, 5.0], 0.0),  # straight over 0, 1, 4
        ([5.0, 4.0, 1.0], 0.0),  # and downwards
        ([0.0, 1.0, 1.0], 0.75 / 3),  # all is reached at a quarter of the dial
        ([0.0, -1.0, 3.0], (0.25 + 0.25) / 3),  # the range is that of all values: 1/4, 0, 1
        ([2.0, 2.0, 2.0], None),
    ],
)
def test_calibration_error_by_hand(curve: list[float], wanted: float | None) -> None:
    found = calibration_error(np.array([0.0, 1.0, 4.0]), np.array(curve))
    assert found == (None if wanted is None else pytest.approx(wanted))


def test_calibration_error_needs_a_dial_that_rises() -> None:
    with pytest.raises(ValueError, match="it needs as many, and rising ones"):
        calibration_error(np.array([1.0, 0.0]), np.array([1.0, 2.0]))
