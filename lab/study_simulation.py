"""Participants of known preference: does the analysis find it? python -m lab study-simulation."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from parasol.comparison.markdown import table as markdown_table
from parasol.images import write_atomic
from parasol.study.analysis import report
from parasol.study.answers import Choice, Stored
from parasol.study.folder import Pair, Study
from parasol.study.preferences import fit
from parasol.study.trials import WRONG, Plan, Trial, make_schedule
from parasol.types import Record

CROWD = 200_000  # people who stand for everybody
NOTHING = f"{0:020}.png"  # a picture that nobody opens


class Planted(NamedTuple):
    """What simulated people prefer."""

    log: tuple[float, ...]
    """Log-strength of each method for somebody of average taste, their sum 0."""

    tie: float = 0.0
    """Davidson's nu; 0 in a study without ties."""

    taste: float = 0.0
    """Standard deviation, from person to person, of the log-strengths."""


def choose(
    trial: Trial, methods: Sequence[str], log: Float[np.ndarray, " M"], tie: float, generator: np.random.Generator
) -> Choice:
    """One answer; catch trials are always passed."""
    if trial.kind == "catch":
        return "left" if trial.right == WRONG else "right"
    left, right = (float(np.exp(log[methods.index(side)])) for side in (trial.left, trial.right))
    neither = tie * np.sqrt(left * right)
    drawn = generator.random() * (left + right + neither)
    return "left" if drawn < left else "right" if drawn < left + right else "tie"


def simulated(study: Study, planted: Planted, generator: np.random.Generator) -> list[Stored]:
    """Answers of everybody to everything."""
    answers = []
    for number, trials in enumerate(study.schedule):
        strengths = np.array(planted.log) + planted.taste * generator.standard_normal(len(planted.log))
        for place, trial in enumerate(trials):
            choice = choose(trial, study.methods, strengths, planted.tie, generator)
            answers.append(Stored(f"p{number}", number, place, choice, 2000, "", f"{number}-{place}"))
    return answers


def truth(planted: Planted, generator: np.random.Generator) -> Float[np.ndarray, " M"]:
    """Log-strengths that a study of endless people tends to; those planted where all have one taste."""
    own = np.array(planted.log) + planted.taste * generator.standard_normal((CROWD, len(planted.log)))
    strength = np.exp(own)
    first, other = strength[:, :, None], strength[:, None, :]
    neither = planted.tie * np.sqrt(first * other)
    wins, ties = ((share / (first + other + neither)).mean(0) for share in (first, neither))
    apart = 1 - np.eye(len(planted.log))
    return fit(wins * apart, (ties + ties.T) / 2 * apart).log


def recovery(
    planted: Planted, *, people: int, trials: int, simulations: int, draws: int, seed: int
) -> dict[str, object]:
    """In how many studies the planted order is found, and the intervals hold the truth."""
    methods = tuple(f"method-{index}" for index in range(len(planted.log)))
    names = [f"pair-{index:02d}" for index in range(30)]
    plan = Plan(participants=people, trials=trials, repeats=2, catches=2, seed=seed)
    nothing = Pair(content=None, style=None, wrong=NOTHING, results=dict.fromkeys(methods, NOTHING))
    study = Study(
        title="simulated",
        ties=planted.tie > 0,
        completion=None,
        plan=plan,
        methods=methods,
        questions={"overall": ""},
        pairs=dict.fromkeys(names, nothing),
        schedule=make_schedule(plan, methods, {"overall": names}),
    )
    sought = truth(planted, np.random.default_rng(seed)) if planted.taste else np.array(planted.log)
    order = [methods[index] for index in np.argsort(-sought)]
    ordered, each, joint = 0, 0, 0
    for number in range(simulations):
        answers = simulated(study, planted, np.random.default_rng([seed, number]))
        rows = report(study, answers, draws=draws, seed=number)["questions"]["overall"]["strengths"]
        ordered += [row["method"] for row in rows] == order
        inside = {
            name: [row[name][0] <= sought[methods.index(row["method"])] <= row[name][1] for row in rows]
            for name in ("interval", "joint_interval")
        }
        each += sum(inside["interval"])
        joint += all(inside["joint_interval"])
    return {
        "planted": planted._asdict(),
        "truth": sought.round(4).tolist(),
        "simulations": simulations,
        "order_found": ordered,
        "interval_covers": round(each / len(methods), 2),
        "all_joint_intervals_cover": joint,
    }


def table(record: Record) -> str:
    """The studies as Markdown, a row for each kind of people."""
    settings, rows = record["settings"], []
    for study in record["studies"]:
        planted = study["planted"]
        taste, ties = f"tastes {planted['taste']} apart" if planted["taste"] else "one taste", planted["tie"]
        of = study["simulations"]
        rows.append(
            [
                f"{taste}, {f'ties (nu {ties})' if ties else 'no ties'}",
                f"{study['order_found']} of {of}",
                f"{100 * study['interval_covers'] / of:.0f} %",
                f"{study['all_joint_intervals_cover']} of {of}",
            ]
        )
    heads = [f"{settings['people']} people, {settings['trials']} questions each, 4 methods", "planted order found",
             "intervals of 95 % that hold the truth", "joint intervals hold all"]  # fmt: skip
    return markdown_table(heads, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Store what people of one taste, of different tastes, and with ties come to, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab study-simulation", description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--draws", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("lab/results/study.json"), metavar="FILE")
    settings = vars(parser.parse_args(arguments))
    out = settings.pop("out")
    log = (0.75, 0.25, -0.25, -0.75)
    kinds = (Planted(log), Planted(log, taste=0.5), Planted(log, tie=0.5), Planted(log, tie=0.5, taste=0.5))
    record = {"settings": settings, "studies": [recovery(planted, **settings) for planted in kinds]}
    write_atomic(out, f"{json.dumps(record, indent=1)}\n".encode())
    print(table(record))
    return 0
