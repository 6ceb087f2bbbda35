"""The two descriptor spaces of an index: what mining needs, read without loading it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from parasol.errors import ParasolError
from parasol.index.store import Index
from parasol.index.table import Table


@dataclass(frozen=True, kw_only=True)
class Descriptors:
    """Row i of both spaces is the same picture, and row i of the index."""

    index: Index
    style: Table
    content: Table

    def __len__(self) -> int:
        return len(self.style)

    @cached_property
    def paths(self) -> list[str]:
        """Every picture's path below the folder that was indexed."""
        index = self.index
        return [entry.path for shard in index.manifest.shards for entry in index.entries(shard)]


def open_descriptors(folder: Path) -> Descriptors:
    """Open a finished index. Raises ValueError where there is none."""
    index = Index.open(folder)
    manifest = index.manifest
    if not manifest.finished:
        raise ParasolError(f"the index {str(folder)!r} is not complete: run `parasol index build` again")
    style, content = (
        Table([part[:, columns] for part in index.table.parts])
        for columns in (manifest.encoders.style_columns, manifest.encoders.content_columns)
    )
    return Descriptors(index=index, style=style, content=content)
