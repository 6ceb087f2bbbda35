"""A small real corpus, drawn on the spot: shapes (contents) in several hands (styles), as a built corpus folder."""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from parasol.corpora import Corpus, load

SIZE = 64
SHAPES = ("circle", "square", "triangle", "cross", "bar", "ring", "diamond", "stairs")
HANDS = {"flat": (200, 60, 40), "pale": (150, 200, 250), "outline": None, "night": (30, 30, 60), "leaf": (40, 160, 70)}


def _points(shape: str, side: int) -> list[tuple[float, float]]:
    unit = {
        "square": [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)],
        "triangle": [(0.5, 0.1), (0.9, 0.9), (0.1, 0.9)],
        "cross": [(0.4, 0.1), (0.6, 0.1), (0.6, 0.4), (0.9, 0.4), (0.9, 0.6), (0.6, 0.6), (0.6, 0.9), (0.4, 0.9),
                  (0.4, 0.6), (0.1, 0.6), (0.1, 0.4), (0.4, 0.4)],
        "bar": [(0.1, 0.4), (0.9, 0.4), (0.9, 0.6), (0.1, 0.6)],
        "diamond": [(0.5, 0.05), (0.9, 0.5), (0.5, 0.95), (0.1, 0.5)],
        "stairs": [(0.1, 0.9), (0.1, 0.6), (0.4, 0.6), (0.4, 0.3), (0.7, 0.3), (0.7, 0.1), (0.9, 0.1), (0.9, 0.9)],
    }[shape]  # fmt: skip
    return [(x * side, y * side) for x, y in unit]


def draw(shape: str, hand: str, side: int = SIZE) -> Image.Image:
    """One cell, RGBA."""
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    colour = HANDS[hand]
    look = {"fill": None, "outline": (0, 0, 0), "width": side // 20} if colour is None else {"fill": colour}
    if shape in ("circle", "ring"):
        pen.ellipse((side * 0.1, side * 0.1, side * 0.9, side * 0.9), **look)
        if shape == "ring":
            pen.ellipse((side * 0.35, side * 0.35, side * 0.65, side * 0.65), fill=(0, 0, 0, 0))
    else:
        pen.polygon(_points(shape, side), **look)
    return picture


def make(folder: Path, size: int = SIZE) -> Corpus:
    """Write the whole grid; the last two shapes are validation contents."""
    cells = []
    for hand in HANDS:
        for number, shape in enumerate(SHAPES):
            codepoint = f"{0x1F300 + number:x}"
            file = f"cells/{hand}/{codepoint}.png"
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            draw(shape, hand, size).save(folder / file)
            split = "content-val" if number >= len(SHAPES) - 2 else "train"
            cells.append(
                {"set": hand, "family": hand, "codepoint": codepoint, "base": codepoint, "label": shape,
                 "subgroup": "shape", "split": split, "licence": "Apache-2.0", "file": file,
                 "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest()}
            )  # fmt: skip
    (folder / "cells.jsonl").write_text("".join(json.dumps(cell) + "\n" for cell in cells))
    (folder / "captions.jsonl").write_text("")
    (folder / "corpus.json").write_text(json.dumps({"name": "drawn", "size": size}))
    return load(folder)


def pixels(shape: str, hand: str, side: int = SIZE) -> np.ndarray:
    """One cell on white, float32 in [0,1], H W 3."""
    drawn = draw(shape, hand, side)
    white = Image.new("RGBA", drawn.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, drawn).convert("RGB"), np.float32) / 255.0
