"""The recipe of the pictogram corpus: 13 styles x 1,949 contents, each cell one PNG."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from parasol.corpora.corpus import (
    CAPTIONS_FILE,
    CELLS_FILE,
    CORPUS_FILE,
    SKIPPED_FILE,
    Cell,
    record_of,
    write_bytes,
    write_lines,
)
from parasol.corpora.drawings import Credit, Drawing, DrawnSet, read_set
from parasol.corpora.packages import fetch
from parasol.corpora.render import refusal, render
from parasol.corpora.sets import SETS, IconSet
from parasol.corpora.split import split_of
from parasol.corpora.words import EMOJIBASE, Content, Vocabulary, read_captions, read_vocabulary

RECIPE = "pictograms-1"
SETTINGS_FILE = "building.json"
ATTRIBUTION_FILE = "ATTRIBUTION"
SMALLEST, LARGEST = 16, 1024


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a build stands. `stage` is fetch, draw or done; `note` names the package or the set at hand."""

    stage: str
    done: int
    total: int
    skipped: int = 0
    seconds_left: float = float("nan")
    note: str = ""


def build(
    out: Path,
    *,
    size: int = 128,
    background: str = "alpha",
    packages: Path | None = None,
    sets: Sequence[IconSet] = SETS,
) -> Iterator[Progress]:
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    `size` is the side of every picture in pixels. `background` is a colour (`white`, `#aabbcc`) that the pictures are
    laid on, or `alpha` to keep them clear. `packages` is the folder that keeps the downloaded archives (by default
    `out/packages`). A drawing that can't be rendered or shows nothing is written to skipped.jsonl and left out.
    Raises ValueError for settings out of range, for packages that can't be had, and when `out` holds a corpus built
    with other settings.
    """
    settings = _settings(size=size, background=background, sets=sets)
    _claim(out, settings)
    archives = packages or out / "packages"
    wanted = [EMOJIBASE, *(icon_set.package for icon_set in sets)]
    for number, package in enumerate(wanted):
        yield Progress(stage="fetch", done=number, total=len(wanted), note=f"{package.name} {package.version}")
        fetch(package, archives)
    vocabulary = read_vocabulary(archives / EMOJIBASE.archive)
    drawn_sets = [read_set(icon_set, archives / icon_set.package.archive, vocabulary) for icon_set in sets]
    cells: list[Cell] = []
    skipped: list[dict] = []
    yield from _draw_all(out, drawn_sets, vocabulary, settings, cells, skipped)
    captions = read_captions(archives / EMOJIBASE.archive)
    _finish(out, settings, cells, skipped, [drawn.credit for drawn in drawn_sets], vocabulary, captions)
    yield Progress(stage="done", done=len(cells), total=len(cells), skipped=len(skipped), seconds_left=0.0)


def _settings(*, size: int, background: str, sets: Sequence[IconSet]) -> dict:
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size {size} is out of range; it must be {SMALLEST} to {LARGEST} pixels")
    if background != "alpha":
        try:
            red, green, blue = ImageColor.getrgb(background)[:3]
        except ValueError as error:
            raise ValueError(f"background {background!r} is no colour; use alpha, a name or #rrggbb") from error
        background = f"#{red:02x}{green:02x}{blue:02x}"
    return {
        "recipe": RECIPE,
        "size": size,
        "background": background,
        "packages": {entry.name: entry.integrity for entry in [EMOJIBASE, *(icon_set.package for icon_set in sets)]},
    }


def _claim(out: Path, settings: dict) -> None:
    """Refuse a folder that holds a corpus of other settings; note the settings of the build that begins."""
    for name in (CORPUS_FILE, SETTINGS_FILE):
        path = out / name
        if not path.is_file():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key, value in settings.items() if found.get(key) != value]
        if changed:
            raise ValueError(
                f"{out} holds a corpus with another {' and '.join(changed)}; choose another folder or delete this one"
            )
    write_bytes(out / SETTINGS_FILE, _json(settings))


def _draw_all(
    out: Path,
    drawn_sets: Sequence[DrawnSet],
    vocabulary: Vocabulary,
    settings: dict,
    cells: list[Cell],
    skipped: list[dict],
) -> Iterator[Progress]:
    total = sum(len(drawn.drawings) for drawn in drawn_sets)
    done = fresh = 0
    start = time.monotonic()
    for drawn in drawn_sets:
        for codepoint, drawing in drawn.drawings.items():
            cell = _plan(drawn, vocabulary.contents[codepoint])
            try:
                drawn_now, data = _draw(out / cell.file, drawing, settings)
                cells.append(replace(cell, sha256=hashlib.sha256(data).hexdigest()))
            except ValueError as error:
                drawn_now = True
                skipped.append({"id": cell.id, "label": cell.label, "reason": str(error)})
            done, fresh = done + 1, fresh + drawn_now
            left = (time.monotonic() - start) / fresh * (total - done) if fresh else float("nan")
            yield Progress(stage="draw", done=done, total=total, skipped=len(skipped), seconds_left=left, note=cell.set)


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


def _draw(path: Path, drawing: Drawing, settings: dict) -> tuple[bool, bytes]:
    """Whether the PNG had to be drawn now, and its bytes. A file that exists is complete: it was renamed into place."""
    if path.is_file():
        return False, path.read_bytes()
    picture = render(drawing, settings["size"])
    reason = refusal(np.asarray(picture))
    if reason:
        raise ValueError(reason)
    if settings["background"] != "alpha":
        sheet = Image.new("RGBA", picture.size, settings["background"])
        picture = Image.alpha_composite(sheet, picture).convert("RGB")
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())
    return True, buffer.getvalue()


def _finish(
    out: Path,
    settings: dict,
    cells: Sequence[Cell],
    skipped: Iterable[dict],
    credits: Sequence[Credit],
    vocabulary: Vocabulary,
    captions: dict[str, dict[str, dict]],
) -> None:
    """Write the tables; corpus.json comes last, because it marks the corpus as finished."""
    shown = sorted({cell.codepoint for cell in cells})
    write_lines(out / CELLS_FILE, (record_of(cell) for cell in cells))
    write_lines(out / SKIPPED_FILE, skipped)
    write_lines(
        out / CAPTIONS_FILE,
        ({**asdict(vocabulary.contents[codepoint]), "words": captions[codepoint]} for codepoint in shown),
    )
    write_bytes(out / ATTRIBUTION_FILE, attribution(credits).encode())
    counts = {credit.set: sum(cell.set == credit.set for cell in cells) for credit in credits}
    splits = sorted({cell.split for cell in cells})
    summary = {
        **settings,
        "cells": counts,
        "contents": len(shown),
        "splits": {split: sum(cell.split == split for cell in cells) for split in splits},
        "credits": [asdict(credit) for credit in credits],
    }
    write_bytes(out / CORPUS_FILE, _json(summary))
    (out / SETTINGS_FILE).unlink()


def attribution(credits: Sequence[Credit]) -> str:
    """The text that names every author and licence; it travels with the corpus and whatever is trained on it."""
    lines = ["The pictures of this corpus were drawn by:", ""]
    for credit in credits:
        lines += [
            credit.set,
            f"  author:  {credit.author}",
            f"  source:  {credit.source}",
            f"  licence: {credit.licence} <{credit.licence_url}>",
            f"  package: {credit.package} {credit.version} <{credit.package_url}>",
            "",
        ]
    lines += [
        "They were rendered to pixels and not changed otherwise. Words in captions.jsonl: Unicode CLDR, by way of",
        f"{EMOJIBASE.name} {EMOJIBASE.version} (MIT) <{EMOJIBASE.url}>.",
        "",
    ]
    return "\n".join(lines)


def _json(value: dict) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
