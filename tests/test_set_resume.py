"""`parasol set` killed at five moments: the same command then makes the same set, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.progress import Progress

KILLED = """
import os, signal, sys
from pathlib import Path
import parasol.pipeline, parasol.vector  # once for all children
from parasol.apps.cli import main

OUT, MODEL = sys.argv[1:]
WORDS = ["set", "in", "--like", "like", "-o", OUT, "--model", MODEL, "--steps", "1", "--sizes", "24"]
kept = Path.replace

def until(moment):
    left = iter(range(moment, -1, -1))
    def replace(self, target):
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return kept(self, target)
    return replace

for moment in (0, 1, 1, 2, 2):
    child = os.fork()
    if child == 0:
        Path.replace = until(moment)
        os._exit(main(WORDS))
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, moment
sys.exit(main(WORDS))
"""
"""Files of an icon come into place by a rename each: the kills fall before the first, between them, before the last."""


def drawn(path: Path, colour: str, corner: int) -> None:
    picture = Image.new("RGBA", (48, 48))
    ImageDraw.Draw(picture).rounded_rectangle((6, 6, 41, 41), corner, fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def icons(count: int) -> None:
    """A folder of icons, and one of a reference."""
    for number in range(count):
        drawn(Path(f"in/{number}.png"), "#000000", 4 * number)
    drawn(Path("like/a.png"), "#2859c5", 9)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_set_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    icons(2)
    command = [sys.executable, "-c", KILLED, "killed", str(model.bundle.folder)]
    subprocess.run(command, check=True, env={**os.environ, "PARASOL_THREADS": "1"}, capture_output=True, timeout=600)
    words = ["--model", str(model.bundle.folder), "--steps", "1", "--sizes", "24"]
    monkeypatch.setattr("parasol.runtime.onnx.available_cores", lambda: 1)  # one icon after the other, as on one core
    assert main(["set", "in", "--like", "like", "-o", "whole", *words]) == 0
    whole = files(Path("whole"))
    assert files(Path("killed")) == whole
    assert sorted(whole) == [
        "24/0.png", "24/1.png", "png/0.png", "png/1.png", "set.json", "sheet.png", "svg/0.svg", "svg/1.svg",
    ]  # fmt: skip


def test_a_folder_with_other_things_in_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn(Path("in/a.png"), "#000000", 4)
    drawn(Path("out/mine.png"), "#2859c5", 9)
    assert main(["set", "in", "--like", "in/a.png", "-o", "out"]) == 2
    assert "other things in it" in capsys.readouterr().err
    drawn(Path("own/png/a.png"), "#2859c5", 9)
    assert main(["set", "in", "--like", "in/a.png", "-o", "own"]) == 2
    assert "Parasol did not make it" in capsys.readouterr().err
    assert main(["set", "in", "--like", "own/png/a.png", "-o", "own"]) == 2
    assert "which goes in" in capsys.readouterr().err
    assert [*files(Path("own"))] == ["png/a.png"]


def test_ctrl_c_ends_what_is_drawn_and_begins_no_more(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    icons(5)
    monkeypatch.setattr("parasol.runtime.onnx.available_cores", lambda: 2)
    update = Progress.update

    def interrupted(self: Progress, done: int, count: int, *note: str) -> None:
        update(self, done, count, *note)
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "update", interrupted)
    words = ["set", "in", "--like", "like", "-o", "out", "--model", str(model.bundle.folder), "--steps", "40"]
    assert main(words) == 130
    assert 1 <= len(list(Path("out/png").iterdir())) <= 2, "the first, and the second if it was just done"
    assert not Path("out/set.json").exists()
