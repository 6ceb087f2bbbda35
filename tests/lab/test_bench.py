"""The benchmark's parts do what they say; how long they take is nobody's assertion."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lab.speed import downloads, peak
from lab.speed import run as bench
from lab.speed.against import pair, unpack
from lab.speed.embedding import EmbeddingSpeed, embedding_speed
from lab.speed.machine import CHILD, cpu_name, import_seconds, run_parasol
from lab.speed.step import step_speed
from lab.speed.training import TrainingSpeed, training_speed
from lab.speed.training import main as training_speed_main
from parasol.bundle import Bundle
from parasol.training.loop import Optimisation, Task

ROOT = Path(__file__).parents[2]


def test_importing_parasol_loads_nothing_heavy() -> None:
    assert import_seconds("import parasol")[1] == []
    assert import_seconds("import onnxruntime")[1] == ["onnxruntime"]


def test_memory_is_the_childs_own() -> None:
    """This process has torch loaded, which must not be counted."""
    code = "import sys; sys.stdout.write('words'); block = b'x' * 60_000_000"
    child = [sys.executable, "-P", str(CHILD), sys.executable, "-c"]
    large, small = (
        json.loads(subprocess.run([*child, text], capture_output=True, check=True).stdout) for text in (code, "pass")
    )
    assert 50e6 < large["peak_bytes"] - small["peak_bytes"] < 80e6
    assert small["peak_bytes"] < 50e6


def test_two_trees_are_measured_by_turns(tmp_path: Path) -> None:
    turns: list[Path] = []

    def measure(source: Path) -> tuple[float, float]:
        turns.append(source)
        return (1.0, 100.0) if source == Path("src").resolve() else (3.0, 50.0)

    found = pair("work", measure, tmp_path, 2)
    assert turns == [Path("src").resolve(), tmp_path] * 2
    assert (found.here, found.cpu_ratio, found.memory_ratio) == (1.0, 3.0, 2.0)
    with pytest.raises(ValueError, match="'nowhere' is no commit to measure against"):
        unpack("nowhere", tmp_path)


def test_a_failing_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"parasol style failed: parasol: error: .*there is no model"):
        run_parasol("style", "a.png", "--like", "b.png", "-o", str(tmp_path / "c.png"), "--model", str(tmp_path / "d"))


def test_both_sides_take_the_same_step(bundle: Bundle, threads: int) -> None:
    found = step_speed(bundle, threads=threads, pairs=2)
    assert found.difference < 1e-3
    assert min(found.onnx_ms, found.torch_ms, found.ratio) > 0


def test_encoders_arithmetic_is_counted(bundle: Bundle) -> None:
    """Twice the arithmetic in the same time is twice the share; the trunks are the same but for their length."""
    style, content = embedding_speed(bundle, threads=1, rounds=3)
    assert (style.encoder, content.encoder) == ("style", "content")
    assert min(style.milliseconds, content.milliseconds) > 0.0
    assert 0.01 < style.gflop < 1.0
    assert 0.01 < content.gflop < 1.0
    assert EmbeddingSpeed(encoder="style", milliseconds=20.0, gflop=2.0).share_of(200.0) == pytest.approx(0.5)


class Lines(Task):
    """Two linear layers on a batch of 10."""

    def __init__(self) -> None:
        self.model = nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 40))

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        return model(torch.ones(10, 20)).square().mean(), {}

    def validate(self, model: nn.Module) -> dict[str, float]:
        raise AssertionError("nothing is validated while steps are timed")


def test_arithmetic_of_a_training_step_is_counted_forwards_and_backwards() -> None:
    found = training_speed(Lines(), Optimisation(steps=5, batch=10, learning_rate=1e-3), 3)
    first, second = 2 * 10 * 20 * 30, 2 * 10 * 30 * 40
    # Each layer once forwards, once for its weights, and the second once for its input.
    assert found.gflop == pytest.approx((2 * first + 3 * second) / 1e9)
    assert found.seconds > 0.0
    assert TrainingSpeed(seconds=2.0, gflop=300.0).share_of(200.0) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("recipe", "complaint"), [("nothing", "there is no recipe 'nothing'"), ("pictogram-words", "no modality losses")]
)
def test_training_speed_is_of_diffusion_recipes(
    recipe: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--corpus", str(tmp_path), "--runs", str(tmp_path), "--recipe", recipe]
    with pytest.raises(SystemExit, match="2"):
        training_speed_main(words)
    assert complaint in capsys.readouterr().err


def test_the_table(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(bench, "IMPORTS", 1)
    monkeypatch.setattr(bench, "RUNS", 1)
    for name, value in (("MATRIX", 64), ("BATCH", 1), ("ROUNDS", 1)):
        monkeypatch.setattr(peak, name, value)
    monkeypatch.setattr("lab.speed.step.step_speed", partial(step_speed, pairs=1))
    monkeypatch.setattr("lab.speed.embedding.embedding_speed", partial(embedding_speed, rounds=1))
    assert bench.main(["--model", str(bundle.folder), "--json", str(tmp_path / "bench.json")]) == 0
    found = {row["what"].strip(): row["value"] for row in json.loads((tmp_path / "bench.json").read_text())}
    assert found["processor"] == cpu_name()
    assert found["heavy modules that it loads"] == "none"
    assert found["bundle"] == pytest.approx(sum(file.stat().st_size for file in bundle.folder.iterdir()) / 1e6)
    assert found["largest resident memory"] > 50
    assert len(capsys.readouterr().out.splitlines()) == len(json.loads((tmp_path / "bench.json").read_text()))


def test_a_bench_without_a_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main(["--model", str(tmp_path / "none")])
    assert "there is no model" in capsys.readouterr().err


def test_the_core_asks_for_no_training() -> None:
    names = " ".join(downloads.core_requirements())
    assert "numpy" in names
    assert "torch" not in names
