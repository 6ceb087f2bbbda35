"""Common ground of the tests: the thread budget, set before any numeric library starts its own pool."""

import os

import pytest

THREADS = int(os.environ.get("PARASOL_THREADS", "2"))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))


@pytest.fixture(scope="session")
def threads() -> int:
    """How many threads a test may use (PARASOL_THREADS, two if unset)."""
    return THREADS


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory):
    """A small real bundle with random weights."""
    from small_model import small_bundle

    return small_bundle(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="session")
def model(bundle, threads: int):
    """The small bundle, loaded as users load theirs."""
    from parasol import Parasol

    return Parasol.load(bundle.folder, threads=threads)
