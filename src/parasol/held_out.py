"""Which pictures stand for what a model has not seen.

Lists are drawn by hash instead of by a random generator: every machine and every version gets the same ones, and a
shorter list is the beginning of a longer one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from parasol.corpora import Cell, Corpus
from parasol.corpora.corpus import CELLS_FILE
from parasol.corpora.gallery import Gallery
from parasol.corpora.gallery import Picture as Hung
from parasol.dials import Dials
from parasol.errors import ParasolError
from parasol.images import fit, load
from parasol.pipeline import Parasol
from parasol.recipe import Recipe
from parasol.types import Picture, Record

CONTENT_TEST, CONTENT_VAL, STYLE_TEST = "content-test", "content-val", "style-test"
PHOTOGRAPHS, PAINTINGS = 40, 8


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A content picture and a style picture of another content by another set, both held out."""

    content: Cell
    style: Cell

    @property
    def name(self) -> str:
        """`<content id> as <style id>`."""
        return f"{self.content.id} as {self.style.id}"


def held_out(corpus: Corpus, split: str = CONTENT_TEST) -> list[Cell]:
    """Cells of a split, without those whose very pixels were also trained on."""
    return [cell for cell in corpus.cells if cell.split == split and cell.id not in corpus.seen]


def shuffled(cells: Iterable[Cell], salt: str) -> list[Cell]:
    """Cells in an order that is fixed by their ids and `salt` alone."""
    return sorted(cells, key=lambda cell: hashlib.sha256(f"{salt}/{cell.id}".encode()).digest())


def pairs(corpus: Corpus, count: int, split: str = CONTENT_TEST) -> tuple[Pair, ...]:
    """The first `count` of the fixed list of pairs of a held-out split.

    Style pictures take turns through the sets; each content stands for one pair, each style picture too.

    Raises:
        ValueError: the corpus has no room for so many.
    """
    listed = tuple(islice(_pairs(held_out(corpus, split)), max(count, 1)))
    if count != len(listed):
        raise ParasolError(f"{count} pairs are asked for; it must be at least 1, and there is room for {len(listed)}")
    return listed


def _pairs(cells: Sequence[Cell]) -> Iterator[Pair]:
    sets = sorted({cell.set for cell in cells})
    contents, styles = shuffled(cells, "content"), shuffled(cells, "style")
    turn = 0
    while sets:
        name = sets[turn % len(sets)]
        pair = next(
            (
                Pair(content=content, style=style)
                for content in contents
                if content.set != name
                for style in styles
                if style.set == name and style.base != content.base
            ),
            None,
        )
        if pair is None:
            return
        yield pair
        contents = [cell for cell in contents if cell.base != pair.content.base]
        styles = [cell for cell in styles if cell.id != pair.style.id]
        turn += 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What is measured."""

    model: Parasol
    corpus: Corpus
    pairs: tuple[Pair, ...]
    """Held-out pairs, from the fixed list."""
    size: int | None = None
    """Longer side of results in px; None for that of the model's training."""
    finish: str = "none"
    """Of results, as `Parasol.stylize` takes it."""

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

    @property
    def side(self) -> int:
        """Longer side of results in px."""
        return self.size or self.model.bundle.manifest.size

    def recipe(self, pair: Pair, dials: Dials) -> Recipe:
        """The content picture of a pair in the style of its style picture."""
        style = self.file(pair.style)
        finish = self.model.finish(style, finish=self.finish)
        return self.model.recipe(self.file(pair.content), style, dials, size=self.side, finish=finish)

    def paint(self, pair: Pair, dials: Dials) -> Picture:
        """The result of such a recipe."""
        return self.model.paint(self.recipe(pair, dials)).visible

    def dials(self, **chosen: Any) -> Dials:
        """The model's default dials at seed 0, with some set otherwise."""
        return self.model.dials(**chosen)

    def key(self) -> Record:
        """Names what the figures are about: figures with another key are not comparable and never mixed."""
        return {
            "model": self.model.bundle.manifest.name,
            "model_hash": self.model.bundle.identity,
            "dials": self.model.bundle.manifest.dials.model_dump(),
            "corpus_hash": self.corpus_hash,
            "pairs": len(self.pairs),
            **({"size": self.size} if self.size else {}),
            **({"finish": self.finish} if self.finish != "none" else {}),
        }

    @property
    def corpus_hash(self) -> str:
        """Names the cells of the corpus."""
        return hashlib.sha256((self.corpus.folder / CELLS_FILE).read_bytes()).hexdigest()


def chosen(pictures: Gallery, kind: str, count: int, *, trained_on: bool = False) -> list[Hung]:
    """The first `count` of the fixed list of pictures of a kind, held-out ones or not; their packages take turns.

    Raises:
        ValueError: there are not so many.
    """
    hung = [work for work in pictures.pictures.values() if work.kind == kind and (work.split == "train") == trained_on]
    hung.sort(key=lambda work: hashlib.sha256(work.id.encode()).digest())
    sources = [[work for work in hung if work.source == source] for source in sorted({work.source for work in hung})]
    turns = [work for work in chain.from_iterable(zip_longest(*sources)) if work is not None]
    if not 1 <= count <= len(turns):
        sort = "training" if trained_on else "held-out"
        raise ParasolError(f"{count} {sort} pictures of the kind {kind} are asked for; it must be 1 to {len(turns)}")
    return turns[:count]


def tuning_subject(model: Parasol, pictures: Gallery, count: int) -> Subject:
    """A model on `count` pairs to tune it on: photographs to train on, each with the next painting that tests leave.

    Raises ValueError where there are not so many photographs, or no such painting.
    """
    contents = chosen(pictures, "photograph", count, trained_on=True)
    spare = sum(work.kind == "painting" and work.split != "train" for work in pictures.pictures.values())
    styles = chosen(pictures, "painting", max(spare, 1))[PAINTINGS:]
    if not styles:
        raise ParasolError(f"{pictures.folder} has {spare} held-out paintings; tests take the first {PAINTINGS}")
    return subject_of(model, pictures, contents, styles, None)


def subject_of(
    model: Parasol, pictures: Gallery, contents: Sequence[Hung], styles: Sequence[Hung], size: int | None
) -> Subject:
    """A model on photographs and paintings: each content with the next of the styles, in turns."""
    chosen_pairs = tuple(
        Pair(content=_cell(content), style=_cell(styles[row % len(styles)])) for row, content in enumerate(contents)
    )
    return Subject(model=model, corpus=Corpus(pictures.folder), pairs=chosen_pairs, size=size)


def _cell(picture: Hung) -> Cell:
    """A whole picture as a cell that stands alone: the set is its package."""
    return Cell(
        set=picture.source,
        family=picture.painter,
        codepoint=picture.id.partition("/")[2],
        base=picture.id,
        label=picture.caption,
        subgroup=picture.subject,
        split=CONTENT_TEST,
        licence=picture.licence,
        file=picture.file,
        sha256=picture.sha256,
    )
