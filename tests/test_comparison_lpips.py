"""LPIPS with the user's weights: the authors' network and formula, spelt out once more with torch's own modules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from parasol.bundle import sha256
from parasol.comparison.lpips import Lpips

CONVOLUTIONS = {"net.slice1.0": 0, "net.slice2.3": 3, "net.slice3.6": 6, "net.slice4.8": 8, "net.slice5.10": 10}


def alexnet() -> nn.Sequential:
    """The features of AlexNet as torchvision numbers them, up to the last ReLU that LPIPS reads."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    )  # fmt: skip


def tensors() -> dict[str, Tensor]:
    """The state of the authors' module, with random weights."""
    network, generator = alexnet(), torch.Generator().manual_seed(1)
    state = {
        "scaling_layer.shift": torch.tensor([-0.03, -0.088, -0.188])[None, :, None, None],
        "scaling_layer.scale": torch.tensor([0.458, 0.448, 0.45])[None, :, None, None],
    }
    for place, (layer, index) in enumerate(CONVOLUTIONS.items()):
        state |= {f"{layer}.weight": network[index].weight.data, f"{layer}.bias": network[index].bias.data}  # type: ignore[dict-item]
        width = len(network[index].bias)  # type: ignore[arg-type]
        state[f"lin{place}.model.1.weight"] = torch.rand(1, width, 1, 1, generator=generator)
        state[f"lins.{place}.model.1.weight"] = state[f"lin{place}.model.1.weight"].clone()  # the authors' second name
    return state


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lpips") / "lpips.safetensors"
    save_file(tensors(), path)
    return path


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((70, 90, 3)).astype(np.float32)


@torch.no_grad()
def by_hand(a: np.ndarray, b: np.ndarray) -> float:
    network, state = alexnet(), tensors()
    shown = [torch.from_numpy(one.transpose(2, 0, 1).copy())[None] * 2 - 1 for one in (a, b)]
    shown = [(one - state["scaling_layer.shift"]) / state["scaling_layer.scale"] for one in shown]
    total, place = 0.0, 0
    for index, layer in enumerate(network):
        shown = [layer(one) for one in shown]
        if index - 1 in CONVOLUTIONS.values():  # the ReLU behind a convolution
            first, second = (one / (one.square().sum(1, keepdim=True).sqrt() + 1e-10) for one in shown)
            total += float((state[f"lin{place}.model.1.weight"] * (first - second).square()).sum(1).mean())
            place += 1
    assert place == 5
    return total


def test_it_is_the_authors_formula(file: Path) -> None:
    judge, (a, b) = Lpips(file), (picture(0), picture(1))
    found = judge.distance(judge.maps(a), judge.maps(b))
    assert found == pytest.approx(by_hand(a, b), rel=1e-4)
    assert found > 0.01
    assert judge.distance(judge.maps(a), judge.maps(a)) == 0.0
    assert judge.backbone.weights == sha256(file)


def test_another_network_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        Lpips(tmp_path / "text")
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        Lpips(tmp_path / "missing")
    state = load_file(file)
    save_file({name: value for name, value in state.items() if name != "lin3.model.1.weight"}, tmp_path / "part")
    with pytest.raises(ValueError, match=r"lin3.model.1.weight of .* is missing and LPIPS on AlexNet has"):
        Lpips(tmp_path / "part")
    save_file(state | {"net.slice1.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "vgg")
    with pytest.raises(ValueError, match=r"net.slice1.0.weight of .* is \(64, 3, 3, 3\)"):
        Lpips(tmp_path / "vgg")


def test_small_pictures_are_refused(file: Path) -> None:
    judge = Lpips(file)
    with pytest.raises(ValueError, match="it comes to 90 x 30 px and LPIPS needs 31 a side"):
        judge.maps(picture(0)[:30])
    assert judge.maps(picture(0)[:31])[-1].shape == (256, 1, 4)
