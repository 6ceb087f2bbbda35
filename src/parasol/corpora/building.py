"""What every recipe does alike: claim a folder, draw cells, tell progress, finish with corpus.json."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from parasol.corpora.corpus import CAPTIONS_FILE, CELLS_FILE, CORPUS_FILE, SKIPPED_FILE, Cell, json_lines
from parasol.corpora.split import SPLITS
from parasol.errors import ParasolError, reading
from parasol.images import write_atomic

SETTINGS_FILE = "building.json"
ATTRIBUTION_FILE = "ATTRIBUTION"
SMALLEST, LARGEST = 16, 1024


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a build stands. `stage` is fetch (packages), look (pictures), draw or done (cells); `note` says what is
    at hand.
    """

    stage: str
    done: int
    total: int
    skipped: int = 0
    note: str = ""


class Blank(ParasolError):
    """A drawing on which nothing can be seen."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A cell to draw, without its hash, and what draws it: the bytes of a PNG, or ValueError that says why not."""

    cell: Cell
    draw: Callable[[], bytes]


class Grid:
    """The cells of a build, in order, and those that were left out."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.cells: list[Cell] = []
        self.skipped: list[dict[str, str]] = []

    def draw(self, plans: Iterable[Plan], total: int, *, skips: type[ValueError] = ValueError) -> Iterator[Progress]:
        """Draw what an earlier run has not; a drawing that fails as `skips` says is left out."""
        for done, plan in enumerate(plans, 1):
            cell, path = plan.cell, self.out / plan.cell.file
            try:
                kept = path.is_file()  # and complete, for it was renamed into place
                data = path.read_bytes() if kept else plan.draw()
            except skips as error:
                self.skip(cell.id, cell.label, str(error))
            else:
                if not kept:
                    write_atomic(path, data)
                self.cells.append(replace(cell, sha256=sha256(data)))
            yield Progress(stage="draw", done=done, total=total, skipped=len(self.skipped), note=cell.set)

    def skip(self, name: str, label: str, reason: str) -> None:
        """Note what is left out."""
        self.skipped.append({"id": name, "label": label, "reason": reason})

    def finish(
        self, settings: dict, facts: dict, *, sets: Iterable[str], words: Iterable[dict], attribution: str,
        tables: dict[str, bytes] | None = None,
    ) -> Progress:  # fmt: skip
        """Write the tables, those of the recipe too, and the summary: its settings, counts and facts."""
        per_set, per_split = (Counter(getattr(cell, name) for cell in self.cells) for name in ("set", "split"))
        counts = {"cells": {name: per_set[name] for name in sets}, "splits": {name: per_split[name] for name in SPLITS}}
        written = {
            CELLS_FILE: json_lines([asdict(cell) for cell in self.cells]),
            SKIPPED_FILE: json_lines(self.skipped),
            CAPTIONS_FILE: json_lines(words),
            ATTRIBUTION_FILE: attribution.encode(),
        }
        finish(self.out, written | (tables or {}), {**settings, **counts, **facts})
        done, skipped = len(self.cells), len(self.skipped)
        return Progress(stage="done", done=done, total=done + skipped, skipped=skipped)


def check_size(size: int) -> None:
    """Refuse a side of pictures that no corpus has."""
    if not SMALLEST <= size <= LARGEST:
        raise ParasolError(f"size {size} is out of range; it must be {SMALLEST} to {LARGEST} pixels")


def claim(out: Path, settings: dict) -> None:
    """Refuse a folder that holds a corpus of other settings; note the settings of the build that begins."""
    for path in (out / CORPUS_FILE, out / SETTINGS_FILE):
        if not path.is_file():
            continue
        with reading(path):
            noted = json.loads(path.read_text(encoding="utf-8"))
            changed = [key for key, value in settings.items() if noted.get(key) != value]
        if changed:
            raise ParasolError(
                f"{out} holds a corpus of another {' and '.join(changed)}; choose another folder or delete this one"
            )
    for stray in out.glob("**/*.part"):  # left by a build that was killed while it wrote
        stray.unlink()
    write_atomic(out / SETTINGS_FILE, as_json(settings))


def finish(out: Path, tables: dict[str, bytes], summary: dict) -> None:
    """Write the tables; corpus.json comes last, because it marks the corpus as finished."""
    for name, data in tables.items():
        write_atomic(out / name, data)
    write_atomic(out / CORPUS_FILE, as_json(summary))
    (out / SETTINGS_FILE).unlink()


def as_json(value: dict) -> bytes:
    """A record as the bytes of a file that people read too."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def sha256(data: bytes) -> str:
    """The hash of a file's bytes in hex."""
    return hashlib.sha256(data).hexdigest()
