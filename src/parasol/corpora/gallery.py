"""A built corpus of photographs and paintings on disk: whole pictures, square crops, style groups."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from parasol.corpora.building import ATTRIBUTION_FILE
from parasol.corpora.corpus import CELLS_FILE, CORPUS_FILE, PICTURES_FILE, Built, holds_pictures, pixel_map, read_lines
from parasol.corpora.split import PICTURE_SPLITS
from parasol.errors import ParasolError


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A whole picture.

    `id` begins with the package's folder and ends in the file's stem, which decides the split. `kind` is photograph
    or painting, `subject` a class as the package sorts its pictures and `caption` words for this one; both may be
    empty, and so is `painter` for a photograph. `author` (of the file), `licence` (an SPDX identifier or
    `public-domain`), `origin` (an address) and `note` are the package's own words. `file` is relative to the corpus
    folder: the package's file as it was, or the PNG that was put together from pieces; `sha256` is of that file.
    """

    id: str
    source: str
    kind: str
    subject: str
    caption: str
    painter: str
    author: str
    licence: str
    origin: str
    note: str
    split: str
    width: int
    height: int
    file: str
    sha256: str

    def __post_init__(self) -> None:
        if self.split not in PICTURE_SPLITS:
            rule = f"it must be one of {', '.join(PICTURE_SPLITS)}"
            raise ParasolError(f"split {self.split!r} of picture {self.id} is unknown; {rule}")


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A square of a picture: the picture is scaled until its shorter side is 2^level crops, then cut.

    `left`, `top` and `side` are in pixels of the whole picture. `split`, `kind` and `licence` are the picture's.
    """

    id: str
    picture: str
    level: int
    left: int
    top: int
    side: int
    split: str
    kind: str
    licence: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Gallery(Built):
    """A corpus folder of pictures, read lazily. Make one with `load`."""

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """Every whole picture by id, in the fixed order of the build."""
        return {record["id"]: Picture(**record) for record in read_lines(self.folder / PICTURES_FILE)}

    @cached_property
    def crops(self) -> list[Crop]:
        """Every crop, picture by picture, the coarsest first."""
        return [Crop(**record) for record in read_lines(self.folder / CELLS_FILE)]

    def rgb(self) -> UInt8[np.ndarray, "N S S 3"]:
        """All crops as one read-only memory map, aligned with `crops`; built from the PNGs at the first call."""
        return pixel_map(self.folder, [crop.file for crop in self.crops], side=self.size, mode="RGB")

    def credits(self, used: Set[str]) -> list[str]:
        """What ATTRIBUTION says of each of some pictures, by id, in its order."""
        text = (self.folder / ATTRIBUTION_FILE).read_text(encoding="utf-8")
        blocks = re.split(r"\n\n(?=\S)", text)
        return [block for block in blocks if block.partition("\n")[0] in used]


def load(folder: str | Path) -> Gallery:
    """Open a built corpus of pictures. Raises ValueError when the folder holds none, or one that is not finished."""
    folder = Path(folder)
    if not (folder / CORPUS_FILE).is_file() or not holds_pictures(folder):
        raise ParasolError(
            f"{folder} holds no finished corpus of photographs and paintings; "
            f"build one with: parasol corpus build paintings --out {folder}"
        )
    return Gallery(folder)
