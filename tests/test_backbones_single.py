"""Single files of Stable Diffusion's own code become a base, every key and shape checked before a number is read."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lab.tiny_backbone import tiny_csd
from parasol.apps.cli import main
from parasol.backbones.inspection import backbone_of
from parasol.backbones.networks import load
from tiny_single import CLASSES, single_file

Tensors = dict[str, torch.Tensor]
U, V = "model.diffusion_model", "first_stage_model"
ATTENDS = f"{U}.middle_block.1.transformer_blocks.0.attn2.to_k.weight"


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return single_file("1.x", cross_attention_dim=256)[0]


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("1.x", [], "predicts epsilon, scaled_linear 0.00085..0.012 over 1000, leading steps from 1"),
        ("2.x", ["--prediction", "v_prediction"], "predicts v"),
        ("xl", [], "scaling 0.13025"),
    ],
)
def test_a_single_file_becomes_the_very_networks(
    kind: str, more: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, unet, vae = single_file(kind, cross_attention_dim=256)
    file, base = tmp_path / "model.safetensors", tmp_path / "base"
    save_file({name: value.half() for name, value in found.items()}, file)
    assert main(["backbone", "inspect", str(file), *more]) == 0
    assert told in capsys.readouterr().out
    assert main(["backbone", "import", str(file), *more, "-o", str(base)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "model.safetensors"]
    backbone = backbone_of(base)
    assert (backbone.size, backbone.context) == ({"1.x": 512, "2.x": 768, "xl": 1024}[kind], 256)
    assert (backbone.schedule.offset, backbone.schedule.clean, backbone.schedule.spacing) == (1, False, "leading")
    networks = load(base, backbone)
    for ours, theirs in ((networks.denoiser.unet, unet), (networks.vae, vae)):
        wanted = theirs.state_dict()
        assert {*ours.state_dict()} == {*wanted}
        assert all(torch.equal(value, wanted[name].half().float()) for name, value in ours.state_dict().items())
    assert load_file(base / "unet" / "diffusion_pytorch_model.safetensors")["conv_in.bias"].dtype == torch.float16
    same = {name: getattr(networks.denoiser.unet.config, name) for name in CLASSES[kind]}
    wide = (8, 8) if kind == "1.x" else None
    assert {name: value if value != 8 else wide for name, value in same.items()} == {
        name: list(value) if isinstance(value, tuple) else value if value != 8 else wide
        for name, value in CLASSES[kind].items()
    }
    z, tokens = torch.randn(1, 4, 8, 8), torch.randn(1, 2, 256)
    with torch.no_grad():
        ours = networks.denoiser(z, torch.tensor(5), tokens)
        networks.denoiser.unet = unet.half().float()  # type: ignore[assignment]
        torch.testing.assert_close(ours, networks.denoiser(z, torch.tensor(5), tokens))


def test_fine_tuned_sdxl_says_what_it_predicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, _, _ = single_file("xl", cross_attention_dim=256)
    save_file({**found, "v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)}, tmp_path / "model.safetensors")
    assert main(["backbone", "inspect", str(tmp_path / "model.safetensors")]) == 0
    assert (
        "predicts v, scaled_linear 0.00085..0.012 over 1000, ends on noise alone, trailing" in capsys.readouterr().out
    )


def drop(*names: str) -> Callable[[Tensors], Tensors]:
    return lambda found: {name: value for name, value in found.items() if not name.startswith(names)}


def put(name: str, *shape: int, kind: torch.dtype = torch.float32) -> Callable[[Tensors], Tensors]:
    return lambda found: {**found, name: torch.zeros(shape, dtype=kind)}


WRONG: dict[str, tuple[Callable[[Tensors], Tensors], str]] = {
    "one layer lost": (
        drop(f"{U}.input_blocks.1.0.out_layers.3.weight"),
        "what becomes 'down_blocks.0.resnets.0.conv2.weight' of shape [32, 32, 3, 3] is missing",
    ),
    "another shape": (
        put(f"{U}.output_blocks.0.0.in_layers.2.weight", 64, 96, 3, 3),
        f"'{U}.output_blocks.0.0.in_layers.2.weight' has shape [64, 96, 3, 3] where [64, 128, 3, 3] is wanted",
    ),
    "another shape in the autoencoder": (
        put(f"{V}.encoder.mid.attn_1.q.weight", 32, 16, 1, 1),
        f"'{V}.encoder.mid.attn_1.q.weight' has shape [32, 16, 1, 1] where [32, 32] is wanted",
    ),
    "key too many": (put(f"{U}.input_blocks.1.0.extra.weight", 3), "extra.weight' of shape [3] is nothing that a UNet"),
    "key too many in the autoencoder": (put(f"{V}.decoder.extra", 3), f"'{V}.decoder.extra' of shape [3] is nothing"),
    "first layer lost": (drop(f"{U}.input_blocks.0.0"), f"'{U}.input_blocks.0.0.weight' is missing or of another rank"),
    "last layer lost": (drop(f"{U}.out.2"), f"'{U}.out.2.weight' is missing or of another rank"),
    "no attention": (drop(ATTENDS), f"'{ATTENDS}' is missing or of another rank"),
    "context of another rank": (put(ATTENDS, 64, 256, 1), f"'{ATTENDS}' is missing or of another rank"),
    "no autoencoder": (drop(V), f"has no '{V}.' and so no autoencoder"),
    "no decoder": (drop(f"{V}.decoder.conv_in"), f"'{V}.decoder.conv_in.weight' is missing"),
    "an autoencoder alone": (drop(U, "cond"), f"no model of Stable Diffusion: it has no '{U}.'"),
    "nothing": (lambda _: {"a": torch.zeros(1)}, "no model of Stable Diffusion"),
    "inpainting": (put(f"{U}.input_blocks.0.0.weight", 32, 9, 3, 3), "takes 9 channels and gives 4: inpainting"),
    "16 latent channels": (put(f"{V}.decoder.conv_in.weight", 32, 16, 3, 3), "has 16 latent channels and the U-Net 4"),
    "LoRA": (lambda _: {"lora_unet_down.weight": torch.zeros(2)}, "is a LoRA, not a model"),
    "Flux": (put(f"{U}.double_blocks.0.weight", 2), "is Flux or the like, which is a transformer"),
    "Stable Diffusion 3": (put(f"{U}.joint_blocks.0.weight", 2), "is Stable Diffusion 3, which is a transformer"),
    "ControlNet": (lambda _: {"control_model.a": torch.zeros(2)}, "is a ControlNet"),
    "one network of diffusers": (lambda _: {"down_blocks.0.a": torch.zeros(2)}, "name the folder above the one"),
    "CSD": (lambda _: tiny_csd(), "CSD's style encoder: name it with --style"),
    "eight bits": (
        lambda found: {name: value.to(torch.float8_e4m3fn) for name, value in found.items()},
        "has weights in F8_E4M3, which cannot be trained",
    ),
}


def refused(file: Path, base: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The one line; and nothing is left behind."""
    before = {*file.parent.iterdir()}
    assert main(["backbone", "import", str(file), "-o", str(base), *more]) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"parasol: error: {file}")
    assert line.count("\n") == 1
    assert {*file.parent.iterdir()} == before
    return line


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_in_one_line(
    kind: str, tensors: Tensors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, told = WRONG[kind]
    save_file(spoil(dict(tensors)), tmp_path / "model.safetensors")
    assert told in refused(tmp_path / "model.safetensors", tmp_path / "base", capsys)


def test_what_is_no_safetensors_file_is_not_opened(
    tensors: Tensors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, base = tmp_path / "model.safetensors", tmp_path / "base"
    save_file(tensors, file)
    whole = file.read_bytes()
    for data, told in (
        (whole[:-100], "breaks off or is no safetensors file"),
        (whole[:20], "breaks off or is no safetensors file"),
        (b"", "breaks off or is no safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ):
        file.write_bytes(data)
        assert told in refused(file, base, capsys)
    for name in ("model.ckpt", "pickled.safetensors"):
        torch.save({"a": torch.zeros(2)}, tmp_path / name)
        assert "it is pickled, which can run anything" in refused(tmp_path / name, base, capsys)


def test_what_a_file_predicts_is_asked_for_where_it_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file(single_file("2.x", cross_attention_dim=256)[0], tmp_path / "model.safetensors")
    file, base = tmp_path / "model.safetensors", tmp_path / "base"
    assert "do not say what they predict: add --prediction v_prediction (768 px)" in refused(file, base, capsys)
    main(["backbone", "import", str(file), "-o", str(base), "--prediction", "sample"])
    assert "prediction is 'sample'; epsilon and v_prediction fit" in capsys.readouterr().err


def test_the_refiner_of_sdxl_is_none_to_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, _, _ = single_file("xl", cross_attention_dim=1280)
    save_file(found, tmp_path / "model.safetensors")
    assert "its refiner does not fit" in refused(tmp_path / "model.safetensors", tmp_path / "base", capsys)
