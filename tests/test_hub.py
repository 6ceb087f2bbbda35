"""A bundled model in diffusers' own hands: as a pipeline, as modular blocks, and back as a bundle."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.training.hub_export import UNET, HubNetwork
from small_model import drawing

DRAWN = {"structure": 0.5, "num_inference_steps": 2, "seed": 5, "size": 64}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hub") / "pictogram"
    assert main(["backbone", "export", "pictogram", "-o", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def wanted() -> np.ndarray:
    model = Parasol.load("pictogram", runtime="torch")
    drawn = model.stylize(drawing(1), drawing(2), structure=0.5, steps=2, seed=5, size=64, sampler="ddim")
    return np.asarray(drawn.image.convert("RGB"))


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """diffusers keeps code that it is told to trust in the home directory."""
    from diffusers.utils import dynamic_modules_utils

    monkeypatch.setattr(dynamic_modules_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))


def test_the_pipeline_and_the_blocks_draw_the_pixels_of_the_bundle(folder: Path, wanted: np.ndarray) -> None:
    from diffusers import DiffusionPipeline
    from diffusers.modular_pipelines import ModularPipeline

    pipe = DiffusionPipeline.from_pretrained(str(folder), custom_pipeline=str(folder), trust_remote_code=True)
    drawn = pipe(image=drawing(1), style_image=drawing(2), sampler="ddim", **DRAWN).images[0]
    np.testing.assert_array_equal(np.asarray(drawn.convert("RGB")), wanted)
    blocks = ModularPipeline.from_pretrained(str(folder), trust_remote_code=True)
    blocks.load_components(trust_remote_code=True)
    assert [*blocks.blocks.sub_blocks] == ["describe", "invert", "denoise", "decode"]
    given = {"image": drawing(1), "style_image": drawing(2), "sampler": "ddim", **DRAWN}
    state = blocks(**given)
    np.testing.assert_array_equal(np.asarray(state.get("images")[0]), wanted)
    assert state.get("chain").shape == (3, *state.get("latents").shape[1:])
    blocks.update_components(guider=type(blocks.guider)(style_scale=0.0))
    deaf = [np.asarray(blocks(**{**given, "style_image": drawing(k)}, output="images")[0]) for k in (2, 3)]
    np.testing.assert_array_equal(deaf[0], deaf[1])
    assert not np.array_equal(deaf[0], wanted)


def test_back_it_is_the_very_bundle_and_a_changed_network_another(folder: Path, tmp_path: Path) -> None:
    assert main(["backbone", "bundle", str(folder), "-o", str(tmp_path / "again")]) == 0
    old, again = Bundle.open("pictogram"), Bundle.open(tmp_path / "again")
    assert (again.hash, again.identity) == (old.hash, old.identity)
    network = HubNetwork.from_pretrained(folder / UNET)
    with torch.no_grad():
        network.network.conv_out.bias.add_(0.25)
    changed = Path(tmp_path / "changed")
    (changed / "vae").parent.mkdir()
    for part in ("vae", "parasol"):
        (changed / part).symlink_to(folder / part)
    network.save_pretrained(changed / UNET)
    assert main(["backbone", "bundle", str(changed), "-o", str(tmp_path / "other")]) == 0
    other = Bundle.open(tmp_path / "other")
    assert other.identity != old.identity
    assert other.manifest.latents == old.manifest.latents
    assert other.guide is None, "it has learned what the old weights predict"
    bias = other.weights("denoise")["conv_out.bias"] - old.weights("denoise")["conv_out.bias"]
    np.testing.assert_allclose(bias, 0.25, atol=1e-6)
    names = json.loads((folder / "model_index.json").read_text())
    assert names["unet"] == ["parasol.networks.hub", "HubNetwork"]
