"""The pictures that measure which model draws: nothing in the package has learned from them."""

import json
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from parasol import corpora
from parasol.corpora.debian import DebianPackage, fetch, unpacked
from parasol.corpora.hands import hand_of
from parasol.corpora.icons import Vectors
from parasol.corpora.redraw import draw

LARGEST = 256  # px; the network looks at fewer
PHOTOGRAPHS, DRAWINGS = ("test", "gpl"), ("test", "content-test", "style-test", "cell-test")
"""Splits of paintings, and of icons and pictograms."""

WALLPAPERS = DebianPackage(
    name="mate-backgrounds",
    version="1.26.0-1",
    integrity="7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04",
)
STAMPS = DebianPackage(
    name="tuxpaint-stamps-default",
    version="2022.06.04-1",
    integrity="6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
)
"""Objects that somebody cut out of photographs by hand, on transparency. Both are GPL: they test, and teach nothing."""

STAMPED = ("animals", "food", "hobbies", "household", "plants")
"""Folders of them; two fifths of the others are drawn."""
DRAWN = frozenset(
    {
        *("albino_peahen", "ostrich", "shrimp", "fly", "echidna", "hedgehog", "Cherry_Stella", "Strawberry2", "pizza"),
        *("highlighter", "pen_dryerase", "glass", "mug", "toilet", "cementmixer"),
    }
)
"""Drawn, rendered or hardly visible, by eye."""
FIRST_HAND = 3 * 10**6

Named = tuple[str, Image.Image]
"""A picture's name, which seeds its changes, and itself in RGBA, no larger than `LARGEST`."""


def photographs(corpus: Path, most: int) -> dict[str, list[Named]]:
    """Whole photographs and paintings, and cut-out ones, `most` of both together, chosen by a seed.

    The packages are fetched into the corpus's folder of packages.
    """
    records = _records(corpus / "pictures.jsonl")
    whole = [corpus / record["file"] for record in records if record["split"] in PHOTOGRAPHS]
    archives = [fetch(package, corpus / "packages") for package in (WALLPAPERS, STAMPS)]
    with unpacked(archives[0]) as tree:
        wallpapers = sorted((tree / "usr/share/backgrounds/mate/nature").glob("*.jpg"))
        pictures = [_opened(file) for file in [*whole, *wallpapers]]
    with unpacked(archives[1]) as tree:
        stamps = tree / "usr/share/tuxpaint/stamps"
        files = [file for folder in STAMPED for file in sorted((stamps / folder).rglob("*.png"))]
        files = [file for file in files if "cartoon" not in file.parts and file.stem not in DRAWN]
        np.random.default_rng(0).shuffle(files)  # pyright: ignore[reportArgumentType]
        cut_out = [_opened(file) for file in files[: max(0, most - len(pictures))]]
    return {"whole": pictures[:most], "cut out": cut_out}


def drawings(folders: Sequence[Path], icons: Path, most: int) -> dict[str, list[Named]]:
    """Cells, the same number of every set as far as it has so many, and a tenth of icons that held-out hands redrew."""
    sets: dict[str, list[Path]] = {}
    for folder in folders:
        for record in _records(folder / "cells.jsonl"):
            if record["split"] in DRAWINGS:
                sets.setdefault(record["set"], []).append(folder / record["file"])
    random = np.random.default_rng(0)
    for files in sets.values():
        random.shuffle(files)  # pyright: ignore[reportArgumentType]
    redrawn = list(islice(_redrawn(icons), most // 10))
    turns = (files[turn] for turn in range(most) for files in sets.values() if turn < len(files))
    return {"cells": [_opened(file) for file in islice(turns, most - len(redrawn))], "redrawn": redrawn}


def _redrawn(icons: Path) -> Iterator[Named]:
    corpus = corpora.load(icons)
    vectors, random = Vectors(corpus), np.random.default_rng(0)
    cells = [cell for cell in corpus.cells if cell.split == "content-test"]
    for seed in count(FIRST_HAND):
        cell, hand = cells[random.integers(len(cells))], hand_of(seed, held=True)
        try:
            yield f"{seed}", Image.fromarray(draw(vectors.svg(cell), hand, LARGEST)).convert("RGBA")
        except ValueError:
            continue


def _opened(file: Path) -> Named:
    picture = Image.open(file).convert("RGBA")
    picture.thumbnail((LARGEST, LARGEST))
    return file.name, picture


def _records(file: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in file.read_text().splitlines())
