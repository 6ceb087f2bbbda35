"""Common ground of the tests: the thread budget, set before any numeric library starts its own pool."""

import os

import pytest

THREADS = int(os.environ.get("PARASOL_THREADS", "2"))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))


@pytest.fixture(scope="session")
def threads() -> int:
    """How many threads a test may use (PARASOL_THREADS, two if unset)."""
    return THREADS
