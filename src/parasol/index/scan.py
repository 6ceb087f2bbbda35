"""The pictures below a folder."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parasol.images import SUFFIXES
from parasol.index.store import UNSPEAKABLE, Entry


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A picture that is not in the index, and why."""

    path: str
    reason: str


def scan(root: Path) -> tuple[list[Entry], list[Skipped]]:
    """Every picture below `root`, sorted by path, and what cannot be looked at. Hidden files and folders are not."""
    skipped: list[Skipped] = []

    def unlisted(error: OSError) -> None:
        skipped.append(_unreadable(Path(error.filename), error))

    entries = []
    for file in _pictures(root, unlisted):
        try:
            status = file.stat()
        except OSError as error:
            skipped.append(_unreadable(file, error))
            continue
        if stat.S_ISDIR(status.st_mode):
            skipped.append(_skipped(file, "is a link to a folder, which is not followed: index that folder by itself"))
        elif not stat.S_ISREG(status.st_mode):
            skipped.append(_skipped(file, "is no regular file: put a picture there"))
        elif UNSPEAKABLE.search(str(file)):
            skipped.append(_skipped(file, "has a name that is not UTF-8, or control characters in it: rename it"))
        else:
            path = file.relative_to(root).as_posix()
            entries.append(Entry(path=path, size=status.st_size, modified=status.st_mtime_ns))
    return sorted(entries), skipped


def _pictures(root: Path, onerror: Callable[[OSError], None]) -> Iterator[Path]:
    """Files with the ending of a picture, and links to folders, in which pictures may lie."""
    for folder, folders, files in os.walk(root, onerror=onerror):
        folders[:] = [name for name in folders if name[0] != "."]
        yield from (link for name in folders if (link := Path(folder, name)).is_symlink())
        yield from (Path(folder, name) for name in files if name[0] != "." and Path(name).suffix.lower() in SUFFIXES)


def _unreadable(file: Path, error: OSError) -> Skipped:
    return _skipped(file, f"cannot be looked at ({error.strerror}): change its permissions, or remove it")


def _skipped(file: Path, why: str) -> Skipped:
    name = str(file).encode(errors="backslashreplace").decode()
    return Skipped(path=name, reason=f"{name!r} {why}")
