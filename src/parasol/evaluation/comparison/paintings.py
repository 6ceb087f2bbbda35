"""Freeze test pairs: python -m parasol.evaluation.comparison.paintings --corpus DIR --out PAIRS.json.

Every photograph, or every picture that --content names, with every painting, so that there is no truth: whole pictures
that nothing trains on, those of the test split and those whose licence (GPL) keeps them from training. Every machine
gets the same list.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

from parasol.corpora import Cell, Corpus, gallery
from parasol.corpora.corpus import PICTURES_FILE
from parasol.corpora.gallery import Gallery, Picture
from parasol.evaluation.choice import CONTENT_TEST, Pair
from parasol.evaluation.comparison.pairs import Entry, write_pairs
from parasol.evaluation.figure import Subject
from parasol.pipeline import Parasol

PHOTOGRAPHS, PAINTINGS = 40, 8


def chosen(pictures: Gallery, kind: str, count: int, *, trained_on: bool = False) -> list[Picture]:
    """The first `count` of the fixed list of pictures of a kind, held-out ones or not; their packages take turns.

    Raises:
        ValueError: there are not so many.
    """
    found = [one for one in pictures.pictures.values() if one.kind == kind and (one.split == "train") == trained_on]
    found.sort(key=lambda one: hashlib.sha256(one.id.encode()).digest())
    sources = [[one for one in found if one.source == source] for source in sorted({one.source for one in found})]
    turns = [one for one in chain.from_iterable(zip_longest(*sources)) if one is not None]
    if not 1 <= count <= len(turns):
        sort = "training" if trained_on else "held-out"
        raise ValueError(f"{count} {sort} pictures of the kind {kind} are asked for; it must be 1 to {len(turns)}")
    return turns[:count]


def named(pictures: Gallery, ids: Sequence[str]) -> list[Picture]:
    """Held-out pictures of any kind by their ids.

    Raises:
        ValueError: there is none of such an id, or it was trained on.
    """
    for name in ids:
        if name not in pictures.pictures or pictures.pictures[name].split == "train":
            why = "was trained on" if name in pictures.pictures else f"is not in {pictures.folder}"
            raise ValueError(f"{name!r} {why}: name a held-out picture by its id, as {PICTURES_FILE} has it")
    return [pictures.pictures[name] for name in ids]


def entries_of(contents: Sequence[Picture], styles: Sequence[Picture]) -> list[Entry]:
    """Every content with every style, but none with itself; a painting's painter is its group."""
    return [
        Entry(
            name=f"{content.id.replace('/', '-')}-as-{style.id.replace('/', '-')}",
            content=content.file,
            style=style.file,
            truth=None,
            group=style.painter,
        )
        for content in contents
        for style in styles
        if content != style
    ]


def subject_of(model: Parasol, pictures: Gallery, count: int, size: int | None) -> Subject:
    """A model on `count` of these pairs, for the figures that need no content x style grid.

    Photographs go by in their order, each with the next of the paintings. Raises ValueError as `chosen` does.
    """
    contents = chosen(pictures, "photograph", count)
    styles = chosen(pictures, "painting", min(count, PAINTINGS))
    return _subject(model, pictures, contents, styles, size)


def tuning_subject(model: Parasol, pictures: Gallery, count: int) -> Subject:
    """A model on `count` pairs to tune it on: photographs to train on, each with the next painting that tests leave.

    Raises ValueError where there are not so many photographs, or no such painting.
    """
    contents = chosen(pictures, "photograph", count, trained_on=True)
    held_out = sum(one.kind == "painting" and one.split != "train" for one in pictures.pictures.values())
    styles = chosen(pictures, "painting", max(held_out, 1))[PAINTINGS:]
    if not styles:
        raise ValueError(f"{pictures.folder} has {held_out} held-out paintings; tests take the first {PAINTINGS}")
    return _subject(model, pictures, contents, styles, None)


def _subject(
    model: Parasol, pictures: Gallery, contents: Sequence[Picture], styles: Sequence[Picture], size: int | None
) -> Subject:
    pairs = tuple(
        Pair(content=_cell(content), style=_cell(styles[row % len(styles)])) for row, content in enumerate(contents)
    )
    return Subject(model=model, corpus=Corpus(pictures.folder), pairs=pairs, size=size)


def _cell(picture: Picture) -> Cell:
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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m parasol.evaluation.comparison.paintings", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/paintings"), help="folder of a built corpus")
    parser.add_argument("--photographs", type=int, default=PHOTOGRAPHS)
    parser.add_argument("--paintings", type=int, default=PAINTINGS)
    parser.add_argument("--content", action="append", help="id of a picture instead of photographs; repeated")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    options = parser.parse_args(arguments)
    try:
        corpus = gallery.load(options.corpus)
        contents = (
            named(corpus, options.content) if options.content else chosen(corpus, "photograph", options.photographs)
        )
        entries = entries_of(contents, chosen(corpus, "painting", options.paintings))
        write_pairs(options.out, entries, corpus.folder)
    except ValueError as error:
        parser.error(str(error))
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
