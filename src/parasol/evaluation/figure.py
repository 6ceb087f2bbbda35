"""A figure: something measured one unit at a time, so that a measurement can stop anywhere and go on later."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parasol import __version__
from parasol.bundle import WORDS
from parasol.corpora import Cell, Corpus
from parasol.corpora.corpus import CELLS_FILE
from parasol.evaluation.choice import Pair, pairs
from parasol.images import fit, from_uint8, load, write_atomic
from parasol.pipeline import Parasol
from parasol.recipe import Dials, Recipe
from parasol.types import Picture

Record = dict[str, Any]
"""JSON values by name."""

SPREAD = 4  # outer levels of a file of figures that stand on lines of their own; a unit's record keeps to one


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What is measured."""

    model: Parasol
    corpus: Corpus
    pairs: tuple[Pair, ...]
    """Held-out pairs, from the fixed list."""
    size: int | None = None
    """Longer side of results in px; None for that of the model's training."""

    @classmethod
    def of(cls, model: Parasol, corpus: Corpus, count: int) -> "Subject":
        """A model on the first `count` pairs of a corpus. Raises ValueError where the corpus lacks them."""
        return cls(model=model, corpus=corpus, pairs=pairs(corpus, count))

    def file(self, cell: Cell) -> Path:
        """The PNG of a cell."""
        return self.corpus.folder / cell.file

    def fitted(self, cell: Cell) -> Picture:
        """A cell on white at the size of results: what the pipeline encodes."""
        return fit(load(self.file(cell)), self.side)

    def rebuilt(self, cell: Cell) -> Picture:
        """What the autoencoder makes of that, in 8 bits."""
        return from_uint8(np.asarray(self.model.reconstruct(self.file(cell), size=self.side)))

    @property
    def side(self) -> int:
        """Longer side of results in px."""
        return self.size or self.model.bundle.manifest.size

    def recipe(self, pair: Pair, dials: Dials) -> Recipe:
        """The content picture of a pair in the style of its style picture."""
        return self.model.recipe(self.file(pair.content), self.file(pair.style), dials, size=self.side)

    def paint(self, pair: Pair, dials: Dials) -> Picture:
        """The result of such a recipe."""
        return self.model.paint(self.recipe(pair, dials)).pixels

    def dials(self, **chosen: Any) -> Dials:
        """The model's default dials at seed 0, with some set otherwise."""
        return self.model.dials(**chosen)

    def key(self) -> Record:
        """Names what the figures are about: figures with another key are not comparable and never mixed."""
        return {
            "model": self.model.bundle.manifest.name,
            "model_hash": self._model_hash(),
            "dials": self.model.bundle.manifest.dials.model_dump(),
            "corpus_hash": self._corpus_hash(),
            "pairs": len(self.pairs),
            **({"size": self.size} if self.size else {}),
            "version": __version__,
        }

    def descriptors_key(self) -> Record:
        """The same for figures that know of the descriptors alone: the very weights that make them."""
        bundle, digest = self.model.bundle, hashlib.sha256()
        for component in ("style", "content", *(WORDS if bundle.manifest.words else ())):
            for name, values in sorted(bundle.weights(component).items()):
                digest.update(name.encode() + values.tobytes())
        return {
            "style": bundle.manifest.style.version,
            "content": bundle.manifest.content.version,
            "weights_hash": digest.hexdigest(),
            "corpus_hash": self._corpus_hash(),
            "version": __version__,
        }

    def strength_key(self) -> Record:
        """The same for figures that know of the dial `strength`: where its stops are."""
        return self.key() | {"strength": [stop.model_dump() for stop in self.model.bundle.manifest.strength]}

    def _model_hash(self) -> str:
        """Names all that pictures depend on; not the stops of `strength`, which only stand for other dials."""
        manifest = self.model.bundle.manifest.model_copy(update={"strength": ()})
        return hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()

    def _corpus_hash(self) -> str:
        return hashlib.sha256((self.corpus.folder / CELLS_FILE).read_bytes()).hexdigest()


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
            return content["figures"] if content["subject"] == self.key else {}
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
