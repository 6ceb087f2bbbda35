"""The node pack against the published API, and its example workflow with the bundled model."""

import asyncio
import importlib.util
import inspect
import json
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from published_comfy_api import install

PACK = Path(__file__).parents[1] / "comfyui"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def pack() -> ModuleType:
    """The pack, loaded by its folder as the host loads it."""
    install()
    spec = importlib.util.spec_from_file_location(
        "parasol_pack", PACK / "__init__.py", submodule_search_locations=[str(PACK)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parasol_pack"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nodes(pack: ModuleType) -> dict[str, Any]:
    async def listed() -> list[Any]:
        return await (await pack.comfy_entrypoint()).get_node_list()

    return {node.define_schema().node_id: node for node in asyncio.run(listed())}


def test_every_node_takes_what_its_schema_names(nodes: dict[str, Any]) -> None:
    assert len(nodes) == 5
    for name, node in nodes.items():
        schema = node.define_schema()
        assert name.startswith("Parasol"), "ids are global in the host"
        assert schema.display_name
        assert schema.category == "Parasol"
        taken = inspect.signature(node.execute).parameters
        ids = [socket.id for socket in schema.inputs]
        assert len({*ids}) == len(ids)
        if not any(one.kind is one.VAR_KEYWORD for one in taken.values()):
            assert {*taken} == {*ids}
            optional = {socket.id for socket in schema.inputs if socket.settings.get("optional")}
            assert {key for key, one in taken.items() if one.default is not one.empty} == optional
        for socket in schema.inputs:
            low, default, high = (socket.settings.get(key) for key in ("min", "default", "max"))
            assert low is None or low <= default <= high


def image(path: Path) -> torch.Tensor:
    return torch.from_numpy(np.asarray(Image.open(path).convert("RGB"), np.float32) / 255.0)[None]


def clear(path: Path) -> torch.Tensor:
    """As the host tells what is transparent."""
    return 1.0 - torch.from_numpy(np.asarray(Image.open(path).getchannel("A"), np.float32) / 255.0)[None]


def on_white(path: Path) -> Image.Image:
    colours, alpha = image(path)[0].numpy(), 1.0 - clear(path)[0, :, :, None].numpy()
    return Image.fromarray(np.rint((alpha * colours + 1.0 - alpha) * 255.0).astype(np.uint8))


def run(nodes: dict[str, Any], workflow: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Every node of a workflow after those that it takes from."""
    done: dict[str, tuple[Any, ...]] = {}
    for key, step in workflow.items():  # the example lists them in order
        inputs = {
            name: done[value[0]][value[1]] if isinstance(value, list) else value
            for name, value in step["inputs"].items()
        }
        if step["class_type"] == "LoadImage":
            done[key] = (image(EXAMPLES / inputs["image"]), clear(EXAMPLES / inputs["image"]))
        elif step["class_type"] == "SaveImage":
            done[key] = (inputs["images"],)
        else:
            done[key] = nodes[step["class_type"]].execute(**inputs).args
    return done


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    found = json.loads((PACK / "example" / "stylize.json").read_text())
    found["5"]["inputs"]["steps"] = 2
    return found


def test_the_example_names_inputs_that_are_there(nodes: dict[str, Any], workflow: dict[str, Any]) -> None:
    for step in workflow.values():
        if step["class_type"] in nodes:
            sockets = nodes[step["class_type"]].define_schema().inputs
            needed = {socket.id for socket in sockets if not socket.settings.get("optional")}
            assert needed <= {*step["inputs"]} <= {socket.id for socket in sockets}


def test_the_example_draws_what_the_package_draws(nodes: dict[str, Any], workflow: dict[str, Any]) -> None:
    from parasol import Parasol

    done = run(nodes, workflow)
    drawn, recipe = done["6"]
    assert drawn.dtype == torch.float32
    assert done["8"][0].shape == drawn.shape
    assert float(done["8"][0][0, 0, 0].min()) > 0.9, "colours below what is transparent are nobody's"
    wanted = Parasol.load("pictogram").stylize(
        on_white(EXAMPLES / "content.png"),
        on_white(EXAMPLES / "style.png"),
        structure=0.4,
        steps=2,
        sampler="dpm",
        seed=1,
        size=128,
    )
    np.testing.assert_array_equal(np.rint(drawn[0].numpy() * 255.0), np.asarray(wanted.image.convert("RGB")))
    assert json.loads(recipe)["dials"]["structure"] == 0.4
    assert sys.modules["comfy.utils"].ProgressBar.told[-1] == (2, 2)


def test_styles_are_chained_and_every_content_of_a_batch_is_drawn(nodes: dict[str, Any]) -> None:
    picture, other = image(EXAMPLES / "content.png"), image(EXAMPLES / "style.png")
    style = nodes["ParasolStyleFromPictures"].execute
    (mixed,) = style(other, -0.5, style(torch.cat([other, other]), 1.0).args[0]).args
    assert [weight for _, weight in mixed] == [0.5, 0.5, -0.5]
    (model,) = nodes["ParasolLoadModel"].execute("pictogram").args
    dials = nodes["ParasolDials"].execute(structure=1.0, style_scale=-1.0, steps=1, fresh=False).args[0]
    assert dials == {"structure": 1.0, "steps": 1, "fresh": False}
    drawn, _ = nodes["ParasolStylize"].execute(model, torch.cat([picture, picture]), mixed[:1], 1, 64, dials).args
    assert drawn.shape[0] == 2
    torch.testing.assert_close(drawn[0], drawn[1])
    with pytest.raises(ValueError, match="give both one size"):
        style(other, 1.0, mask=torch.ones(1, 64, 64))
    with pytest.raises(ValueError, match="no content picture or no style"):
        nodes["ParasolStylize"].execute(model, picture, [], 1, 64, dials)


def test_the_pack_meets_the_registrys_rules_and_brings_no_torch() -> None:
    told = tomllib.loads((PACK / "pyproject.toml").read_text())
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]*([-_.][a-zA-Z0-9]+)*", told["project"]["name"])
    assert "comfyui" not in told["project"]["name"].lower()
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["project"]["version"])
    assert told["project"]["dependencies"] == ["parasol-style"]
    assert told["tool"]["comfy"]["DisplayName"] == "Parasol"
