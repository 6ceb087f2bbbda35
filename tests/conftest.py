"""Common ground of the tests: the thread budget, set before any numeric library starts its own pool."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

THREADS = int(os.environ.get("PARASOL_THREADS", "2"))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
os.environ["XDG_RUNTIME_DIR"] = os.devnull  # no command of the tests is handed to a studio that runs meanwhile
# The same examples in every run: one that was met by chance once would be red for somebody else's change.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that at the end no process has a long one alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def threads() -> int:
    """How many threads a test may use (PARASOL_THREADS, two if unset)."""
    return THREADS


@pytest.fixture(scope="session", autouse=True)
def shared_networks(threads: int) -> Iterator[None]:
    """A process reads a model once: nearly every command of the tests would open the same small networks again.

    A verified bundle's hash is that of its manifest, which holds the hashes of graphs and weights, so it names them.
    "All cores" is the thread budget: processes side by side would wait for each other's threads.
    """
    from parasol import bundle
    from parasol.runtime import onnx

    read: dict[tuple[Any, ...], Any] = {}

    def once(make: Any) -> Any:
        def made(model: bundle.Bundle, *rest: Any, **named: Any) -> Any:
            taught = tuple((one.digest, share) for one, share in model.adaptations)
            key = (make.__name__, model.hash, taught, *rest, *named.values())
            if key not in read:
                read[key] = make(model, *rest, **named)
            return read[key]

        made.__wrapped__ = make
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx, "available_cores", lambda: threads)
        patch.setattr(onnx, "open_session", once(onnx.open_session))
        patch.setattr(bundle, "_identity", once(bundle._identity))
        yield


@pytest.fixture
def opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of opening itself: nothing that another test opened is taken."""
    from parasol.runtime import onnx

    monkeypatch.setattr(onnx, "open_session", onnx.open_session.__wrapped__)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory):
    """A small real bundle with random weights."""
    from small_model import small_bundle

    return small_bundle(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory):
    """The same with a content map, and all else that goes beyond the paper."""
    from small_model import CARD, export, small_networks

    return export(small_networks(content_map=True), CARD, tmp_path_factory.mktemp("models") / "mapped")


@pytest.fixture(scope="session")
def distilled(mapped, tmp_path_factory: pytest.TempPathFactory):
    """The same with a guide, which guides where nobody says otherwise."""
    from parasol.bundle import Bundle
    from parasol.training.export import add_guide
    from small_model import copy_of, some_guide

    folder = copy_of(mapped, tmp_path_factory.mktemp("distilled") / "model")
    return add_guide(Bundle.open(folder), some_guide(mapped), {"guide": {"of": "chance"}})


@pytest.fixture(scope="session")
def model(bundle, threads: int):
    """The small bundle, loaded as users load theirs."""
    from parasol import Parasol

    return Parasol.load(bundle.folder, threads=threads)
