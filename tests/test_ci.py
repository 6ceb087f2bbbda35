"""What CI runs before the tests: a browser where one can be had, and no failure where none can."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"


def run(folder: Path, **programs: str) -> str:
    """What the script says where there are no programs but these, each a line of shell."""
    tools = folder / "bin"
    (folder / ".ci").mkdir()
    tools.mkdir()
    shutil.copy(SCRIPT, folder / ".ci" / "run")
    for name in ("dirname", "id", "env"):
        (tools / name).symlink_to(shutil.which(name) or pytest.skip(f"needs {name}"))
    for name, line in {"make": "echo made", "sudo": 'shift; exec "$@"', **programs}.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    words = ["/bin/sh", str(folder / ".ci" / "run")]
    done = subprocess.run(words, env={**os.environ, "PATH": str(tools)}, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_missing_browser_is_installed(tmp_path: Path) -> None:
    assert run(tmp_path, **{"apt-get": 'echo "$@" >> asked; echo noise; echo noise >&2'}) == "made\n"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["-qq update", *(f"-qq install -y --no-install-recommends {each}" for each in ("chromium", "npm"))]


def test_a_browser_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    told = run(tmp_path, **{"apt-get": "exit 100"})
    lost = "could not be installed: the tests that need it are skipped"
    assert told == f"ci: chromium {lost}\nci: npm {lost}\nmade\n"


def test_the_runtime_of_the_export_is_fetched_once(tmp_path: Path) -> None:
    told = "ci: onnxruntime-web could not be fetched: the test of the studio's export is skipped\nmade\n"
    assert run(tmp_path, chromium="true", npm="exit 1", mkdir="true") == told
    (tmp_path / ".runtime" / "package").mkdir(parents=True)
    for folder in ("bin", ".ci"):
        shutil.rmtree(tmp_path / folder)
    assert run(tmp_path, **{"apt-get": "exit 100", "chromium": "true"}) == "made\n"


def test_nothing_is_said_where_nothing_can_be_done(tmp_path: Path) -> None:
    assert run(tmp_path) == "made\n"
