"""Triplets that a training reads: mined from its descriptors by the miner of `parasol triplets`, into its files.

Runs of versions up to 0.1.0 mined in memory, in float32 instead of the grid: who repeats one takes that version.
"""

import hashlib
import json
from collections import deque
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol.bundle import EncoderCard
from parasol.corpora import Corpus
from parasol.index.store import FORMAT, Encoders, Entry, Index, Manifest
from parasol.training.pictures import rows_of
from parasol.triplets import Mining, Triplets, Variety, split_databases, vary
from parasol.triplets.descriptors import Descriptors, open_descriptors
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE, Roles
from parasol.triplets.results import Results
from parasol.triplets.run import mine_table

HASH = 16  # digits, in names of folders


def mine_corpus(
    corpus: Corpus, style: np.ndarray, content: np.ndarray, mining: Mining, variety: Variety, folder: Path
) -> tuple[Triplets, Triplets, tuple[np.ndarray, np.ndarray]]:
    """Triplets of the training cells, and of the validation contents; and the partners (s, y) of each training x.

    Both databases are halves of the training cells; the validation contents' semantics database is the validation
    cells' own half, since no training picture shows what they show.

    folder: for the index of the descriptors and both runs of the miner, below a name of all that they depend on. What
    is there is read; `parasol triplets report` reads it too.
    """
    in_style, in_semantics = split_databases([cell.id for cell in corpus.cells])
    train, held = (np.isin(np.arange(len(in_style)), rows_of(corpus, split)) for split in ("train", "content-val"))
    descriptors = _described(corpus, style, content, folder)
    place = folder / _hash(descriptors.index.version.encode(), json.dumps(asdict(mining)).encode())

    def mined_for(name: str, queries: np.ndarray, semantics: np.ndarray) -> Triplets:
        roles = (QUERY * queries + STYLE * (in_style & train) + SEMANTICS * (in_semantics & semantics)).astype(np.uint8)
        return _mined(descriptors, roles, mining, place / name).triplets()

    triplets = mined_for("train", train, train)
    databases = np.flatnonzero(in_style & train), np.flatnonzero(in_semantics & train)
    partners = vary(style, content, triplets, *databases, mining, variety)
    return triplets, mined_for("content-val", held, held), partners


def _described(
    corpus: Corpus, style: Float[np.ndarray, "N a"], content: Float[np.ndarray, "N c"], folder: Path
) -> Descriptors:
    """An index of a corpus's own descriptors, row by row in the order of its cells."""
    rows = np.concatenate([style, content], axis=1).astype(np.float16)
    version = _hash(*(cell.sha256.encode() for cell in corpus.cells), rows.tobytes())
    cards = (
        EncoderCard(name=name, version=version, dimension=space.shape[1], size=8)
        for name, space in (("style", style), ("content", content))
    )
    manifest = Manifest(
        format=FORMAT, pictures=str(corpus.folder.resolve()), finished=True, shards=(),
        encoders=Encoders(**dict(zip(("style", "content"), cards, strict=True))),
    )  # fmt: skip
    index = Index(folder=folder / f"{version}.index", manifest=manifest)
    entries = [Entry(path=cell.file, size=0, modified=0) for cell in corpus.cells]
    index.with_shards([index.write(entries, rows)], finished=True).save()
    return open_descriptors(index.folder)


def _mined(descriptors: Descriptors, roles: Roles, mining: Mining, folder: Path) -> Results:
    """The finished run in `folder`, which is gone on with, or begun."""
    [results] = deque(mine_table(descriptors, roles, mining, folder), maxlen=1)
    return results


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:HASH]
