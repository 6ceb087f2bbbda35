"""A built corpus on disk: its cells, its pixels as one array, and its words."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from parasol.corpora.split import SPLITS
from parasol.errors import ParasolError, reading

CELLS_FILE = "cells.jsonl"
CORPUS_FILE = "corpus.json"
CAPTIONS_FILE = "captions.jsonl"
SKIPPED_FILE = "skipped.jsonl"
PICTURES_FILE = "pictures.jsonl"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One content drawn in one style.

    `set` names the style (13 in pictograms), `family` its style family (9), `codepoint` the content (lower-case hex
    joined by `-`, FE0F dropped) and `base` the content without gender, which decides the split. `file` is relative
    to the corpus folder and `sha256` is of that file.
    """

    set: str
    family: str
    codepoint: str
    base: str
    label: str
    subgroup: str
    split: str
    licence: str
    file: str
    sha256: str

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ParasolError(
                f"split {self.split!r} of cell {self.id} is unknown; it must be one of {', '.join(SPLITS)}"
            )

    @property
    def id(self) -> str:
        """`<set>/<codepoint>`, unique in the corpus."""
        return f"{self.set}/{self.codepoint}"


@dataclass(frozen=True, kw_only=True)
class Caption:
    """The words of one content in one language."""

    label: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Built:
    """A folder that a recipe has built."""

    folder: Path

    @cached_property
    def info(self) -> dict[str, Any]:
        """`corpus.json`: recipe, size of pictures or crops in pixels, packages, counts, and what the recipe says."""
        with reading(self.folder / CORPUS_FILE):
            return json.loads((self.folder / CORPUS_FILE).read_text(encoding="utf-8"))

    @property
    def size(self) -> int:
        """Side of every picture or crop in pixels."""
        return self.info["size"]


@dataclass(frozen=True)
class Corpus(Built):
    """A corpus folder, read lazily. Make one with `load`."""

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell, in the fixed order of the build (set by set, codepoints ascending)."""
        return [Cell(**record) for record in read_lines(self.folder / CELLS_FILE)]

    @cached_property
    def captions(self) -> dict[str, dict[str, Caption]]:
        """codepoint -> language tag -> words."""
        return {
            record["codepoint"]: {
                language: Caption(label=words["label"], tags=tuple(words["tags"]))
                for language, words in record["words"].items()
            }
            for record in read_lines(self.folder / CAPTIONS_FILE)
        }

    @cached_property
    def seen(self) -> frozenset[str]:
        """Held-out cells whose very pixels are also a train cell's, such as one outline under the name of three hearts.

        The split goes by meaning; leave these out where a figure is to speak of unseen pictures.
        """
        trained = {cell.sha256 for cell in self.cells if cell.split == "train"}
        return frozenset(cell.id for cell in self.cells if cell.split != "train" and cell.sha256 in trained)

    def rgba(self) -> UInt8[np.ndarray, "N S S 4"]:
        """All pictures as one read-only memory map, straight alpha, aligned with `cells`.

        The map is built from the PNGs at the first call.
        """
        return self._pixels

    @cached_property
    def _pixels(self) -> UInt8[np.ndarray, "N S S 4"]:
        return pixel_map(self.folder, [cell.file for cell in self.cells], side=self.size, mode="RGBA")


def load(folder: str | Path) -> Corpus:
    """Open a built corpus. Raises ValueError when the folder holds none, or one that is not finished."""
    folder = Path(folder)
    if not (folder / CORPUS_FILE).is_file():
        raise ParasolError(
            f"{folder} holds no finished corpus ({CORPUS_FILE} is missing); "
            f"build one with: parasol corpus build pictograms --out {folder}"
        )
    if holds_pictures(folder):
        raise ParasolError(
            f"{folder} holds photographs and paintings, and pictograms are needed here; give another corpus"
        )
    return Corpus(folder)


def holds_pictures(folder: Path) -> bool:
    """Whether a built corpus is one of photographs and paintings, which `gallery.load` opens."""
    return (folder / PICTURES_FILE).is_file()


def pixel_map(folder: Path, files: Sequence[str], *, side: int, mode: Literal["RGB", "RGBA"]) -> np.ndarray:
    """The PNGs of a corpus as one read-only uint8 memory map, N x side x side x channels, built when first asked for.

    Its name holds the hash of the list of cells, which holds the hash of every PNG, so a rebuilt corpus never meets a
    stale map.
    """
    digest = hashlib.sha256((folder / CELLS_FILE).read_bytes()).hexdigest()
    path = folder / f"{mode.lower()}-{digest[:12]}.npy"
    if not path.exists():
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        shape = (len(files), side, side, len(mode))
        try:
            pixels = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
            for row, file in enumerate(files):
                with Image.open(folder / file) as picture:
                    pixels[row] = np.asarray(picture.convert(mode))
            pixels.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return np.load(path, mmap_mode="r")


def read_lines(path: Path) -> Iterator[dict]:
    """The records of a JSONL file."""
    with path.open(encoding="utf-8") as lines, reading(path):
        for line in lines:
            yield json.loads(line)


def json_lines(records: Iterable[dict]) -> bytes:
    """Records as the bytes of a JSONL file."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
