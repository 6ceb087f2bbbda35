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
    worst: str
    """Name of the pair in which the other is ahead by most."""

    @property
    def verdict(self) -> Verdict:
        """Won or lost where the interval of the advantage leaves out 0."""
        return "won" if self.advantage.low > 0.0 else "lost" if self.advantage.high < 0.0 else "even"

    def record(self, digits: int) -> Record:
        """As JSON."""
        rounded = self.advantage.rounded(digits)
        return {"verdict": self.verdict, "share": round(self.share, digits), "advantage": rounded, "worst": self.worst}


def duels_of(
    first: str, other: str, pairs: Sequence[PicturePair], seen: Seen, judged_by: Mapping[str, Measure]
) -> dict[str, Duel]:
    """By the name of each metric that single results have."""
    found = {}
    for name, measure in judged_by.items():
        own = [pair for pair in pairs if name in seen.names(pair.name, first)]
        if not own:
            continue
        sign = 1.0 if measure.best == HIGHER else -1.0
        ahead = sign * (seen.values(first, name, own) - seen.values(other, name, own))
        found[name] = Duel(
            advantage=mean_estimate(ahead),
            share=float((0.5 + 0.5 * np.sign(ahead)).mean()),
            worst=own[int(ahead.argmin())].name,
        )
    return found


def losses(found: Record) -> dict[str, str]:
    """Other method -> the metric by which the first loses most of its pairs, where it loses any.

    Metrics that the other was optimised against do not count, nor do the ends, which no method can beat at being.
    """
    lost = {}
    for other, duels in found["duels"].items():
        values = found["methods"][other]["values"]
        if {*found["methods"][other]["kinds"]} & ENDS:
            continue
        shares = {
            name: one["share"]
            for name, one in duels.items()
            if one["verdict"] == "lost" and values[name]["mark"] != "*"
        }
        if shares:
            lost[other] = min(shares, key=lambda name: shares[name])
    return lost


def losses_sheet(found: Record, pairs: Sequence[PicturePair], folders: Mapping[str, Path], size: int) -> Picture | None:
    """For each of `losses` the pair that is lost by most: content, style, truth, and what both methods made of them.

    None where nothing is lost. The folders of results are by the methods' titles.
    """
    by_name = {pair.name: pair for pair in pairs}
    rows, labels = [], []
    for other, name in losses(found).items():
        pair = by_name[found["duels"][other][name]["worst"]]
        content = fit(load(pair.content), size)
        truth = np.ones_like(content) if pair.truth is None else load(pair.truth)
        results = [shaped(result_file(folders[title], pair), content) for title in (found["first"], other)]
        rows.append([content, load(pair.style), truth, *results])
        labels.append(f"{other}: {name}")
    columns = ["content", "style", "truth", found["first"], "the other"]
    return sheet(rows, cell=size, row_labels=labels, column_labels=columns) if rows else None
