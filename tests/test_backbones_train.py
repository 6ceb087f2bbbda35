"""A tiny backbone all the way: triplets, training, resume, what it costs, bundle, picture, replay, diffusers."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.profiler import ProfilerActivity, profile

from lab.tiny_backbone import SDXL, tiny_folder, tiny_unet, tiny_words
from parasol import Parasol, Words
from parasol.apps.cli import main
from parasol.backbones.bring import bring
from parasol.backbones.inspection import UNET, backbone_of
from parasol.backbones.networks import load
from parasol.bundle import BundleError, parts_in, sha256
from parasol.runtime.onnx import OnnxComponents
from parasol.runtime.torch import BackboneComponents
from parasol.training.backbone import BackboneTask, BackboneTraining, MinedTriplets, trained_backbone
from parasol.training.backbone_cost import pass_of, step_of, without_numbers
from parasol.training.loop import Optimisation, run
from parasol.training.modality import ModalityTraining
from parasol.training.processes import Part
from parasol.training.recipes_backbone import backbone_try
from parasol.training.shards import ShardedTriplets, open_triplets
from planted import as_index, planted
from small_model import drawing, edit_manifest


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    bring(tiny_folder(folder / "tiny"), folder / "base")
    return folder / "base"


@pytest.fixture(scope="module")
def triplets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `parasol triplets mine` finds among pictures whose styles and contents are known."""
    folder = tmp_path_factory.mktemp("triplets")
    (folder / "pictures").mkdir()
    style, content, _, _ = planted(styles=3, contents=6)
    names = [f"{row:02d}.png" for row in range(len(style))]
    for row, name in enumerate(names):
        drawing(row, 80, 64).save(folder / "pictures" / name)
    as_index(folder / "index", style, content, paths=names, pictures=folder / "pictures")
    assert main(["triplets", "mine", str(folder / "index"), "-o", str(folder / "mined"), "--k", "4"]) == 0
    return folder / "mined"


@pytest.fixture(scope="module")
def runs(base: Path, triplets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of fifty steps."""
    runs = tmp_path_factory.mktemp("runs")
    words = ["train", "backbone-try", "--backbone", str(base), "--triplets", str(triplets), "--runs", str(runs)]
    assert main(words) == 0
    return runs


@pytest.fixture(scope="module")
def bundle(base: Path, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny"
    words = ["export", "backbone-try", "--backbone", str(base), "--runs", str(runs), "--steps", "4", "--out", str(out)]
    assert main(words) == 0
    return out


@pytest.fixture(scope="module")
def model(bundle: Path) -> Parasol:
    return Parasol.load(bundle, runtime="torch")


def few(task: BackboneTask, folder: Path, steps: int, *, save_every: int = 100) -> Iterator[dict[str, float]]:
    optimisation = Optimisation(
        steps=steps, batch=task.batch, learning_rate=2e-3, warmup=1, validate_every=100, save_every=save_every
    )
    return (event.figures for event in run(task, optimisation, folder, {}) if event.kind == "step")


def test_fifty_steps_halve_the_loss_on_every_mode(runs: Path, base: Path, triplets: Path) -> None:
    task = BackboneTask(base, MinedTriplets(triplets), BackboneTraining(snr_cap=float("inf")), 8)
    before = task.validate(task.model)
    lines = [json.loads(line) for line in (runs / "backbone-try" / "log.jsonl").read_text().splitlines()]
    after = [line["figures"] for line in lines if line["kind"] == "validation"][-1]
    assert {*before} == {"score", "joint", "style", "content", "null"}
    assert all(after[mode] < 0.5 * before[mode] for mode in before)


def test_a_run_that_is_resumed_is_the_run_that_was_not(base: Path, triplets: Path, tmp_path: Path) -> None:
    training = BackboneTraining(zero_terminal=True, modality=ModalityTraining(style=10.0, content=10.0, least=0.0))

    def task() -> BackboneTask:
        return BackboneTask(base, MinedTriplets(triplets), training, 4)

    figures = list(few(task(), tmp_path / "whole", 2))
    assert all({"loss", "noise", "of_style", "of_content"} <= {*step} for step in figures)
    list(few(task(), tmp_path / "parts", 1))
    list(few(task(), tmp_path / "parts", 2))
    whole, parts = ((tmp_path / name / "state.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_the_parts_of_a_batch_make_the_loss_of_the_whole(base: Path, triplets: Path) -> None:
    """What processes under torchrun take; the modality losses are of pictures that the whole batch chooses."""
    training = BackboneTraining(modality=ModalityTraining(style=5.0, content=5.0, least=0.0, pictures=3))
    task = BackboneTask(base, MinedTriplets(triplets), training, 4)
    with torch.no_grad():
        whole, figures = task.loss(task.model, 7)
        parts = []
        for rank in range(2):
            task.part = Part(rank=rank, count=2)
            parts.append(task.loss(task.model, 7))
    torch.testing.assert_close(torch.stack([loss for loss, _ in parts]).mean(), whole, rtol=1e-4, atol=1e-5)
    assert all({*found} == {*figures} for _, found in parts)


def test_shards_hold_the_triplets_and_every_epoch_takes_each_once(
    base: Path, triplets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined, shards = MinedTriplets(triplets), tmp_path / "shards"
    assert main(["triplets", "pack", str(triplets), "-o", str(shards), "--per-shard", "4"]) == 0
    packed = open_triplets(shards)
    assert isinstance(packed, ShardedTriplets)
    assert len(packed) == len(mined) > 8
    every = np.arange(len(mined))
    assert all(
        torch.equal(ours, theirs) for ours, theirs in zip(packed.read(every, 32), mined.read(every, 32), strict=True)
    )
    taken = [packed.rows(np.random.default_rng(0), 3, seed=1, step=step) for step in range(len(mined))]
    assert sorted(np.concatenate(taken)) == sorted(np.repeat(every, 3)), "three epochs"
    again = open_triplets(shards).rows(np.random.default_rng(9), 3, seed=1, step=7)
    np.testing.assert_array_equal(again, taken[7])
    task = BackboneTask(base, packed, BackboneTraining(), 4)
    assert torch.isfinite(task.loss(task.model, 0)[0])
    capsys.readouterr()
    whole = (shards / "000001.tar").read_bytes()
    for data, told in (
        (whole[:1500], "000001.tar"),
        (whole.replace(b".y.png", b".z.png"), "no picture 000000004.y.png"),
    ):
        (shards / "000001.tar").write_bytes(data)
        words = ["train", "backbone-try", "--backbone", str(base), "--triplets", str(shards), "--runs", str(tmp_path)]
        assert main(words) == 2
        line = capsys.readouterr().err
        assert told in line
        assert line.count("\n") == 1


def test_the_gradient_reaches_the_u_net_and_m_and_nothing_frozen(base: Path, triplets: Path) -> None:
    training = BackboneTraining(modality=ModalityTraining(style=1.0, content=1.0, least=0.0), checkpointing=True)
    task = BackboneTask(base, MinedTriplets(triplets), training, 8)
    loss, figures = task.loss(task.model.train(), 1)
    loss.backward()
    assert all(parameter.grad is not None for parameter in task.model.parameters())
    frozen = [task.networks.vae, task.networks.style, task.networks.content]
    assert not any(parameter.requires_grad for network in frozen for parameter in network.parameters())
    assert float(figures["of_style"]) > 0.0


@pytest.mark.parametrize(("zero_terminal", "prediction"), [(False, "epsilon"), (True, "v")])
def test_the_loss_of_a_perfect_network_is_nothing(
    zero_terminal: bool, prediction: str, base: Path, triplets: Path
) -> None:
    """What the network is to predict, taken from the very noise of the step."""
    task = BackboneTask(base, MinedTriplets(triplets), BackboneTraining(zero_terminal=zero_terminal), 4)
    assert task.backbone.prediction == prediction
    rows, t = np.arange(4), torch.tensor([0, 300, 900, 999])
    eps, kept = torch.randn(4, 4, 4, 4), torch.ones(4, 2)
    z_0 = task.networks.encode(task.triplets.read(rows, 32)[0])
    share = task.alpha_bars[t].reshape(4, 1, 1, 1)
    wanted = eps if prediction == "epsilon" else share**0.5 * eps - (1.0 - share) ** 0.5 * z_0

    class Perfect(torch.nn.Module):
        tokens = task.model.tokens

        def forward(self, z: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            return wanted

    noise, foreseen = task._noise(Perfect(), task._seen(rows), t, eps, kept)
    assert float(noise) < 1e-12
    torch.testing.assert_close(foreseen.z_0, z_0, rtol=1e-3, atol=1e-3)


def most_allocated(run: Callable[[], object]) -> int:
    """Bytes at most above those before, as torch's own allocator tells."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    events = [one for one in profiled.profiler.kineto_results.events() if one.name() == "[memory]"]  # type: ignore[union-attr]
    return int(np.cumsum([one.nbytes() for one in sorted(events, key=lambda one: one.start_ns())]).max())


def test_what_a_step_takes_is_known_without_a_number(base: Path, tmp_path: Path) -> None:
    modality = ModalityTraining(style=1.0, content=1.0, pictures=1)
    training = BackboneTraining(modality=modality, checkpointing=True, precision="bfloat16")
    folder = Path(shutil.copytree(base, tmp_path / "base"))
    tiny_unet(**SDXL).save_pretrained(folder / UNET)
    backbone = trained_backbone(folder, training)
    with FakeTensorMode():
        foreseen = step_of(*without_numbers(folder, backbone, training, (20, 24)), (20, 24), training, 4)
    denoiser, vae = without_numbers(folder, backbone, training, (20, 24))
    found = step_of(denoiser, vae, (20, 24), training, 4)
    denoiser.zero_grad()
    allocated = most_allocated(lambda: pass_of(denoiser, vae, (20, 24), training, 4))
    assert foreseen.flops == found.flops
    assert foreseen.peak == pytest.approx(found.peak, rel=0.02)
    assert foreseen.peak == pytest.approx(allocated, rel=0.15)
    assert [*map(len, foreseen.calls.values())] == [*map(len, found.calls.values())]
    half = {name: {one.half for one in calls} for name, calls in foreseen.calls.items()}
    assert half == {"encoding": {False}, "U-Net and M": {True}, "decoding": {False}}, "as in the task's own loss"


def test_a_dry_run_says_what_a_step_costs_and_trains_nothing(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "backbone-24gb", "--backbone", str(base), "--runs", str(tmp_path / "runs"), "--dry-run"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    networks = load(base, backbone_of(base))
    assert cost["trained parameters"] == sum(one.numel() for one in networks.denoiser.parameters())
    assert cost["GiB"]["in all"] > 0.0
    assert sum(cost["CPU-seconds"].values()) == pytest.approx(cost["CPU-seconds a step"], abs=1e-3)
    assert not (tmp_path / "runs").exists()
    assert main(["train", "pictogram-style", "--backbone", str(base), "--dry-run"]) == 2
    assert "fine-tunes no backbone: leave --backbone out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["backbone-try"], "name its base with --backbone"),
        (["backbone-try", "--backbone", "BASE"], "name them with --triplets"),
        (["backbone-8-cards", "--backbone", "BASE", "--triplets", "TRIPLETS"], "triplets and a batch takes 256"),
    ],
)
def test_what_training_needs_is_asked_for(
    words: list[str], told: str, base: Path, triplets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [{"BASE": str(base), "TRIPLETS": str(triplets)}.get(word, word) for word in words]
    assert main(["train", *named, "--runs", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def pixels(result: Image.Image) -> np.ndarray:
    return np.asarray(result)


def test_the_bundle_has_the_m_that_was_trained(bundle: Path, runs: Path, model: Parasol) -> None:
    best = load_file(runs / "backbone-try" / "best.safetensors")
    trained = load(bundle, backbone_of(bundle)).denoiser.projector.state_dict()
    assert all(torch.equal(value, best[f"projector.{name}"]) for name, value in trained.items())


def test_adapters_learn_beside_a_frozen_u_net_and_diffusers_loads_their_files(
    base: Path, triplets: Path, tmp_path: Path
) -> None:
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    from parasol.bundle import DefaultDials
    from parasol.training.backbone_export import export_backbone

    training = BackboneTraining(decoupled=True)
    task = BackboneTask(base, MinedTriplets(triplets), training, 4)
    frozen = {name: value.clone() for name, value in task.model.unet.state_dict().items()}  # type: ignore[operator]
    list(few(task, tmp_path / "whole", 2))
    learnt = task.model.state_dict()
    assert 0 < len(learnt) < len(frozen)
    after = task.model.unet.state_dict()  # type: ignore[operator]
    moved = {f"unet.{name}" for name, value in after.items() if not torch.equal(value, frozen[name])}
    assert moved == {*learnt}, "what is learnt moves, and nothing else"
    for steps in (1, 2):
        list(few(BackboneTask(base, MinedTriplets(triplets), training, 4), tmp_path / "parts", steps))
    assert (tmp_path / "whole/state.safetensors").read_bytes() == (tmp_path / "parts/state.safetensors").read_bytes()

    recipe = replace(backbone_try(), name="short", configuration={"backbone_training": training})
    optimisation = Optimisation(steps=1, batch=4, learning_rate=1e-2, warmup=1, validate_every=1)
    list(run(BackboneTask(base, MinedTriplets(triplets), training, 4), optimisation, tmp_path / "runs/short", {}))
    dials = DefaultDials(style_scale=2.0, content_scale=2.0, structure=0.4, steps=3)
    export_backbone(recipe, base, tmp_path / "runs", tmp_path / "ip", name="ip", licence="none", dials=dials)
    found = Parasol.load(tmp_path / "ip")
    deaf = [found.stylize(drawing(1), drawing(style), style_scale=0.0) for style in (2, 3)]
    np.testing.assert_array_equal(pixels(deaf[0].image), pixels(deaf[1].image))
    assert not np.array_equal(pixels(deaf[0].image), pixels(found.stylize(drawing(1), drawing(2)).image))

    pipe = StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(tmp_path / "ip/vae"), text_encoder=None, tokenizer=None,  # type: ignore[arg-type]
        unet=UNet2DConditionModel.from_pretrained(tmp_path / "ip/unet"), scheduler=DDIMScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,  # type: ignore[arg-type]
    )  # fmt: skip
    names = ["style.safetensors", "content.safetensors"]
    folders = [str(tmp_path / "ip/adapters")] * 2
    pipe.load_ip_adapter(folders, subfolder=["", ""], weight_name=names, image_encoder_folder=None)
    networks = load(tmp_path / "ip", backbone_of(tmp_path / "ip"))
    z, style, content = torch.randn(2, 4, 8, 8), torch.randn(2, 20), torch.randn(2, 24)
    with torch.no_grad():
        ours = networks.denoiser(z, torch.tensor(7), networks.denoiser.tokens(style, content))
        heard = {"image_embeds": [style[:, None], content[:, None]]}
        theirs = pipe.unet(z, 7, encoder_hidden_states=torch.zeros(2, 1, 24), added_cond_kwargs=heard).sample
    torch.testing.assert_close(ours, theirs)


def test_the_bundle_draws_with_every_dial_and_replays_bit_for_bit(model: Parasol, bundle: Path, tmp_path: Path) -> None:
    result = model.stylize(
        drawing(1), drawing(2), structure=0.5, style_scale=2.0, content_scale=1.5, seed=3, color="match", texture=0.5
    )
    result.save(tmp_path / "picture.png")
    again = Parasol.load(bundle).replay(tmp_path / "picture.png")
    np.testing.assert_array_equal(pixels(again.image), pixels(result.image))
    for sampler, guidance in (("dpm", "apart"), ("ddim", "joint")):
        other = model.stylize(drawing(1), drawing(2), seed=3, sampler=sampler, guidance=guidance)
        assert not np.array_equal(pixels(other.image), pixels(result.image))
    assert model.stylize(None, drawing(2), shows=drawing(1), seed=3, size=64).image.size == (64, 64)


def test_as_graphs_the_bundle_draws_without_torch(model: Parasol, bundle: Path, tmp_path: Path) -> None:
    """Weights are rounded to float16; with the same weights in torch, what every component gives is the same."""
    out = tmp_path / "graphs"
    assert main(["backbone", "bundle", str(bundle), "-o", str(out)]) == 0
    core, networks = Parasol.load(out), load(bundle, backbone_of(bundle))
    assert isinstance(core.components, OnnxComponents)
    for network in networks.modules().values():
        for one in network.parameters():
            one.data = one.data.half().float() if one.ndim >= 2 else one.data
    theirs = BackboneComponents(core.bundle, networks)
    random, side = np.random.default_rng(0), core.bundle.manifest.content.size
    z, x = random.normal(size=(1, 4, 4, 6)).astype(np.float32), random.random((1, 3, 64, 96), dtype=np.float32)
    seen, tokens = x[:, :, :side, :side], random.normal(size=(1, 2, 24)).astype(np.float32)
    given = {"encode": (x,), "decode": (z,), "style": (seen,), "content": (seen,),
             "project": (tokens[:, 0, :20],), "denoise": (z, np.array(7), tokens)}  # fmt: skip
    for component, inputs in given.items():
        found, wanted = (one._run(component, *inputs) for one in (core.components, theirs))
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4, err_msg=component)
    drawn = [one.stylize(drawing(1), drawing(2), structure=0.5, seed=3).pixels for one in (core, model)]
    assert 20.0 * np.log10(1.0 / np.sqrt(np.square(drawn[0] - drawn[1]).mean())) > 40.0
    assert main(["backbone", "bundle", str(out), "-o", str(tmp_path / "twice")]) == 2


def test_words_of_a_whole_clip_say_what_is_shown(model: Parasol, bundle: Path, base: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="knows no words"):
        model.embed_content(Words("crab"))
    folder = Path(shutil.copytree(bundle, tmp_path / "copy"))
    tiny_words(folder / "text_encoder")
    version = model.bundle.manifest.content.version
    edit_manifest(
        folder,
        words={"sentences": "clip", "style": "", "content": version},
        files={name: sha256(folder / name) for name in ("ATTRIBUTION", *parts_in(folder))},
    )
    told = Parasol.load(folder)
    described = told.embed_content(Words("crab, house"))
    assert described @ told.embed_content(Words("crab")) > 0.5
    np.testing.assert_allclose(np.linalg.norm(described), 1.0, rtol=1e-6)
    drawn = [told.stylize(Words(word), drawing(2), size=64).pixels for word in ("crab", "crab", "zoo")]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    with pytest.raises(ValueError, match="name what is shown and no style"):
        told.stylize(drawing(1), Words("glossy"))


def test_structure_1_is_what_the_autoencoder_gives_and_scale_0_hears_no_style(model: Parasol) -> None:
    kept = model.stylize(drawing(1), drawing(2), structure=1.0)
    np.testing.assert_array_equal(pixels(kept.image), pixels(model.reconstruct(drawing(1))))
    deaf = [model.stylize(drawing(1), drawing(style), style_scale=0.0) for style in (2, 3)]
    np.testing.assert_array_equal(pixels(deaf[0].image), pixels(deaf[1].image))


def test_what_is_remembered_changes_no_bit(model: Parasol, bundle: Path) -> None:
    canvas = model.canvas(drawing(1))
    canvas.draw(drawing(2), model.dials(style_scale=3.0))
    recalled = canvas.draw(drawing(3), model.dials(style_scale=1.0))
    fresh = Parasol.load(bundle).stylize(drawing(1), drawing(3), style_scale=1.0)
    np.testing.assert_array_equal(pixels(recalled.image), pixels(fresh.image))


def test_a_changed_or_foreign_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundle, tmp_path / "copy"))
    (folder / "unet" / "extra.safetensors").write_bytes(b"")
    with pytest.raises(BundleError, match=r"names no hash for extra.safetensors"):
        Parasol.load(folder)
    (folder / "unet" / "extra.safetensors").unlink()
    path = folder / "projector" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(BundleError, match=r"model.safetensors is not the file that the manifest names"):
        Parasol.load(folder)
    edit_manifest(folder, backbone="")
    with pytest.raises(BundleError):
        Parasol.load(folder)


def test_diffusers_opens_the_bundle_and_draws_the_same_picture(
    model: Parasol, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import DiffusionPipeline
    from diffusers.modular_pipelines import ModularPipeline
    from diffusers.utils import dynamic_modules_utils

    monkeypatch.setattr(dynamic_modules_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    pipe = DiffusionPipeline.from_pretrained(str(bundle), custom_pipeline=str(bundle), trust_remote_code=True)
    drawn = pipe(image=drawing(1), style_image=drawing(2), structure=0.5, num_inference_steps=4, seed=5).images[0]
    wanted = model.stylize(drawing(1), drawing(2), structure=0.5, steps=4, seed=5).image
    np.testing.assert_array_equal(pixels(drawn), pixels(wanted))
    blocks = ModularPipeline.from_pretrained(str(bundle), trust_remote_code=True)
    blocks.load_components(trust_remote_code=True)
    given = {"structure": 0.5, "num_inference_steps": 4, "seed": 5}
    taken = blocks(image=drawing(1), style_image=drawing(2), output="images", **given)
    np.testing.assert_array_equal(pixels(taken[0]), pixels(wanted))
    with torch.no_grad():
        pipe.unet.conv_out.bias.add_(0.5)
    other = pipe(image=drawing(1), style_image=drawing(2), structure=0.5, num_inference_steps=4, seed=6).images[0]
    assert not np.array_equal(pixels(other), pixels(wanted)), "the pipeline's own U-Net draws"


def test_zero_terminal_models_come_back_as_what_they_are(
    base: Path, triplets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parasol.bundle import DefaultDials
    from parasol.training.backbone_export import export_backbone

    training = BackboneTraining(zero_terminal=True)
    recipe = replace(backbone_try(), name="short", configuration={"backbone_training": training})
    task = BackboneTask(base, MinedTriplets(triplets), training, 4)
    optimisation = Optimisation(steps=1, batch=4, learning_rate=1e-4, validate_every=1)
    list(run(task, optimisation, tmp_path / "runs" / "short", {}))
    dials = DefaultDials(style_scale=2.0, content_scale=2.0, structure=0.4, steps=4)
    made = export_backbone(recipe, base, tmp_path / "runs", tmp_path / "zero", name="zero", licence="none", dials=dials)
    found = backbone_of(tmp_path / "zero")
    assert (found.schedule, found.prediction) == (made.manifest.schedule, "v")
    assert found.schedule.alpha_bars[-1] == 0.0
    loaded = Parasol.load(tmp_path / "zero")
    one = loaded.stylize(drawing(1), drawing(2), sampler="dpm", texture=0.5)
    assert np.isfinite(one.pixels).all()
    np.testing.assert_array_equal(
        pixels(loaded.stylize(drawing(1), drawing(2), structure=1.0).image), pixels(loaded.reconstruct(drawing(1)))
    )
