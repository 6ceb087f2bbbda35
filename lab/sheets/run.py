"""Draw the sheets of a model on a corpus, uncurated: python -m lab sheets --corpus DIR --out DIR.

Which pictures stand on a sheet is fixed by hashes of their names, and the seed is 0. A sheet that is there already for
the same model and corpus is left as it is.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import Any

from lab.judging.cases import Case
from lab.sheets.by_judge import cells_of, lowest, uncurated
from lab.sheets.small_png import save, shows
from lab.subject import through_autoencoder
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.corpora import Cell, Corpus
from parasol.corpora.building import ATTRIBUTION_FILE
from parasol.held_out import Pair, Subject, held_out, shuffled
from parasol.images import sheet
from parasol.pipeline import Parasol
from parasol.report.sections import SCALES, SEEDS, STRUCTURES
from parasol.types import Picture

CONTENT_SET = "twemoji"
STYLE_SETS = (
    "noto", "fluent-emoji-flat", "fluent-3d", "fluent-emoji-high-contrast", "fxemoji", "openmoji", "openmoji-black",
    "streamline-emojis",
)  # fmt: skip
"""By eight different looks; no model trains on the last."""

FIGURES = Path("lab/results/figures/pictogram.json")
CONTENTS = 12
SWEPT_PAIRS = 4
REBUILT = 2  # pictures of each set
BESIDE = 3  # cases in a row of the uncurated ones
LABEL = 22  # characters


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One cell of a sheet: what it shows, in words, and how it is drawn."""

    name: str
    draw: Callable[[], Picture]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What stands where."""

    rows: Sequence[Sequence[Entry]]
    row_labels: Sequence[str]
    column_labels: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """The sheets of one model; each is a plan of its own.

    content_set: whose pictures are the contents of the large sheet. style_sets: whose pictures are its styles.
    """

    subject: Subject
    content_set: str = CONTENT_SET
    style_sets: Sequence[str] = STYLE_SETS
    contents: int = CONTENTS
    figures: Path = FIGURES
    """Where the figure `judged` is, which tells the worst."""

    def plans(self) -> dict[str, Callable[[], Plan]]:
        """File stem -> plan."""
        return {
            "contents-by-styles": self.contents_by_styles,
            "structure": partial(self._sweep, "structure", STRUCTURES),
            "style-scale": partial(self._sweep, "style_scale", SCALES),
            "content-scale": partial(self._sweep, "content_scale", SCALES),
            "fresh": partial(self._sweep, "seed", range(SEEDS), fresh=True),
            "autoencoder": self.autoencoder,
            "uncurated": lambda: self._judged(uncurated(self.subject), BESIDE),
            "worst": lambda: self._judged(lowest(self.subject, self.figures), 1),
        }

    def contents_by_styles(self) -> Plan:
        """The first held-out contents by hash, down, in one held-out style picture of each set, across."""
        contents = contents_in(self.subject.corpus, self.content_set, self.contents)
        styles = style_pictures(self.subject.corpus, self.style_sets, without=contents)
        corner = Entry(name="", draw=lambda: self.subject.fitted(contents[0]) * 0.0 + 1.0)
        head = [corner, *map(self._real, styles)]
        body = [
            [self._real(content), *(self._styled(Pair(content=content, style=style)) for style in styles)]
            for content in contents
        ]
        return Plan(
            rows=[head, *body],
            row_labels=["", *map(_label, contents)],
            column_labels=["content / style", *(style.set for style in styles)],
        )

    def _sweep(self, dial: str, values: Sequence[float], **fixed: Any) -> Plan:
        """One dial across, the first held-out pairs down; content and style picture lead each row."""
        chosen = self.subject.pairs[:SWEPT_PAIRS]
        rows = [
            [
                self._real(pair.content),
                self._real(pair.style),
                *(self._styled(pair, **fixed, **{dial: value}) for value in values),
            ]
            for pair in chosen
        ]
        words = [f"{dial.replace('_', ' ')} {value:.2g}" for value in values]
        labels = [_label(pair.content) for pair in chosen]
        return Plan(rows=rows, row_labels=labels, column_labels=["content", "style", *words])

    def autoencoder(self) -> Plan:
        """Held-out pictures of every set, and what encoder and decoder make of them."""
        sets = sorted({cell.set for cell in held_out(self.subject.corpus)})
        cells = shuffled(held_out(self.subject.corpus), "autoencoder")
        rows: list[list[Entry]] = []
        for k in range(REBUILT):
            chosen = [[cell for cell in cells if cell.set == name][k] for name in sets]
            rows += [[*map(self._real, chosen)], [*map(self._rebuilt, chosen)]]
        return Plan(rows=rows, row_labels=["original", "rebuilt"] * REBUILT, column_labels=sets)

    def _judged(self, chosen: Sequence[Case], beside: int) -> Plan:
        """Cases, `beside` to a row: content, style, result at default dials and seed 0, and the true cell."""
        blocks = []
        for case in chosen:
            content, style, truth = map(self._real, cells_of(case))
            blocks.append([content, style, self._styled(Pair(content=case.content, style=case.style)), truth])
        rows = [[entry for block in blocks[k : k + beside] for entry in block] for k in range(0, len(blocks), beside)]
        labels = [_label(case.truth) for case in chosen[::beside]]
        columns = ["content", "style", "result", "truth"] * min(beside, len(blocks))
        return Plan(rows=rows, row_labels=labels, column_labels=columns)

    def _real(self, cell: Cell) -> Entry:
        return Entry(name=cell.id, draw=partial(self.subject.fitted, cell))

    def _rebuilt(self, cell: Cell) -> Entry:
        return Entry(name=f"{cell.id} rebuilt", draw=partial(through_autoencoder, self.subject, cell))

    def _styled(self, pair: Pair, **dials: Any) -> Entry:
        words = ", ".join(f"{dial} {value:.3g}" for dial, value in dials.items())
        chosen = self.subject.dials(**dials)
        return Entry(name=f"{pair.name} {words}".rstrip(), draw=partial(self.subject.paint, pair, chosen))


def contents_in(corpus: Corpus, set_name: str, count: int) -> list[Cell]:
    """The first `count` held-out contents as one set draws them, in an order that does not depend on the set.

    Of a woman and a man who do the same, only the first counts.

    Raises:
        ValueError: the set draws fewer.
    """
    drawn = [cell for cell in held_out(corpus) if cell.set == set_name]
    first: dict[str, Cell] = {}
    for cell in sorted(drawn, key=lambda cell: hashlib.sha256(cell.codepoint.encode()).digest()):
        first.setdefault(cell.base, cell)
    if len(first) < count:
        raise ValueError(f"{count} held-out contents of the set {set_name!r} are asked for; there are {len(first)}")
    return [*first.values()][:count]


def style_pictures(corpus: Corpus, sets: Sequence[str], *, without: Sequence[Cell] = ()) -> list[Cell]:
    """One held-out picture of each set, none of them of a content in `without`.

    Raises:
        ValueError: a set has none.
    """
    bases = {cell.base for cell in without}
    cells = [cell for cell in shuffled(held_out(corpus), "style") if cell.base not in bases]
    first: dict[str, Cell] = {}
    for cell in cells:
        first.setdefault(cell.set, cell)
    missing = [name for name in sets if name not in first]
    if missing:
        raise ValueError(f"the set {missing[0]!r} has no held-out picture; choose among {', '.join(sorted(first))}")
    return [first[name] for name in sets]


def draw(plan: Plan, out: Path, key: object, *, cell: int) -> bool:
    """Draw a sheet, `cell` px a picture, unless `out` shows it already; whether there was anything to draw."""
    text = json.dumps({"subject": key, "cells": [[entry.name for entry in row] for row in plan.rows]})
    if shows(out, text):
        return False
    total, done, progress = sum(map(len, plan.rows)), 0, Progress(out.stem)
    rows: list[list[Picture]] = []
    for row in plan.rows:
        rows.append([])
        for entry in row:
            rows[-1].append(entry.draw())
            done += 1
            progress.update(done, total)
    save(out, sheet(rows, cell=cell, row_labels=plan.row_labels, column_labels=plan.column_labels), text)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab sheets", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--model", help="a bundled model or the folder of a bundle")
    parser.add_argument("--only", help="names of sheets with commas between")
    parser.add_argument("--content-set", default=CONTENT_SET, help="set that draws the contents of the large sheet")
    parser.add_argument("--style-sets", default=",".join(STYLE_SETS), help="sets of its styles, commas between")
    parser.add_argument("--contents", type=int, default=CONTENTS, help="its rows")
    parser.add_argument(
        "--figures", type=Path, default=FIGURES, help="JSON file of figures, for the worst by the judge"
    )
    parser.add_argument("--out", type=Path, default=Path("lab/results/sheets"), help="folder of the PNGs")
    options = parser.parse_args(arguments)
    try:
        subject = Subject.of(Parasol.load(options.model), corpora.load(options.corpus), SWEPT_PAIRS)
        sheets = Sheets(
            subject=subject,
            content_set=options.content_set,
            style_sets=options.style_sets.split(","),
            contents=options.contents,
            figures=options.figures,
        )
        plans = sheets.plans()
        names = options.only.split(",") if options.only else list(plans)
        unknown = [name for name in names if name not in plans]
        if unknown:
            raise ValueError(f"there is no sheet {unknown[0]!r}: choose among {', '.join(plans)}")
        for name in names:
            path = options.out / f"{name}.png"
            fresh = draw(plans[name](), path, subject.key(), cell=subject.model.bundle.manifest.size)
            print(path if fresh else f"{path} is there already")
    except ValueError as error:
        parser.error(str(error))
    credits = options.corpus / ATTRIBUTION_FILE
    if credits.is_file():
        shutil.copyfile(credits, options.out / ATTRIBUTION_FILE)
    return 0


def _label(cell: Cell) -> str:
    return shorten(cell.label, LABEL, placeholder="...")
