"""Inverted lists: approximate search in large indexes, with exact scores and a measured recall.

Spherical k-means cuts each space into cells, and a list names the rows of every cell. A query probes the cells nearest
to it, in each space that it asks in, and every row there is scored exactly. So only the choice of rows is approximate.
How many neighbours that loses is measured against exact search, and as many cells are probed as the recall takes.

The lists hold row numbers, no vectors: they are opened at once, and a search reads the rows that it scores and no
others. They are a cache: an index whose lists are missing, damaged or out of date is searched exactly.

    lists/lists.json                        index version, cells to probe, recall, SHA-256 of the arrays
    lists/<space>-{centres,starts,rows}.npy
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float, Float32, Int64
from pydantic import Field

from parasol.bundle import sha256
from parasol.images import write_atomic
from parasol.index.exact import best_of, nearest
from parasol.index.store import LISTS, Index
from parasol.index.table import Table
from parasol.strict import Strict

FOLDER, RECORD = LISTS, "lists.json"
ARRAYS = ("centres", "starts", "rows")
CELLS = 4  # times the root of the number of rows
SAMPLE = 32  # rows a cell that k-means looks at
ITERATIONS = 8
FEWEST_PROBES = 8
AUDITED, AUDITED_TOP = 200, 12
WANTED_RECALL = 0.95
SEED = 0

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


class ListsRecord(Strict):
    """The content of `lists.json`."""

    version: str
    probes: int = Field(ge=1)
    recall: dict[str, float] = Field(min_length=1)
    """Share of the 12 nearest that are found, over 200 queries of each kind: style, content, both."""

    files: dict[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """One space cut into cells: the rows of cell i are `rows[starts[i] : starts[i + 1]]`, ascending."""

    columns: slice
    centres: Float32[np.ndarray, "cells d"]
    starts: Int64[np.ndarray, " bounds"]
    rows: Int64[np.ndarray, " N"]

    def near(self, query: Float[np.ndarray, " n"], probes: int) -> list[Int64[np.ndarray, " _"]]:
        """Rows of the cells nearest to the query's part in this space; none where it asks for nothing there."""
        part = query[self.columns]
        if not part.any():
            return []
        cells = np.argsort(-(self.centres @ part), kind="stable")[:probes]
        return [np.asarray(self.rows[self.starts[cell] : self.starts[cell + 1]]) for cell in cells]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """The cells of both spaces, over the rows of an index."""

    table: Table
    cells: tuple[Cells, ...]
    probes: int

    def nearest(
        self, query: Float[np.ndarray, " n"], k: int
    ) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, " m"]]:
        """The k best rows of the probed cells, as `Neighbours` has it."""
        probed = [rows for cells in self.cells for rows in cells.near(query, self.probes)]
        return best_of(query, self.table, np.unique(np.concatenate(probed)), k)


def opened_lists(index: Index) -> tuple[Lists, ListsRecord] | None:
    """The lists beside an index, unless they are missing, damaged, or of another state of it."""
    folder, spaces = index.folder / FOLDER, _spaces(index)
    names = [_file(space, name) for space in spaces for name in ARRAYS]
    try:
        if not all((folder / name).is_file() for name in (RECORD, *names)):  # a pipe would never end
            return None
        record = ListsRecord.model_validate_json((folder / RECORD).read_bytes())
        if record.version != index.version or record.files != {name: sha256(folder / name) for name in names}:
            return None
        cells = tuple(_opened(folder, space, columns) for space, columns in spaces.items())
    except Exception:  # numpy's reader raises whatever a broken header leads it to
        return None
    if not all(_fits(part, len(index.table)) for part in cells):
        return None
    return Lists(table=index.table, cells=cells, probes=record.probes), record


def _opened(folder: Path, space: str, columns: slice) -> Cells:
    arrays = {name: np.load(folder / _file(space, name), mmap_mode="r", allow_pickle=False) for name in ARRAYS}
    return Cells(columns=columns, **arrays)


def _fits(cells: Cells, rows: int) -> bool:
    """Whether the cells are of so many rows, as `_cut` makes them: each row in one cell."""
    centres, starts, width = cells.centres, cells.starts, cells.columns.stop - cells.columns.start
    if (centres.dtype, starts.dtype, cells.rows.dtype) != (np.float32, np.int64, np.int64):
        return False
    shapes = (centres.shape[1:], starts.shape, cells.rows.shape) == ((width,), (len(centres) + 1,), (rows,))
    if not shapes or (starts[0], starts[-1]) != (0, rows) or np.any(np.diff(starts) < 0):
        return False
    inside = rows > 0 and cells.rows.min() >= 0 and cells.rows.max() < rows
    return bool(inside and np.isfinite(centres).all())


def write_lists(index: Index, progress: Progress | None = None) -> ListsRecord:
    """Make the lists of an index, find out how many cells to probe, and write both. The same index, the same lists."""
    spaces, tell = _spaces(index), progress or (lambda done, total: None)
    rounds = ITERATIONS + 1
    cells = tuple(
        _cut(index.table, columns, lambda done, space=number: tell(space * rounds + done, len(spaces) * rounds))
        for number, columns in enumerate(spaces.values())
    )
    probes, recall = _audited(index, cells)
    files = {}
    for space, part in zip(spaces, cells, strict=True):
        for name in ARRAYS:
            file = io.BytesIO()
            np.save(file, getattr(part, name), allow_pickle=False)
            write_atomic(index.folder / FOLDER / _file(space, name), file.getvalue())
            files[_file(space, name)] = sha256(index.folder / FOLDER / _file(space, name))
    record = ListsRecord(version=index.version, probes=probes, recall=recall, files=files)
    write_atomic(index.folder / FOLDER / RECORD, record.model_dump_json(indent=1).encode())
    return record


def _cut(table: Table, columns: slice, tell: Callable[[int], None]) -> Cells:
    """Spherical k-means on a sample of the rows, then every row to its nearest centre."""
    part = Table([vectors[:, columns] for vectors in table.parts])
    random = np.random.default_rng(SEED)
    count = max(1, int(CELLS * len(part) ** 0.5))
    sample = part.take(np.sort(random.permutation(len(part))[: SAMPLE * count])).astype(np.float32)
    centres = sample[np.sort(random.permutation(len(sample))[:count])]
    for done in range(ITERATIONS):
        tell(done)
        centres = _moved(centres, sample, nearest(sample, centres, 1)[0][:, 0])
    tell(ITERATIONS)
    cell = np.concatenate([nearest(vectors, centres, 1)[0][:, 0] for _, vectors in part.tiles(1 << 16)])
    starts = np.searchsorted(np.sort(cell), np.arange(len(centres) + 1))
    return Cells(columns=columns, centres=centres, starts=starts, rows=np.argsort(cell, kind="stable"))


def _moved(
    centres: Float32[np.ndarray, "cells d"], vectors: Float32[np.ndarray, "n d"], cell: Int64[np.ndarray, " n"]
) -> Float32[np.ndarray, "cells d"]:
    """Each centre in the middle of its vectors, at norm 1; one without any (or whose vectors cancel) stays."""
    order = np.argsort(cell, kind="stable")
    held, starts = np.unique(cell[order], return_index=True)
    sums = np.add.reduceat(vectors[order], starts, axis=0)
    norms = np.linalg.norm(sums, axis=1)
    moved = centres.copy()
    moved[held[norms > 0]] = sums[norms > 0] / norms[norms > 0, None]
    return moved


def _audited(index: Index, cells: tuple[Cells, ...]) -> tuple[int, dict[str, float]]:
    """The fewest probes (doubled from 8) with the wanted recall for every kind of query, and those recalls."""
    kinds = _questions(index)
    truth = {
        kind: nearest(queries, index.table, min(AUDITED_TOP, len(index.table)))[0] for kind, queries in kinds.items()
    }
    probes = FEWEST_PROBES
    while True:
        lists = Lists(table=index.table, cells=cells, probes=probes)
        recall = {kind: _recall(lists, queries, truth[kind]) for kind, queries in kinds.items()}
        if min(recall.values()) >= WANTED_RECALL or probes >= len(cells[0].centres):
            return probes, recall
        probes *= 2


def _questions(index: Index) -> dict[str, Float32[np.ndarray, "q n"]]:
    """Queries as people ask them: the style of a picture, the content of one, one's style with another's content."""
    random, encoders = np.random.default_rng(SEED), index.manifest.encoders
    rows = random.choice(len(index.table), min(AUDITED, len(index.table)), replace=False)
    style, content = (np.zeros((len(rows), encoders.dimension), np.float32) for _ in range(2))
    vectors = index.table.take(rows)
    style[:, encoders.style_columns] = vectors[:, encoders.style_columns]
    content[:, encoders.content_columns] = vectors[random.permutation(len(rows)), encoders.content_columns]
    return {"style": style, "content": content, "both": (style + content) / 2}


def _recall(lists: Lists, queries: Float32[np.ndarray, "q n"], truth: Int64[np.ndarray, "q k"]) -> float:
    recalls = [
        np.isin(rows, lists.nearest(query, len(rows))[0]).mean() for query, rows in zip(queries, truth, strict=True)
    ]
    return float(np.mean(recalls))


def _spaces(index: Index) -> dict[str, slice]:
    encoders = index.manifest.encoders
    return {"style": encoders.style_columns, "content": encoders.content_columns}


def _file(space: str, name: str) -> str:
    return f"{space}-{name}.npy"
