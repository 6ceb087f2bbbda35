"""Graphs kept between processes: the same bits, nothing made ready twice, nothing trusted that is not whole."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from parasol import Parasol
from parasol.bundle import Bundle, BundleError
from parasol.runtime.kept import FOLDER
from parasol.runtime.onnx import OnnxComponents
from small_model import drawing

pytestmark = pytest.mark.usefixtures("opened_anew")
VALUES = np.random.default_rng(1).random((2, 128), dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No component's own graph and weights can be had any more."""
    for part in ("graph", "weights"):
        monkeypatch.setattr(Bundle, part, property(lambda self: pytest.fail("the bundle's own file is read again")))


def projected(bundle: Bundle) -> np.ndarray:
    return OnnxComponents(bundle, threads=1).project(VALUES)


def test_a_picture_from_kept_graphs_has_the_same_bits(
    bundle: Bundle, model: Parasol, threads: int, folder: Path, request: pytest.FixtureRequest
) -> None:
    expected = model.stylize(drawing(0), drawing(1), steps=1).pixels
    first = Parasol.load(bundle.folder, threads=threads).stylize(drawing(0), drawing(1), steps=1).pixels
    assert {file.suffix for file in folder.rglob("*") if file.is_file()} == {".onnx"}
    request.getfixturevalue("unreadable")
    again = Parasol.load(bundle.folder, threads=threads).stylize(drawing(0), drawing(1), steps=1).pixels
    assert np.array_equal(first, expected)
    assert np.array_equal(again, expected)


def test_a_broken_file_is_as_good_as_none(bundle: Bundle, folder: Path) -> None:
    expected = projected(bundle)
    (kept,) = folder.rglob("*.onnx")
    kept.write_bytes(kept.read_bytes()[:-9])
    assert np.array_equal(projected(bundle), expected)
    kept.write_bytes(b"")
    assert np.array_equal(projected(bundle), expected)


def test_a_whole_file_that_reads_others_is_not_opened(bundle: Bundle, folder: Path) -> None:
    expected = projected(bundle)
    (kept,) = folder.rglob("*.onnx")
    outside = TensorProto(name="a", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="../secret.bin")
    graph = helper.make_model(helper.make_graph([], "g", [], [], initializer=[outside])).SerializeToString()
    kept.unlink()
    (kept.parent / f"{hashlib.sha256(graph).hexdigest()}.onnx").write_bytes(graph)
    assert np.array_equal(projected(bundle), expected)


def test_nothing_is_kept_where_no_folder_is_named(bundle: Bundle, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(FOLDER, "")
    monkeypatch.chdir(tmp_path)
    projected(bundle)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="who may write is told otherwise there")
def test_a_folder_that_others_may_write_to_is_refused(bundle: Bundle, folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(BundleError, match="which others may write to: name a folder of your own"):
        projected(bundle)
    folder.rmdir()
    folder.write_text("no folder")
    with pytest.raises(BundleError, match="which is no folder"):
        projected(bundle)


def test_a_folder_without_room_is_no_hindrance(bundle: Bundle, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (_ for _ in ()).throw(OSError("no space left")))
    projected(bundle)
    assert [*folder.rglob("*.onnx")] == []
