"""The bundled models at fixed seeds: they still paint the pictures in `tests/golden`, each from the recipe it carries.

After a new model is bundled its pictures are painted anew:
`parasol style examples/content.png --like examples/style.png -o tests/golden/defaults.png`, and so on;
`parasol style examples/photograph.jpg --like examples/painting.jpg --model painting --size 128
-o tests/golden/painting.png`; `fifty.png` and `painting-25.png` take `--sampler ddim`, with 50 and 25 steps.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from parasol import Parasol
from parasol.bundle import DEFAULT_MODEL, available_models
from parasol.images import fit, load
from parasol.maths.distances import psnr
from parasol.recipe import Recipe

ROOT = Path(__file__).parents[1]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.png"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DEFAULT_MODEL not in available_models(), reason="no trained model is bundled yet"),
]


@pytest.fixture(scope="module")
def models(threads: int) -> Callable[[str], Parasol]:
    return cache(lambda name: Parasol.load(name, threads=threads))


def test_there_are_golden_pictures_of_every_bundled_model() -> None:
    assert {Recipe.read(path).model.name for path in GOLDEN} == set(available_models())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_bundled_models_paint_what_they_painted(models: Callable[[str], Parasol], path: Path) -> None:
    ratio = psnr(load(models(Recipe.read(path).model.name).replay(path).image), load(path))
    assert ratio >= 40.0, f"{path.name} comes out at {ratio:.1f} dB of the picture kept: the sampling path has changed"


@pytest.mark.parametrize("name", ["content.png", "style.png"])
def test_the_bundled_autoencoder_rebuilds_the_examples(models: Callable[[str], Parasol], name: str) -> None:
    bundled, picture = models(DEFAULT_MODEL), ROOT / "examples" / name
    ratio = psnr(load(bundled.reconstruct(picture)), fit(load(picture), bundled.bundle.manifest.size))
    assert ratio >= 26.0, f"D(E(x)) of {name} is {ratio:.1f} dB from x"
