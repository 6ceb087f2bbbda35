"""Many processes take the step that one would: gradients are averaged, parts are alike, one of them writes."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import train_in_processes
from parasol.corpora import Corpus
from parasol.training.loop import STATE
from parasol.training.processes import ALONE, Part, Processes, launched
from parasol.training.recipes import Places
from parasol.training.train import train
from test_training_loop import EVERYTHING, corpus, diffusion, runs  # noqa: F401 (two fixtures)

pytestmark = pytest.mark.slow

STEPS = 5
NOISE = 1e-6  # root of Adam's second moment after so few steps


def torchrun(corpus: Corpus, runs: Path, steps: int) -> list[dict]:  # noqa: F811
    """Two processes on this machine; what they print."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [train_in_processes.__file__, str(corpus.folder), str(runs), str(steps)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_two_processes_end_where_one_does_and_resume(corpus: Corpus, runs: Path, tmp_path: Path) -> None:  # noqa: F811
    one, two = (Path(shutil.copytree(runs, tmp_path / name)) for name in ("one", "two"))
    alone = list(train(train_in_processes.recipe(STEPS), Places(corpus=corpus.folder, runs=one)))
    places = Places(corpus=corpus.folder, runs=two)
    together = torchrun(corpus, two, 3) + [asdict(event) for event in train(train_in_processes.recipe(STEPS), places)]

    steps = [event for event in together if event["kind"] == "step"]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5], "one of two tells, and one alone goes on"
    expected = [event.figures for event in alone if event.kind == "step"]
    for found, wanted in zip(steps, expected, strict=True):
        assert found["figures"] == pytest.approx(wanted, rel=4e-4, abs=1e-6)  # half of one of bfloat16's 8 bits is 2e-3
    assert any(figures["of_style"] > 0.0 for figures in expected), "the modality losses were split too"

    ours, theirs = (load_file(folder / "brief" / STATE) for folder in (one, two))
    assert ours.keys() == theirs.keys()
    model = diffusion(corpus, runs, training=train_in_processes.IN_FLOAT32, modulated=0).model
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


@pytest.mark.parametrize("count", [2, 4])
def test_the_mean_over_the_parts_is_the_loss_of_the_whole(corpus: Corpus, runs: Path, count: int) -> None:  # noqa: F811
    task = diffusion(corpus, runs, training=train_in_processes.IN_FLOAT32)
    for step in range(3):
        task.part = Part()
        whole, figures = task.loss(task.model, step)
        parts = []
        for rank in range(count):
            task.part = Part(rank=rank, count=count)
            parts.append(task.loss(task.model, step))
        assert np.mean([loss.item() for loss, _ in parts]) == pytest.approx(whole.item(), rel=1e-5)
        for name, value in figures.items():
            assert np.mean([float(part[name]) for _, part in parts]) == pytest.approx(float(value), rel=1e-4, abs=1e-7)
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
