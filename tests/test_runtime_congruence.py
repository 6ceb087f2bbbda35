"""The two runtimes are one model: ONNX Runtime and torch agree component by component and picture by picture."""

import json
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.bundle import Bundle, BundleError, graph_file
from parasol.maths.distances import psnr
from parasol.runtime.onnx import OnnxComponents
from parasol.runtime.torch import TorchComponents, load_networks
from small_model import copy_of, drawing, edit_manifest

CASES = {
    "encode": [(1, 3, 128, 128), (2, 3, 48, 96)],
    "decode": [(1, 12, 16, 16), (3, 12, 6, 20)],
    "style": [(1, 3, 128, 128), (3, 3, 128, 128)],
    "content": [(1, 3, 128, 128), (3, 3, 128, 128)],
    "project": [(1, 128), (5, 128)],
}


@pytest.fixture(scope="module")
def runtimes(bundle: Bundle, threads: int) -> tuple[OnnxComponents, TorchComponents]:
    return OnnxComponents(bundle, threads=threads), TorchComponents(bundle)


@pytest.mark.parametrize(("component", "shape"), [(name, shape) for name, shapes in CASES.items() for shape in shapes])
def test_components_agree_at_any_batch_and_shape(runtimes, component: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).random(shape, dtype=np.float32)
    onnx, torch = (getattr(runtime, component)(values) for runtime in runtimes)
    assert onnx.dtype == torch.dtype == np.float32
    assert np.ptp(onnx) > 0.01, "a constant would agree with anything"
    np.testing.assert_allclose(onnx, torch, atol=1e-5)


@pytest.mark.parametrize(("batch", "height", "width", "t"), [(1, 16, 16, 0), (3, 6, 20, 999)])
def test_the_denoiser_agrees(runtimes, batch: int, height: int, width: int, t: int) -> None:
    random = np.random.default_rng(2)
    z = random.standard_normal((batch, 12, height, width), dtype=np.float32)
    tokens = random.standard_normal((batch, 2, 256), dtype=np.float32)
    onnx, torch = (runtime.denoise(z, t, tokens) for runtime in runtimes)
    np.testing.assert_allclose(onnx, torch, atol=1e-4)
    assert np.abs(onnx - runtimes[0].denoise(z, 500, tokens)).max() > 1e-3, "t reaches the network"
    assert np.abs(onnx - runtimes[0].denoise(z, t, np.roll(tokens, 1, axis=2))).max() > 1e-4, "tokens reach the network"


@pytest.mark.parametrize("runtime", [OnnxComponents, TorchComponents])
def test_a_predicted_velocity_becomes_the_noise(bundle: Bundle, tmp_path: Path, runtime: type) -> None:
    folder = copy_of(bundle, tmp_path / "v")
    edit_manifest(folder, prediction="v")
    random = np.random.default_rng(2)
    z = random.standard_normal((1, 12, 16, 16), dtype=np.float32)
    tokens = random.standard_normal((1, 2, 256), dtype=np.float32)
    alpha_bar = bundle.manifest.schedule.alpha_bars[700]
    v = runtime(bundle).denoise(z, 700, tokens)  # the same network, its output taken as it is
    expected = alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * z
    np.testing.assert_allclose(runtime(Bundle.open(folder)).denoise(z, 700, tokens), expected, rtol=1e-5, atol=1e-5)


def test_descriptors_have_unit_norm(runtimes) -> None:
    pixels = np.random.default_rng(3).random((2, 3, 128, 128), dtype=np.float32)
    for runtime in runtimes:
        style, content = runtime.style(pixels), runtime.content(pixels)
        for descriptors in (style, content, runtime.project(style)):
            np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("fresh", [False, True])
def test_pictures_agree(model: Parasol, fresh: bool) -> None:
    torch = Parasol.load(model.bundle.folder, runtime="torch")
    dials = {"steps": 6, "style_scale": 2, "content_scale": 2, "fresh": fresh}
    ours = model.stylize(drawing(0), drawing(1), **dials)
    theirs = torch.stylize(drawing(0), drawing(1), **dials)
    assert psnr(ours.pixels, theirs.pixels) >= 45.0


def test_the_shipped_model_runs_in_torch(threads: int) -> None:
    shipped = Bundle.open()
    pixels = np.random.default_rng(4).random((1, 3, 128, 128), dtype=np.float32)
    onnx, torch = OnnxComponents(shipped, threads=threads), TorchComponents(shipped)
    for component in ("encode", "style", "content"):
        np.testing.assert_allclose(getattr(onnx, component)(pixels), getattr(torch, component)(pixels), atol=1e-3)


def test_an_unknown_runtime_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="runtime is 'jax'; it must be onnx or torch"):
        Parasol.load(bundle.folder, runtime="jax")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("network", "change", "expected"),
    [
        ("projector", {"hidden": 64}, "does not fit its networks"),
        ("projector", {"depth": 9}, "cannot be built"),
        ("autoencoder", {"decoder_blocks": [1, 1, 2]}, "does not fit its networks at"),
    ],
)
def test_configurations_that_do_not_fit_are_refused(
    bundle: Bundle, tmp_path: Path, network: str, change: dict[str, object], expected: str
) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    networks = json.loads(json.dumps(bundle.manifest.networks))
    edit_manifest(folder, networks=networks | {network: networks[network] | change})
    with pytest.raises(BundleError, match=expected) as caught:
        load_networks(Bundle.open(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("opened_anew")
def test_what_is_prepared_is_opened_once_and_fails_when_it_is_called(bundle: Bundle, tmp_path: Path) -> None:
    values = np.random.default_rng(1).random((2, 128), dtype=np.float32)
    ready = OnnxComponents(bundle, threads=1)
    ready.prepare("project", "project")
    np.testing.assert_array_equal(ready.project(values), OnnxComponents(bundle, threads=1).project(values))
    folder = copy_of(bundle, tmp_path / "broken")
    opened = Bundle.open(folder)
    (folder / graph_file("project")).write_bytes(b"no graph")
    broken = OnnxComponents(opened, threads=1)
    broken.prepare("project")
    for _ in range(2):
        with pytest.raises(BundleError, match=r"project\.onnx"):
            broken.project(values)
