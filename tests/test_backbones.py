"""Backbones of others: what a folder is, and the one line for each way in which it can be wrong."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file

from lab.tiny_backbone import CONTEXT, SDXL, settings, tiny_clip, tiny_csd, tiny_folder, tiny_unet, tiny_words
from parasol.apps.cli import main
from parasol.backbones.encoders import TextTower, load_encoder
from parasol.backbones.inspection import backbone_of, words_in
from parasol.backbones.networks import load as load_networks

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
CONTENT, STYLE = "image_encoder/model.safetensors", "style_encoder/model.safetensors"


def read(path: Path) -> dict[str, torch.Tensor]:
    """In memory of their own: the file may be written again."""
    return load(path.read_bytes())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("backbones") / "tiny")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_inspect_names_every_part(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbone", "inspect", str(folder)]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [part for part, _ in lines] == ["unet", "vae", "scheduler", "image_encoder", "style_encoder", "fits"]
    told = dict(lines)
    assert "4 latent channels, context of 24" in told["unet"]
    assert told["vae"].startswith("8 px a latent, scaling 0.18215")
    assert told["scheduler"] == ("predicts epsilon, scaled_linear 0.00085..0.012 over 1000, leading steps from 1")
    assert told["image_encoder"] == "clip: descriptors of 24, sees 28 px"
    assert told["style_encoder"] == "csd: descriptors of 20, sees 28 px"
    assert told["fits"] == "pictures of 32 px, sides in multiples of 16"


def test_inspect_takes_no_torch(folder: Path) -> None:
    code = (
        "import sys; from parasol.apps.cli import main; "
        f"code = main(['backbone', 'inspect', {str(folder)!r}]); print(code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 False", done.stderr


@pytest.mark.parametrize(
    ("channels", "context", "more", "kind"),
    [
        (4, 768, {}, "Stable Diffusion 1.x"),
        (4, 1024, {}, "Stable Diffusion 2.x"),
        (4, 2048, SDXL, "SDXL"),
        (16, 768, {}, "latent diffusion"),
    ],
)
def test_known_classes_are_named(
    channels: int, context: int, more: dict[str, object], kind: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unet = tiny_unet(in_channels=channels, out_channels=channels, cross_attention_dim=context, **more)
    unet.save_pretrained(copy / "unet")
    main(["backbone", "inspect", str(copy)])
    assert f"{kind}: {channels} latent channels, context of {context}" in capsys.readouterr().out


def test_import_copies_what_is_needed_and_it_loads(copy: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    (copy / UNET).rename(copy / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    (copy / "safety_checker").mkdir()
    assert main(["backbone", "import", str(copy), "-o", str(base)]) == 0
    assert sorted(path.name for path in base.iterdir()) == [
        "image_encoder",
        "scheduler",
        "style_encoder",
        "unet",
        "vae",
    ]
    assert (base / UNET).exists()
    networks = load_networks(base, backbone_of(base))
    pixels = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        z = networks.encode(pixels)
        tokens = networks.denoiser.tokens(networks.style(pixels), networks.content(pixels))
        eps = networks.denoiser(z, torch.tensor(7), tokens)
    assert z.shape == eps.shape == (2, 4, 8, 8)
    assert tokens.shape == (2, 2, CONTEXT)
    torch.testing.assert_close(tokens.norm(dim=2), torch.ones(2, 2))
    assert networks.decode(z).shape == pixels.shape


def test_shards_are_read_as_one(copy: Path, tmp_path: Path) -> None:
    tiny_unet().save_pretrained(copy / "unet", max_shard_size="60KB")
    (copy / UNET).unlink()
    assert len([*(copy / "unet").glob("*.safetensors")]) > 1
    assert main(["backbone", "import", str(copy), "-o", str(tmp_path / "base")]) == 0
    load_networks(tmp_path / "base", backbone_of(tmp_path / "base"))


def test_our_own_encoders_stand_in_and_give_what_the_model_gives(copy: Path, tmp_path: Path) -> None:
    from parasol import Parasol

    shutil.rmtree(copy / "image_encoder")
    shutil.rmtree(copy / "style_encoder")
    tiny_unet(cross_attention_dim=256).save_pretrained(copy / "unet")
    base = tmp_path / "base"
    assert main(["backbone", "import", str(copy), "-o", str(base)]) == 0
    pixels = torch.rand(1, 3, 128, 128)
    own = torch.from_numpy(Parasol.load("painting").components.style(pixels.numpy()))
    torch.testing.assert_close(load_encoder(base / "style_encoder")(pixels), own, rtol=1e-3, atol=1e-4)
    assert load_encoder(base / "image_encoder")(pixels).shape == (1, 256)


def test_csd_is_clips_trunk_under_openais_names(copy: Path) -> None:
    """The same numbers as CLIP's own class gives, with the head behind its last norm."""
    found = read(copy / STYLE)
    encoder = load_encoder(copy / "style_encoder")
    pixels = torch.rand(2, 3, 28, 28)
    normal = (pixels - encoder.mean) / encoder.deviation
    trunk = encoder.network["trunk"]  # type: ignore[index]
    wanted = trunk(normal).pooler_output @ found["last_layer_style"]
    torch.testing.assert_close(encoder(pixels), torch.nn.functional.normalize(wanted, dim=1))
    state = trunk.state_dict()
    q = next(value for name, value in state.items() if name.endswith("layers.1.self_attn.q_proj.weight"))
    torch.testing.assert_close(q, found["backbone.transformer.resblocks.1.attn.in_proj_weight"][:64])


def test_a_whole_clip_reads_words_and_they_lie_where_its_pictures_do(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import CLIPModel

    clip, base = tiny_words(tmp_path / "clip"), tmp_path / "base"
    assert main(["backbone", "import", str(copy), "-o", str(base), "--content", str(clip)]) == 0
    capsys.readouterr()
    assert main(["backbone", "inspect", str(base)]) == 0
    assert "clip: descriptors of 24, sees 28 px, reads words" in capsys.readouterr().out
    words = words_in(base)
    assert words == base / "image_encoder"
    found = TextTower(words)(["crab", "abc"])
    whole = CLIPModel.from_pretrained(clip)
    tokens = torch.tensor([[52, 2, 17, 0, 27, 53], [52, 0, 1, 28, 53, 53]])  # letters, the last one with its end
    with torch.no_grad():
        wanted = whole.text_projection(whole.text_model(tokens).pooler_output)  # type: ignore[operator]
    torch.testing.assert_close(found, torch.nn.functional.normalize(wanted, dim=1))

    parted = ["backbone", "import", str(copy), "-o", str(tmp_path / "parted"), "--words", str(clip)]
    assert main(parted) == 0
    assert words_in(tmp_path / "parted") == tmp_path / "parted" / "text_encoder"
    assert torch.equal(TextTower(tmp_path / "parted" / "text_encoder")(["crab", "abc"]), found)
    for spoil, told in (
        (lambda: tiny_words(clip, 32), "'text_projection.weight' has shape [32, 16] and the content encoder gives 24"),
        (lambda: (clip / "merges.txt").unlink(), "has no tokenizer.json, nor vocab.json and merges.txt"),
        (lambda: drop("clip/model.safetensors", "text_projection.weight")(tmp_path), "of shape [24, ...] is missing"),
    ):
        tiny_words(clip)
        spoil()
        assert main(parted) == 2
        line = capsys.readouterr().err
        assert told in line
        assert line.count("\n") == 1


def siglip() -> torch.nn.Module:
    from transformers import SiglipVisionConfig, SiglipVisionModel

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return SiglipVisionModel(SiglipVisionConfig(**shape, image_size=28, patch_size=14))


def dinov3() -> torch.nn.Module:
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return DINOv3ViTModel(DINOv3ViTConfig(**shape, image_size=32, patch_size=16))


@pytest.mark.parametrize("kind", [siglip, dinov3])
def test_other_encoders_give_what_their_own_classes_give(
    kind: Callable[[], torch.nn.Module], copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    network, folder = kind().eval(), tmp_path / "encoder"
    network.save_pretrained(folder)  # type: ignore[operator]
    encoder = load_encoder(folder)
    size = encoder.card.size
    assert (encoder.card.kind, encoder.card.dimension) == (kind.__name__, 16)
    pixels = torch.rand(2, 3, size, size)
    with torch.no_grad():
        wanted = network((pixels - encoder.mean) / encoder.deviation).pooler_output
        torch.testing.assert_close(encoder(pixels), torch.nn.functional.normalize(wanted, dim=1))
        larger = encoder(torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(larger.norm(dim=1), torch.ones(1))
    words = ["backbone", "import", str(copy), "-o", str(tmp_path / "base"), "--content", str(folder)]
    assert main(words) == 0
    capsys.readouterr()
    name = next(iter(network.state_dict()))
    drop("encoder/model.safetensors", name)(tmp_path)
    assert main(words) == 2
    line = capsys.readouterr().err
    assert "' is missing: take the whole" in line
    assert str(folder) in line
    assert line.count("\n") == 1


def drop(file: str, key: str) -> Callable[[Path], None]:
    return lambda folder: _edit(folder / file, lambda found: found.pop(key))


def reshape(file: str, key: str, *shape: int) -> Callable[[Path], None]:
    return lambda folder: _edit(folder / file, lambda found: found.update({key: torch.zeros(shape)}))


def _edit(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    found = read(path)
    change(found)
    save_file(found, path)


def cast(file: str, kind: torch.dtype) -> Callable[[Path], None]:
    return lambda folder: save_file({k: v.to(kind) for k, v in read(folder / file).items()}, folder / file)


def write(file: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes(data)


def cut(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:-100])


def pickled(folder: Path) -> None:
    torch.save(read(folder / UNET), folder / "unet" / "diffusion_pytorch_model.bin")
    (folder / UNET).unlink()


def disguised(folder: Path) -> None:
    torch.save(read(folder / UNET), folder / UNET)


def transformer(folder: Path) -> None:
    (folder / "unet").rename(folder / "transformer")


def lost_shard(folder: Path) -> None:
    tiny_unet().save_pretrained(folder / "unet", max_shard_size="60KB")
    (folder / UNET).unlink()
    sorted((folder / "unet").glob("*.safetensors"))[0].unlink()


def edited(part: str, **changes: object) -> Callable[[Path], None]:
    return lambda folder: settings(folder, part, **changes)


def other_unet(**changes: object) -> Callable[[Path], None]:
    return lambda folder: tiny_unet(**changes).save_pretrained(folder / "unet")


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "not there": (shutil.rmtree, "is not there: name a folder"),
    "a transformer": (transformer, "no folder unet but a transformer (SD3, Flux"),
    "no weights": (lambda f: (f / UNET).unlink(), "has no diffusion_pytorch_model.safetensors"),
    "pickled": (pickled, "diffusion_pytorch_model.bin: it is pickled"),
    "pickled under another name": (disguised, "it is pickled, which can run anything"),
    "pointer": (write(VAE, b"version https://git-lfs.github.com/spec/v1\n"), "a pointer of Git LFS"),
    "truncated": (cut(VAE), "breaks off or is no safetensors file"),
    "empty": (write(UNET, b""), "breaks off or is no safetensors file"),
    "shard lost": (lost_shard, "cannot be read (No such file"),
    "no configuration": (lambda f: (f / "unet/config.json").unlink(), "config.json is missing"),
    "garbled configuration": (write("unet/config.json", b"{"), "is no JSON configuration"),
    "setting lost": (edited("unet", block_out_channels=None), "lacks or garbles a setting"),
    "inpainting": (other_unet(in_channels=9), "takes 9 channels and gives 4: inpainting"),
    "classes": (edited("unet", num_class_embeds=10), "num_class_embeds is 10"),
    "control": (edited("unet", _class_name="ControlNetModel"), "is a ControlNetModel; a UNet2DConditionModel fits"),
    "another context": (
        edited("unet", cross_attention_dim=768),
        "attn2.to_k.weight' has shape [16, 24] and its configuration asks for [16, 768]",
    ),
    "another autoencoder": (edited("vae", latent_channels=16), "has 16 latent channels and the U-Net 4"),
    "tiny autoencoder": (edited("vae", _class_name="AutoencoderTiny"), "is a AutoencoderTiny; an AutoencoderKL fits"),
    "4 px a latent": (edited("vae", block_out_channels=[8, 16, 16]), "has 4 px a latent; 8 fit"),
    "rectified flow": (edited("scheduler", _class_name="FlowMatchEulerDiscreteScheduler"), "is a rectified flow's"),
    "predicts pictures": (edited("scheduler", prediction_type="sample"), "prediction_type is 'sample'"),
    "epsilon of noise alone": (edited("scheduler", rescale_betas_zero_snr=True), "set prediction_type to v_prediction"),
    "betas": (edited("scheduler", beta_start=0.5), "beta_start is 0.5"),
    "eight bits": (cast(UNET, torch.int8), "has weights in I8, which cannot be trained"),
    "key lost": (
        drop(UNET, "mid_block.attentions.0.proj_in.weight"),
        "'mid_block.attentions.0.proj_in.weight' of shape [32, 32, 1, 1] is missing",
    ),
    "key of another shape": (
        reshape(UNET, "down_blocks.0.resnets.0.conv1.weight", 16, 8, 3, 3),
        "'down_blocks.0.resnets.0.conv1.weight' has shape [16, 8, 3, 3] and its configuration asks for [16, 16, 3, 3]",
    ),
    "key too many": (reshape(VAE, "decoder.extra.weight", 3), "'decoder.extra.weight' of shape [3] is nothing that"),
    "no projection": (drop(CONTENT, "visual_projection.weight"), "'visual_projection.weight' is missing"),
    "content key lost": (
        drop(CONTENT, "vision_model.post_layernorm.weight"),
        "'vision_model.post_layernorm.weight' is missing",
    ),
    "words alone": (edited("image_encoder", model_type="clip_text_model"), "model_type 'clip_text_model'; CLIP's"),
    "style key lost": (
        drop(STYLE, "backbone.transformer.resblocks.1.ln_2.weight"),
        "layers.1.layer_norm2.weight' is missing and [64] is wanted",
    ),
    "style head of another trunk": (
        reshape(STYLE, "last_layer_style", 32, 20),
        "'last_layer_style' has shape [32, 20] on a trunk of 64",
    ),
    "content too wide": (
        lambda f: tiny_clip(48).save_pretrained(f / "image_encoder"),
        "gives 48 numbers and the U-Net",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_in_one_line(
    kind: str, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, told = WRONG[kind]
    spoil(copy)
    assert main(["backbone", "import", str(copy), "-o", str(tmp_path / "base")]) == 2
    line = capsys.readouterr().err
    assert line.startswith("parasol: error: ")
    assert line.count("\n") == 1
    assert told in line
    assert not (tmp_path / "base").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["copy"])


def test_a_single_encoder_file_must_be_csds(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_file(tiny_csd(), tmp_path / "csd.safetensors")
    words = ["backbone", "import", str(folder), "-o", str(tmp_path / "base"), "--style"]
    assert main([*words, str(folder / VAE)]) == 2
    assert "has no 'last_layer_style': a single file must be CSD's" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "csd.safetensors")]) == 0
    assert json.loads((tmp_path / "base/unet/config.json").read_text())["in_channels"] == 4
