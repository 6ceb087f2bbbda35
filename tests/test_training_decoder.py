"""The decoder alone, or E with it: what it starts from, what it is taught with, and which latents move."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from drawn_corpus import make
from parasol.corpora import Corpus
from parasol.metrics.perceptual import perceptual_distance
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig, deepened
from parasol.training.autoencoder import LAYERS, DecoderTask, DecoderTraining
from parasol.training.checkpoint import BEST
from parasol.training.loop import Optimisation, run
from parasol.training.losses import edge_loss, perceptual_loss
from parasol.training.pictures import composite, spread

SHALLOW = AutoencoderConfig(
    widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), latent_channels=4
)  # fmt: skip
DEEP = AutoencoderConfig(widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(3, 1, 2), latent_channels=4)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make(tmp_path_factory.mktemp("drawn"))


def trained() -> Autoencoder:
    """Weights and a scale of the latent that are nobody's defaults."""
    torch.manual_seed(0)
    network = Autoencoder(SHALLOW)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    network.latent_mean.normal_()
    network.latent_std.uniform_(0.5, 2.0)
    return network


def test_deeper_is_at_first_the_same() -> None:
    start, pixels = trained(), torch.rand(2, 3, 32, 48)
    deep = deepened(start, DEEP)
    assert len(list(deep.parameters())) > len(list(start.parameters()))
    assert torch.equal(deep.encode(pixels), start.encode(pixels))
    assert torch.allclose(deep.decode(deep.encode(pixels)), start.decode(start.encode(pixels)), atol=1e-6)


def test_a_decoder_is_not_made_shallower() -> None:
    with pytest.raises(ValueError, match=r"\(1, 1, 1\) are fewer than \(3, 1, 2\)"):
        deepened(Autoencoder(DEEP), SHALLOW)


def test_it_learns_and_the_encoder_stays(corpus: Corpus, tmp_path: Path) -> None:
    start = deepened(trained(), DEEP)
    task = DecoderTask(corpus, start, DecoderTraining(crop=32), batch=8)
    before = task.validate(task.model)
    optimisation = Optimisation(steps=30, batch=8, learning_rate=2e-3, warmup=5, validate_every=30, average=0.5)
    after = [event.figures for event in run(task, optimisation, tmp_path, {}) if event.kind == "validation"][-1]
    assert after["score"] < 0.8 * before["score"]
    assert after["psnr"] > before["psnr"] + 1.0
    for name, value in task.model.state_dict().items():
        same = torch.equal(value, start.state_dict()[name])
        assert same == (not name.startswith("decoder.")), name


def test_where_the_encoder_learns_too_its_latents_get_their_scale_anew(corpus: Corpus, tmp_path: Path) -> None:
    start, training = deepened(trained(), DEEP), DecoderTraining(crop=32, encoder=True, precision="bfloat16")
    task = DecoderTask(corpus, start, training, batch=8)
    before = task.validate(task.model)
    optimisation = Optimisation(steps=30, batch=8, learning_rate=2e-3, warmup=5, validate_every=30, average=0.5)
    after = [event.figures for event in run(task, optimisation, tmp_path, {}) if event.kind == "validation"][-1]
    assert after["psnr"] > before["psnr"] + 1.0
    found = Autoencoder(DEEP)
    found.load_state_dict(load_file(tmp_path / BEST))
    for name, value in found.state_dict().items():
        assert not torch.equal(value, start.state_dict()[name]), name
    with torch.no_grad():
        latents = found.encode(composite(task.pixels[spread(task.rows, 256, seed=1)]))
    assert latents.mean((0, 2, 3)) == pytest.approx(np.zeros(4), abs=1e-4)
    assert latents.std((0, 2, 3)) == pytest.approx(np.ones(4), rel=1e-4)


def test_the_score_is_the_loss_of_whole_pictures_without_noise(corpus: Corpus) -> None:
    training = DecoderTraining(crop=32, edges=2.0, perceptual=0.5)
    task = DecoderTask(corpus, deepened(trained(), DEEP), training, batch=8)
    found = task.validate(task.model)
    with torch.no_grad():
        pixels = composite(task.pixels[task.validation])
        error = task.model.decode(task.model.encode(pixels)) - pixels
    expected = error.abs().mean() + error.square().mean() + 2.0 * found["edges"] + 0.5 * found["perceptual"]
    assert found["score"] == pytest.approx(float(expected), rel=1e-4)


def test_perceptual_loss_is_the_metric_of_the_evaluation(corpus: Corpus) -> None:
    trunk = DecoderTask(corpus, deepened(trained(), DEEP), DecoderTraining(crop=32), batch=8).trunk
    one, other = torch.rand(2, 1, 3, 64, 64)
    maps = [trunk.maps(pixels, LAYERS) for pixels in (one, other)]
    assert [each.shape[1:] for each in maps[0]] == [(32, 32, 32), (24, 16, 16), (40, 8, 8), (80, 4, 4), (112, 4, 4)]
    expected = perceptual_distance(*[[np.asarray(each[0]) for each in picture] for picture in maps])
    assert float(perceptual_loss(*maps)) == pytest.approx(expected, rel=1e-5)


def test_edges_by_hand() -> None:
    wanted = torch.zeros(1, 1, 2, 2)
    found = torch.tensor([[[[1.0, 1.0], [0.0, 0.5]]]])
    # down: 1 and 0.5, mean 0.75; across: 0 and 0.5, mean 0.25
    assert float(edge_loss(found, wanted)) == pytest.approx(1.0)
    assert float(edge_loss(found + 0.3, wanted)) == pytest.approx(1.0), "a shift of all pixels has no edge"
