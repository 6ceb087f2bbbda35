"""Whether the lowest versions that the package allows really do: python -m lab lowest [--keep DIR]

Installs the core into an empty environment with every dependency at the lower bound that pyproject.toml states, and
uses each of them: pictures and SVGs in and out, an index, a saved style, a recipe. Needs the package index.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOWEST = re.compile(r"([A-Za-z0-9._-]+)>=([0-9][0-9.]*)")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    '<style>.a{fill:red}</style><path class="a" d="M1 1h7v7z"/></svg>'
)
USES: tuple[tuple[str, ...], ...] = (
    ("style", "content.png", "--like", "style.png", "--steps", "2", "-o", "a.png"),
    ("style", "drawing.svg", "--like", "style.png", "--steps", "2", "--ground", "transparent", "-o", "b.svg"),
    ("replay", "a.png", "-o", "again.png"),
    ("card", "style.png", "-o", "a.style.json"),
    ("index", "build", "pictures", "-o", "pictures.index"),
    ("search", "pictures.index", "--like", "style.png"),
)
"""Commands that touch every dependency of the core."""


def lowest(pyproject: str) -> list[str]:
    """`name==version` of each dependency of the core, at its lower bound.

    Raises:
        ValueError: a dependency states no lower bound.
    """
    stated = tomllib.loads(pyproject)["project"]["dependencies"]
    bounds = [LOWEST.fullmatch(each) for each in stated]
    if None in bounds:
        raise ValueError(f"{stated[bounds.index(None)]!r} in pyproject.toml states no lower bound: write NAME>=VERSION")
    return [f"{match[1]}=={match[2]}" for match in bounds if match]


def main(words: Sequence[str] | None = None) -> int:
    """Install, paint, and say so; a failing command raises CalledProcessError."""
    parser = argparse.ArgumentParser(prog="python -m lab lowest", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, help="folder for the environment; left out, it is removed afterwards")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as held:
        folder = given.keep or Path(held)
        folder.mkdir(parents=True, exist_ok=True)
        pins = lowest((ROOT / "pyproject.toml").read_text("utf-8"))
        print("\n".join(pins), flush=True)
        _run(sys.executable, "-m", "venv", folder / "venv")
        programs = folder / "venv" / "bin"
        pip = (programs / "python", "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-compile")
        _run(*pip, *pins, ROOT)
        for name in ("content.png", "style.png"):
            (folder / name).write_bytes((ROOT / "examples" / name).read_bytes())
        shutil.copytree(ROOT / "tests" / "golden", folder / "pictures", dirs_exist_ok=True)
        (folder / "drawing.svg").write_text(SVG, "utf-8")
        for use in USES:
            print("parasol", *use, flush=True)
            _run(programs / "parasol", *use, folder=folder)
    print("the lowest versions do")
    return 0


def _run(*words: str | Path, folder: Path | None = None) -> None:
    subprocess.run(words, cwd=folder, check=True)
