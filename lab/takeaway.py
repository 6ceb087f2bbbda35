"""What is stored of what a designer takes away: one record for each measurement, with the command that made it."""

import json
from pathlib import Path

from parasol.images import write_atomic
from parasol.types import Record

STORED = Path("lab/results/takeaway.json")


def read(path: Path = STORED) -> dict[str, Record]:
    """Every record by its name; none where nothing is stored yet."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def store(name: str, record: Record, path: Path = STORED) -> None:
    """Put one record in place of what was stored under its name; the others stay."""
    lines = (f'"{key}": {json.dumps(value)}' for key, value in sorted({**read(path), name: record}.items()))
    write_atomic(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
