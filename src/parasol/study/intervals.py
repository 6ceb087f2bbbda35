"""Intervals of strengths, by drawing people anew, not answers: those of one person hang together."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError
from parasol.study.preferences import Strengths, compared, fit

DRAWS = 2000
FEWEST = 2  # participants that can be drawn anew


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Strengths of a study and how well they are known."""

    strengths: Strengths
    error: Float[np.ndarray, " M"]
    """Standard error of each log-strength."""

    each: Float[np.ndarray, "M 2"]
    """An interval for each method by itself."""

    joint: Float[np.ndarray, "M 2"]
    """Wider ones, which hold for all methods at once."""

    design_effect: float
    """Variance against that of as many answers by strangers; above 1 where people have tastes of their own."""

    unusable: int
    """Draws left out since some methods were never compared in them."""


def bootstrap(
    wins: Float[np.ndarray, "N M M"],
    ties: Float[np.ndarray, "N M M"],
    generator: np.random.Generator,
    *,
    draws: int = DRAWS,
    confidence: float = 0.95,
) -> Intervals:
    """Strengths from one table of counts a participant, with intervals from participants drawn with replacement.

    `each` is the percentile interval (Efron and Tibshirani 1993, ch. 13); `joint` is the strength plus and minus a
    multiple of its standard error that the largest deviation among the methods seldom exceeds.

    Raises:
        ValueError: there are fewer than two participants, or the answers leave methods unconnected.
    """
    if len(wins) < FEWEST:
        raise ParasolError(
            f"{len(wins)} participant(s) answered; intervals need {FEWEST} or more: collect answers first"
        )
    strengths = fit(wins.sum(0), ties.sum(0))
    weights = generator.multinomial(len(wins), np.full(len(wins), 1 / len(wins)), size=draws).astype(float)
    drawn_wins, drawn_ties = (np.tensordot(weights, tables, axes=1) for tables in (wins, ties))
    usable = compared(drawn_wins, drawn_ties)
    if not usable.any():
        raise ParasolError("no draw of participants compares all methods: collect more answers first")
    # Draws from N people vary as if there were N - 1.
    wider = (len(wins) / (len(wins) - 1)) ** 0.5
    logs = strengths.log + wider * (fit(drawn_wins[usable], drawn_ties[usable]).log - strengths.log)
    tail = 100 * (1 - confidence) / 2
    error = logs.std(axis=0)
    largest = np.abs((logs - strengths.log) / np.maximum(error, np.finfo(float).tiny)).max(axis=-1)
    reach = np.percentile(largest, 100 * confidence) * error
    return Intervals(
        strengths=strengths,
        error=error,
        each=np.percentile(logs, [tail, 100 - tail], axis=0).T,
        joint=np.stack([strengths.log - reach, strengths.log + reach], axis=-1),
        design_effect=float(np.mean(error**2 / np.diagonal(strengths.covariance))),
        unusable=int(draws - usable.sum()),
    )
