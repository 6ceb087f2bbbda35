"""How the rows of a finished index are cut into shards: a function of the pictures alone.

Rows are sorted by path, and a shard ends after every path whose hash is a multiple of `SHARD_ROWS` (content-defined
chunking, as backup programs do). However a build was interrupted, the finished shards are the same; and a picture that
comes or goes changes the one shard it is in.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set
from itertools import accumulate

import numpy as np

from parasol.index.store import Entry, Index, Shard

SHARD_ROWS = 32_768  # on average


def ends_shard(path: str) -> bool:
    """Whether the picture of that path is the last of its shard."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8]) % SHARD_ROWS == 0


def arranged(index: Index, wanted: Set[Entry]) -> list[Shard]:
    """The shards of the wanted rows alone, sorted and cut; new ones are written, those that stay as they are kept.

    Raises StoreError where a shard cannot be read.
    """
    rows = (entry for shard in index.manifest.shards for entry in index.entries(shard))
    places = sorted((entry, row) for row, entry in enumerate(rows) if entry in wanted)
    starts = [0, *accumulate(shard.rows for shard in index.manifest.shards)]
    known = {
        range(start, start + shard.rows): shard for start, shard in zip(starts, index.manifest.shards, strict=False)
    }
    shards = []
    for part in _cut(places):
        sources = np.array([row for _, row in part])
        same = known.get(range(sources[0], sources[0] + len(part)))
        if same is None or np.any(np.diff(sources) != 1):
            same = index.write([entry for entry, _ in part], index.table.take(sources))
        shards.append(same)
    return shards


def _cut(places: Sequence[tuple[Entry, int]]) -> Iterator[Sequence[tuple[Entry, int]]]:
    start = 0
    for number, (entry, _) in enumerate(places, start=1):
        if ends_shard(entry.path) or number == len(places):
            yield places[start:number]
            start = number
