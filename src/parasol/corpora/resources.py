"""Qt's binary resource archives (`.rcc`): a tree of names over packed files."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from parasol.errors import ParasolError

MAGIC = b"qres"
COMPRESSED, FOLDER, ZSTANDARD = 1, 2, 4  # bits of an entry's flags
NODE_SIZES = {1: 14, 2: 22, 3: 22}  # bytes of a tree entry by version; from 2 on it ends with a time of change


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One file of an archive, as it is packed there."""

    path: str
    packed: bytes
    flags: int

    def read(self) -> bytes:
        """The file's bytes. Raises ValueError when they can't be unpacked."""
        if self.flags & ZSTANDARD:
            raise ParasolError(f"{self.path} is packed with zstd, which is not read here; leave it out")
        if not self.flags & COMPRESSED:
            return self.packed
        try:
            return zlib.decompress(self.packed[4:])  # after the size of what comes out
        except zlib.error as error:
            raise ParasolError("broken: the file can't be unpacked") from error


def read_resources(archive: Path) -> dict[str, Resource]:
    """The files of an archive by path, nothing unpacked yet. Raises ValueError when it is no such archive."""
    data = archive.read_bytes()
    try:
        return {resource.path: resource for resource in _walk(data)}
    except (struct.error, UnicodeDecodeError, KeyError, IndexError) as error:
        raise ParasolError(f"{archive.name} is no Qt resource archive of version 1 to 3, or is damaged") from error


def _walk(data: bytes) -> list[Resource]:
    if data[: len(MAGIC)] != MAGIC:
        raise KeyError(MAGIC)
    version, tree, packed, names = struct.unpack_from(">4I", data, len(MAGIC))
    size = NODE_SIZES[version]
    resources: list[Resource] = []
    waiting = [(0, "")]  # entries of the tree and the folder that they lie in
    visited: set[int] = set()
    while waiting:
        index, folder = waiting.pop()
        if index in visited:
            raise IndexError(index)  # a tree that leads back into itself
        visited.add(index)
        at = tree + index * size
        name_at, flags = struct.unpack_from(">IH", data, at)
        path = f"{folder}/{_name(data, names + name_at)}".lstrip("/") if index else ""
        if flags & FOLDER:
            count, first = struct.unpack_from(">2I", data, at + 6)
            waiting += [(child, path) for child in range(first, first + count)]
        else:
            (place,) = struct.unpack_from(">I", data, at + 10)  # after language and country
            (length,) = struct.unpack_from(">I", data, packed + place)
            start = packed + place + 4
            if start + length > len(data):
                raise IndexError(path)
            resources.append(Resource(path=path, packed=data[start : start + length], flags=flags))
    return sorted(resources, key=lambda resource: resource.path)


def _name(data: bytes, at: int) -> str:
    (length,) = struct.unpack_from(">H", data, at)
    return data[at + 6 : at + 6 + 2 * length].decode("utf-16-be")  # after the hash of the name
