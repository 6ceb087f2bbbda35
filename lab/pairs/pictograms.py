"""Freeze test pairs of a corpus: python -m lab pictograms --corpus DIR --out PAIRS.json.

The pictures are held out, and the truth of a pair is the content's own cell in the style picture's set, where it is
held out too. Every machine gets the same list, and a shorter one is the beginning of a longer one.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.pairs.frozen import write_pairs
from parasol import corpora
from parasol.comparison.pairs import Entry
from parasol.corpora import Cell, Corpus
from parasol.held_out import CONTENT_TEST, CONTENT_VAL, Pair, held_out, shuffled

COUNT, IDENTITY = 500, 50


def frozen_pairs(corpus: Corpus, count: int, split: str = CONTENT_TEST) -> list[Pair]:
    """The first `count` of the fixed list of a split: contents take turns, and so do the sets of style pictures.

    Raises:
        ValueError: the corpus has no room for so many.
    """
    pairs: dict[str, Pair] = {}
    for pair in _rounds(held_out(corpus, split)):
        pairs.setdefault(pair.name, pair)
        if len(pairs) == count:
            break
    if count < 1 or len(pairs) < count:
        raise ValueError(f"{count} pairs are asked for; it must be at least 1, and there is room for {len(pairs)}")
    return list(pairs.values())


def entries_of(corpus: Corpus, count: int, identity: int, split: str = CONTENT_TEST) -> list[Entry]:
    """Pairs with their truth, and behind them `identity` held-out contents whose style is to be their own.

    Raises:
        ValueError: the corpus has no room for so many.
    """
    cells = held_out(corpus, split)
    drawn = {cell.id: cell for cell in cells}
    pairs = [
        _entry(pair, drawn.get(f"{pair.style.set}/{pair.content.codepoint}"))
        for pair in frozen_pairs(corpus, count, split)
    ]
    selves = shuffled(cells, "identity")[:identity]
    if len(selves) < identity:
        raise ValueError(f"{identity} contents in their own style are asked for; there are {len(selves)}")
    return [*pairs, *(_entry(Pair(content=cell, style=cell), None) for cell in selves)]


def _rounds(cells: Sequence[Cell]) -> Iterator[Pair]:
    """Pairs for ever longer; the list has every pair once by the time that each content has met each set in full."""
    bases: dict[str, list[Cell]] = {}
    for cell in shuffled(cells, "content"):
        bases.setdefault(cell.base, []).append(cell)
    sets = sorted({cell.set for cell in cells})
    styles = {name: shuffled([cell for cell in cells if cell.set == name], "style") for name in sets}
    for turn in range(len(sets) * max(map(len, styles.values()), default=0)):
        for place, (base, members) in enumerate(bases.items()):
            name = sets[(place + turn) % len(sets)]
            contents = [cell for cell in members if cell.set != name]
            looks = [cell for cell in styles[name] if cell.base != base]
            if contents and looks:
                # The place is added so that contents do not all meet the set's first picture.
                look = looks[(place + turn // len(sets)) % len(looks)]
                yield Pair(content=contents[turn % len(contents)], style=look)


def _entry(pair: Pair, truth: Cell | None) -> Entry:
    content, style = (cell.id.replace("/", "-") for cell in (pair.content, pair.style))
    return Entry(
        name=f"{content}-as-{style}",
        content=pair.content.file,
        style=pair.style.file,
        truth=truth.file if truth else None,
        group=pair.style.set,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab pictograms", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--count", type=int, default=COUNT, help="pairs")
    parser.add_argument("--identity", type=int, default=IDENTITY, help="contents in their own style, behind them")
    parser.add_argument(
        "--split", default=CONTENT_TEST, choices=[CONTENT_TEST, CONTENT_VAL], help="settings are tuned on content-val"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    options = parser.parse_args(arguments)
    try:
        corpus = corpora.load(options.corpus)
        write_pairs(options.out, entries_of(corpus, options.count, options.identity, options.split), corpus.folder)
    except ValueError as error:
        parser.error(str(error))
    print(options.out)
    return 0
