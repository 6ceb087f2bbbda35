"""The small real files that everything hostile is made from: pictures, drawings, and what commands make of them."""

import gzip
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lab.hostile import forked

FEW = ("--steps", "1", "--size", "64")
SIDE = 48  # px
NICE = 3
MADE, CARD, INDEX, SESSION, STUDY = "made.png", "a.style.json", "index", "session.json", "study"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#123" stroke-width="2">
<defs><linearGradient id="g"><stop stop-color="#e33"/><stop offset="1" stop-color="#33e"/></linearGradient></defs>
<style>.a {{ fill: url(#g) }}</style>
<rect class="a" x="3" y="{0}" width="18" height="12" rx="2"/><path d="M4 {1} 12 3l8 6M9 21v-6h6v6" fill="#{2}"/>
<g transform="translate(2 2)"><circle cx="6" cy="6" r="{1}" fill="#fc0"/><use href="#x"/></g></svg>
"""
METHODS, PAIRS = ("best", "middling"), ("apple", "boat")


def blobs(seed: int, side: int = SIDE) -> Image.Image:
    """Coloured blobs, as a small photograph has."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side * 5 // 4), Image.Resampling.BICUBIC)


def icon(seed: int, side: int = SIDE) -> Image.Image:
    """A flat shape with alpha."""
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    inside = (np.abs(rows) ** (seed % 3 + 1) + np.abs(columns) ** 2 < 0.16)[..., None]
    ink = np.array([60 * seed % 256, 200 - 30 * seed % 200, 90, 255], np.uint8)
    return Image.fromarray(np.where(inside, ink, np.uint8(0)))


def draw(folder: Path) -> None:
    """The files that nothing of ours has made."""
    folder.mkdir(parents=True, exist_ok=True)
    svg = [SVG.format(6 + n, 8 - n, ("0a0", "fff", "a0a")[n]) for n in range(3)]
    for number, name in enumerate(("content", "style", "other")):
        blobs(number).save(folder / f"{name}.png")
        icon(number).save(folder / f"icon{number}.png")
        (folder / f"icon{number}.svg").write_text(svg[number])
    blobs(3).save(folder / "photo.jpg")
    Image.fromarray(np.uint8(255 * np.tri(SIDE * 5 // 4, SIDE))).save(folder / "mask.png")
    for place in ("set", "pictures"):
        (folder / place).mkdir(exist_ok=True)
        for number in range(3):
            icon(number, 32).save(folder / place / f"{number}.png")
    for method in (*METHODS, "content", "style"):
        (folder / "judged" / method).mkdir(parents=True, exist_ok=True)
        for pair in PAIRS:
            blobs(len(method + pair), 32).save(folder / "judged" / method / f"{pair}.png")


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("style", "content.png", "--like", "style.png", "-o", MADE, "--model", "pictogram", "--mask", "mask.png", *FEW),
    ("style", "icon0.svg", "--like", "icon1.png", "-o", "made.svg", "--model", "pictogram", "--also", "webp", *FEW),
    ("style", "content.png", "--like", "style.png", "-o", "made.jpg", "--model", "painting", *FEW),
    ("card", "style.png:0.7", "other.png:0.3", "-o", CARD, "--model", "pictogram"),
    ("index", "build", "pictures", "-o", INDEX, "--model", "pictogram"),
    ("search", INDEX, "--like", "style.png", "--content", "content.png", "--session", SESSION, "--top", "2",
     "--make", "-o", "found.png", *FEW),
    ("study", "create", "judged", "-o", STUDY, "--participants", "2", "--trials", "2", "--repeats", "0", "--catches",
     "0", "--question", "overall"),
)  # fmt: skip


def make(folder: Path) -> Path:
    """All small files, once; the folder. Raises RuntimeError where a command fails that has nothing hostile."""
    done = folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        draw(folder)
        for words in COMMANDS:
            ran = run(words, folder, folder)
            if ran.code != 0:
                raise RuntimeError(f"parasol {' '.join(words)}: {ran.err.decode(errors='replace')}")
        (folder / "packed.svgz").write_bytes(gzip.compress((folder / "icon0.svg").read_bytes(), mtime=0))
        (folder / "out").unlink()
        (folder / "err").unlink()
        done.touch()
    return folder


def run(words: Sequence[str], folder: Path, beside: Path, world: forked.World | None = None) -> forked.Done:
    """One command to its end; its streams go into files in the folder `beside`."""
    streams = beside / "out", beside / "err"
    return forked.wait(forked.fork(forked.parasol(words, folder, world or forked.EVERYDAY), *streams), *streams)


def copied(small: Path, folder: Path) -> Path:
    """A folder of its own with all small files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(small, folder, symlinks=True)
    (folder / "done").unlink()
    return folder


def quiet() -> None:
    """One thread, and no haste: before anything is imported that computes."""
    os.environ.update({"PARASOL_THREADS": "1", "OMP_NUM_THREADS": "1"})
    os.nice(NICE)
