"""Commands that a studio's resident process runs: the same files and words, exit codes, Ctrl-C; and who has none."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from parasol.apps import handover
from parasol.apps.cli import main
from parasol.apps.commands import COMMANDS
from parasol.apps.handover import handed_over, meeting_place
from parasol.apps.resident import resident
from parasol.apps.start import DRAWING, NO_SERVER
from parasol.bundle import Bundle
from parasol.images import save_png


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where a resident process listens; a short path, for sockets take no long one."""
    folder = Path(tempfile.mkdtemp(prefix="rt"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.delenv("PYTHONPATH", raising=False)  # it may name the folder of whoever asks
        with resident():
            yield listening()
        assert not [*folder.rglob("*.socket")], "nothing is left behind"
    shutil.rmtree(folder)


def listening(other_than: int = 0) -> Path:
    """The socket, once a process listens that is not this one."""
    place = meeting_place()
    assert place is not None
    for _ in range(300):
        if process_at(place) not in (0, other_than):
            return place
        time.sleep(0.1)
    raise AssertionError("nobody listens")


def process_at(place: Path) -> int:
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(place))
        except OSError:
            return 0
        return int.from_bytes(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), sys.byteorder)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    random = np.random.default_rng(0)
    for name in ("content", "style"):
        save_png(tmp_path / f"{name}.png", random.random((48, 48, 3)).astype(np.float32))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def words(folder: Path, bundle: Bundle) -> list[str]:
    return ["style", "content.png", "--like", "style.png", "--model", str(bundle.folder), "--steps", "2"]


def test_what_is_handed_over_draws_the_same(
    place: Path, folder: Path, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("first.png", "second.png"):
        assert handed_over([*words, "-o", name]) == 0
    assert capfd.readouterr().out == "first.png\nsecond.png\n"
    assert main([*words, "-o", "alone.png", NO_SERVER]) == 0
    alone = (folder / "alone.png").read_bytes()
    assert (folder / "first.png").read_bytes() == (folder / "second.png").read_bytes() == alone


def test_errors_come_back(place: Path, words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert handed_over([*words, "--like", "nowhere.png", "-o", "out.png"]) == 2
    assert "'nowhere.png' does not exist" in capfd.readouterr().err
    assert not Path("out.png").exists()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "change",
    [
        lambda words, patch: [*words, NO_SERVER],
        lambda words, patch: ["style", "/dev/fd/0", *words[2:]],
        lambda words, patch: patch.setenv("PARASOL_CACHE", "elsewhere") or words,
        lambda words, patch: patch.setattr(handover, "surroundings", lambda: {"nice": 15}) or words,
        lambda words, patch: patch.setattr(handover, "program", lambda: "another") or words,
        lambda words, patch: patch.setattr("sys.stdout", None) or words,
    ],
    ids=["no server", "own files", "settings", "limits", "another program", "no stream"],
)
def test_what_would_be_run_otherwise_is_not_handed_over(
    change: Callable[..., list[str]], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert handed_over(change([*words, "-o", "out.png"], monkeypatch)) is None
    assert not Path("out.png").exists()


def reading(words: list[str], then: Callable[[], None]) -> int | None:
    """The exit code of a command that waits for a picture on standard input, where none comes."""
    keep, (there, here) = os.dup(0), os.pipe()
    os.dup2(there, 0)
    timer = threading.Timer(1.5, then)
    timer.start()
    try:
        return handed_over(["style", "-", *words[2:], "-o", "out.png"])
    finally:
        timer.cancel()
        os.dup2(keep, 0)
        for stream in (keep, there, here):
            os.close(stream)


def test_ctrl_c_reaches_the_command(place: Path, words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert reading(words, lambda: os.kill(os.getpid(), signal.SIGINT)) == 130
    assert capfd.readouterr().err == "parasol: stopped; what was finished is kept\n"
    assert handed_over([*words, "-o", "after.png"]) == 0, "it goes on working"


def test_who_finds_it_busy_works_alone(place: Path, words: list[str]) -> None:
    found: list[int | None] = []

    def ask() -> None:
        found.append(handed_over([*words, "-o", "other.png"]))
        os.kill(os.getpid(), signal.SIGINT)

    assert reading(words, ask) == 130
    assert found == [None]


def test_garbage_and_silence_hinder_nobody(place: Path, words: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        for text in (b"", b"+", b"+{}\n", b"+[]\n", b"+" + b"x" * 1000):
            line = stack.enter_context(socket.socket(socket.AF_UNIX))
            line.connect(str(place))
            line.sendall(text)
        assert handed_over([*words, "-o", "out.png"]) == 0


def test_the_second_studio_takes_over_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="rt"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    with contextlib.ExitStack() as first:
        first.enter_context(resident())
        process = process_at(listening())
        with resident():
            first.close()
            listening(process)
    assert not [*folder.rglob("*.socket")]
    shutil.rmtree(folder)


def test_one_that_ends_is_said_and_begun_again(
    place: Path, words: list[str], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    process = process_at(place)
    assert reading(words, lambda: os.kill(process, signal.SIGKILL)) == 2
    assert "ended meanwhile: run it again, or with --no-server" in capfd.readouterr().err
    listening(process)
    for name in ("typer", "numpy"):  # what lies in the caller's folder is no module of a process that imports there
        (folder / f"{name}.py").write_text("raise SystemExit(7)")
    assert handed_over([*words, "-o", "again.png"]) == 0


def test_the_commands_are_there() -> None:
    assert {*DRAWING} <= {*COMMANDS}


def test_a_folder_of_others_is_not_trusted(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="rt"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / f"parasol-{os.getuid()}").mkdir(mode=0o777)
    (folder / f"parasol-{os.getuid()}").chmod(0o777)
    with resident():
        assert not [*folder.rglob("*.socket")]
        assert handed_over([*words, "-o", "out.png"]) is None
    shutil.rmtree(folder)
