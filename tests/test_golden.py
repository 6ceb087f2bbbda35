"""The bundled model at fixed seeds: it still paints the pictures in `tests/golden`, each from the recipe it carries.

After a new model is bundled they are painted anew:
`parasol style examples/content.png --like examples/style.png -o tests/golden/defaults.png`, and so on.
"""

from pathlib import Path

import pytest

from parasol import Parasol
from parasol.bundle import DEFAULT_MODEL, available_models
from parasol.images import fit, load
from parasol.maths.distances import psnr

ROOT = Path(__file__).parents[1]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.png"))

pytestmark = pytest.mark.skipif(DEFAULT_MODEL not in available_models(), reason="no trained model is bundled yet")


@pytest.fixture(scope="module")
def bundled(threads: int) -> Parasol:
    return Parasol.load(threads=threads)


def test_there_are_golden_pictures() -> None:
    assert GOLDEN


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_bundled_model_paints_what_it_painted(bundled: Parasol, path: Path) -> None:
    ratio = psnr(bundled.replay(path).pixels, load(path))
    assert ratio >= 40.0, f"{path.name} comes out at {ratio:.1f} dB of the picture kept: the sampling path has changed"


@pytest.mark.parametrize("name", ["content.png", "style.png"])
def test_the_bundled_autoencoder_rebuilds_the_examples(bundled: Parasol, name: str) -> None:
    picture = ROOT / "examples" / name
    ratio = psnr(load(bundled.reconstruct(picture)), fit(load(picture), bundled.bundle.manifest.size))
    assert ratio >= 26.0, f"D(E(x)) of {name} is {ratio:.1f} dB from x"
