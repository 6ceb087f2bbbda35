"""A fresh home stays empty, and no name is looked up, whatever a command makes ONNX Runtime do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parasol.bundle import Bundle
from small_model import drawing

COMMANDS = {
    "describe": ["card", "a.png", "-o", "a.style.json"],
    "draw": ["style", "a.png", "--like", "b.png", "--steps", "2", "-o", "out.png"],
    "index": ["index", "build", "pictures", "-o", "pictures.index"],
}
RUN = "import sys; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"
STRACE = shutil.which("strace")
LOOKED_UP = re.compile(r"AF_INET|resolv\.conf|/nscd/|deviceid|onnxruntime\.db")  # and what is written before


@pytest.fixture
def home(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    (work / "pictures").mkdir(parents=True)
    drawing(0).save(work / "a.png")
    drawing(1).save(work / "b.png")
    drawing(2).save(work / "pictures" / "c.png")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(home: Path, words: list[str], before: list[str]) -> None:
    """In a process whose environment says nothing of telemetry, under a home that nobody has used."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    environment = kept | {"HOME": str(home), "USERPROFILE": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        [*before, sys.executable, "-c", RUN, *words], cwd=home.parent / "work", env=environment, check=True, timeout=300
    )


@pytest.mark.parametrize("kind", COMMANDS)
def test_nothing_is_written_below_a_fresh_home(kind: str, home: Path, bundle: Bundle) -> None:
    run(home, [*COMMANDS[kind], "--model", str(bundle.folder)], [])
    assert [*home.rglob("*")] == []


@pytest.mark.skipif(STRACE is None, reason="strace is needed to see what is looked up")
def test_no_name_is_looked_up(home: Path, bundle: Bundle) -> None:
    told = home.parent / "calls"
    watch = [str(STRACE), "-f", "-qq", "-e", "trace=connect,socket,openat", "-o", str(told)]
    run(home, [*COMMANDS["draw"], "--model", str(bundle.folder)], watch)
    assert [line for line in told.read_text().splitlines() if LOOKED_UP.search(line)] == []


def test_what_the_environment_says_is_not_asked(home: Path) -> None:
    code = "import os, parasol; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    asked = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert asked.stdout == "1\n"
