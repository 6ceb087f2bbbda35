"""A small built corpus of photographs and paintings."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from parasol import images
from parasol.corpora.corpus import json_lines
from parasol.corpora.gallery import Crop, Picture


def scene(side: int = 64, seed: int = 0) -> np.ndarray:
    """A reddish disc before a blue sky that grows lighter, with the grain of a photograph."""
    y, x = np.mgrid[:side, :side] / side
    sky = np.stack([0.3 + 0.4 * y, 0.5 + 0.3 * y, 0.9 - 0.1 * y], axis=-1)
    picture = np.where(np.hypot(y - 0.5, x - 0.5)[..., None] < 0.28, (0.75, 0.35, 0.2), sky)
    grain = np.random.default_rng(seed).normal(0.0, 0.04, (side, side, 1))
    return np.clip(picture + grain, 0.0, 1.0).astype(np.float32)


def photographs(folder: Path, *, train: int = 3, size: int = 24) -> Path:
    """A finished corpus of pictures: photographs to train on, and one each of what may not be used."""
    kinds = [("photograph", "train", "CC0-1.0")] * train
    kinds += [("photograph", "test", "CC0-1.0"), ("photograph", "gpl", "GPL-3.0-only")]
    kinds += [("painting", "train", "CC0-1.0")]
    pictures, crops, credits = [], [], ["Whose the files are:"]
    for number, (kind, split, licence) in enumerate(kinds):
        name = f"pack/{kind}{number}-{split}"
        shared = {"kind": kind, "split": split, "licence": licence, "sha256": ""}
        words = {"subject": "beach", "caption": "", "painter": "", "author": "", "origin": "", "note": ""}
        file = f"pictures/{name}.png"
        images.write_atomic(folder / file, images.encode_png(scene(size, 100 + number)))
        pictures.append(Picture(id=name, source="pack", width=size, height=size, file=file, **shared, **words))
        credits.append(f"{name}\n  author:  Author {number}\n  licence: {licence}")
        for k in range(2):
            place = {"id": f"{name}/0-{k:03d}", "level": 0, "left": 0, "top": 0, "side": size}
            file = f"cells/{place['id']}.png"
            crops.append(Crop(picture=name, file=file, **place, **shared))
            images.write_atomic(folder / file, images.encode_png(scene(size, 2 * number + k)))
    (folder / "pictures.jsonl").write_bytes(json_lines(map(asdict, pictures)))
    (folder / "cells.jsonl").write_bytes(json_lines(map(asdict, crops)))
    (folder / "ATTRIBUTION").write_text("\n\n".join([*credits, "Closing words.\n"]))
    (folder / "corpus.json").write_text(json.dumps({"size": size}))
    return folder
