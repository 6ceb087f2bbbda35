"""The content x style sheet: one row a content, one column a set, so that one look shows what the corpus holds."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from parasol import images
from parasol.corpora.corpus import Corpus

HATCH = 12  # px between the lines of a cell that no one drew


def sheet(
    corpus: Corpus, *, contents: Sequence[str] = (), sets: Sequence[str] = (), count: int = 12, cell: int = 96
) -> Float[np.ndarray, "H W 3"]:
    """Draw `contents` (codepoints, rows) in `sets` (columns) on white, `cell` px each; a missing cell is hatched.

    Without `contents`, `count` of those that most sets draw, evenly spaced; without `sets`, all of them. Pixels in
    [0, 1]. Raises ValueError for a content or a set that the corpus doesn't hold.
    """
    all_sets = list(dict.fromkeys(entry.set for entry in corpus.cells))
    labels = {entry.codepoint: entry.label for entry in corpus.cells}
    rows = list(contents) or most_drawn(corpus, count)
    columns = list(sets) or all_sets
    for given, held, what in ((rows, labels, "content"), (columns, all_sets, "set")):
        unknown = [name for name in given if name not in held]
        if unknown:
            some = ", ".join(list(held)[:5])
            raise ValueError(
                f"{what} {unknown[0]!r} is not in the corpus; give some of its {len(held)}, such as {some}"
            )
    files = {(entry.codepoint, entry.set): entry.file for entry in corpus.cells}
    blank = hatched(cell)
    return images.sheet(
        [
            [
                images.load(corpus.folder / files[content, column]) if (content, column) in files else blank
                for column in columns
            ]
            for content in rows
        ],
        cell=cell,
        row_labels=[labels[content] for content in rows],
        column_labels=columns,
    )


def most_drawn(corpus: Corpus, count: int) -> list[str]:
    """`count` contents, evenly spaced by codepoint among those that most sets draw."""
    if count < 1:
        raise ValueError(f"count {count} is too small; a sheet needs at least 1 content")
    drawn = Counter(entry.codepoint for entry in corpus.cells)
    ranked = sorted(drawn, key=lambda codepoint: (-drawn[codepoint], codepoint))
    top = drawn[ranked[min(count, len(ranked)) - 1]]
    eligible = sorted(codepoint for codepoint in drawn if drawn[codepoint] >= top)
    picks = np.linspace(0, len(eligible) - 1, min(count, len(eligible))).round().astype(int)
    return [eligible[pick] for pick in picks]


def hatched(side: int) -> Float[np.ndarray, "S S 3"]:
    """A square of light diagonal lines: nothing was drawn here."""
    down, across = np.mgrid[:side, :side]
    on_line = (down + across) % HATCH == 0
    return np.repeat(np.where(on_line, 0.8, 0.96)[..., None], 3, axis=-1).astype(np.float32)
