"""Freeze test pairs: python -m lab paintings --corpus DIR --out PAIRS.json.

Every photograph, or every picture that --content names, with every painting, so that there is no truth: whole pictures
that nothing trains on, those of the test split and those whose licence (GPL) keeps them from training. Every machine
gets the same list.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lab.pairs.frozen import write_pairs
from parasol.comparison.pairs import Entry
from parasol.corpora import gallery
from parasol.corpora.corpus import PICTURES_FILE
from parasol.corpora.gallery import Gallery, Picture
from parasol.held_out import PAINTINGS, PHOTOGRAPHS, chosen


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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab paintings", description=__doc__)
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
