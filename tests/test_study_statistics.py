"""Statistics of paired comparisons, against closed forms, scipy, and planted preferences."""

import numpy as np
import pytest
from scipy import optimize, stats

from lab.study_simulation import Planted, recovery, truth
from parasol.study.intervals import bootstrap
from parasol.study.preferences import answers_needed, detectable_rate, fair_coin, fit, wilson

NOTHING = np.zeros((2, 2))


def table(one_over_other: float, other_over_one: float) -> np.ndarray:
    return np.array([[0.0, one_over_other], [other_over_one, 0.0]])


@pytest.mark.parametrize(
    ("successes", "of", "low", "high"),
    # Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_as_published(successes: int, of: int, low: float, high: float) -> None:
    assert wilson(successes, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "of"), [(0, 1), (3, 7), (40, 40), (123, 400)])
def test_wilson_is_scipys(successes: int, of: int) -> None:
    found = stats.binomtest(successes, of).proportion_ci(0.9, method="wilson")
    assert wilson(successes, of, 0.9) == pytest.approx((found.low, found.high), abs=1e-12)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("heads", "of"), [(0, 0), (5, 10), (2, 11), (530, 1000)])
def test_fair_coin_is_scipys(heads: int, of: int) -> None:
    assert fair_coin(heads, of) == pytest.approx(stats.binomtest(heads, of).pvalue if of else 1.0)


def test_so_many_answers_have_the_promised_power() -> None:
    count = round(answers_needed(0.6, power=0.8))
    assert count == 194  # the textbook's
    successes = np.arange(count + 1)
    seen = np.abs(successes / count - 0.5) > 1.96 * np.sqrt(0.25 / count)
    assert stats.binom.pmf(successes, count, 0.6)[seen].sum() == pytest.approx(0.8, abs=0.02)
    assert answers_needed(0.4) == pytest.approx(answers_needed(0.6))
    assert answers_needed(0.5) == float("inf")
    assert detectable_rate(answers_needed(0.57)) == pytest.approx(0.57)


def test_two_methods_have_a_closed_form() -> None:
    found = fit(table(30, 10), NOTHING)
    assert found.log[0] - found.log[1] == pytest.approx(np.log(3))
    contrast = np.array([1, -1])
    assert contrast @ found.covariance @ contrast == pytest.approx(1 / 30 + 1 / 10)  # of a log-odds ratio
    assert found.log_tie == -np.inf
    assert found.finite


def test_two_methods_with_ties_have_a_closed_form() -> None:
    found = fit(table(30, 10), table(12, 12))
    assert found.log[0] - found.log[1] == pytest.approx(np.log(3))
    assert np.exp(found.log_tie) == pytest.approx(12 / np.sqrt(300))  # as many ties as were seen


def losing_likelihood(parameters: np.ndarray, wins: np.ndarray, ties: np.ndarray) -> float:
    """Davidson's, written down once more: minus the log-likelihood, the first strength held at 0."""
    strength, nu = np.exp(np.concatenate([[0.0], parameters[:-1]])), np.exp(parameters[-1])
    value = 0.0
    for i in range(len(wins)):
        for j in range(i):
            neither = nu * np.sqrt(strength[i] * strength[j])
            total = strength[i] + strength[j] + neither
            value -= wins[i, j] * np.log(strength[i] / total) + wins[j, i] * np.log(strength[j] / total)
            value -= ties[i, j] * np.log(neither / total)
    return value


def some_counts(methods: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(methods)
    wins = generator.integers(1, 30, (methods, methods)) * (1 - np.eye(methods))
    ties = np.triu(generator.integers(0, 10, (methods, methods)), 1)
    return wins, (ties + ties.T).astype(float)


@pytest.mark.parametrize("methods", [2, 3, 5])
def test_strengths_are_what_a_general_optimiser_finds(methods: int) -> None:
    wins, ties = some_counts(methods)
    ties[0, 1] = ties[1, 0] = 4
    found = fit(wins, ties)
    best = optimize.minimize(losing_likelihood, np.zeros(methods), args=(wins, ties), tol=1e-12)
    expected = np.concatenate([[0.0], best.x[:-1]])
    assert found.log == pytest.approx(expected - expected.mean(), abs=1e-5)
    assert found.log_tie == pytest.approx(best.x[-1], abs=1e-5)
    contrast = found.covariance[1, 1] + found.covariance[0, 0] - 2 * found.covariance[0, 1]
    assert contrast == pytest.approx(second_derivatives_inverse(wins, ties, best.x)[0, 0], rel=1e-4)


def second_derivatives_inverse(wins: np.ndarray, ties: np.ndarray, at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    shift = np.eye(len(at)) * step
    second = [
        [
            sum(
                sign * losing_likelihood(at + a * one + b * other, wins, ties)
                for a, b, sign in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
            )
            / (4 * step**2)
            for other in shift
        ]
        for one in shift
    ]
    return np.linalg.inv(second)


def test_no_ridge_is_left_in_the_covariance() -> None:
    """A constant added to all strengths is no error of theirs, and few answers inform no more than they do."""
    wins, ties = some_counts(4)
    found = fit(wins, ties)
    assert found.covariance @ np.ones(4) == pytest.approx(np.zeros(4), abs=1e-12)
    assert fit(100 * wins, 100 * ties).covariance == pytest.approx(found.covariance / 100, rel=1e-6)


def test_many_tables_at_once_are_fitted_one_by_one() -> None:
    wins, ties = (np.stack(tables) for tables in zip(*(some_counts(3) for _ in range(2)), strict=True))
    wins[1] += np.arange(9).reshape(3, 3) * (1 - np.eye(3))
    ties[1] = 0
    both = fit(wins, ties)
    for index in range(2):
        alone = fit(wins[index], ties[index])
        assert both.log[index] == pytest.approx(alone.log, abs=1e-9)
        assert both.covariance[index] == pytest.approx(alone.covariance, abs=1e-9)
    assert both.log_tie[1] == -np.inf


def test_a_method_that_always_wins_is_told_and_stays_finite() -> None:
    found = fit(table(20, 0), NOTHING)
    assert not found.finite
    assert found.log[0] - found.log[1] == pytest.approx(np.log(20.5 / 0.5))
    assert not fit(NOTHING, table(5, 5)).finite


@pytest.mark.parametrize(
    ("wins", "ties", "message"),
    [
        (NOTHING, NOTHING, "never compared"),
        (np.ones((2, 2)), NOTHING, "against itself"),
        (table(-1, 2), NOTHING, "0 or more"),
        (table(1, 2), table(1, 2), "the same both ways"),
    ],
)
def test_tables_that_are_none_are_refused(wins: np.ndarray, ties: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(wins, ties)


def test_people_of_one_mind_widen_the_intervals() -> None:
    """Ten answers each that are all alike carry as much as one: the design effect says so."""
    one_each = np.stack([table(1, 0)] * 30 + [table(0, 1)] * 20)
    alone = bootstrap(one_each, np.zeros_like(one_each), np.random.default_rng(0))
    alike = bootstrap(10 * one_each, np.zeros_like(one_each), np.random.default_rng(0))
    assert alike.each == pytest.approx(alone.each)
    assert alone.design_effect == pytest.approx(1, abs=0.2)
    assert alike.design_effect == pytest.approx(10, rel=0.2)


def test_one_participant_has_no_interval() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        bootstrap(table(3, 2)[None], NOTHING[None], np.random.default_rng(0))


def test_tastes_draw_the_truth_towards_the_middle() -> None:
    log = (0.75, 0.25, -0.25, -0.75)
    generator = np.random.default_rng(0)
    assert truth(Planted(log), generator) == pytest.approx(log)
    apart = truth(Planted(log, taste=1.0), generator)
    assert np.all(np.abs(apart) < np.abs(log))


@pytest.mark.parametrize("planted", [Planted((0.7, 0.0, -0.7)), Planted((0.7, 0.0, -0.7), tie=0.5, taste=0.5)])
def test_what_was_planted_is_recovered(planted: Planted) -> None:
    """A small version of `python -m lab study-simulation`."""
    found = recovery(planted, people=60, trials=20, simulations=12, draws=300, seed=5)
    assert found["order_found"] == 12
    assert found["interval_covers"] >= 10
    assert found["all_joint_intervals_cover"] >= 10


def test_answers_of_many_ties_are_fitted_or_told_and_never_fail() -> None:
    generator, endless = np.random.default_rng(0), 0
    for _ in range(200):
        wins = np.triu(generator.integers(0, 2, (4, 4)), 1).astype(float)
        ties = np.triu(generator.integers(0, 3, (4, 4)), 1).astype(float)
        found = fit(wins + 1 * np.eye(4, k=1), ties + ties.T)
        assert np.isfinite(found.log).all()
        assert np.abs(found.log).max() < 12 or not found.finite
        endless += not found.finite
    assert endless
