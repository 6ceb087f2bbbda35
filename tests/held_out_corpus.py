"""The drawn corpus with contents and a style held out, as measurements want them."""

import json
from pathlib import Path

import drawn_corpus
from parasol.corpora import Corpus, load

TEST_SHAPES = drawn_corpus.SHAPES[4:]
STYLE_TEST_HAND = "leaf"
SEEN = "outline/1f305"
"""A held-out cell with the pixels of a trained one: the outline of a ring is that of a circle."""


def make(folder: Path) -> Corpus:
    corpus = drawn_corpus.make(folder)
    lines = []
    for cell in corpus.cells:
        record = {name: getattr(cell, name) for name in cell.__dataclass_fields__}
        if cell.label in TEST_SHAPES:
            record["split"] = "content-test"
        elif cell.set == STYLE_TEST_HAND:
            record["split"] = "style-test"
        lines.append(json.dumps(record) + "\n")
    (folder / "cells.jsonl").write_text("".join(lines))
    return load(folder)
