"""A code book of the default model's style encoder, and how near its codes come: `python -m lab.style_codes PICTURES`.

A book that is shipped is never written again; another one takes the next letter.
"""

import random
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from parasol import Parasol
from parasol.codes import BOOKS, DESCRIPTOR_BITS, books, code_of, style_of
from parasol.images import SUFFIXES

TOLD, HELD = 1500, 400  # pictures that the axes are of, and pictures that measure the codes


def allotted(variances: np.ndarray) -> np.ndarray:
    """Bits to each axis, one after the other to where the error is largest."""
    left, bits = variances.copy(), np.zeros(len(variances), np.uint8)
    for _ in range(DESCRIPTOR_BITS):
        most = int(np.argmax(left))
        bits[most] += 1
        left[most] /= 4
    return bits


def main(folder: Path, letter: str) -> None:
    """Write the book of that letter, unless it is there, and print what its codes keep."""
    model = Parasol.load("pictogram", threads=1)
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    random.Random(0).shuffle(files)
    rows = np.array([model.embed_style(file) for file in files[:TOLD]], np.float64)
    encoder = model.bundle.manifest.style
    target = BOOKS / f"{letter}-{encoder.name}-{encoder.version}.safetensors"
    if not target.exists():
        mean = rows.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
        bits = allotted(values[::-1])
        kept = int((bits > 0).sum())
        axes = vectors.T[::-1][:kept]
        target.parent.mkdir(exist_ok=True)
        tensors = {"mean": mean.astype(np.float16), "axes": np.ascontiguousarray(axes).astype(np.float16)}
        tensors |= {"deviations": np.sqrt(values[::-1][:kept]).astype(np.float32), "bits": bits[:kept]}
        save_file(tensors, target)
        books.cache_clear()
    manifest = model.bundle.manifest
    near, first = [], 0
    for file in files[TOLD : TOLD + HELD]:
        style = model.style(file)
        again = style_of(code_of(style, manifest), manifest).descriptor
        near.append(float(again @ style.descriptor))
        first += bool(near[-1] > (rows @ again).max())
    low, middle = np.percentile(near, [1, 50])
    print(f"{target.name}: {len(books()[letter].bits)} axes; of {len(near)} pictures the book has not seen:")
    print(f"cosine {middle:.4f} in the middle, {low:.4f} at the lowest hundredth, {min(near):.4f} the least;")
    print(f"{first} of them are nearer to their own code's style than any of {len(rows)} others is")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "A")
