"""Which pictures stand for what a model has not seen.

Lists are drawn by hash instead of by a random generator: every machine and every version gets the same ones, and a
shorter list is the beginning of a longer one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from parasol.corpora import Cell, Corpus

CONTENT_TEST, CONTENT_VAL, STYLE_TEST = "content-test", "content-val", "style-test"


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
    found = tuple(islice(_pairs(held_out(corpus, split)), max(count, 1)))
    if count != len(found):
        raise ValueError(f"{count} pairs are asked for; it must be at least 1, and there is room for {len(found)}")
    return found


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
