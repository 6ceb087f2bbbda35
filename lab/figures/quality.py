"""A first look at results, by the model's own encoders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lab.figure import Figure
from parasol.corpora import Cell
from parasol.held_out import CONTENT_TEST, CONTENT_VAL, Pair, Subject, held_out, shuffled
from parasol.images.read import Source
from parasol.pipeline import Parasol
from parasol.types import Record

CENTROID_PICTURES = 300  # of each set


def quality(subject: Subject) -> Figure:
    """Do results at default dials have the asked style and content, judged by the model's own encoders?

    style: the nearest of the sets' mean style descriptors is that of the style picture's set (means over up to 300
    pictures a set, outside the content splits). content: the nearest held-out picture of the sets that the pair does
    not use shows the content picture's content. style_real and content_real: the same for the style picture and the
    content picture themselves, what these judges can tell at most; style_unchanged: for the content picture's style,
    what doing nothing scores. A judge that also guided the result is a lenient one.
    """
    judge = cache(lambda: Judge.of(subject))

    def measure(pair: Pair) -> Record:
        content, style = subject.file(pair.content), subject.file(pair.style)
        result = subject.paint(pair, subject.dials())
        wanted = pair.content.codepoint
        possible = wanted in judge().contents_beside(pair)
        return {
            "pair": pair.name,
            "style": judge().style(result) == pair.style.set,
            "style_real": judge().style(style) == pair.style.set,
            "style_unchanged": judge().style(content) == pair.style.set,
            "content": possible and judge().content(result, pair) == wanted,
            "content_real": possible and judge().content(content, pair) == wanted,
            "content_possible": possible,
        }

    def summarise(records: Sequence[Record]) -> Record:
        possible = [record for record in records if record["content_possible"]]
        return {
            "judge": "the model's own encoders",
            **{name: _rate(records, name) for name in ("style", "style_real", "style_unchanged")},
            "pairs": len(records),
            **{name: _rate(possible, name) for name in ("content", "content_real")},
            "pairs_for_content": len(possible),
        }

    return Figure(units=subject.pairs, measure=measure, summarise=summarise)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """Says whose style and which content a picture has, out of those of a corpus."""

    model: Parasol
    sets: np.ndarray
    """Names, beside `styles`: the unit-norm mean style descriptor of each."""
    styles: np.ndarray
    gallery: Sequence[Cell]
    """Held-out cells, beside `contents`: the content descriptor of each."""
    contents: np.ndarray

    @classmethod
    def of(cls, subject: Subject) -> "Judge":
        """Describe the corpus of a subject; takes a minute or two."""
        cells: dict[str, list[Cell]] = {}
        for cell in shuffled(subject.corpus.cells, "centroid"):
            if cell.split not in (CONTENT_TEST, CONTENT_VAL):
                cells.setdefault(cell.set, []).append(cell)
        embed = subject.model.embed_style
        sums = [np.sum([embed(subject.file(cell)) for cell in own[:CENTROID_PICTURES]], 0) for own in cells.values()]
        gallery = held_out(subject.corpus)
        return cls(
            model=subject.model,
            sets=np.array(list(cells)),
            styles=np.stack([total / np.linalg.norm(total) for total in sums]),
            gallery=gallery,
            contents=np.stack([subject.model.embed_content(subject.file(cell)) for cell in gallery]),
        )

    def style(self, picture: Source) -> str:
        """The set whose mean style is nearest."""
        return _nearest_label(self.model.embed_style(picture), self.styles, self.sets)

    def content(self, picture: Source, pair: Pair) -> str:
        """Codepoint of the nearest picture in the sets that the pair does not use."""
        beside = self._beside(pair)
        return _nearest_label(self.model.embed_content(picture), self.contents[beside], self._codepoints()[beside])

    def contents_beside(self, pair: Pair) -> frozenset[str]:
        """Codepoints of all pictures in the sets that the pair does not use."""
        return frozenset(self._codepoints()[self._beside(pair)].tolist())

    def _beside(self, pair: Pair) -> np.ndarray:
        return np.array([cell.set not in (pair.style.set, pair.content.set) for cell in self.gallery])

    def _codepoints(self) -> np.ndarray:
        return np.array([cell.codepoint for cell in self.gallery])


def _rate(records: Sequence[Record], name: str) -> float:
    return round(float(np.mean([record[name] for record in records])), 4) if records else 0.0


def _nearest_label(descriptor: np.ndarray, gallery: np.ndarray, labels: np.ndarray) -> str:
    """Label of the row of `gallery` [N d] that is most similar to `descriptor` [d]; both are unit-norm."""
    return str(labels[int((gallery @ descriptor).argmax())])
