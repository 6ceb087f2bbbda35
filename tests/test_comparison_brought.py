"""Judges with the user's weights: the authors' networks and formulas, spelt out once more."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from lab.tiny_backbone import tiny_clip
from parasol.bundle import sha256
from parasol.comparison.brought import brought
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


def inception() -> nn.ModuleDict:
    """Inception v3 up to its second pooling under torchvision's names, with random weights."""
    torch.manual_seed(2)
    shapes = {
        "Conv2d_1a_3x3": (3, 32, 3, 2, 0), "Conv2d_2a_3x3": (32, 32, 3, 1, 0), "Conv2d_2b_3x3": (32, 64, 3, 1, 1),
        "Conv2d_3b_1x1": (64, 80, 1, 1, 0), "Conv2d_4a_3x3": (80, 192, 3, 1, 0),
    }  # fmt: skip
    found = nn.ModuleDict({
        name: nn.ModuleDict({"conv": nn.Conv2d(*shape, bias=False), "bn": nn.BatchNorm2d(shape[1], eps=0.001)})
        for name, shape in shapes.items()
    })  # fmt: skip
    for norm in (one["bn"] for one in found.values()):  # type: ignore[index]
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(norm, name).data.uniform_(0.2, 1.5)
    return found.eval()


@torch.no_grad()
def sifid_by_hand(a: np.ndarray, b: np.ndarray, channels: int) -> float:
    network, moments = inception(), []
    for picture in (a, b):
        features = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None] * 2 - 1
        for name, layer in network.items():
            if name == "Conv2d_3b_1x1":
                features = functional.max_pool2d(features, 3, 2)
            features = layer["bn"](layer["conv"](features)).relu()  # type: ignore[index]
            if features.shape[1] == channels:
                rows = features[0].flatten(1).T.double().numpy()
        moments.append((rows.mean(0), np.cov(rows, rowvar=False)))
    (mean, spread), (other, wide) = moments
    shared = np.sqrt(np.linalg.eigvals(spread @ wide).real.clip(0)).sum()
    return float(((mean - other) ** 2).sum() + np.trace(spread + wide) - 2 * shared)


def test_sifid_is_by_inception_before_its_poolings(tmp_path: Path) -> None:
    state = inception().state_dict()
    save_file(state, tmp_path / "inception.safetensors")
    [judge] = brought(inception=tmp_path / "inception.safetensors")
    a, b = picture(0), np.sqrt(picture(1))
    assert [(one.name, one.of) for one in judge.beside] == [
        ("inception-sifid-64", "style"), ("inception-sifid-192", "style"),
    ]  # fmt: skip
    seen = judge.look(a), judge.look(b)
    for one, channels in zip(judge.beside, (64, 192), strict=True):
        assert one.distance(*seen) == pytest.approx(sifid_by_hand(a, b, channels), rel=1e-3)
        assert one.distance(*seen) > 10 * one.distance(seen[0], seen[0])
    save_file({**state, "Conv2d_3b_1x1.bn.weight": torch.ones(64)}, tmp_path / "other")
    with pytest.raises(ValueError, match=r"3b_1x1.bn.weight of .* is \(64,\) and Inception v3 has \(80,\)"):
        brought(inception=tmp_path / "other")


def test_clip_mse_is_of_clips_own_vectors(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = tiny_clip().eval()
    network.save_pretrained(tmp_path / "clip")
    [judge] = brought(clip=tmp_path / "clip")
    a, b = (picture(seed)[:28, :28] for seed in (0, 1))  # the size that it was trained at
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    shown = torch.from_numpy(np.stack([(np.rint(one * 255) / 255 - mean) / deviation for one in (a, b)]))
    with torch.no_grad():
        vectors = functional.normalize(network(shown.float().permute(0, 3, 1, 2)).image_embeds, dim=1)
    [mse] = judge.beside
    assert (mse.name, mse.of) == ("clip-mse", "content")
    found = mse.distance(judge.look(a), judge.look(b))
    assert found == pytest.approx(float((vectors[0] - vectors[1]).square().mean()), rel=1e-3)
    assert found > 1e-6
    with pytest.raises(ValueError, match=r"has no model\.safetensors"):
        brought(clip=tmp_path)
