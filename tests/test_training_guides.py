"""Training a guide: walks are as painting takes them, their rows are kept, and what is to be learned is learned."""

from pathlib import Path

import numpy as np
import pytest
import torch

from parasol.bundle import Bundle
from parasol.maths.guidance import joint_weights
from parasol.networks.guide import Guide, GuideConfig
from parasol.runtime.onnx import OnnxComponents
from parasol.training.checkpoint import BEST
from parasol.training.guides import GuideTask, guide_of
from parasol.training.loop import Optimisation, run
from parasol.training.scenes import Scenes
from parasol.training.walks import CHUNK, Rows, WalkPlan, _walk, walked

PLAN = WalkPlan(walks=3, fresh=1)
HELD = WalkPlan(walks=1, held=True)
NETWORK = GuideConfig(widths=(16, 16, 16), heard=16)


def some_scenes(bundle: Bundle, seed: int) -> Scenes:
    """Six content pictures and two groups of styles, of chance."""
    generator, manifest = torch.Generator().manual_seed(seed), bundle.manifest

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).half()

    return Scenes(
        latents=some(6, manifest.latent_channels, 16, 16),
        content=torch.nn.functional.normalize(some(6, manifest.content.dimension), dim=1),
        places=torch.nn.functional.normalize(some(6, manifest.content_map, manifest.content.dimension), dim=2),
        own=some(6, manifest.style.dimension),
        styles=some(2, 8, manifest.style.dimension),
    )


@pytest.fixture(scope="module")
def components(mapped: Bundle) -> OnnxComponents:
    return OnnxComponents(mapped, threads=1)


@pytest.fixture(scope="module")
def data(components: OnnxComponents, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, Scenes]:
    scenes = some_scenes(components.bundle, 0)
    return walked(components, scenes, PLAN, tmp_path_factory.mktemp("walks")), scenes


@pytest.fixture(scope="module")
def task(data: tuple[Rows, Scenes], components: OnnxComponents, tmp_path_factory: pytest.TempPathFactory) -> GuideTask:
    unseen = some_scenes(components.bundle, 1)
    held = walked(components, unseen, HELD, tmp_path_factory.mktemp("held")), unseen
    return GuideTask(components.bundle, NETWORK, data, held, 8)


def test_rows_are_what_the_network_says(data: tuple[Rows, Scenes], components: OnnxComponents) -> None:
    rows, scenes = data
    for row in (0, len(rows.t) - 1):
        tokens = torch.cat([
            rows.style[row][None], scenes.content[rows.scene[row].long()].float()[None],
            scenes.places[rows.scene[row].long()].float(),
        ])[None].numpy()  # fmt: skip
        z, t = rows.z[row].float().numpy()[None], int(rows.t[row])
        without = tokens.copy()
        without[:, 0] = 0.0
        for branch, heard in ((rows.joint, tokens), (rows.content, without), (rows.null, np.zeros_like(tokens))):
            assert np.abs(components.denoise(z, t, heard)[0] - branch[row].float().numpy()).max() < 0.02  # of float16


def test_walks_that_are_there_are_not_walked_again(
    components: OnnxComponents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = some_scenes(components.bundle, 0)
    plan = WalkPlan(walks=CHUNK + 1, fresh=CHUNK)  # two files
    first = walked(components, scenes, plan, tmp_path)
    (tmp_path / f"{CHUNK:05}.safetensors").unlink()
    monkeypatch.setattr("parasol.training.walks._walk", lambda _components, _scenes, _plan, number: (
        pytest.fail("walked again") if number < CHUNK else _walk(components, scenes, plan, number)
    ))  # fmt: skip
    second = walked(components, scenes, plan, tmp_path)
    assert all(torch.equal(getattr(first, name), getattr(second, name)) for name in ("z", "t", "null", "joint"))


def test_a_guide_learns_and_a_run_resumes(
    data: tuple[Rows, Scenes], components: OnnxComponents, tmp_path: Path
) -> None:
    task = GuideTask(components.bundle, NETWORK, data, data, 8)  # what it is shown: the small model is of chance
    before = task.validate(task.model)["score"]
    assert before == pytest.approx(1.0), "at first it says that nothing differs"
    optimisation = Optimisation(
        steps=60, batch=8, learning_rate=5e-3, warmup=1, average=0.5, validate_every=60, save_every=20
    )
    events = [event for event in run(task, optimisation, tmp_path / "run", {}) if event.kind == "validation"]
    assert events[-1].figures["score"] < 0.9
    guide = guide_of(tmp_path / "run", NETWORK)
    assert task.validate(guide)["score"] == pytest.approx(events[-1].figures["score"])
    assert (tmp_path / "run" / BEST).exists()


def test_the_score_is_of_what_guidance_adds(task: GuideTask, data: tuple[Rows, Scenes]) -> None:
    own = task._own
    weights = joint_weights(5.0, 5.0)  # of the small model's own scales
    assert own == (weights.null, weights.content)

    class Knows(Guide):
        """Says what is asked for, half of it."""

        def forward(self, z: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            rows, _scenes = task._held
            places = [int((rows.z.float() == latent).flatten(1).all(1).nonzero()[0, 0]) for latent in z]
            batch = task._taken(task._held, torch.tensor(places))
            return 0.5 * batch.apart

    assert task.validate(Knows(NETWORK))["score"] == pytest.approx(0.25, rel=1e-3)
