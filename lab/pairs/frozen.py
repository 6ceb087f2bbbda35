"""A list of pairs for `parasol evaluate`, frozen: the hash of every picture goes with it."""

from collections.abc import Sequence
from pathlib import Path

from parasol.bundle import sha256
from parasol.comparison.journal import as_lines
from parasol.comparison.pairs import Entry, check_names, pair_in
from parasol.images import write_atomic


def write_pairs(file: Path, entries: Sequence[Entry], pictures: Path) -> None:
    """Write the list.

    Raises:
        ValueError: two pairs have one name, or a picture cannot be read.
    """
    check_names(entries, file)
    frozen = []
    for entry in entries:
        pair = pair_in(pictures, entry)
        files = {"content": pair.content, "style": pair.style, "truth": pair.truth}
        hashes = {field: sha256(path) for field, path in files.items() if path}
        frozen.append(entry.model_copy(update={"sha256": hashes}).model_dump(exclude_defaults=True))
    write_atomic(file, f"{as_lines(frozen, 1)}\n".encode())
