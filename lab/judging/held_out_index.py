"""The pictures that a user may be thought to have: cells that are no test of contents, as an index on disk."""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from lab.judging.cases import KNOWN, Case
from lab.subject import descriptors_key
from parasol.apps.progress import Progress
from parasol.corpora import Cell
from parasol.held_out import Subject
from parasol.index.build import build
from parasol.index.describe import Describer
from parasol.index.store import Index

PICTURES, INDEX = "gallery", "index"


@cache
def held_out_index(subject: Subject) -> Index:
    """An index of every cell of the splits train and style-test, by the model's encoders.

    It lies in the corpus folder, in a folder that the weights of the encoders name; built when first asked for, about
    five minutes of a core for 14,000 cells, and continued after a kill.

    Raises:
        ValueError: it cannot be built.
    """
    key = hashlib.sha256(str(sorted(descriptors_key(subject).items())).encode()).hexdigest()[:12]
    folder = subject.corpus.folder / f"gallery-{key}"
    for cell in known(subject.corpus.cells):
        link = folder / PICTURES / cell.set / f"{cell.codepoint}.png"
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(subject.file(cell).resolve())
    build(
        folder / PICTURES, folder / INDEX, Describer.of(subject.model.components), workers=1,
        progress=Progress("index").update,
    )  # fmt: skip
    return Index.open(folder / INDEX)


def known(cells: Sequence[Cell]) -> list[Cell]:
    """Those that may be in it."""
    return [cell for cell in cells if cell.split in KNOWN]


def nearest_in_family(subject: Subject, case: Case) -> Cell:
    """The cell of the index, of the case's own style family, whose content descriptor is nearest to the content's."""
    index, rows = held_out_index(subject), _rows(subject)
    own = np.array([row for row, cell in enumerate(rows) if cell.set == case.style.set])
    wanted = subject.model.embed_content(subject.file(case.content))
    contents = index.table.take(own)[:, index.manifest.encoders.content_columns].astype(np.float32)
    return rows[int(own[(contents @ wanted).argmax()])]


@cache
def _rows(subject: Subject) -> list[Cell]:
    """The cell of every row of the index."""
    index = held_out_index(subject)
    cells = {cell.id: cell for cell in subject.corpus.cells}
    entries = index.entries_of(range(len(index.table)))
    return [cells[entry.path.removesuffix(".png")] for entry in entries]
