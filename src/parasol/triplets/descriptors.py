"""Two descriptor spaces of the same pictures on disk: what mining needs, read without loading it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol.images import write_atomic
from parasol.index.table import Table
from parasol.triplets.files import npy_bytes

TABLE_FILE = "table.json"
SPACES = ("style", "content")


@dataclass(frozen=True, kw_only=True)
class Descriptors:
    """A table of pictures: row i of both spaces and of the ids is the same picture. Make one with `open_descriptors`.

    version: hash of the manifest, which holds the hash of every file.
    """

    folder: Path
    version: str
    style: Table
    content: Table

    def __len__(self) -> int:
        return len(self.style)

    @cached_property
    def ids(self) -> list[str]:
        """What each row is the descriptor of."""
        return (self.folder / "ids.txt").read_text(encoding="utf-8").splitlines()


def open_descriptors(folder: Path) -> Descriptors:
    """Open what `write_descriptors` wrote. Raises ValueError where there is no table, or a file of it is not whole."""
    manifest = folder / TABLE_FILE
    if not manifest.is_file():
        raise ValueError(f"{folder} holds no descriptors ({TABLE_FILE} is missing): name the folder of a table")
    record = json.loads(manifest.read_text(encoding="utf-8"))
    for file, size in record["bytes"].items():
        if not (folder / file).is_file() or (folder / file).stat().st_size != size:
            raise ValueError(f"{folder / file} is missing or not whole: write the table anew")
    style, content = (Table([np.load(folder / file, mmap_mode="r") for file in record[space]]) for space in SPACES)
    version = hashlib.sha256(manifest.read_bytes()).hexdigest()
    return Descriptors(folder=folder, version=version, style=style, content=content)


def write_descriptors(
    folder: Path,
    style: Float[np.ndarray, "N a"],
    content: Float[np.ndarray, "N c"],
    ids: list[str],
    *,
    shard: int = 2**20,
) -> Descriptors:
    """Write unit-norm descriptors as float16 shards of at most `shard` rows, and the manifest last."""
    if len(ids) != len(style) or len(set(ids)) != len(ids) or any("\n" in name for name in ids):
        raise ValueError(f"{len(ids)} ids do not name {len(style)} pictures: give each its own, without line breaks")
    files: dict[str, bytes] = {"ids.txt": "".join(f"{name}\n" for name in ids).encode()}
    record: dict[str, object] = {"rows": len(style)}
    for space, values in zip(SPACES, (style, content), strict=True):
        names = [f"{space}-{number:05d}.npy" for number in range(-(-len(values) // shard))]
        record[space] = names
        for number, name in enumerate(names):
            files[name] = npy_bytes(values[number * shard : (number + 1) * shard].astype(np.float16))
    for name, data in files.items():
        write_atomic(folder / name, data)
    record["bytes"] = {name: len(data) for name, data in files.items()}
    record["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    write_atomic(folder / TABLE_FILE, json.dumps(record, indent=1).encode())
    return open_descriptors(folder)
