"""`parasol set` killed at five moments: the same command then makes the same set, byte for byte."""

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from forked import ended, forked
from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.progress import Progress


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


def killed_before(rename: int, words: list[str]) -> Callable[[], int]:
    """What kills its process before it brings a file into its place: the first, or one later."""
    renames, replace = itertools.count(), Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if next(renames) == rename:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    def work() -> int:
        Path.replace = replaced  # type: ignore[method-assign]
        return main(words)

    return work


def test_a_set_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of an icon come into place by a rename each: kills before the first, between them, before the last."""
    monkeypatch.chdir(tmp_path)
    icons(2)
    words = ["set", "in", "--like", "like", "--model", str(model.bundle.folder), "--steps", "1", "--sizes", "24", "-o"]
    monkeypatch.setattr("parasol.runtime.onnx.available_cores", lambda: 1)  # one icon after the other, as on one core
    assert main([*words, "whole"]) == 0
    for rename in (0, 1, 1, 2, 2):
        assert ended(forked(killed_before(rename, [*words, "killed"]))) == -signal.SIGKILL, rename
    assert main([*words, "killed"]) == 0
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
