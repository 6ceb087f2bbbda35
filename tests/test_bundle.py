"""A bundle is verified whole before anything of it is used; every refusal is one line with the way out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from parasol.bundle import (
    ATTRIBUTION,
    COMPONENTS,
    MANIFEST,
    WEIGHTS,
    WORDS,
    Bundle,
    BundleError,
    available_models,
    graph_file,
)
from small_model import copy_of, edit_manifest


def flip_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / MANIFEST).unlink(), "no readable bundle.json"),
    "manifest is a picture": (lambda f: (f / MANIFEST).write_bytes(b"\x89PNG"), "is not the manifest"),
    "manifest is a list": (lambda f: (f / MANIFEST).write_text("[1]"), "is not the manifest"),
    "manifest of the future": (lambda f: edit_manifest(f, format=2), "format 2 and this version reads format 1"),
    "manifest with a wrong size": (lambda f: edit_manifest(f, size="big"), "wrong at size"),
    "manifest with a foreign field": (lambda f: edit_manifest(f, hook="x"), "wrong at hook"),
    "manifest with a wrong schedule": (
        lambda f: edit_manifest(f, schedule={"beta_start": 0.5, "beta_end": 0.1}),
        "wrong at schedule",
    ),
    "no hashes": (lambda f: edit_manifest(f, files={}), "names no hash for weights.safetensors"),
    "weights are missing": (lambda f: (f / WEIGHTS).unlink(), "weights.safetensors cannot be read"),
    "weights break off": (lambda f: truncate(f / WEIGHTS), "weights.safetensors is not the file"),
    "weights were changed": (lambda f: flip_a_byte(f / WEIGHTS), "weights.safetensors is not the file"),
    "a graph was changed": (lambda f: flip_a_byte(f / "denoise.onnx"), "denoise.onnx is not the file"),
    "a graph is missing": (lambda f: (f / "style.onnx").unlink(), "style.onnx cannot be read"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_bundle_is_refused_in_one_line(bundle: Bundle, tmp_path: Path, case: str) -> None:
    harm, expected = DAMAGE[case]
    folder = copy_of(bundle, tmp_path / "copy")
    harm(folder)
    with pytest.raises(BundleError) as caught:
        Bundle.open(folder)
    message = str(caught.value)
    assert expected in message
    assert "\n" not in message
    assert message.count(": ") >= 1, "a way out follows a colon"


@pytest.mark.parametrize("name", ["nothing-of-this-name", "/nowhere/at/all"])
def test_an_unknown_model_names_the_known_ones(name: str) -> None:
    with pytest.raises(BundleError, match="name a bundled one"):
        Bundle.open(name)


def test_bundled_models_are_found_by_name(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parasol.bundle.MODELS", tmp_path)
    assert available_models() == []
    copy_of(bundle, tmp_path / "mine")
    (tmp_path / "no-model").mkdir()
    assert available_models() == ["mine"]
    assert Bundle.open("mine").hash == bundle.hash


def test_the_hash_tells_models_apart(bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    assert Bundle.open(folder).hash == bundle.hash
    edit_manifest(folder, name="other")
    assert Bundle.open(folder).hash != bundle.hash


def test_weights_are_stored_once_and_in_float16(bundle: Bundle) -> None:
    names, halves, total = set[str](), 0, 0
    with safe_open(bundle.folder / WEIGHTS, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118
            value = file.get_tensor(name)
            total += value.nbytes
            halves += value.nbytes if value.dtype == np.float16 else 0
            names.add(name)
            assert (value.dtype == np.float16) == (value.ndim >= 2 and not name.endswith(("latent_mean", "latent_std")))
        copies = file.metadata()
    assert set(copies.values()) <= names
    assert any(name.startswith("content/trunk.") for name in copies), "both encoders read one trunk"
    assert halves > 0.9 * total
    assert {name.partition("/")[0] for name in names} == {*COMPONENTS, *WORDS}
    graphs = sum((bundle.folder / graph_file(component)).stat().st_size for component in COMPONENTS)
    assert graphs < 0.3 * total, "graphs hold no weights"


def test_weights_come_out_in_float32(bundle: Bundle) -> None:
    for component in COMPONENTS:
        weights = bundle.weights(component)
        assert weights
        assert all(value.dtype == np.float32 for value in weights.values())


def test_the_manifest_is_readable_json(bundle: Bundle) -> None:
    content = json.loads((bundle.folder / MANIFEST).read_text())
    assert (content["format"], content["name"], content["size"], content["stride"]) == (1, "small", 128, 16)
    assert set(content["files"]) == {WEIGHTS, ATTRIBUTION, *map(graph_file, (*COMPONENTS, *WORDS))}
