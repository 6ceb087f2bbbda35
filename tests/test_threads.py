"""A folder that was begun on two cores goes on on eight: recipes and pixels are the same bytes on any number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parasol import Parasol
from parasol.bundle import Bundle
from small_model import drawing

PAINT = """
import hashlib, sys
from parasol import Parasol
from parasol.images import to_uint8
model = Parasol.load(sys.argv[1], threads=int(sys.argv[2]))
result = model.stylize("0.png", [("1.png", 0.7), ("2.png", -0.2)], steps=2, color="match", size=96)
print(hashlib.sha256(result.recipe.text().encode()).hexdigest(), hashlib.sha256(to_uint8(result.pixels)).hexdigest())
"""


def test_recipes_and_pixels_are_the_same_on_any_number_of_threads(bundle: Bundle, tmp_path: Path) -> None:
    told = set()
    for seed in range(3):
        drawing(seed).save(tmp_path / f"{seed}.png")
    for threads in ("1", "2", "8"):
        counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PARASOL_THREADS"), threads)
        words = [sys.executable, "-c", PAINT, str(bundle.folder), threads]
        told.add(subprocess.run(words, cwd=tmp_path, env=os.environ | counts, check=True, capture_output=True).stdout)
    assert len(told) == 1


@pytest.mark.parametrize("name", ["pictogram", "painting"])
def test_descriptors_of_the_bundled_models_are_the_same_on_any_number_of_threads(name: str) -> None:
    def descriptors(threads: int) -> list[bytes]:
        model = Parasol.load(name, threads=threads)
        return [embed("examples/photograph.jpg").tobytes() for embed in (model.embed_style, model.embed_content)]

    one = descriptors(1)
    assert all(descriptors(threads) == one for threads in (2, 4, 8))
