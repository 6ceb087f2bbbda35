"""Records that survive a kill: lines of JSON in one file, behind a first line that says what they are about."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

from parasol.editions import by_identity
from parasol.errors import ParasolError, reading
from parasol.images import write_atomic
from parasol.types import Record


@final
class Journal:
    """A file that only grows. A line that a kill cut short is dropped when the file is opened again.

    A key that names a model as an earlier version did is the same key. Records under another one than `key` are
    about something else: `renew` starts afresh then, and otherwise that is an error, so that nothing costly is ever
    thrown away.

    Raises:
        ValueError: the file is no journal, or one of another key.
    """

    def __init__(self, path: Path, key: Record, *, renew: bool) -> None:
        self._path = path
        self._first = _line(key)
        if not path.exists():
            write_atomic(path, self._first)
            return
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        try:
            stored = by_identity(json.loads(whole.partition(b"\n")[0]))
        except ValueError as error:
            raise ParasolError(f"{str(path)!r} holds no records: move it away or name another folder") from error
        wanted = by_identity(json.loads(self._first))
        if stored == wanted:
            if torn:
                write_atomic(path, whole + b"\n")
        elif renew:
            write_atomic(path, self._first)
        else:
            changed = [name for name in {**stored, **wanted} if stored.get(name) != wanted.get(name)]
            raise ParasolError(
                f"{str(path.parent)!r} holds results of another {' and '.join(changed)}: move it away or name another "
                "folder"
            )

    def records(self) -> Iterator[Record]:
        """What was written, first to last."""
        with self._path.open(encoding="utf-8") as lines, reading(self._path):
            next(lines)
            yield from map(json.loads, lines)

    def append(self, record: Record) -> None:
        """Write one record, handed to the system before this returns."""
        with self._path.open("ab") as file:
            file.write(_line(record))


def _line(record: Record) -> bytes:
    return f"{json.dumps(record, ensure_ascii=False, allow_nan=False)}\n".encode()


def as_lines(value: Any, levels: int, indent: str = "") -> str:
    """JSON whose outer `levels` of nesting stand on lines of their own, and whose inner ones on one line each."""
    if levels == 0 or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    deeper = f"{indent} "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {as_lines(part, levels - 1, deeper)}" for name, part in value.items()]
    else:
        parts = [as_lines(part, levels - 1, deeper) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{closing}"
