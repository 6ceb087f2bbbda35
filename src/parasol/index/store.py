"""An index on disk: immutable shards of descriptors, and the manifest that names them.

    index.json            folder of the pictures, both encoders, and rows and SHA-256 of every shard
    shards/<hash>.npy     float16, one row a picture: its style descriptor, then its content descriptor
    shards/<hash>.jsonl   the same rows: path below the folder, size and time of the file

Files in `shards` are named by their content and never rewritten; the manifest changes by a rename. So a kill leaves the
index as it was before or as it is after, and at most a few files that no manifest names.
"""

import contextlib
import hashlib
import json
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float16, Int64
from pydantic import Field, ValidationError, model_validator

from parasol.bundle import EncoderCard, first_fault, sha256, shortened
from parasol.bundle import Manifest as BundleManifest
from parasol.errors import ParasolError
from parasol.images import write_atomic
from parasol.index.files import npy_bytes
from parasol.index.table import Table
from parasol.strict import Strict

FORMAT = 1
MANIFEST = "index.json"
SHARDS = "shards"
LISTS = "lists"
NAME_DIGITS = 16  # of a hash, in file names
UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""In the name of a picture: control characters, and bytes that are no UTF-8."""
OURS = re.compile(r"[0-9a-f]{16}\.(npy|jsonl)|\..*\.part")
"""Names that builds give: nothing else in an index is theirs to remove."""
LARGEST_MANIFEST = 64_000_000  # bytes; a hundred million pictures have a tenth of it
BUILD_AGAIN = "run `parasol index build` again, which describes what is missing"


class StoreError(ParasolError):
    """An index that cannot be used. One line: what is wrong, and the way out."""


class Entry(NamedTuple):
    """A picture as it was when it was described: what tells whether it has changed since."""

    path: str
    """Below the folder of the pictures, with forward slashes."""

    size: int
    """In bytes."""

    modified: int
    """Time of the last change, in nanoseconds since 1970."""


class Encoders(Strict):
    """Both descriptor spaces. Descriptors of different encoders must not be compared."""

    style: EncoderCard
    content: EncoderCard

    @classmethod
    def of(cls, model: BundleManifest) -> "Encoders":
        """Those of a model."""
        return cls(style=model.style, content=model.content)

    @property
    def dimension(self) -> int:
        """Numbers in a row."""
        return self.style.dimension + self.content.dimension

    @property
    def style_columns(self) -> slice:
        """Where the style descriptor stands in a row."""
        return slice(0, self.style.dimension)

    @property
    def content_columns(self) -> slice:
        """Where the content descriptor stands in a row."""
        return slice(self.style.dimension, self.dimension)

    def __str__(self) -> str:
        return f"style {_named(self.style)} and content {_named(self.content)}"


class Shard(Strict):
    """Descriptors and entries of some pictures: two files, by their SHA-256."""

    rows: int = Field(ge=1, lt=2**31)
    vectors: str = Field(pattern=r"^[0-9a-f]{64}$")
    entries: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each file, by its name in `shards`."""
        return {f"{self.vectors[:NAME_DIGITS]}.npy": self.vectors, f"{self.entries[:NAME_DIGITS]}.jsonl": self.entries}


class Manifest(Strict):
    """The content of `index.json`."""

    format: int
    pictures: str
    """Folder of the pictures."""

    encoders: Encoders
    finished: bool
    """Every picture of the folder is in, and shards are cut as `parasol.index.layout` says."""

    shards: tuple[Shard, ...]

    @model_validator(mode="after")
    def _each_once(self) -> "Manifest":
        if len({shard.entries for shard in self.shards}) < len(self.shards):
            raise ParasolError("a shard is named twice")
        return self


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index on disk, as its manifest was when it was opened, with its files at hand.

    `open` maps every file that is there, so that a build which removes some meanwhile takes nothing away.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: str | Path) -> "Index":
        """Raises StoreError where there is no index, or one that this version does not read."""
        folder = Path(folder)
        while True:
            text = _manifest_text(folder)
            index = cls._parsed(folder, text)
            if index._hold() or _manifest_text(folder) == text:  # else a build has come between
                return index

    @classmethod
    def _parsed(cls, folder: Path, text: bytes) -> "Index":
        try:
            content = json.loads(text)
            version = content["format"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(f"{_name(folder)}: {MANIFEST} is no manifest: remove the folder and build anew") from error
        if version != FORMAT:
            raise StoreError(
                f"{_name(folder)} has format {shortened(version)} and this version reads format {FORMAT}: update "
                "parasol-style, or build another index"
            )
        try:
            return cls(folder=folder, manifest=Manifest.model_validate(content))
        except ValidationError as error:
            raise StoreError(
                f"{_name(folder)}: {MANIFEST} is wrong at {first_fault(error)}: remove the folder and build anew"
            ) from error

    def _hold(self) -> bool:
        """Map all files; whether none is missing."""
        missing = 0
        for shard in self.manifest.shards:
            for held in (self._vectors, self._lines):
                try:
                    held(shard)
                except StoreError:
                    missing += 1
        return not missing

    @cached_property
    def _held(self) -> dict[str, np.ndarray | mmap.mmap]:
        """Files of shards that are mapped, by name."""
        return {}

    @cached_property
    def version(self) -> str:
        """SHA-256 of encoders and shards: names the pictures, their descriptors and their order."""
        return hashlib.sha256(self.manifest.model_dump_json(include={"encoders", "shards"}).encode()).hexdigest()

    def require(self, encoders: Encoders) -> None:
        """Raise StoreError where the index is of other encoders."""
        if self.manifest.encoders != encoders:
            raise StoreError(
                f"{_name(self.folder)} is of the encoders {self.manifest.encoders}, and the model has {encoders}: name "
                "the model of the index with --model, or build another index"
            )

    def save(self) -> None:
        """Write the manifest; the files of its shards are there already."""
        write_atomic(self.folder / MANIFEST, f"{self.manifest.model_dump_json(indent=1)}\n".encode())

    def write(self, entries: Sequence[Entry], vectors: Float16[np.ndarray, "n d"]) -> Shard:
        """Write the two files of a shard, which no manifest names yet."""
        lines = "".join(f"{json.dumps(entry._asdict())}\n" for entry in entries)
        data = (npy_bytes(vectors), lines.encode())
        hashes = [hashlib.sha256(part).hexdigest() for part in data]
        shard = Shard(rows=len(entries), vectors=hashes[0], entries=hashes[1])
        for name, part in zip(shard.files, data, strict=True):
            if (self.folder / SHARDS / name).is_symlink():  # else what it leads to would be written
                (self.folder / SHARDS / name).unlink()
            write_atomic(self.folder / SHARDS / name, part)
        return shard

    def with_shards(self, shards: Sequence[Shard], *, finished: bool) -> "Index":
        """The same index over other shards, not saved yet."""
        changed = {"shards": tuple(shards), "finished": finished}
        return Index(folder=self.folder, manifest=self.manifest.model_copy(update=changed))

    def is_whole(self, shard: Shard) -> bool:
        """Whether both files are what the manifest says."""
        try:
            return all(sha256(self.folder / SHARDS / name) == expected for name, expected in shard.files.items())
        except OSError:
            return False

    def sweep(self) -> None:
        """Remove what interrupted builds have left: files of our own names that the manifest does not name."""
        named = {name for shard in self.manifest.shards for name in shard.files}
        left = [file for file in (self.folder / SHARDS).glob("*") if OURS.fullmatch(file.name)]
        for file in (*left, *self.folder.glob(".*.part"), *(self.folder / LISTS).glob(".*.part")):
            if file.name not in named and (file.is_file() or file.is_symlink()):
                with contextlib.suppress(OSError):  # held open by a reader where the system forbids this: next time
                    file.unlink()

    @cached_property
    def table(self) -> Table:
        """All rows, mapped into memory. Raises StoreError where a shard cannot be read."""
        return Table([self._vectors(shard) for shard in self.manifest.shards])

    def entries(self, shard: Shard) -> list[Entry]:
        """The pictures of a shard, by row. Raises StoreError."""
        name = list(shard.files)[1]
        data = self._lines(shard)
        if hashlib.sha256(data).hexdigest() != shard.entries:
            raise self._damaged(name)
        try:
            entries = [_entry(json.loads(line)) for line in bytes(data).decode().splitlines()]
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(name) from error
        if not len(entries) == shard.rows == len({entry.path for entry in entries}):
            raise self._damaged(name)
        return entries

    def entries_of(self, rows: Sequence[int]) -> list[Entry]:
        """The pictures of some rows of the table; only their shards are read, whole once. Raises StoreError."""
        firsts = np.cumsum([0, *(shard.rows for shard in self.manifest.shards)])
        numbers = np.searchsorted(firsts, rows, side="right") - 1
        entries = []
        for number, row in zip(numbers, rows, strict=True):
            shard = self.manifest.shards[number]
            begins, lines = self._begins(shard), self._lines(shard)
            at = int(row - firsts[number])
            entries.append(_entry(json.loads(lines[begins[at] : begins[at + 1]])))
        return entries

    def _begins(self, shard: Shard) -> Int64[np.ndarray, " n"]:
        """Where each line of a shard's pictures begins, and where the last ends. Raises StoreError."""
        if shard.entries not in self._read:
            self.entries(shard)  # checked once: a search of many thousand lines would take 50 ms to read them all
            ends = np.flatnonzero(np.frombuffer(self._lines(shard), np.uint8) == ord("\n")) + 1
            self._read[shard.entries] = np.concatenate([[0], ends])
        return self._read[shard.entries]

    @cached_property
    def _read(self) -> dict[str, Int64[np.ndarray, " n"]]:
        """Where lines begin, by the hash of a file."""
        return {}

    def _vectors(self, shard: Shard) -> Float16[np.ndarray, "n d"]:
        name = next(iter(shard.files))
        if name in self._held:
            return np.asarray(self._held[name])
        try:
            if not (self.folder / SHARDS / name).is_file():
                raise FileNotFoundError
            vectors = np.load(self.folder / SHARDS / name, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # numpy's reader raises whatever a broken header leads it to
            raise self._damaged(name) from error
        if vectors.dtype != np.float16 or vectors.shape != (shard.rows, self.manifest.encoders.dimension):
            raise self._damaged(name)
        self._held[name] = vectors
        return vectors

    def _lines(self, shard: Shard) -> bytes | mmap.mmap:
        name = list(shard.files)[1]
        if name not in self._held:
            try:
                if not (self.folder / SHARDS / name).is_file():
                    raise FileNotFoundError
                with (self.folder / SHARDS / name).open("rb") as file:
                    self._held[name] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except (OSError, ValueError) as error:  # gone, or empty
                raise self._damaged(name) from error
        held = self._held[name]
        assert isinstance(held, mmap.mmap)
        return held

    def _damaged(self, file: str) -> StoreError:
        return StoreError(f"{_name(self.folder)}: {SHARDS}/{file} is missing or damaged: {BUILD_AGAIN}")


def require_no_links(folder: Path) -> None:
    """Refuse an index that a build would follow out of its folder. Raises StoreError."""
    for name in (MANIFEST, SHARDS, LISTS):
        if (folder / name).is_symlink():
            raise StoreError(
                f"{_name(folder)}: {name!r} is a link, and what it leads to is not the index's own: remove the link, "
                "or choose another -o"
            )


def _manifest_text(folder: Path) -> bytes:
    try:
        if not (folder / MANIFEST).is_file():  # a pipe would never end
            raise FileNotFoundError
        with (folder / MANIFEST).open("rb") as file:
            text = file.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise StoreError(
            f"{str(folder)!r} is no index (no readable {MANIFEST}): make one with  parasol index build DIR -o INDEX"
        ) from error
    except ValueError as error:  # a NUL in the path
        raise StoreError(f"{str(folder)!r} is no path ({error}): give the folder of an index") from error
    if len(text) > LARGEST_MANIFEST:
        raise StoreError(f"{_name(folder)}: {MANIFEST} is no manifest: remove the folder and build anew")
    return text


def _entry(record: dict[str, Any]) -> Entry:
    """An entry of a file. Raises ValueError or TypeError where it is none, or leads out of the folder of pictures."""
    entry = Entry(**record)
    path = PurePosixPath(entry.path)
    if path.is_absolute() or ".." in path.parts or UNSPEAKABLE.search(entry.path) or not path.parts:
        raise ValueError
    if not all(type(number) is int and 0 <= number < 2**63 for number in (entry.size, entry.modified)):
        raise TypeError
    return entry


def _named(card: EncoderCard) -> str:
    return f"{card.name} {card.version}"


def _name(folder: Path) -> str:
    return f"the index {str(folder)!r}"
