"""The schedule: balanced, seeded, and every kind of trial in its place."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import pytest

from parasol.study.trials import WRONG, Plan, Question, Trial, make_schedule

METHODS = ("a", "b", "c", "d")


def names(count: int) -> list[str]:
    return [f"pair-{index}" for index in range(count)]


def schedule(
    *, people: int = 60, trials: int = 20, repeats: int = 2, catches: int = 2, pairs: int = 10, seed: int = 0
) -> tuple[tuple[Trial, ...], ...]:
    questions: dict[Question, list[str]] = {"overall": names(pairs), "style": names(pairs), "content": names(pairs)}
    plan = Plan(participants=people, trials=trials, repeats=repeats, catches=catches, seed=seed)
    return make_schedule(plan, METHODS, questions)


def mains(lists: Iterable[Iterable[Trial]]) -> list[Trial]:
    return [trial for trials in lists for trial in trials if trial.kind == "main"]


def comparison(trial: Trial) -> tuple[str, ...]:
    return (trial.question, *sorted((trial.left, trial.right)))


def spread(counts: Counter) -> int:
    return max(counts.values()) - min(counts.values())


@pytest.mark.parametrize(("people", "trials", "pairs"), [(60, 20, 10), (7, 11, 5), (9, 60, 4), (13, 18, 1)])
def test_it_is_balanced(people: int, trials: int, pairs: int) -> None:
    asked = mains(schedule(people=people, trials=trials, pairs=pairs))
    assert len(asked) == people * trials
    comparisons = Counter(map(comparison, asked))
    assert len(comparisons) == 3 * 6
    assert spread(comparisons) <= 1
    for which in comparisons:
        own = [trial for trial in asked if comparison(trial) == which]
        of_pair = Counter(trial.pair for trial in own)
        assert spread(of_pair) <= 1 or len(own) < pairs
        first_left = sum(trial.left == which[1] for trial in own)
        assert abs(2 * first_left - len(own)) <= 1
        for pair in of_pair:
            same = [trial for trial in own if trial.pair == pair]
            assert abs(2 * sum(trial.left == which[1] for trial in same) - len(same)) <= 1


def test_nobody_is_asked_the_same_twice_and_questions_come_in_blocks() -> None:
    for trials in schedule(trials=60, pairs=4):
        own = [trial for trial in trials if trial.kind == "main"]
        assert len({(*comparison(trial), trial.pair) for trial in own}) == len(own)
        blocks = [question for question, _ in groupby(trial.question for trial in trials if trial.kind != "repeat")]
        assert len(blocks) == 3


def test_repeats_swap_the_sides_of_an_early_trial() -> None:
    for trials in schedule():
        assert [trial.kind for trial in trials[-2:]] == ["repeat"] * 2
        for place, trial in enumerate(trials[-2:], len(trials) - 2):
            assert trial.repeats is not None
            first = trials[trial.repeats]
            assert (first.kind, first.question, first.pair) == ("main", trial.question, trial.pair)
            assert (first.left, first.right) == (trial.right, trial.left)
            assert place - trial.repeats >= 10


def test_catches_are_spread_and_balanced() -> None:
    lists = schedule()
    for trials in lists:
        places = [place for place, trial in enumerate(trials) if trial.kind == "catch"]
        assert len(places) == 2
        assert places[0] <= 10 < places[1]
    catches = [trial for trials in lists for trial in trials if trial.kind == "catch"]
    assert all((trial.left == WRONG) != (trial.right == WRONG) for trial in catches)
    assert abs(2 * sum(trial.left == WRONG for trial in catches) - len(catches)) <= 3


def test_the_seed_decides() -> None:
    assert schedule(seed=1) == schedule(seed=1)
    assert schedule(seed=1) != schedule(seed=2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"people": 0}, "must be 1 or more"),
        ({"trials": 0}, "must be 1 or more"),
        ({"trials": 181, "pairs": 10}, "more than the 180 different ones"),
        ({"repeats": 11}, "too many for 20 trials"),
        ({"catches": 21}, "too many for 20 trials"),
        ({"pairs": 0}, "make no study"),
    ],
)
def test_plans_that_do_not_fit_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule(**wrong)
