"""Training: overfits a handful, resumes bit for bit, gradients reach what trains and nothing that is frozen."""

import json
import os
import shutil
import socket
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from drawn_corpus import make
from forked import ended, forked
from parasol.bundle import Bundle
from parasol.corpora import Corpus, load
from parasol.maths.steps import add_noise, per_picture
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.unet import UNetConfig
from parasol.runtime.torch import load_networks
from parasol.training import measurements
from parasol.training.autoencoder import AutoencoderTask, AutoencoderTraining
from parasol.training.checkpoint import BEST, load_record, save_tensors, warm_start
from parasol.training.descriptors import ContrastiveTraining, DescriptorTask
from parasol.training.diffusion import Denoiser, DiffusionTask, DiffusionTraining, Frozen
from parasol.training.loop import STATE, Event, Optimisation, Task, run
from parasol.training.modality import ModalityTraining
from parasol.training.processes import ALONE, Part, Processes, launched
from parasol.training.recipes import Places, Recipe
from parasol.training.tables import tables_of
from parasol.training.train import train
from parasol.training.views import altered
from parasol.triplets import Mining, Variety
from parasol.triplets.results import load_finished

AUTOENCODER = AutoencoderConfig(
    widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), latent_channels=4
)
STYLE = StyleEncoderConfig(blocks=3, hidden=32, dimension=16, size=64)
CONTRAST = ContrastiveTraining(contents=4, hands=5, temperature=0.1)
CONTENT = ContentEncoderConfig(hidden=32, dimension=16, size=64)
UNET = UNetConfig(latent_channels=4, widths=(32, 32), token_dimension=16, heads=2)
MAP = ContentMapConfig(blocks=6, dimension=16, size=64, aligned=True, fine=5)
PAPER = DiffusionTraining()
EVERYTHING = DiffusionTraining(
    shares=(0.3, 0.15, 0.15, 0.1, 0.2, 0.1),
    mirrored=0.5,
    precision="bfloat16",
    modality=ModalityTraining(style=2.0, content=0.5, pictures=2),
)
IN_FLOAT32 = replace(EVERYTHING, precision="float32")
NOISE = 1e-6  # root of Adam's second moment after so few steps


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make(tmp_path_factory.mktemp("drawn"))


def brief(steps: int, **settings: object) -> Optimisation:
    base = {"batch": 8, "learning_rate": 2e-3, "warmup": 5, "validate_every": steps, "save_every": 4, "average": 0.9}
    return Optimisation(steps=steps, **{**base, **settings})  # type: ignore[arg-type]


def finish(task: Task, optimisation: Optimisation, folder: Path) -> list[Event]:
    return list(run(task, optimisation, folder, {"recipe": folder.name}))


@pytest.fixture(scope="module")
def runs(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three frozen networks, each trained for a moment."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("runs")
    autoencoder = AutoencoderTask(corpus, AUTOENCODER, AutoencoderTraining(crop=32), batch=8)
    finish(autoencoder, brief(30), folder / "autoencoder")
    for name, encoder in (("style", StyleEncoder(STYLE)), ("content", ContentEncoder(CONTENT))):
        finish(DescriptorTask(corpus, folder / "tables", encoder, CONTRAST), brief(20), folder / name)
    return folder


def diffusion(
    corpus: Corpus, runs: Path, seed: int = 0, training: DiffusionTraining = PAPER, modulated: int = 8
) -> DiffusionTask:
    torch.manual_seed(seed)
    frozen = Frozen(
        autoencoder=AUTOENCODER, style=STYLE, content=CONTENT,
        autoencoder_run="autoencoder", style_run="style", content_run="content",
    )  # fmt: skip
    mining = Mining(k=20, content_percentile=99.0, style_percentile=99.0)
    projector = ProjectorConfig(style_dimension=16, hidden=32, content_dimension=16)
    if training == PAPER:
        return DiffusionTask(corpus, runs, frozen, UNET, projector, mining, training, 8)
    unet, variety = replace(UNET, modulated=modulated), Variety(styles=3, contents=2)
    return DiffusionTask(corpus, runs, frozen, unet, projector, mining, training, 8, MAP, variety=variety)


def losses(events: list[Event]) -> list[float]:
    return [event.figures["loss"] for event in events if event.kind == "step"]


@pytest.mark.slow
def test_the_diffusion_model_overfits_eight_triplets(corpus: Corpus, runs: Path, tmp_path: Path) -> None:
    task = diffusion(corpus, runs)
    task.triplets = type(task.triplets)(
        x=task.triplets.x[:8], y=task.triplets.y[:8], s=task.triplets.s[:8], report=task.triplets.report
    )
    found = losses(finish(task, brief(120, learning_rate=3e-3), tmp_path))
    assert np.mean(found[-20:]) < 0.5 * np.mean(found[:5])


@pytest.mark.parametrize(("keep", "step"), [("best", 2), ("last", 6)])
def test_a_run_ends_with_the_best_or_the_last_weights(
    corpus: Corpus,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep: Literal["best", "last"],
    step: int,
) -> None:
    task, scores = diffusion(corpus, runs), iter([1.0, 3.0, 2.0])
    monkeypatch.setattr(task, "validate", lambda model: {"score": next(scores)})
    events = finish(task, replace(brief(6), validate_every=2, keep=keep), tmp_path)
    assert sum(event.kind == "validation" for event in events) == 3
    assert load_record(tmp_path / BEST)["step"] == step


def test_training_reads_the_files_of_the_miner(corpus: Corpus, runs: Path) -> None:
    task = diffusion(corpus, runs)
    [first] = (tables_of(corpus, runs) / "triplets").glob("*/train")
    read = load_finished(first).triplets()
    for name in ("x", "y", "s"):
        np.testing.assert_array_equal(getattr(read, name), getattr(task.triplets, name))
    assert {corpus.cells[row].split for row in task.held.x} == {"content-val"}
    before = {path: path.stat().st_mtime_ns for path in first.glob("triplets-*.npy")}
    again = diffusion(corpus, runs).triplets
    np.testing.assert_array_equal(again.x, read.x)
    assert {path: path.stat().st_mtime_ns for path in first.glob("triplets-*.npy")} == before, "what is there is read"


def test_what_is_trained_on_is_told_with_the_purity_of_all_partners(corpus: Corpus, runs: Path) -> None:
    task = diffusion(corpus, runs, training=EVERYTHING)
    told, cells = task.given(), corpus.cells
    pairs = list(zip(task.triplets.x, *task.partners, strict=True))
    alike = [cells[x].set == cells[one].set for x, s, _ in pairs for one in s]
    shown = [cells[x].codepoint == cells[one].codepoint for x, _, y in pairs for one in y]
    assert told["partners_style_right"] == pytest.approx(np.mean(alike))
    assert told["partners_content_right"] == pytest.approx(np.mean(shown))
    assert told["triplets"] == len(pairs)


@pytest.mark.slow
@pytest.mark.parametrize("training", [PAPER, EVERYTHING], ids=["paper", "everything"])
def test_kill_and_resume_is_bit_for_bit(
    corpus: Corpus, runs: Path, tmp_path: Path, training: DiffusionTraining
) -> None:
    whole = diffusion(corpus, runs, training=training)
    finish(whole, brief(5), tmp_path / "whole")
    first = diffusion(corpus, runs, training=training)
    events = run(first, brief(5), tmp_path / "parts", {})
    while next(events).step < 3:
        pass
    events.close()  # what Ctrl-C does
    second = diffusion(corpus, runs, seed=99, training=training)  # other initial weights: all must come from the file
    resumed = finish(second, brief(5), tmp_path / "parts")
    assert resumed[0].step == 4
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


@pytest.mark.parametrize("training", [PAPER, EVERYTHING], ids=["paper", "everything"])
def test_gradients_reach_every_trainable_and_no_frozen_parameter(
    corpus: Corpus, runs: Path, training: DiffusionTraining
) -> None:
    task = diffusion(corpus, runs, training=training)
    total = torch.zeros(())
    for step in range(3):  # one batch may keep no style token at all
        total = total + task.loss(task.model, step)[0]
    total.backward()
    without = {name for name, p in task.model.named_parameters() if p.grad is None}
    assert without == {name for name in dict(task.model.named_parameters()) if ".trunk." in name}
    if task.modality:
        frozen = (task.modality.autoencoder, task.modality.style, task.modality.content)
        assert all(p.grad is None for network in frozen for p in network.parameters())
    encoder = DescriptorTask(corpus, runs / "tables", StyleEncoder(STYLE), CONTRAST)
    encoder.loss(encoder.model, 0)[0].backward()
    assert all(p.grad is None for p in encoder.model.trunk.parameters())
    assert all(p.grad is not None for p in encoder.model.head.parameters())


def test_null_tokens_are_zeros_whatever_the_descriptors(corpus: Corpus, runs: Path) -> None:
    model = diffusion(corpus, runs).model.eval()
    z, t = torch.randn(2, 4, 8, 8), torch.tensor([10, 900])
    style, content = nn.functional.normalize(torch.randn(2, 2, 16), dim=2)
    nothing = torch.zeros(2, 3)
    assert torch.equal(model(z, t, style, content, nothing), model(z, t, -style, -content, nothing))
    assert not torch.equal(model(z, t, style, content, nothing + 1), model(z, t, -style, content, nothing + 1))


def test_modality_losses_judge_the_picture_that_the_pass_foresees(corpus: Corpus, runs: Path) -> None:
    task = diffusion(corpus, runs, training=EVERYTHING)
    assert task.modality is not None
    rows = task.triplets.x[:4]
    latents, style, content = (
        task.table.latents[0, task.place[rows]],
        task.table.style[rows],
        task.table.content[0, rows],
    )
    alpha_bar, kept = torch.tensor([0.9, 0.9, 0.1, 0.5]), torch.ones(4, 3)
    eps = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    z = add_noise(latents, eps, per_picture(alpha_bar, latents))
    told = [task.modality.losses(z, eps, alpha_bar, style, content, kept) for style in (style, style.flip(0))]
    assert not torch.equal(told[0][0], told[1][0]), "the style loss hears the style"
    assert torch.equal(told[0][1], told[1][1]), "the content loss does not hear the style"
    foreseen = eps.clone().requires_grad_()
    sum(task.modality.losses(z, foreseen, alpha_bar, style, content, kept)).backward()  # type: ignore[union-attr]
    reached = foreseen.grad.abs().amax((1, 2, 3)) > 0.0  # type: ignore[union-attr]
    assert reached.tolist() == [True, True, False, False], "two pictures, and the third is too noisy in any case"
    nothing = task.modality.losses(z, eps, alpha_bar, style, content, torch.zeros(4, 3))
    assert [float(loss) for loss in nothing] == [0.0, 0.0], "without a condition there is nothing to keep to"


def test_modality_losses_count_from_their_first_step_on(corpus: Corpus, runs: Path) -> None:
    modality = ModalityTraining(style=2.0, content=0.5, pictures=8, least=0.0, since=3)
    task = diffusion(corpus, runs, training=replace(EVERYTHING, modality=modality))
    assert set(task.loss(task.model, 2)[1]) == set()
    loss, parts = task.loss(task.model, 3)
    assert set(parts) == {"noise", "of_style", "of_content"}
    assert loss.item() == pytest.approx(parts["noise"] + 2.0 * parts["of_style"] + 0.5 * parts["of_content"])
    assert parts["of_style"] > 0.0
    assert parts["of_content"] > 0.0


def test_the_autoencoder_learns_and_scales_its_latent(corpus: Corpus, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = AutoencoderTask(corpus, AUTOENCODER, AutoencoderTraining(crop=32), batch=8)
    before = task.validate(task.model)["psnr"]
    events = finish(task, brief(60), tmp_path)
    after = next(event.figures["psnr"] for event in events if event.kind == "validation")
    assert after > before + 3.0
    task.finish(task.model)
    latent = task.model.encode(torch.rand(2, 3, 64, 64))
    assert latent.shape == (2, 4, 8, 8)
    assert float(task.model.latent_std.min()) > 0.1


def test_views_differ_and_stay_pictures() -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[20:40, 10:50] = (200, 60, 40, 255)
    views = [altered(rgba, np.random.default_rng(seed)) for seed in range(40)]
    assert all(view.shape == (64, 64, 3) and view.dtype == np.float32 for view in views)
    assert 0.0 <= min(view.min() for view in views) <= max(view.max() for view in views) <= 1.0
    backgrounds = {tuple(np.round(view[0, 0], 2)) for view in views}
    assert len(backgrounds) > 10, "about half stand on a colour of their own"
    assert np.array_equal(views[3], altered(rgba, np.random.default_rng(3)))


def test_synthetic_distances_are_trained_where_a_weight_asks(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(measurements, "LOOKS", 30)
    monkeypatch.setattr(measurements, "PICTURES", 2)
    training = ContrastiveTraining(contents=4, hands=5, temperature=0.1, metric=5.0)
    task = DescriptorTask(corpus, tmp_path / "tables", StyleEncoder(STYLE), training)
    assert task.synthetic is not None
    assert set(task.synthetic.styles.sets) == {"flat", "pale", "outline", "night", "leaf"}
    assert task.synthetic.styles.values.shape[:2] == (150, 2)
    events = finish(task, brief(60), tmp_path / "run")
    metric = [event.figures["metric"] for event in events if event.kind == "step"]
    assert np.mean(metric[-10:]) < 0.5 * np.mean(metric[:5])
    assert -1.0 <= events[-2].figures["metric"] <= 1.0, "validated on the looks that were held"


def test_a_new_run_begins_with_the_weights_that_fit(corpus: Corpus, runs: Path, tmp_path: Path) -> None:
    trained, wider = diffusion(corpus, runs, seed=1).model, diffusion(corpus, runs, seed=2).model
    save_tensors(tmp_path / "best.safetensors", trained.state_dict(), {})
    assert warm_start(wider, tmp_path) == []
    for a, b in zip(trained.parameters(), wider.parameters(), strict=True):
        assert torch.equal(a, b)
    narrow = Denoiser(UNET, ProjectorConfig(style_dimension=8, hidden=32, content_dimension=16))
    assert warm_start(narrow, tmp_path) == ["projector.layers.0.weight"]
    assert torch.equal(narrow.unet.conv_in.weight, trained.unet.conv_in.weight)


def test_a_run_can_begin_with_a_bundle(bundle: Bundle) -> None:
    networks = load_networks(bundle)
    model = Denoiser(UNetConfig(widths=(32, 64), heads=2), ProjectorConfig(hidden=32))
    assert warm_start(model, bundle.folder) == []
    for own, theirs in ((model.unet, networks.unet), (model.projector, networks.projector)):
        for a, b in zip(own.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(a, b)


def test_a_start_without_fitting_weights_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no weights that fit"):
        warm_start(Autoencoder(AUTOENCODER), bundle.folder)
    with pytest.raises(ValueError, match=r"holds neither best\.safetensors"):
        warm_start(StyleEncoder(STYLE), tmp_path)


# Many processes: gradients are averaged, parts are alike, one of them writes


def recipe(steps: int) -> Recipe:
    """Everything that training can do, in float32. Every process begins with weights of its own.

    But for adaptive norms, whose lines are zero at first: Adam's first step there is the sign of a gradient, and where
    that is rounding the two runs part.
    """

    def task(places: Places) -> DiffusionTask:
        seed = int(os.environ.get("RANK", "0"))
        return diffusion(load(places.corpus), places.runs, seed=seed, training=IN_FLOAT32, modulated=0)

    return Recipe(name="brief", optimisation=brief(steps, learning_rate=1e-3), configuration={}, task=task)


def two_processes(corpus: Corpus, runs: Path, steps: int) -> list[dict]:
    """What two processes tell, which find what `torchrun` sets in the environment."""
    told = runs / "told.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}

    def work() -> int:
        with told.open("a") as file:
            for event in train(recipe(steps), Places(corpus=corpus.folder, runs=runs)):
                file.write(json.dumps(asdict(event)) + "\n")
        return 0

    children = [
        forked(work, RANK=rank, LOCAL_RANK=rank, WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", **address) for rank in "01"
    ]
    assert [ended(child) for child in children] == [0, 0]
    return [json.loads(line) for line in told.read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_end_where_one_does_and_resume(corpus: Corpus, runs: Path, tmp_path: Path) -> None:
    one, two = (Path(shutil.copytree(runs, tmp_path / name)) for name in ("one", "two"))
    alone = list(train(recipe(5), Places(corpus=corpus.folder, runs=one)))
    places = Places(corpus=corpus.folder, runs=two)
    together = two_processes(corpus, two, 3) + [asdict(event) for event in train(recipe(5), places)]

    steps = [event for event in together if event["kind"] == "step"]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5], "one of two tells, and one alone goes on"
    expected = [event.figures for event in alone if event.kind == "step"]
    for found, wanted in zip(steps, expected, strict=True):
        assert found["figures"] == pytest.approx(wanted, rel=4e-4, abs=1e-6)  # half of one of bfloat16's 8 bits is 2e-3
    assert any(figures["of_style"] > 0.0 for figures in expected), "the modality losses were split too"

    ours, theirs = (load_file(folder / "brief" / STATE) for folder in (one, two))
    assert ours.keys() == theirs.keys()
    model = diffusion(corpus, runs, training=IN_FLOAT32, modulated=0).model
    trained, compared = [name for name, value in model.named_parameters() if value.requires_grad], list[np.ndarray]()
    for index, name in enumerate(trained):
        # Adam makes steps of rounding where a gradient is 0, such as that of a bias before a norm.
        real = ours[f"optimizer.{index}.exp_avg_sq"] > NOISE**2
        for kept in ("model", "average"):
            found, wanted = (state[f"{kept}.{name}"][real] for state in (theirs, ours))
            compared.append((found - wanted).abs().numpy())
    apart = np.concatenate(compared)
    assert len(apart) > 0.8 * 2 * sum(ours[f"model.{name}"].numel() for name in trained)
    # Five steps move a weight by up to 5e-3. Where one step's gradient was near 0 and later ones are not, its rounding
    # stays in the weight, and how much that is depends on the number of threads: one entry in 10,000 or so.
    assert (apart <= 1e-5).mean() > 0.999
    assert apart.max() < 1e-4
    log = [json.loads(line) for line in (two / "brief" / "log.jsonl").read_text().splitlines()]
    assert [event["step"] for event in log if event["kind"] == "validation"] == [3, 5], "one validation each"
    assert [event["step"] for event in log if event["kind"] == "given"] == [0] * 2, "told at each start"


def test_the_mean_over_the_parts_is_the_loss_of_the_whole(corpus: Corpus, runs: Path) -> None:
    task = diffusion(corpus, runs, training=IN_FLOAT32)
    for step in range(3):
        task.part = Part()
        whole, figures = task.loss(task.model, step)
        for count in (2, 4):
            parts = []
            for rank in range(count):
                task.part = Part(rank=rank, count=count)
                parts.append(task.loss(task.model, step))
            assert np.mean([loss.item() for loss, _ in parts]) == pytest.approx(whole.item(), rel=1e-5)
            for name, value in figures.items():
                mean = np.mean([float(part[name]) for _, part in parts])
                assert mean == pytest.approx(float(value), rel=1e-4, abs=1e-7)
            assert len({loss.item() for loss, _ in parts}) == count, "each takes rows of its own"


def test_parts_are_disjoint_and_together_everything() -> None:
    rows = np.arange(12)
    parts = [rows[Part(rank=rank, count=3).rows(12)] for rank in range(3)]
    assert sorted(np.concatenate(parts)) == list(rows)
    assert all(len(part) == 4 for part in parts)
    with pytest.raises(ValueError, match="batch is 8 and there are 3 processes; their number must divide it"):
        Part(count=3).rows(8)


def test_one_process_alone_leaves_everything_as_it_is() -> None:
    layer = nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    before = layer.weight.grad
    ALONE.average_gradients(list(layer.parameters()))
    assert layer.weight.grad is before
    assert ALONE.average_figures({"loss": 1.5}) == {"loss": 1.5}
    assert ALONE.first
    assert launched() is ALONE
    with Processes().in_turn():
        pass
