"""Export: graphs that depend on the architecture alone, weights that survive float16, a manifest that goes last."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from parasol.bundle import COMPONENTS, MANIFEST, Bundle
from parasol.runtime.torch import Networks, load_networks
from parasol.training.export import export, once, shuffled, signatures, stored, trace
from small_model import CARD, CONFIGURATIONS, small_networks


def test_configurations_survive_json(bundle: Bundle) -> None:
    networks = small_networks()
    again = Networks.build(json.loads(json.dumps(networks.configurations())))
    assert json.dumps(again.configurations()) == json.dumps(networks.configurations())
    assert again.autoencoder.config.widths == CONFIGURATIONS["autoencoder"]["widths"]
    assert bundle.manifest.networks == json.loads(json.dumps(networks.configurations()))


def test_weights_come_back_within_float16(bundle: Bundle) -> None:
    before, after = small_networks(), load_networks(bundle)
    for component in COMPONENTS:
        old, new = (networks.components()[component][0].state_dict() for networks in (before, after))
        for name, value in old.items():
            if value.is_floating_point():
                torch.testing.assert_close(new[name], value, rtol=2**-10, atol=2**-24)


def test_equal_weights_are_not_merged() -> None:
    """Two fresh norms are equal tensors; the exporter would make one of them, and the other's weights would be lost."""
    fresh = Networks.build(CONFIGURATIONS)
    function = shuffled(fresh.components())["style"]
    _, names = trace(*function, signatures(fresh)["style"])
    expected = {name for name, value in fresh.style.state_dict().items() if value.is_floating_point()}
    assert set(names) == expected


def test_weights_that_lie_channels_last_are_stored_as_they_are_read() -> None:
    """safetensors 0.8.0's numpy.save writes an array as it lies in memory, under its shape (0.7.0 did not)."""
    convolution = torch.nn.Conv2d(3, 4, 3)
    laid = copy.deepcopy(convolution).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    read = load(save(*once(stored("part", laid, ["weight"]))))["part/weight"]
    assert np.array_equal(read, convolution.weight.detach().half().numpy())


@pytest.mark.parametrize("value", [1e6, float("nan"), float("inf")])
def test_weights_beyond_float16_are_refused(value: float) -> None:
    networks = small_networks()
    with torch.no_grad():
        networks.projector.layers[0].weight[0, 0] = value
    with pytest.raises(ValueError, match=r"project/layers\.0\.weight holds values"):
        stored("project", networks.projector, ["layers.0.weight"])


def test_an_export_that_fails_leaves_no_bundle(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{}")
    networks = small_networks()
    with torch.no_grad():
        networks.autoencoder.encoder[1].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="must be finite"):
        export(networks, CARD, tmp_path)
    assert not (tmp_path / MANIFEST).exists()
