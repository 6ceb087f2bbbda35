"""A figure: something measured one unit at a time, so that a measurement can stop anywhere and go on later."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parasol.comparison.journal import as_lines
from parasol.editions import by_identity
from parasol.images import write_atomic
from parasol.types import Record

SPREAD = 4  # outer levels of a file of figures that stand on lines of their own; a unit's record keeps to one


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A plan: measure each unit, then sum up. The function that makes it states the definition in its docstring."""

    units: Sequence[Any]
    measure: Callable[[Any], Record]
    summarise: Callable[[Sequence[Record]], Record]


Make = Callable[[Any], Figure]
"""What makes the plan from what is measured, most often a `Subject`."""


def measured(figure: Figure, records: Sequence[Record] = ()) -> Iterator[list[Record]]:
    """Records so far, after each unit; those given are kept, for they are of the first units."""
    done = list(records)
    for unit in figure.units[len(done) :]:
        done = [*done, figure.measure(unit)]
        yield done


def definition(make: Make) -> str:
    """What a figure says, in one paragraph: its docstring."""
    return " ".join((make.__doc__ or "").split())


@dataclass(frozen=True, kw_only=True)
class Store:
    """A JSON file of figures about one subject. Figures of another subject or definition do not count as done."""

    path: Path
    key: Record

    def read(self) -> dict[str, Record]:
        """Figures by name; none where the file is missing or about something else.

        Raises:
            ValueError: the file is no file of figures.
        """
        if not self.path.exists():
            return {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return content["figures"] if by_identity(content["subject"]) == by_identity(self.key) else {}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{str(self.path)!r} holds no figures: move it away or choose another --out") from error

    def records(self, name: str, make: Make) -> list[Record]:
        """What is measured already of one figure."""
        figure = self.read().get(name, {})
        return figure["records"] if figure.get("definition") == definition(make) else []

    def write(self, name: str, make: Make, figure: Figure, records: Sequence[Record]) -> Record:
        """Put one figure into the file, whole or half done; its summary comes with the last unit. Returns it."""
        entry: Record = {"definition": definition(make), "units": len(figure.units)}
        if len(records) == len(figure.units):
            entry["summary"] = figure.summarise(records)
        entry["records"] = list(records)
        content = {"subject": self.key, "figures": self.read() | {name: entry}}
        write_atomic(self.path, f"{as_lines(content, SPREAD)}\n".encode())
        return entry
