"""Contact sheets, so that one look shows what a corpus holds: content x style, or a row a class and a painter."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol import images
from parasol.corpora.corpus import Corpus
from parasol.corpora.gallery import Crop, Gallery
from parasol.errors import ParasolError

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
            raise ParasolError(
                f"{what} {unknown[0]!r} is not in the corpus; give some of its {len(held)}, such as {some}"
            )
    files = {(entry.codepoint, entry.set): entry.file for entry in corpus.cells}
    blank = hatched(cell)
    return images.sheet(
        [
            [
                _thumbnail(corpus.folder / files[content, column], cell) if (content, column) in files else blank
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
        raise ParasolError(f"count {count} is too small; a sheet needs at least 1 content")
    drawn = Counter(entry.codepoint for entry in corpus.cells)
    ranked = sorted(drawn, key=lambda codepoint: (-drawn[codepoint], codepoint))
    top = drawn[ranked[min(count, len(ranked)) - 1]]
    eligible = sorted(codepoint for codepoint in drawn if drawn[codepoint] >= top)
    picks = np.linspace(0, len(eligible) - 1, min(count, len(eligible))).round().astype(int)
    return [eligible[pick] for pick in picks]


def gallery_sheet(
    gallery: Gallery, *, names: Sequence[str] = (), count: int = 12, cell: int = 96
) -> Float[np.ndarray, "H W 3"]:
    """One row a class of photographs (their `subject`) or a painter, `count` pictures a row, one crop of each.

    Without `names`, all rows. The first crop of a picture stands for it; a row with fewer pictures goes on with more
    crops. Raises ValueError for a name that the corpus doesn't hold.
    """
    if count < 1:
        raise ParasolError(f"count {count} is too small; a row needs at least 1 picture")
    rows: dict[str, list[Crop]] = {}
    for crop in gallery.crops:
        picture = gallery.pictures[crop.picture]
        rows.setdefault(picture.painter or picture.subject or "other", []).append(crop)
    unknown = [name for name in names if name not in rows]
    if unknown:
        some = ", ".join(list(rows)[:5])
        raise ParasolError(
            f"{unknown[0]!r} is no class and no painter of the corpus; give some of {len(rows)}, as {some}"
        )
    chosen = {name: various(rows[name], count) for name in names or rows}
    blank = hatched(cell)
    return images.sheet(
        [
            [_thumbnail(gallery.folder / crop.file, cell) for crop in crops] + [blank] * (count - len(crops))
            for crops in chosen.values()
        ],
        cell=cell,
        row_labels=[f"{name} ({len({crop.picture for crop in rows[name]})})" for name in chosen],
    )


def _thumbnail(file: Path, cell: int) -> Float[np.ndarray, "_ _ 3"]:
    return images.fit(images.load(file), cell)


def various(crops: Sequence[Crop], count: int) -> list[Crop]:
    """`count` crops of as many pictures as there are, evenly spaced; then the second crops of each, and so on."""
    turns = Counter[str]()
    turn_of = {}
    for crop in crops:
        turn_of[crop.id] = turns[crop.picture]
        turns[crop.picture] += 1
    first = [crop for crop in crops if turn_of[crop.id] == 0]
    if len(first) >= count:
        return [first[pick] for pick in np.linspace(0, len(first) - 1, count).round().astype(int)]
    return sorted(crops, key=lambda crop: turn_of[crop.id])[:count]


def hatched(side: int) -> Float[np.ndarray, "S S 3"]:
    """A square of light diagonal lines: nothing was drawn here."""
    down, across = np.mgrid[:side, :side]
    on_line = (down + across) % HATCH == 0
    return np.repeat(np.where(on_line, 0.8, 0.96)[..., None], 3, axis=-1).astype(np.float32)
