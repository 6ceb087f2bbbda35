"""The first method against each of the others, pair by pair: who wins what, and pictures of where it loses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from parasol.comparison.comparison_page import ENDS
from parasol.comparison.measures import HIGHER, Measure
from parasol.comparison.measuring import Seen, shaped
from parasol.comparison.paint import result_file
from parasol.comparison.pairs import PicturePair
from parasol.images import fit, load, sheet
from parasol.metrics.interval import Estimate, mean_estimate
from parasol.types import Picture, Record

Verdict = Literal["won", "lost", "even"]


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two methods by one metric, over the pairs that have it."""

    advantage: Estimate
    """Mean over pairs of how much better the first is, in the metric's own unit; below 0 the other is better."""
    share: float
    """Of the pairs that the first wins; a tie counts half."""
    lost_pair: str
    """Name of the pair in which the other is ahead by most."""

    @property
    def verdict(self) -> Verdict:
        """Won or lost where the interval of the advantage leaves out 0."""
        return "won" if self.advantage.low > 0.0 else "lost" if self.advantage.high < 0.0 else "even"

    def record(self, digits: int) -> Record:
        """As JSON."""
        rounded = self.advantage.rounded(digits)
        return {
            "verdict": self.verdict,
            "share": round(self.share, digits),
            "advantage": rounded,
            "worst": self.lost_pair,
        }


def duels_of(
    first: str, other: str, pairs: Sequence[PicturePair], seen: Seen, judged_by: Mapping[str, Measure]
) -> dict[str, Duel]:
    """By the name of each metric that single results have."""
    duels = {}
    for name, measure in judged_by.items():
        judged = [pair for pair in pairs if name in seen.names(pair.name, first)]
        if not judged:
            continue
        sign = 1.0 if measure.best == HIGHER else -1.0
        ahead = sign * (seen.values(first, name, judged) - seen.values(other, name, judged))
        duels[name] = Duel(
            advantage=mean_estimate(ahead),
            share=float((0.5 + 0.5 * np.sign(ahead)).mean()),
            lost_pair=judged[int(ahead.argmin())].name,
        )
    return duels


def losses(record: Record) -> dict[str, str]:
    """Other method -> the metric by which the first loses most of its pairs, where it loses any.

    Metrics that the other was optimised against do not count, nor do the ends, which no method can beat at being.
    """
    lost = {}
    for other, duels in record["duels"].items():
        values = record["methods"][other]["values"]
        if {*record["methods"][other]["kinds"]} & ENDS:
            continue
        shares = {
            name: duel["share"]
            for name, duel in duels.items()
            if duel["verdict"] == "lost" and values[name]["mark"] != "*"
        }
        if shares:
            lost[other] = min(shares, key=lambda name: shares[name])
    return lost


def losses_sheet(table: Record, pairs: Sequence[PicturePair], folders: Mapping[str, Path], size: int) -> Picture | None:
    """For each of `losses` the pair that is lost by most: content, style, truth, and what both methods made of them.

    None where nothing is lost. The folders of results are by the methods' titles.
    """
    by_name = {pair.name: pair for pair in pairs}
    rows, labels = [], []
    for other, name in losses(table).items():
        pair = by_name[table["duels"][other][name]["worst"]]
        content = fit(load(pair.content), size)
        truth = np.ones_like(content) if pair.truth is None else load(pair.truth)
        results = [shaped(result_file(folders[title], pair), content) for title in (table["first"], other)]
        rows.append([content, load(pair.style), truth, *results])
        labels.append(f"{other}: {name}")
    columns = ["content", "style", "truth", table["first"], "the other"]
    return sheet(rows, cell=size, row_labels=labels, column_labels=columns) if rows else None
