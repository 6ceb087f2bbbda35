"""The CAST-style baseline: its losses, what trains and what does not, resuming, and that it learns to restyle."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from drawn_corpus import make
from parasol.bundle import Bundle
from parasol.corpora import Corpus
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.cast import Cast, CastConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.trunk import load_published_trunk
from parasol.training.cast import CastTask, CastTraining, contrast
from parasol.training.catalogue import RECIPES
from parasol.training.checkpoint import save_tensors
from parasol.training.descriptors import labels_of
from parasol.training.diffusion import Frozen
from parasol.training.loop import Event, Optimisation, run
from parasol.training.tables import version_of

FROZEN = Frozen(
    autoencoder=AutoencoderConfig(
        widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), latent_channels=4
    ),
    style=StyleEncoderConfig(blocks=3, hidden=32, dimension=16, size=64),
    content=ContentEncoderConfig(hidden=32, dimension=16, size=64),
    autoencoder_run="autoencoder",
    style_run="style",
    content_run="content",
)
NETWORK = CastConfig(latent_channels=4, width=16, blocks=2, style_dimension=16, map_channels=80)
MAP = ContentMapConfig(blocks=6, dimension=16, size=64)
TRAINING = CastTraining()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three frozen networks with random weights, on the encoders' real trunk."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("runs")
    networks = {
        "autoencoder": Autoencoder(FROZEN.autoencoder),
        "style": StyleEncoder(FROZEN.style),
        "content": ContentEncoder(FROZEN.content),
    }
    for name, network in networks.items():
        if not isinstance(network, Autoencoder):
            load_published_trunk(network.trunk)
        (folder / name).mkdir()
        save_tensors(folder / name / "best.safetensors", network.state_dict(), {})
    return folder


def task_of(corpus: Corpus, runs: Path, seed: int = 0) -> CastTask:
    torch.manual_seed(seed)
    return CastTask(corpus, runs, FROZEN, NETWORK, MAP, TRAINING, 8)


def brief(steps: int) -> Optimisation:
    return Optimisation(
        steps=steps, batch=8, learning_rate=3e-3, warmup=5, validate_every=steps, save_every=4, average=0.9
    )


def test_the_generator_begins_as_the_identity() -> None:
    network, z = Cast(NETWORK), torch.randn(2, 4, 8, 8)
    assert torch.equal(network(z, torch.randn(2, 16)), z)


def test_the_style_reader_does_not_see_where_things_are() -> None:
    network, z = Cast(NETWORK), torch.zeros(2, 4, 16, 16)
    z[0, :, 4:8, 4:8] = z[1, :, 7:11, 6:10] = torch.randn(4, 4, 4)
    here, there = network.style_reader(z).detach().numpy()
    assert here == pytest.approx(there, abs=1e-3)
    assert np.linalg.norm(here) == pytest.approx(1.0, abs=1e-5)
    assert not np.allclose(here, network.style_reader(2.0 * z).detach().numpy()[0], atol=1e-2)


def test_contrast_by_hand() -> None:
    wanted, others = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[-1.0, 0.0]])
    found = contrast(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), wanted, others, 0.5)
    # both see cosines 1, 0, -1 at temperature 0.5; the first asks for the first of them, the second for the second
    total = np.exp(2.0) + 1.0 + np.exp(-2.0)
    assert found.item() == pytest.approx((-np.log(np.exp(2.0) / total) - np.log(1.0 / total)) / 2)


def test_readers_learn_from_real_latents_alone(corpus: Corpus, runs: Path) -> None:
    task = task_of(corpus, runs)
    model = task.model
    nn.init.normal_(model.out.weight, std=0.1)
    silent = CastTraining(style=0.0, moments=0.0, content=0.0, identity=0.0, cycle=0.0)
    gradients = []
    for training in (TRAINING, silent):
        task.training = training
        model.zero_grad()
        task.loss(model, 0)[0].backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    both, silenced = gradients
    assert set(both) == {name for name, _ in model.named_parameters()}, "everything trains"
    for name, gradient in both.items():
        if "reader" in name:
            assert torch.equal(gradient, silenced[name]), f"{name} hears nothing of the generator's losses"
        else:
            assert gradient.abs().max() > 0.0, name
            assert silenced.get(name) is None or not silenced[name].any(), name
    frozen = (task.autoencoder, task.style, task.content)
    assert all(p.grad is None for network in frozen for p in network.parameters())


@pytest.mark.slow
def test_it_overfits_and_knows_its_space(corpus: Corpus, runs: Path, tmp_path: Path) -> None:
    task = task_of(corpus, runs)
    assert f"{int(task.model.space):012x}" == version_of(runs / "style")
    hands = labels_of(corpus, "set")
    task.table = dataclasses.replace(task.table, style=torch.eye(16)[hands])  # a style space that tells hands apart
    events = [*run(task, brief(150), tmp_path, {"recipe": "cast"})]
    steps = [event.figures for event in events if event.kind == "step"]
    mean = {name: [np.mean([one[name] for one in part]) for part in (steps[:5], steps[-20:])] for name in steps[0]}
    assert mean["reads_style"][1] < 0.8 * mean["reads_style"][0], "the reader tells the hands apart"
    assert mean["style"][1] < 0.9 * mean["style"][0], "and reads results as the style asked for"
    assert mean["identity"][1] < 0.3
    figures = next(event.figures for event in events if event.kind == "validation")
    assert figures["score"] == pytest.approx(figures["style_distance"] + figures["content_distance"] / 4)


def test_kill_and_resume_is_bit_for_bit(corpus: Corpus, runs: Path, tmp_path: Path) -> None:
    whole, first = task_of(corpus, runs), task_of(corpus, runs)
    list(run(whole, brief(9), tmp_path / "whole", {}))
    events = run(first, brief(9), tmp_path / "parts", {})
    while next(events).step < 5:
        pass
    events.close()  # what Ctrl-C does
    second = task_of(corpus, runs, seed=99)
    resumed: list[Event] = list(run(second, brief(9), tmp_path / "parts", {}))
    assert resumed[0].step == 6
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


@pytest.mark.parametrize("corpus", ["pictogram", "painting"])
def test_the_recipes_of_baselines_stand_on_the_networks_that_are_bundled(corpus: str) -> None:
    known = Bundle.open(corpus).manifest.training
    for kind in ("rdm", "cast"):
        recipe = RECIPES[f"{corpus}-{kind}"]()
        assert recipe.name == f"{corpus}-{kind}"
        frozen = recipe.configuration["frozen"]
        assert isinstance(frozen, Frozen)
        assert {frozen.autoencoder_run, frozen.style_run, frozen.content_run} <= {*known}
        style = dataclasses.asdict(frozen.style)
        assert {**style, **known[frozen.style_run]["network"]} == style
    network = RECIPES[f"{corpus}-cast"]().configuration["network"]
    assert isinstance(network, CastConfig)
    assert network.style_dimension == frozen.style.dimension
