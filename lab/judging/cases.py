"""What results are judged on: a content picture, a style picture, and the cell that is the true answer, held out."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parasol.corpora import Cell, Corpus
from parasol.held_out import CONTENT_TEST, STYLE_TEST, held_out, shuffled

CELL_TEST, TRAIN = "cell-test", "train"
UNSEEN, SEEN, NEW_STYLE = "unseen contents", "seen contents", "unseen style"
COLUMNS = (UNSEEN, SEEN, NEW_STYLE)
CASES = 100  # in a column, at most
KNOWN = (TRAIN, STYLE_TEST)
"""Splits of the cells that a user may be thought to have: none is an answer to anything."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One task with its answer.

    unseen contents: no network has seen the content, in any hand. seen contents: training had the content in other
    hands, and this hand with other contents. unseen style: neither the content nor the hand was trained on.
    """

    column: str
    content: Cell
    """What to show, in another hand."""
    style: Cell
    """How to draw it: another content, also held out."""
    truth: Cell
    """The content in the style picture's hand."""

    @property
    def name(self) -> str:
        """`<content id> as <style id>`."""
        return f"{self.content.id} as {self.style.id}"

    @property
    def fresh(self) -> bool:
        """Whether the result starts from new noise: where the model knows the content, its descriptor must do."""
        return self.column == SEEN


def cases(corpus: Corpus, column: str, count: int, unseen: str = CONTENT_TEST) -> tuple[Case, ...]:
    """The first `count` of the fixed list of a column, or as many as there are. `unseen` is the split of new contents.

    True cells take turns through the hands. Every content stands once before one stands again.
    """
    new = unseen_families(corpus)
    split = CELL_TEST if column == SEEN else unseen
    pool = [cell for cell in held_out(corpus, split) if (cell.family in new) == (column == NEW_STYLE)]
    taken = judge_bases(corpus) if column == SEEN else frozenset[str]()
    truths = [cell for cell in pool if cell.base not in taken]
    contents = _by_codepoint(
        [cell for cell in corpus.cells if cell.split == TRAIN]
        if column == SEEN
        else [cell for cell in held_out(corpus, unseen) if cell.family not in new]
    )
    chosen: list[Case] = []
    for truth in in_turns(truths):
        drawn = [cell for cell in contents.get(truth.codepoint, []) if cell.family != truth.family]
        looks = [cell for cell in pool if cell.set == truth.set and cell.base != truth.base]
        if drawn and looks:
            content, style = shuffled(drawn, truth.id)[0], shuffled(looks, truth.id)[0]
            chosen.append(Case(column=column, content=content, style=style, truth=truth))
        if len(chosen) == count:
            break
    return tuple(chosen)


def unseen_families(corpus: Corpus) -> frozenset[str]:
    """Families of styles that nothing is trained on."""
    return frozenset(cell.family for cell in corpus.cells if cell.split == STYLE_TEST)


def judge_bases(corpus: Corpus) -> frozenset[str]:
    """Contents that judges are fitted to and that are never judged: half of those of the training split, by hash."""
    bases = {cell.base for cell in corpus.cells if cell.split in KNOWN}
    bases -= {cell.base for cell in corpus.cells if cell.split == CONTENT_TEST}
    ordered = sorted(bases, key=lambda base: hashlib.sha256(f"judge/{base}".encode()).digest())
    return frozenset(ordered[: len(ordered) // 2])


def judge_cells(corpus: Corpus, count: int) -> list[Cell]:
    """At most `count` cells for judges: whole contents, in every hand that draws them, unseen styles included."""
    bases = judge_bases(corpus)
    cells = [cell for cell in corpus.cells if cell.split in KNOWN and cell.base in bases]
    ordered = sorted(cells, key=lambda cell: (hashlib.sha256(cell.base.encode()).digest(), cell.id))
    return ordered[:count]


def gallery_cells(corpus: Corpus, column: str) -> list[Cell]:
    """Real pictures among which the content of a result is looked for, in every hand.

    Those of all unseen contents; or of as many seen ones, those of the first hundred cases among them.
    """
    unseen = held_out(corpus)
    if column != SEEN:
        return unseen
    wanted = {case.truth.base for case in cases(corpus, SEEN, CASES)}
    bases = judge_bases(corpus)
    others = [cell for cell in corpus.cells if cell.split in (TRAIN, CELL_TEST) and cell.base not in bases]
    size = max(len({cell.base for cell in unseen}), len(wanted))
    for base in dict.fromkeys(cell.base for cell in shuffled(others, "gallery")):
        if len(wanted) >= size:
            break
        wanted.add(base)
    return [cell for cell in others if cell.base in wanted]


def in_turns(cells: Sequence[Cell]) -> Iterator[Cell]:
    """All cells, by hash: sets take turns, and no content comes again before each has come once, as far as that goes.

    A content that the set whose turn it is lacks, or that has come in this round, waits for another set or round.
    """
    left = shuffled(cells, "truth")
    used: set[str] = set()
    while left:
        sets = sorted({cell.set for cell in left})
        came = 0
        for name in sets:
            cell = next((cell for cell in left if cell.set == name and cell.base not in used), None)
            if cell is not None:
                left.remove(cell)
                used.add(cell.base)
                came += 1
                yield cell
        if not came:
            used.clear()


def _by_codepoint(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.codepoint, []).append(cell)
    return groups
