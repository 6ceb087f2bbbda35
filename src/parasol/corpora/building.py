"""What every recipe does alike: claim a folder, tell progress, finish with corpus.json."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from parasol.corpora.corpus import CORPUS_FILE
from parasol.errors import ParasolError, reading
from parasol.images import write_atomic

SETTINGS_FILE = "building.json"
ATTRIBUTION_FILE = "ATTRIBUTION"
SMALLEST, LARGEST = 16, 1024


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a build stands. `stage` is fetch (packages), look (pictures), draw or done (cells); `note` says what is
    at hand.

    `seconds_left` is not a number until the first cell was drawn.
    """

    stage: str
    done: int
    total: int
    skipped: int = 0
    seconds_left: float = float("nan")
    note: str = ""


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
            found = json.loads(path.read_text(encoding="utf-8"))
            changed = [key for key, value in settings.items() if found.get(key) != value]
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
