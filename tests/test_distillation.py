"""Distillation: the teacher is guidance itself, walks are as painting takes them, and a run resumes exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from parasol.bundle import Bundle
from parasol.sampling.guided import guided
from parasol.sampling.sampler import ddim, dpm, restyle
from parasol.student import SINCE
from parasol.training.checkpoint import BEST
from parasol.training.distillation import DistillationTask, Distilling, Walk, _rows, _step, student_of
from parasol.training.loop import Optimisation, run
from parasol.training.scenes import Scenes
from parasol.types import Condition

PLAN = Distilling(rank=2, trajectories=3, held=1)


def scenes(bundle: Bundle, seed: int) -> Scenes:
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
def task(mapped: Bundle) -> DistillationTask:
    return DistillationTask(mapped, scenes(mapped, 0), scenes(mapped, 1), PLAN)


def predictor(task: DistillationTask, walk: Walk, style: torch.Tensor) -> Any:
    """The guided predictor that painting would call."""

    def denoise(z: torch.Tensor, t: int, tokens: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return task._predict(task.weights, z, torch.full((len(z),), t), tokens)

    condition = Condition(style=style[None], content=walk.content[None], content_map=walk.places[None])
    joint = walk.weights.joint != 0.0
    return guided(denoise, condition, g_s=walk.scales[0], g_y=walk.scales[1], joint=joint)


def test_a_walk_by_the_teacher_is_the_one_that_painting_takes(task: DistillationTask) -> None:
    walks = [task._walk(number) for number in range(40)]
    walk = next(
        one for one in walks if one.mapped == (True, True) and not one.fresh and 0 < one.lam < len(one.steps) - 2
    )
    source, target = (predictor(task, walk, style) for style in (walk.own, walk.style))
    chain = [z[None] for z in walk.chain[: len(walk.steps) + 1]]
    ways = restyle(source, target, chain, walk.steps, lam=walk.lam, sampler=dpm if walk.second else ddim)
    painted = dict(ways)
    z, before = walk.chain[walk.lam], torch.zeros(2, 1, *walk.chain[0].shape)
    for done in range(walk.lam, len(walk.steps)):
        rows = _rows([walk], torch.tensor([done]), z[None])
        wanted = task.teach(rows)
        assert torch.allclose(wanted[:1], target(z[None], walk.steps[done].t), atol=2e-4)
        z = _step(walk, 0, done, z, rows, wanted, before, velocity=task.velocity)
        assert torch.allclose(z[None], painted[done + 1], atol=2e-3)


def test_walks_are_all_that_a_student_is_asked(task: DistillationTask) -> None:
    walks = [task._walk(number) for number in range(200)]
    assert all(step.t >= SINCE for walk in walks for step in walk.steps)
    assert {walk.fresh for walk in walks} == {walk.by_student for walk in walks} == {False, True}
    assert {len(walk.steps) for walk in walks} >= {6, 13, 33}
    assert min(walk.scales[0] for walk in walks) == 0.0 < max(walk.scales[0] for walk in walks) <= 3.0
    again = task._walk(17)
    assert again.scales == walks[17].scales
    assert all(torch.equal(*pair) for pair in zip(again.chain, walks[17].chain, strict=True))


def test_a_student_learns_and_a_run_that_stops_goes_on_exactly(mapped: Bundle, tmp_path: Path) -> None:
    def train(folder: Path, stop: int = 0) -> list[float]:
        task = DistillationTask(mapped, scenes(mapped, 0), scenes(mapped, 1), PLAN)
        plan = Optimisation(
            steps=6, batch=3, learning_rate=3e-3, warmup=1, average=0.5, validate_every=6, save_every=50
        )
        events = run(task, plan, folder, {"recipe": "test"})
        scores = []
        for event in events:
            scores += [event.figures["score"]] if event.kind == "validation" else []
            if event.kind == "step" and event.step == stop:
                events.close()
                return scores
        return scores

    scores = train(tmp_path / "whole")
    assert train(tmp_path / "parts", stop=3) == []
    assert train(tmp_path / "parts") == scores
    assert scores[0] < 1.0
    whole, parts = (load_file(tmp_path / name / BEST) for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    student = student_of(tmp_path / "whole", mapped, PLAN)
    assert student.adaptation.model == mapped.identity
    assert np.abs(student.second).max() > 0.0
