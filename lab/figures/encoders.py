"""What the two encoders know about pictures that they were not trained on."""

from collections.abc import Sequence

import numpy as np

from lab.figure import Figure
from parasol.corpora import Cell, Corpus
from parasol.held_out import CONTENT_TEST, STYLE_TEST, Subject, held_out, shuffled
from parasol.images import load
from parasol.metrics.label_retrieval import retrieve
from parasol.types import Record

STYLE_TEST_CONTENTS = 120  # about as many contents as the content-test split has


def encoders(subject: Subject) -> Figure:
    """Nearest-neighbour retrieval by each encoder alone, in two galleries.

    style_retrieval: the nearest picture of another content is of the same set, by style descriptors; style_leak: the
    same by content descriptors. content_retrieval: the nearest picture in another set shows the same content, by
    content descriptors; content_leak: the same by style descriptors. `chance` is what random neighbours score. Gallery
    content-test: every held-out content in every set. Gallery style-test: contents that the set never trained on draws,
    in every set; only that set's pictures are queries. High retrieval and leaks near chance are wanted.
    """

    def measure(split: str) -> Record:
        cells, queries = gallery(subject.corpus, split)
        style, content = described(subject, cells)
        sets, codepoints = np.array([cell.set for cell in cells]), np.array([cell.codepoint for cell in cells])
        by_set = {
            "style_retrieval": retrieve(style, same=sets, apart=codepoints),
            "style_leak": retrieve(content, same=sets, apart=codepoints),
        }
        by_content = {
            "content_retrieval": retrieve(content, same=codepoints, apart=sets),
            "content_leak": retrieve(style, same=codepoints, apart=sets),
        }
        return {
            "gallery": split,
            "pictures": len(cells),
            "queries": int(queries.sum()),
            **{name: round(retrieval.share(queries), 4) for name, retrieval in (by_set | by_content).items()},
            "style_chance": round(by_set["style_retrieval"].expected(queries), 4),
            "content_chance": round(by_content["content_retrieval"].expected(queries), 4),
            "style_retrieval_of_set": {
                name: round(by_set["style_retrieval"].share(queries & (sets == name)), 4)
                for name in sorted(set(sets[queries]))
            },
        }

    def summarise(records: Sequence[Record]) -> Record:
        return {record["gallery"]: {k: v for k, v in record.items() if k != "gallery"} for record in records}

    splits = [split for split in (CONTENT_TEST, STYLE_TEST) if held_out(subject.corpus, split)]
    return Figure(units=splits, measure=measure, summarise=summarise)


def gallery(corpus: Corpus, split: str) -> tuple[list[Cell], np.ndarray]:
    """Pictures to search among, and which of them are queries."""
    held = held_out(corpus, split)
    if split == CONTENT_TEST:
        return held, np.ones(len(held), bool)
    contents = {cell.codepoint for cell in shuffled(held, "gallery")[:STYLE_TEST_CONTENTS]}
    cells = [cell for cell in corpus.cells if cell.codepoint in contents]
    queries = {cell.id for cell in held}
    return cells, np.array([cell.id in queries for cell in cells])


def described(subject: Subject, cells: Sequence[Cell]) -> tuple[np.ndarray, np.ndarray]:
    """Style and content descriptors of cells on white, one row a cell."""
    rows = []
    for cell in cells:
        picture = load(subject.file(cell))
        rows.append((subject.model.embed_style(picture), subject.model.embed_content(picture)))
    return np.stack([style for style, _ in rows]), np.stack([content for _, content in rows])
