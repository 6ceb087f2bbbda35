"""A folder that was begun on two cores goes on on eight: recipes and pixels are the same bytes on any number."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from parasol import Parasol
from parasol.bundle import Bundle
from parasol.maths.texture import texture_of
from parasol.runtime import onnx
from small_model import drawing


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that wait without spinning: eight that spin on the cores of two take minutes, for the same sums."""
    spinning = onnx._options

    def options(threads: int, *, ready: bool = False) -> Any:
        given = spinning(threads, ready=ready)
        given.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return given

    monkeypatch.setattr(onnx, "_options", options)


@pytest.mark.usefixtures("opened_anew", "patient")
def test_recipes_and_pixels_are_the_same_on_any_number_of_threads(bundle: Bundle, tmp_path: Path) -> None:
    content, first, second = (drawing(seed) for seed in range(3))
    found = set()
    for threads in (1, 2, 8):
        model = Parasol.load(bundle.folder, threads=threads)
        with threadpool_limits(threads):
            result = model.stylize(content, [(first, 0.7), (second, -0.2)], steps=2, color="match", size=96)
        found.add((result.recipe.text(), result.pixels.tobytes()))
    assert len(found) == 1


@pytest.mark.usefixtures("patient")
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
