"""The recipe of the pictogram corpus: 13 styles x 1,949 contents, each cell one PNG."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import ImageColor

from parasol.corpora.attribution import CAPTIONS_CREDIT, attribution
from parasol.corpora.building import ATTRIBUTION_FILE, Progress, check_size, claim, finish, sha256
from parasol.corpora.corpus import CAPTIONS_FILE, CELLS_FILE, SKIPPED_FILE, Cell, json_lines
from parasol.corpora.drawings import Drawing, DrawnSet, read_set
from parasol.corpora.packages import Package, fetch
from parasol.corpora.render import encode, refusal, render
from parasol.corpora.sets import SETS, IconSet
from parasol.corpora.split import SPLITS, split_of
from parasol.corpora.words import EMOJIBASE, Content, Vocabulary, read_captions, read_vocabulary
from parasol.errors import ParasolError
from parasol.images import write_atomic


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a corpus is made of. `name` carries a version: another number means that other cells may come out."""

    name: str
    sets: tuple[IconSet, ...]
    words: Package

    @property
    def packages(self) -> list[Package]:
        """Everything to fetch: the words first, since the sets are read with them."""
        return [self.words, *(icon_set.package for icon_set in self.sets)]


PICTOGRAMS = Recipe(name="pictograms-1", sets=SETS, words=EMOJIBASE)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one drawing: a cell, or a reason why there is none; `seconds` is 0 for a cell kept as it was."""

    cell: Cell
    seconds: float
    reason: str = ""


def build(
    out: Path,
    *,
    size: int = 128,
    background: str = "alpha",
    packages: Path | None = None,
    recipe: Recipe = PICTOGRAMS,
) -> Iterator[Progress]:
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    `size` is the side of every picture in pixels. `background` is a colour (`white`, `#aabbcc`) that the pictures are
    laid on, or `alpha` to keep them clear. `packages` is the folder that keeps the downloaded archives (by default
    `out/packages`). A drawing that can't be rendered or shows nothing is listed in skipped.jsonl and left out.
    Raises ValueError for settings out of range, for packages that can't be had, when `out` holds a corpus built with
    other settings, and when it can't be written.
    """
    settings = _settings(size, background, recipe)
    claim(out, settings)
    archives = packages or out / "packages"
    for number, package in enumerate(recipe.packages):
        note = f"{package.name} {package.version}"
        yield Progress(stage="fetch", done=number, total=len(recipe.packages), note=note)
        fetch(package, archives)
    words = archives / recipe.words.archive
    vocabulary = read_vocabulary(words)
    drawn_sets = [read_set(icon_set, archives / icon_set.package.archive, vocabulary) for icon_set in recipe.sets]
    outcomes: list[Outcome] = []
    total = sum(len(drawn.drawings) for drawn in drawn_sets)
    seconds, fresh, skipped = 0.0, 0, 0
    for outcome in _draw_all(out, drawn_sets, vocabulary, settings):
        outcomes.append(outcome)
        seconds += outcome.seconds
        fresh += outcome.seconds > 0
        skipped += bool(outcome.reason)
        done = len(outcomes)
        # Cells kept from an earlier run cost next to nothing: only fresh ones tell how long the rest takes.
        left = seconds / fresh * (total - done) if fresh else float("nan")
        note = outcome.cell.set
        yield Progress(stage="draw", done=done, total=total, skipped=skipped, seconds_left=left, note=note)
    _finish(out, settings, outcomes, drawn_sets, read_captions(words))
    yield Progress(stage="done", done=total - skipped, total=total, skipped=skipped, seconds_left=0.0)


def _settings(size: int, background: str, recipe: Recipe) -> dict:
    check_size(size)
    if background != "alpha":
        try:
            red, green, blue = ImageColor.getrgb(background)[:3]
        except ValueError as error:
            raise ParasolError(f"background {background!r} is no colour; use alpha, a name or #rrggbb") from error
        background = f"#{red:02x}{green:02x}{blue:02x}"
    packages = {package.name: package.integrity for package in recipe.packages}
    return {"recipe": recipe.name, "size": size, "background": background, "packages": packages}


def _draw_all(out: Path, drawn_sets: Sequence[DrawnSet], vocabulary: Vocabulary, settings: dict) -> Iterator[Outcome]:
    for drawn in drawn_sets:
        for codepoint, drawing in drawn.drawings.items():
            cell = _plan(drawn, vocabulary.contents[codepoint])
            path = out / cell.file
            if path.is_file():  # and complete, for it was renamed into place
                yield Outcome(cell=_hashed(cell, path.read_bytes()), seconds=0.0)
                continue
            start = time.monotonic()
            try:
                data = _draw(drawing, settings)
            except ValueError as error:
                yield Outcome(cell=cell, seconds=time.monotonic() - start, reason=str(error))
                continue
            write_atomic(path, data)
            yield Outcome(cell=_hashed(cell, data), seconds=time.monotonic() - start)


def _hashed(cell: Cell, data: bytes) -> Cell:
    return replace(cell, sha256=sha256(data))


def _plan(drawn: DrawnSet, content: Content) -> Cell:
    icon_set = drawn.icon_set
    return Cell(
        set=icon_set.name,
        family=icon_set.family,
        codepoint=content.codepoint,
        base=content.base,
        label=content.label,
        subgroup=content.subgroup,
        split=split_of(content.base, set_name=icon_set.name, family=icon_set.family),
        licence=drawn.credit.licence,
        file=f"cells/{icon_set.name}/{content.codepoint}.png",
        sha256="",
    )


def _draw(drawing: Drawing, settings: dict) -> bytes:
    picture = render(drawing, settings["size"])
    reason = refusal(np.asarray(picture))
    if reason:
        raise ParasolError(reason)
    return encode(picture, background=settings["background"])


def _finish(
    out: Path,
    settings: dict,
    outcomes: Sequence[Outcome],
    drawn_sets: Sequence[DrawnSet],
    captions: dict[str, dict[str, dict]],
) -> None:
    """Write the tables."""
    cells = [outcome.cell for outcome in outcomes if not outcome.reason]
    skipped = [
        {"id": outcome.cell.id, "label": outcome.cell.label, "reason": outcome.reason}
        for outcome in outcomes
        if outcome.reason
    ]
    labels = {cell.codepoint: cell.label for cell in cells}
    credits = [drawn.credit for drawn in drawn_sets]
    per_set, per_split = Counter(cell.set for cell in cells), Counter(cell.split for cell in cells)
    words = [
        {"codepoint": codepoint, "label": labels[codepoint], "words": captions[codepoint]}
        for codepoint in sorted(labels)
    ]
    tables = {
        CELLS_FILE: json_lines([asdict(cell) for cell in cells]),
        SKIPPED_FILE: json_lines(skipped),
        CAPTIONS_FILE: json_lines(words),
        ATTRIBUTION_FILE: attribution(credits, closing=CAPTIONS_CREDIT).encode(),
    }
    summary = {
        **settings,
        "cells": {credit.set: per_set[credit.set] for credit in credits},
        "contents": len(labels),
        "splits": {split: per_split[split] for split in SPLITS},
        "credits": [asdict(credit) for credit in credits],
    }
    finish(out, tables, summary)
