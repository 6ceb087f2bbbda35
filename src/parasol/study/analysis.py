"""From answers to a report: strengths, rates, checks of the participants, advice on how many more are needed."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from parasol.errors import ParasolError
from parasol.study.answers import Stored
from parasol.study.folder import Study
from parasol.study.intervals import DRAWS, bootstrap
from parasol.study.preferences import answers_needed, detectable_rate, fair_coin, wilson
from parasol.study.trials import WRONG, Question, Trial

TIE = "(tie)"
SUSPICIOUS = 0.001
"""A participant whose sides a fair coin would bring so seldom is pointed out."""

ENDLESS = (
    "the answers set no finite strengths: some methods always won, always lost, or only tied against the others; "
    "the rates below stand, and more answers may settle it"
)

COLUMNS = (
    "participant", "number", "trial", "kind", "question", "pair", "left", "right", "choice", "chosen", "milliseconds",
    "at", "id",
)  # fmt: skip


class Reply(NamedTuple):
    """An answer beside the trial that it answers."""

    answer: Stored
    trial: Trial

    @property
    def chosen(self) -> str:
        """The method that was chosen, `TIE` or `WRONG`."""
        return {"left": self.trial.left, "right": self.trial.right, "tie": TIE}[self.answer.choice]


def replies(study: Study, answers: Iterable[Stored]) -> list[Reply]:
    """Each answer with its trial."""
    return [Reply(each, study.schedule[each.number % len(study.schedule)][each.trial]) for each in answers]


def as_csv(given: Iterable[Reply]) -> str:
    """One line an answer, all kinds of trials."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for reply in given:
        fields = {**reply.answer._asdict(), **reply.trial.model_dump(), "chosen": reply.chosen}
        writer.writerow([fields[column] for column in COLUMNS])
    return file.getvalue()


def report(
    study: Study,
    answers: Sequence[Stored],
    *,
    min_passed: float = 0.0,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Any]:
    """What the answers say, without participants who passed a smaller share of their catch trials than `min_passed`.

    Raises:
        ValueError: there are no answers, or a share lies outside its range.
    """
    if not answers:
        raise ParasolError("there are no answers yet: serve the study first")
    if not 0 <= min_passed <= 1:
        raise ParasolError(f"the least share of passed catches is {min_passed}; it must lie in 0..1")
    given = replies(study, answers)
    people = [_person(study, group) for group in _by_participant(given).values()]
    excluded = {each["participant"] for each in people if each["passed"] < min_passed * each["catches"]}
    counted = [reply for reply in given if reply.answer.participant not in excluded]
    return {
        "title": study.title,
        "participants": len(people),
        "finished": sum(each["answers"] == each["trials"] for each in people),
        "answers": len(given),
        "excluded": sorted(excluded),
        "checks": _checks(people, confidence),
        "questions": {
            question: _question(study, question, counted, confidence, np.random.default_rng(seed), draws)
            for question in study.questions
        },
        "people": people,
    }


def _by_participant(given: Iterable[Reply]) -> dict[int, list[Reply]]:
    groups: dict[int, list[Reply]] = {}
    for reply in given:
        groups.setdefault(reply.answer.number, []).append(reply)
    return groups


def _person(study: Study, given: Sequence[Reply]) -> dict[str, Any]:
    """How somebody answered, whatever was preferred."""
    first, chosen = given[0].answer, {reply.answer.trial: reply.chosen for reply in given}
    catches = [reply for reply in given if reply.trial.kind == "catch"]
    repeats = [reply for reply in given if reply.trial.kind == "repeat"]
    sides = [reply.answer.choice for reply in given if reply.trial.kind == "main" and reply.answer.choice != "tie"]
    return {
        "participant": first.participant,
        "answers": len(given),
        "trials": len(study.schedule[first.number % len(study.schedule)]),
        "catches": len(catches),
        "passed": sum(reply.chosen not in (TIE, WRONG) for reply in catches),
        "repeats": len(repeats),
        "consistent": sum(reply.chosen == chosen[reply.trial.repeats or 0] for reply in repeats),
        "decided": len(sides),
        "left": sides.count("left"),
        "one_sided": fair_coin(sides.count("left"), len(sides)) < SUSPICIOUS,
        "median_seconds": median(reply.answer.milliseconds for reply in given) / 1000,
    }


def _checks(people: Sequence[Mapping[str, Any]], confidence: float) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(each[name] for each in people)

    return {
        "left": {**_rate(total("left"), total("decided"), confidence), "p": fair_coin(total("left"), total("decided"))},
        "repeats": _rate(total("consistent"), total("repeats"), confidence),
        "catches": _rate(total("passed"), total("catches"), confidence),
    }


def _rate(count: int, of: int, confidence: float) -> dict[str, Any]:
    low, high = wilson(count, of, confidence)
    return {"count": count, "of": of, "rate": count / of if of else None, "low": low, "high": high}


def _question(
    study: Study,
    question: Question,
    given: Sequence[Reply],
    confidence: float,
    generator: np.random.Generator,
    draws: int,
) -> dict[str, Any]:
    """Strengths and rates from the main trials about one question."""
    main = [reply for reply in given if reply.trial.kind == "main" and reply.trial.question == question]
    wins, ties = _tables(study.methods, main)
    record: dict[str, Any] = {"asked": study.questions[question], "participants": len(wins), "answers": len(main)}
    try:
        intervals = bootstrap(wins, ties, generator, draws=draws, confidence=confidence)
    except ValueError as error:
        return {**record, "strengths": None, "reason": str(error), "rates": _rates(study, wins, ties, 1.0, confidence)}
    if not intervals.strengths.finite:
        return {**record, "strengths": None, "reason": ENDLESS, "rates": _rates(study, wins, ties, 1.0, confidence)}
    strengths, effect = intervals.strengths, max(1.0, intervals.design_effect)
    rows = [
        {
            "method": method,
            "strength": float(strengths.log[index]),
            "error": float(intervals.error[index]),
            "interval": intervals.each[index].tolist(),
            "joint_interval": intervals.joint[index].tolist(),
        }
        for index, method in enumerate(study.methods)
    ]
    return {
        **record,
        "strengths": sorted(rows, key=lambda row: -row["strength"]),
        "tie_odds": float(np.exp(strengths.log_tie)),
        "finite": bool(strengths.finite),
        "design_effect": intervals.design_effect,
        "unusable_draws": intervals.unusable,
        "rates": _rates(study, wins, ties, effect, confidence),
    }


def _tables(methods: Sequence[str], main: Sequence[Reply]) -> tuple[np.ndarray, np.ndarray]:
    """Wins and ties, one table a participant."""
    groups = list(_by_participant(main).values())
    wins = np.zeros((len(groups), len(methods), len(methods)))
    ties = np.zeros_like(wins)
    place = {method: index for index, method in enumerate(methods)}
    for person, group in enumerate(groups):
        for reply in group:
            left, right = place[reply.trial.left], place[reply.trial.right]
            if reply.chosen == TIE:
                ties[person, [left, right], [right, left]] += 1
            else:
                winner = place[reply.chosen]
                wins[person, winner, left + right - winner] += 1
    return wins, ties


def _rates(study: Study, wins: np.ndarray, ties: np.ndarray, effect: float, confidence: float) -> list[dict[str, Any]]:
    """Each comparison, and the answers and people that its rate asks for (power 80 %), the design effect included."""
    total_wins, total_ties, rows = wins.sum(0), ties.sum(0), []
    for first, other in combinations(range(len(study.methods)), 2):
        won, lost = int(total_wins[first, other]), int(total_wins[other, first])
        rate = _rate(won, won + lost, confidence)
        needed = effect * answers_needed(rate["rate"], confidence=confidence) if won + lost else float("inf")
        known = np.isfinite(needed)
        rows.append(
            {
                "method": study.methods[first],
                "against": study.methods[other],
                **rate,
                "ties": int(total_ties[first, other]),
                "told_apart": rate["low"] > 0.5 or rate["high"] < 0.5,
                "detectable": detectable_rate((won + lost) / effect, confidence=confidence),
                "answers_needed": int(np.ceil(needed)) if known else None,
                "participants_needed": int(np.ceil(needed * len(wins) / (won + lost))) if known else None,
            }
        )
    return rows
