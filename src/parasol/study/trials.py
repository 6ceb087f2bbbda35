"""Who sees which two pictures, in which order, on which side. Pure: the seed and the counts fix it all.

Three kinds of trial: `main` ones, the only ones that strengths are computed from; `repeat`, an earlier main trial with
its sides swapped; `catch`, a method against an obviously wrong picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from parasol.errors import ParasolError
from parasol.strict import Strict

Question = Literal["overall", "style", "content", "interpolation"]
WRONG = "(wrong)"
"""Stands where a method does in catch trials."""


def known_questions(words: Sequence[str]) -> list[Question]:
    """The questions among all there are, each once. Raises ValueError for another word."""
    known = get_args(Question)
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ParasolError(f"there is no question {unknown[0]!r}: choose among {', '.join(known)}")
    return [question for question in known if question in words]


class Trial(Strict):
    """One question about two pictures."""

    kind: Literal["main", "repeat", "catch"]
    question: Question
    pair: str
    left: str
    right: str
    """The methods; `WRONG` for a picture that nobody can take for good."""

    repeats: int | None = None
    """Number of the trial that this one repeats, sides swapped, counted from 0 in the participant's list."""


class Plan(Strict):
    """How much each participant is asked."""

    participants: int
    trials: int
    """Main trials; the others come on top."""

    repeats: int
    catches: int
    seed: int


def make_schedule(
    plan: Plan, methods: Sequence[str], pairs: Mapping[Question, Sequence[str]]
) -> tuple[tuple[Trial, ...], ...]:
    """A list of trials for each participant.

    Balance: over the whole schedule any two comparisons (question, two methods) differ by one answer at most in how
    often they are asked, so do any two pairs of one comparison, and so do the two sides of each. Nobody gets the same
    comparison of the same pair twice, repeats aside. A participant's questions come in blocks, in random order;
    repeats come last, and repeat what came in the first half.

    Raises:
        ValueError: the plan asks for more than there is to ask.
    """
    _check(plan, methods, pairs)
    generator = np.random.default_rng(plan.seed)
    turns = [
        _turns(question, method, other, names, generator)
        for question, names in pairs.items()
        for method, other in combinations(methods, 2)
    ]
    order = [turns[index] for index in generator.permutation(len(turns))]
    catches = _catches(methods, pairs, generator)
    schedule = []
    for participant in range(plan.participants):
        first = participant * plan.trials
        chosen = [next(order[(first + number) % len(order)]) for number in range(plan.trials)]
        main = _in_blocks(chosen, generator)
        trials = _with_catches(main, plan.catches, catches, generator)
        schedule.append((*trials, *_repeats(trials, plan.repeats, generator)))
    return tuple(schedule)


def _check(plan: Plan, methods: Sequence[str], pairs: Mapping[Question, Sequence[str]]) -> None:
    if len(methods) < 2 or len(set(methods)) < len(methods) or not pairs or not all(pairs.values()):
        raise ParasolError(
            f"{len(methods)} methods and {len(pairs)} questions make no study: two different methods, one question, "
            "and a pair for each question are the least"
        )
    if min(plan.participants, plan.trials) < 1 or min(plan.repeats, plan.catches, plan.seed) < 0:
        raise ParasolError(
            f"{plan.participants} participants, {plan.trials} trials, {plan.repeats} repeats, {plan.catches} catches, "
            f"seed {plan.seed}: the first two must be 1 or more, the others 0 or more"
        )
    room = len(pairs) * len(methods) * (len(methods) - 1) // 2 * min(len(names) for names in pairs.values())
    if plan.trials > room:
        raise ParasolError(f"{plan.trials} trials a participant are more than the {room} different ones: ask for fewer")
    if plan.repeats > (plan.trials + 1) // 2 or plan.catches > plan.trials:
        raise ParasolError(
            f"{plan.repeats} repeats and {plan.catches} catches are too many for {plan.trials} trials: at most half as "
            "many repeats, and as many catches"
        )


def _turns(
    question: Question, method: str, other: str, pairs: Sequence[str], generator: np.random.Generator
) -> Iterator[Trial]:
    """The trials of a comparison without end: all pairs in a fixed random order, again and again, sides alternating.

    From one round to the next the sides of every pair change too.
    """
    order, flip = generator.permutation(len(pairs)), int(generator.integers(2))
    turn = 0
    while True:
        round_, place = divmod(turn, len(pairs))
        left, right = (method, other) if (place + round_ + flip) % 2 else (other, method)
        yield Trial(kind="main", question=question, pair=pairs[int(order[place])], left=left, right=right)
        turn += 1


def _in_blocks(trials: Sequence[Trial], generator: np.random.Generator) -> list[Trial]:
    """The trials question by question; blocks and what is in them in random order."""
    questions = sorted({trial.question for trial in trials})
    mixed = [trials[index] for index in generator.permutation(len(trials))]
    order = [questions[index] for index in generator.permutation(len(questions))]
    return [trial for question in order for trial in mixed if trial.question == question]


def _catches(
    methods: Sequence[str], pairs: Mapping[Question, Sequence[str]], generator: np.random.Generator
) -> Mapping[Question, Iterator[Trial]]:
    """Catch trials of each question without end: methods in turn, the wrong picture left and right in turn."""

    def endless(question: Question) -> Iterator[Trial]:
        turn = int(generator.integers(2 * len(methods)))
        while True:
            method, names = methods[turn // 2 % len(methods)], pairs[question]
            left, right = (method, WRONG) if turn % 2 else (WRONG, method)
            pair = names[int(generator.integers(len(names)))]
            yield Trial(kind="catch", question=question, pair=pair, left=left, right=right)
            turn += 1

    return {question: endless(question) for question in pairs}


def _with_catches(
    main: Sequence[Trial], count: int, catches: Mapping[Question, Iterator[Trial]], generator: np.random.Generator
) -> list[Trial]:
    """One catch somewhere in each of `count` equal stretches, about the question that is being asked there."""
    after = {
        int(generator.integers(number * len(main) // count, (number + 1) * len(main) // count)): number
        for number in range(count)
    }
    trials = []
    for place, trial in enumerate(main):
        trials.append(trial)
        if place in after:
            trials.append(next(catches[trial.question]))
    return trials


def _repeats(trials: Sequence[Trial], count: int, generator: np.random.Generator) -> list[Trial]:
    """Main trials of the first half once more, sides swapped."""
    mains = [number for number, trial in enumerate(trials) if trial.kind == "main"]
    early = mains[: (len(mains) + 1) // 2]
    chosen = [early[index] for index in generator.permutation(len(early))[:count]]
    return [
        trials[number].model_copy(
            update={"kind": "repeat", "left": trials[number].right, "right": trials[number].left, "repeats": number}
        )
        for number in chosen
    ]
