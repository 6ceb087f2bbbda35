"""Inverted lists over clustered descriptors: recall, exact scores, and what makes them be left aside."""

import json
from pathlib import Path

import numpy as np
import pytest

from parasol.bundle import EncoderCard, sha256
from parasol.index import neighbours as module
from parasol.index.exact import nearest
from parasol.index.lists import Lists, opened_lists, write_lists
from parasol.index.neighbours import Exact, neighbours
from parasol.index.search import Query, search
from parasol.index.store import FORMAT, Encoders, Entry, Index, Manifest
from worlds import unit_rows

STYLE, CONTENT, ROWS = 16, 24, 3000


def clustered(seed: int, clusters: int, width: int) -> np.ndarray:
    centres = unit_rows(seed, clusters, width)
    rows = centres[np.random.default_rng(seed).integers(0, clusters, ROWS)] + 0.5 * unit_rows(seed + 1, ROWS, width)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Two shards of descriptors whose styles and contents are independent."""
    cards = (EncoderCard(name="a", version="1", dimension=size, size=64) for size in (STYLE, CONTENT))
    encoders = Encoders(style=next(cards), content=next(cards))
    manifest = Manifest(format=FORMAT, pictures="pictures", encoders=encoders, finished=True, shards=())
    index = Index(folder=tmp_path / "index", manifest=manifest)
    vectors = np.concatenate([clustered(0, 40, STYLE), clustered(2, 200, CONTENT)], axis=1).astype(np.float16)
    entries = [Entry(f"{row:05}.png", 1, 1) for row in range(ROWS)]
    index = index.with_shards(
        [index.write(entries[:1000], vectors[:1000]), index.write(entries[1000:], vectors[1000:])], finished=True
    )
    index.save()
    return index


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", ROWS - 1)


def test_the_recall_is_what_fresh_queries_get(index: Index) -> None:
    record = write_lists(index)
    assert min(record.recall.values()) >= 0.95
    opened = opened_lists(index)
    assert opened is not None
    assert opened[1] == record
    rows = index.table.take(np.random.default_rng(9).choice(ROWS, (2, 50))).astype(np.float32)
    queries = np.concatenate([0.5 * rows[0, :, :STYLE], 0.5 * rows[1, :, STYLE:]], axis=1)
    truth, scores = nearest(queries, index.table, 12)
    found = [opened[0].nearest(query, 12) for query in queries]
    assert np.mean([np.isin(rows, near).mean() for (near, _), rows in zip(found, truth, strict=True)]) > 0.9
    for (near, cosines), rows, right in zip(found, truth, scores, strict=True):
        _, here, there = np.intersect1d(near, rows, return_indices=True)
        np.testing.assert_array_equal(cosines[here], right[there])
        assert np.all(np.diff(cosines) <= 0)


def test_few_rows_are_read(index: Index) -> None:
    write_lists(index)
    opened = opened_lists(index)
    assert opened is not None
    lists = opened[0]
    query = index.table.take(np.array(5)).astype(np.float32)
    read = np.unique(np.concatenate([rows for cells in lists.cells for rows in cells.near(query, lists.probes)]))
    assert 5 in read
    assert len(read) < ROWS / 3


def test_a_search_asks_the_lists_of_a_large_index_alone(index: Index, large: None) -> None:
    query = Query(style=index.table.take(np.array(17))[:STYLE].astype(np.float32))
    assert isinstance(neighbours(index), Exact)
    expected = search(index, query, 12)
    write_lists(index)
    assert isinstance(neighbours(index), Lists)
    found = search(index, query, 12)
    assert found[0] == expected[0]
    assert len({hit.file for hit in found} & {hit.file for hit in expected}) >= 10


def test_lists_of_another_state_or_damaged_ones_are_left_aside(index: Index, large: None) -> None:
    write_lists(index)
    first = {file.name: file.read_bytes() for file in (index.folder / "lists").iterdir()}
    write_lists(index)
    assert {file.name: file.read_bytes() for file in (index.folder / "lists").iterdir()} == first
    turned = index.with_shards(index.manifest.shards[::-1], finished=True)
    assert isinstance(neighbours(turned), Exact)
    (index.folder / "lists" / "style-rows.npy").write_bytes(first["style-rows.npy"][:-1])
    assert isinstance(neighbours(index), Exact)


@pytest.mark.parametrize("fault", ["row", "cut", "start", "type", "centre"])
def test_lists_of_a_stranger_are_left_aside_whose_hashes_are_right(index: Index, large: None, fault: str) -> None:
    write_lists(index)
    folder = index.folder / "lists"
    name = {"start": "style-starts.npy", "centre": "style-centres.npy"}.get(fault, "style-rows.npy")
    array = np.load(folder / name)
    array[-1] = {"row": 10**6, "start": 7, "centre": np.nan}.get(fault, array[-1])
    np.save(folder / name, array.astype(np.float64) if fault == "type" else array)
    if fault == "cut":
        (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    record = json.loads((folder / "lists.json").read_text())
    record["files"][name] = sha256(folder / name)
    (folder / "lists.json").write_text(json.dumps(record))
    assert opened_lists(index) is None
    assert isinstance(neighbours(index), Exact)


def test_lists_that_name_other_files_are_left_aside(index: Index, large: None) -> None:
    write_lists(index)
    record = json.loads((index.folder / "lists" / "lists.json").read_text())
    record["files"] = {"/dev/zero": "0" * 64}  # which has no end
    (index.folder / "lists" / "lists.json").write_text(json.dumps(record))
    assert opened_lists(index) is None


def test_recall_at_equal_effort_is_that_of_faiss(index: Index) -> None:
    faiss = pytest.importorskip("faiss")
    record = write_lists(index)
    opened = opened_lists(index)
    assert opened is not None
    style = opened[0].cells[0]
    vectors = np.concatenate(index.table.parts)[:, :STYLE].astype(np.float32)
    quantizer = faiss.IndexFlatIP(STYLE)
    theirs = faiss.IndexIVFFlat(quantizer, STYLE, len(style.centres), faiss.METRIC_INNER_PRODUCT)
    theirs.train(vectors)
    theirs.add(vectors)
    theirs.nprobe = record.probes
    queries = vectors[::30]
    truth, _ = nearest(queries, vectors, 12)
    there = theirs.search(queries, 12)[1]
    here = [opened[0].nearest(np.concatenate([query, np.zeros(CONTENT, np.float32)]), 12)[0] for query in queries]
    ours, faisss = (
        np.mean([np.isin(rows, near).mean() for near, rows in zip(found, truth, strict=True)])
        for found in (here, there)
    )
    assert ours >= faisss - 0.03
