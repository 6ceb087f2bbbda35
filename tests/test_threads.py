"""A folder that was begun on two cores goes on on eight: recipes and pixels are the same bytes on any number."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from parasol import Parasol
from parasol.bundle import Bundle
from parasol.maths.texture import texture_of
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


def test_a_texture_has_the_same_bits_in_every_thread_of_a_program() -> None:
    """One alone may set the number of OpenBLAS's threads by threadpoolctl 3.8, and the others are passed over."""
    array = np.random.default_rng(0).random((3, 128, 96), dtype=np.float32)
    with threadpool_limits(2, "blas"):
        alone = texture_of(array)
        with ThreadPoolExecutor(3) as pool:
            assert all(np.array_equal(one, alone) for one in pool.map(texture_of, [array] * 12))
        assert {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"} == {2}
