"""From the folders of finished runs to a bundle's networks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parasol.bundle import DefaultDials
from parasol.encoders.text import SENTENCES
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.unet import UNetConfig
from parasol.networks.words import WordsHeads
from parasol.training.assemble import assemble
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.diffusion import Denoiser, Frozen, load_frozen
from parasol.training.export import export
from parasol.training.recipes import WORDS, Places, Recipe, pictogram_diffusion, pictogram_style, words_run
from parasol.training.tables import version_of
from parasol.training.train import disagreeing, record_of
from parasol.training.unpack import unpack
from parasol.training.words import spaces_of
from small_model import CARD, small_networks

DIALS = DefaultDials(style_scale=5.0, content_scale=5.0, structure=0.4, steps=50)
FROZEN = Frozen(
    autoencoder=AutoencoderConfig(widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1)),
    style=StyleEncoderConfig(blocks=1, hidden=16),
    content=ContentEncoderConfig(hidden=16),
    autoencoder_run="a",
    style_run="s",
    content_run="c",
)
WORDS_RUN = words_run("d")
UNET, PROJECTOR = UNetConfig(widths=(32, 32)), ProjectorConfig(hidden=16)


@pytest.fixture
def recipe() -> Recipe:
    return replace(
        pictogram_diffusion(), name="d", configuration={"unet": UNET, "projector": PROJECTOR, "frozen": FROZEN}
    )


@pytest.fixture
def runs(tmp_path: Path, recipe: Recipe) -> Path:
    torch.manual_seed(0)
    networks = {
        "a": Autoencoder(FROZEN.autoencoder),
        "s": StyleEncoder(FROZEN.style),
        "c": ContentEncoder(FROZEN.content),
        "d": Denoiser(UNET, PROJECTOR),
    }
    for name, network in networks.items():
        (tmp_path / name).mkdir()
        record = record_of(recipe) if name == "d" else {"recipe": name}
        save_tensors(tmp_path / name / "best.safetensors", network.state_dict(), {**record, "score": 1.0})
    (tmp_path / "ATTRIBUTION").write_text("drawn by the tests")
    return tmp_path


def places(runs: Path) -> Places:
    return Places(corpus=runs, runs=runs)


def test_networks_have_the_best_weights(recipe: Recipe, runs: Path) -> None:
    networks, card = assemble(recipe, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)
    torch.manual_seed(0)
    expected = Autoencoder(FROZEN.autoencoder).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in networks.autoencoder.state_dict().items())
    assert networks.projector.config == PROJECTOR
    assert card.training["d"]["score"] == 1.0
    assert card.style_version != card.content_version
    assert card.attribution.endswith("\ndrawn by the tests")
    assert "EfficientNet-Lite0, trained on ImageNet" in card.attribution


def test_a_bundle_stands_in_for_the_runs_that_it_came_from(tmp_path: Path) -> None:
    networks = small_networks(content_map=True)
    training = {name: {"recipe": name, "score": 0.5} for name in ("a", "s", "c", WORDS_RUN)}
    bundle = export(
        networks, replace(CARD, style_version="abc", content_version="123", training=training), tmp_path / "b"
    )
    frozen = replace(
        FROZEN,
        autoencoder=networks.autoencoder.config,
        style=networks.style.config,
        content=networks.content.config,
    )
    runs = tmp_path / "runs"
    assert unpack(bundle.folder, runs, frozen, WORDS_RUN) == ["a", "s", "c", WORDS_RUN]
    assert unpack(bundle.folder, runs, frozen, WORDS_RUN) == [], "what is there is left alone"
    autoencoder, style, content = load_frozen(frozen, runs)
    for network, original in (
        (autoencoder, networks.autoencoder),
        (style, networks.style),
        (content, networks.content),
    ):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, original.state_dict()[name], rtol=1e-3, atol=1e-3, msg=name)
    assert (version_of(runs / "s"), version_of(runs / "c")) == ("abc", "123")
    assert load_record(runs / WORDS_RUN / "best.safetensors")["from"] == "small"
    other = replace(frozen, style_run="t", content_run="d")
    assert unpack(bundle.folder, tmp_path / "others", other, "e-words") == ["a"], "another corpus's encoders"
    assert unpack(tmp_path, runs, frozen, WORDS_RUN) == [], "a folder that is no bundle has nothing to give"


def test_weights_of_unknown_hands_are_not_exported(recipe: Recipe, runs: Path) -> None:
    (runs / "ATTRIBUTION").unlink()
    with pytest.raises(ValueError, match="no readable ATTRIBUTION"):
        assemble(recipe, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)


@pytest.mark.parametrize("retrained", [False, True])
def test_words_go_along_where_they_lead_into_the_same_spaces(recipe: Recipe, runs: Path, retrained: bool) -> None:
    heads = WordsHeads(replace(WORDS, style=FROZEN.style.dimension, content=FROZEN.content.dimension))
    heads.spaces.copy_(spaces_of(runs / "s", runs / "c") + int(retrained))
    (runs / WORDS_RUN).mkdir()
    save_tensors(runs / WORDS_RUN / "best.safetensors", heads.state_dict(), {"score": 1.0})
    if retrained:
        with pytest.raises(ValueError, match=f"other encoders than s and c: .* parasol train {WORDS_RUN}"):
            assemble(recipe, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)
        return
    networks, card = assemble(recipe, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)
    assert networks.words is not None
    assert WORDS_RUN in card.training
    assert card.sentences == SENTENCES


def test_a_record_is_older_than_some_settings(recipe: Recipe) -> None:
    record = json.loads(json.dumps(record_of(recipe)))
    assert disagreeing(recipe, record) == []
    unet = {name: value for name, value in record["unet"].items() if name != "time"}
    assert disagreeing(recipe, {**record, "unet": unet}) == []
    assert disagreeing(recipe, {**record, "unet": {**unet, "heads": 1}}) == ["unet"]
    assert disagreeing(recipe, {**record, "unet": {**unet, "gone": 1}}) == ["unet"]
    assert disagreeing(recipe, {**record, "unet": {**unet, "gone": 0.0}}) == [], "what is no more was off"
    assert disagreeing(recipe, {**record, "projector": None}) == ["projector"]


def test_a_missing_run_is_named(recipe: Recipe, runs: Path) -> None:
    (runs / "s" / "best.safetensors").unlink()
    with pytest.raises(ValueError, match="train it first with  parasol train s"):
        assemble(recipe, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)


def test_only_diffusion_is_exported(runs: Path) -> None:
    with pytest.raises(ValueError, match="trains no U-Net"):
        assemble(pictogram_style(), places(runs), name="mine", licence="CC0-1.0", dials=DIALS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unet": UNetConfig(widths=(64, 32))}, "networks of another shape"),
        ({"frozen": replace(FROZEN, style_run="c")}, "was trained with another 'frozen'"),
    ],
)
def test_a_changed_recipe_is_refused(recipe: Recipe, runs: Path, change: dict, message: str) -> None:
    changed = replace(recipe, configuration={**recipe.configuration, **change})
    with pytest.raises(ValueError, match=message):
        assemble(changed, places(runs), name="mine", licence="CC0-1.0", dials=DIALS)
