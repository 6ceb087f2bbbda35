"""One bad file, or one odd world, stops nothing else: cut-off files, pipes, loops, closed streams, names, Ctrl-C."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.start import STOPPED
from parasol.images import PictureError, check_target, load, read, write_atomic
from small_model import drawing


def several(kind: str) -> bytes:
    file = io.BytesIO()
    frames = [drawing(seed, 24, 24) for seed in range(3)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_files_of_several_pictures_that_break_off_anywhere_are_told_in_one_line(kind: str) -> None:
    data = several(kind)
    for cut in range(1, len(data), max(1, len(data) // 400)):
        with contextlib.suppress(PictureError):  # and no other error
            load(data[:cut])


def odd_folder() -> list[str]:
    """A folder of a good picture and files that are none; their names."""
    folder = Path("in")
    folder.mkdir()
    drawing(1).save(folder / "good.png")
    data = several("GIF")
    (folder / "cut.gif").write_bytes(data[: len(data) * 2 // 3])
    (folder / "cut.tif").write_bytes(several("TIFF")[:-40])
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    return ["cut.gif", "cut.tif", "loop.png", "pipe.png"]


def test_a_folder_run_goes_on_past_odd_files(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = odd_folder()
    drawing(0).save("style.png")
    few = ["--steps", "1", "--model", str(model.bundle.folder)]
    assert main(["style", "in", "--like", "style.png", "-o", "out", *few]) == 2
    out, err = capsys.readouterr()
    assert out == "out/good.png\n"
    *errors, summary = err.splitlines()
    assert all(name in line for name, line in zip(odd, errors, strict=True))
    assert summary.startswith("parasol: 4 of 5 pictures failed")


def test_an_index_goes_on_past_odd_files(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = odd_folder()
    Path("elsewhere").mkdir()
    Path("in/linked").symlink_to("../elsewhere")
    assert main(["index", "build", "in", "-o", "index", "--model", str(model.bundle.folder)]) == 0
    out, err = capsys.readouterr()
    assert "1 pictures" in out
    assert "5 skipped" in out
    assert all(name in err for name in [*odd, "in/linked"])


def test_links_that_lead_round_in_a_circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop.name)
    with pytest.raises(PictureError, match="cannot be written"):
        check_target(loop)
    with pytest.raises(PictureError, match="cannot be read"):
        load(loop)
    assert main(["index", "build", str(loop), "-o", str(tmp_path / "index")]) == 2
    assert "is no folder" in capsys.readouterr().err


class Endless(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_replay_of_endless_input_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 3_000_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    assert main(["replay", "-", "-o", "never.png"]) == 2
    assert "standard input has more than 3 MB" in capsys.readouterr().err
    assert main(["replay", "/dev/zero", "-o", "never.png"]) == 2
    assert "'/dev/zero' has more than 3 MB" in capsys.readouterr().err


def test_closed_streams_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(PictureError, match="standard input cannot be read"):
        load("-")
    with pytest.raises(PictureError, match="standard output cannot be written"):
        write_atomic("-", b"")


RUN = "import sys; from parasol.apps.start import main; sys.exit(main())"


def run(words: list[str], *, streams: str = "", code: str = RUN, **environment: str) -> subprocess.CompletedProcess:
    """The program in a shell of its own, its streams redirected as told."""
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", code, *words]
    return subprocess.run(
        command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **environment}
    )


def test_closed_standard_error_costs_nothing() -> None:
    done = run(["models"], streams="2>&-")
    assert done.returncode == 0
    assert b"pictogram" in done.stdout
    refused = run(["replay", "nowhere.png"], streams="2>&-")
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, b"", b"")


def test_standard_output_that_takes_nothing_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    done = run(["models"], streams="> /dev/full")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"a standard stream fails (No space left on device)" in done.stderr
    closed = run(["models"], streams=">&-")
    assert (closed.returncode, closed.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_standard_output_cannot_spell(encoding: str, tmp_path: Path) -> None:
    picture = drawing(0, 32, 32)
    name = os.fsencode(tmp_path) + b"/\xff\xc3\xa9.png"
    with open(name, "wb") as file:  # noqa: PTH123 (bytes)
        picture.save(file, "PNG")
    target = os.fsdecode(name.replace(b".png", b".svg"))
    done = run(["trace", os.fsdecode(name), "-o", target, "--colors", "2"], PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    if encoding == "utf-8":
        assert done.stdout == os.fsencode(target) + b"\n"
    assert Path(target).is_file()


HEEDED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
EARLY = f"""{HEEDED}
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "parasol.apps.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from parasol.apps.start import main
sys.exit(main())"""
DOUBLE = f"""{HEEDED}
import time, parasol.apps.cli
def busy():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
parasol.apps.cli.main = busy
from parasol.apps.start import main
sys.exit(main())"""


@pytest.mark.parametrize("code", [EARLY, DOUBLE], ids=["early", "twice"])
def test_ctrl_c_early_or_twice_leaves_one_line(code: str) -> None:
    done = run([], code=code)
    assert (done.returncode, done.stderr.decode()) == (130, f"{STOPPED}\n")
