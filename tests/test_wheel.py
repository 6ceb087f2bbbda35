"""What people install: built, put into an empty environment, and painting with nothing of the repository beside it."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BUILD = (sys.executable, "-m", "build", "--no-isolation")
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


EVERYTHING = """
import pkgutil, parasol, importlib
for module in pkgutil.walk_packages(parasol.__path__, "parasol."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(error.name)
"""
"""Imports every module there is, and says what is missing for it."""


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that is made from it alone."""
    out = tmp_path_factory.mktemp("dist")
    run(*BUILD, "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [file] = built.glob("*.whl")
    return file


def test_the_wheel_holds_the_package_its_models_and_their_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        python = [name for name in names if name.endswith(".py")]
        lines = sum(len(file.read(name).splitlines()) for name in python)
        [told] = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(file.read(told).decode())
    assert {name.partition("/")[0] for name in names} == {"parasol", told.partition("/")[0]}
    assert lines <= 22_000
    assert {"parasol/models/painting/weights.safetensors", "parasol/images/kind.safetensors"} <= {*names}
    assert metadata["License-Expression"] == "Apache-2.0 AND CC-BY-SA-4.0"
    licences = {"LICENSE", "LICENSES/CC-BY-SA-4.0.txt", "src/parasol/models/painting/ATTRIBUTION",
                "src/parasol/models/pictogram/ATTRIBUTION"}  # fmt: skip
    assert {*metadata.get_all("License-File", [])} == licences
    assert {f"{Path(told).parent}/licenses/{name}" for name in licences} <= {*names}
    assert wheel.stat().st_size < 100e6, "what package indexes take"


def test_the_source_has_what_its_tests_need(built: Path) -> None:
    [file] = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"lab/__main__.py", "lab/results/figures/training.json", "tests/lab/test_door.py", "docs/paper_map.md",
            "examples/content.png", "Makefile", "constraints.txt"} <= names  # fmt: skip


def test_the_core_alone_paints_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", "alone", cwd=tmp_path)
    python = tmp_path / "alone" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    install = [*pip, "install", "-q", "--no-compile"]
    run(*install, "-c", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    assert {*run(python, "-c", EVERYTHING, cwd=tmp_path).split()} <= {"anyio", "fastapi", "mcp", "scipy", "uvicorn"}
    program = tmp_path / "alone" / "bin" / "parasol"
    corpus = [program, "corpus", "build", "etchings", "--out", "here"]
    done = subprocess.run(corpus, cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2, "parasol: error: this command needs parasol.apps.corpus: install it with pip install 'parasol-style-train'\n"
    )  # fmt: skip
    done = subprocess.run([program, "triplets"], cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("parasol: error: this command needs parasol.apps.triplets: install it with pip")
    for name in ("content.png", "style.png"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    words = ("style", "content.png", "--like", "style.png", "--steps", "4", "-o", "house.png")
    run(program, *words, cwd=tmp_path)
    assert (tmp_path / "house.png").read_bytes().startswith(b"\x89PNG")
    absent = "import importlib.util as u; print([n for n in ('torch', 'scipy', 'lab') if u.find_spec(n)])"
    assert run(python, "-c", absent, cwd=tmp_path) == "[]\n"

    run(*BUILD, "--wheel", "--outdir", tmp_path / "second", ROOT / "train", cwd=tmp_path)
    [second] = (tmp_path / "second").glob("*.whl")
    run(*install, "--no-deps", second, cwd=tmp_path)
    done = subprocess.run(corpus, cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert "there is no corpus 'etchings'" in done.stderr, "the command runs"
    about = run(*pip, "show", "parasol-style-train", cwd=tmp_path)
    assert "Requires: parasol-style\n" in about


def test_the_version_is_the_packages(wheel: Path) -> None:
    text = (ROOT / "src" / "parasol" / "version.py").read_text("utf-8")
    assert f'"{wheel.name.split("-")[1]}"' in text
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dynamic"] == ["version"]
