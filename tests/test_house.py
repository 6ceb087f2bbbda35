"""The house: which room sees which, how large the rooms are, and what a wheel holds."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from parasol.errors import TRAIN_ROOMS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "parasol"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
LAYERS, BENCHES, WORKSHOP, MATHS, STUDY, TORCH = CONTRACTS

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
LET = {  # what the contracts let, so that none of their exemptions is without a user
    "parasol/training/loop.py": "import torch",
    "parasol/comparison/judges.py": "import torch",
    "parasol/networks/unet.py": "import diffusers",
    "parasol/backbones/bring.py": "import diffusers",
    "parasol/backbones/convert.py": "import diffusers",
    "parasol/backbones/decoupled.py": "import torch",
    "parasol/backbones/encoders.py": "import transformers",
    "parasol/backbones/networks.py": "import torch",
    "parasol/runtime/torch.py": "import torch\nimport parasol.networks.unet",
    "parasol/metrics/structure.py": "import scipy",
    "parasol/corpora/regions.py": "import shapely",
    "parasol/study/server.py": "import fastapi\nimport uvicorn",
    "parasol/studio/kept_routes.py": "import fastapi",
    "parasol/studio/server.py": "import fastapi\nimport parasol.search",
    "parasol/studio/front.py": "import uvicorn",
    "lab/figures/run.py": "import parasol.apps\nimport lab.judging.judge",
    "lab/judging/judge.py": "",
}
PLANTED = [
    (LAYERS, "parasol/types.py", "import parasol.maths"),
    (LAYERS, "parasol/runtime/torch.py", "import parasol.training.loop"),
    (LAYERS, "parasol/networks/unet.py", "import parasol.charts"),
    (LAYERS, "parasol/comparison/judges.py", "import parasol.held_out"),
    (LAYERS, "parasol/held_out.py", "def late():\n    import parasol.calibration"),
    (LAYERS, "parasol/attic.py", ""),  # a room that no layer names
    (BENCHES, "lab/judging/judge.py", "import lab.figures.run"),
    (WORKSHOP, "parasol/apps/cli.py", "import lab.figures"),
    (MATHS, "parasol/maths/colour.py", "import PIL.Image"),
    (MATHS, "parasol/sampling/guided.py", "import parasol.bundle"),
    (STUDY, "parasol/study/folder.py", "import parasol.metrics.structure"),
    (TORCH, "parasol/pipeline.py", "import torch"),
    (TORCH, "parasol/runtime/onnx.py", "import torch"),
    (TORCH, "parasol/backbones/inspection.py", "import torch"),
    (LAYERS, "parasol/backbones/networks.py", "import parasol.training.loop"),
    (TORCH, "parasol/metrics/structure.py", "import torch"),
    (TORCH, "parasol/study/folder.py", "import fastapi"),
    (TORCH, "parasol/studio/desk.py", "import fastapi"),
    (LAYERS, "parasol/studio/desk.py", "import parasol.apps.cli"),
    (TORCH, "parasol/report/run.py", "import scipy"),
    (TORCH, "parasol/vector/shapes.py", "import shapely"),
]


def lint(folder: Path, planted: dict[str, str]) -> list[str]:
    """The names of the contracts that a small house breaks: every layer empty, but for what is let or planted."""
    rooms = [part.strip(" ()") for layer in CONTRACTS[LAYERS]["layers"] for part in layer.replace(":", "|").split("|")]
    files = {f"parasol/{room}.py": "" for room in rooms} | {"parasol/__init__.py": "", "lab/__init__.py": ""}
    for file in {**LET, **planted}:
        files[file] = f"{LET.get(file, '')}\n{planted.get(file, '')}\n"
        if Path(file).parent.name not in ("parasol", "lab"):
            files.pop(f"{Path(file).parent}.py", None)
            files.setdefault(f"{Path(file).parent}/__init__.py", "")
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"))
    done = subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False)
    kept = [name for name in CONTRACTS if f"{name} KEPT" in done.stdout]
    broken = [name for name in CONTRACTS if f"{name} BROKEN" in done.stdout]
    assert sorted([*kept, *broken]) == sorted(CONTRACTS), done.stdout + done.stderr
    return broken


def test_a_house_without_a_fault_is_let(tmp_path: Path) -> None:
    assert lint(tmp_path, {}) == []


@pytest.mark.parametrize(("contract", "file", "text"), PLANTED)
def test_a_planted_fault_is_caught(contract: str, file: str, text: str, tmp_path: Path) -> None:
    assert contract in lint(tmp_path, {file: text})


def test_every_contract_has_a_planted_fault() -> None:
    assert {contract for contract, *_ in PLANTED} == {*CONTRACTS}


def test_no_exemption_points_upward() -> None:
    exempt = [one for contract in CONTRACTS.values() for one in contract.get("ignore_imports", ())]
    assert not [one for one in exempt if one.partition(" -> ")[2].startswith(("parasol", "lab"))]


def lines(folder: Path) -> int:
    return sum(len(file.read_text("utf-8").splitlines()) for file in folder.rglob("*.py"))


def test_no_room_holds_more_than_a_fifth_of_the_lines() -> None:
    rooms = {room.name: lines(room) for room in PACKAGE.iterdir() if room.is_dir()}
    largest = max(rooms, key=rooms.__getitem__)
    assert rooms[largest] <= 0.2 * lines(PACKAGE), largest


def test_a_wheel_holds_the_package_alone_and_no_more_than_it_may() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["src/parasol"]
    assert not [*PACKAGE.rglob("lab")]
    other = tomllib.loads((ROOT / "train/pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    places = other["wheel"]["force-include"]
    assert [place.removeprefix("../") for place in places] == wheel["exclude"], "what one leaves out is in the other"
    assert all(place == f"../src/{name}" for place, name in places.items())
    rooms = [name.removeprefix("parasol/").removesuffix(".py").replace("/", ".") for name in places.values()]
    assert tuple(rooms) == TRAIN_ROOMS
    files = [PACKAGE.parent / name for name in places.values()]
    left_out = sum(lines(file) if file.is_dir() else len(file.read_text("utf-8").splitlines()) for file in files)
    assert lines(PACKAGE) - left_out <= 22_000
    assert left_out <= 20_600, "lines of the other wheel"


def test_what_draws_needs_one_wheel_alone() -> None:
    """Rooms of the other are imported within functions, as it may not be there."""

    def outside(name: str) -> bool:
        return not any(name == f"parasol.{room}" or name.startswith(f"parasol.{room}.") for room in TRAIN_ROOMS)

    for file in PACKAGE.rglob("*.py"):
        if outside(".".join(("parasol", *file.relative_to(PACKAGE).with_suffix("").parts))):
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.ImportFrom):
                    assert all(outside(f"{node.module}.{part.name}") for part in node.names), file
                    assert outside(node.module or ""), file


def test_the_package_has_one_door() -> None:
    programs = [file for file in PACKAGE.rglob("*.py") if '__name__ == "__main__"' in file.read_text("utf-8")]
    assert programs == []
    assert not [*PACKAGE.rglob("__main__.py")]


def test_names_say_what_a_value_is() -> None:
    """The words that once stood for anything at all name nothing any more."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "lab").rglob("*.py")]
    named = {
        (file.name, getattr(node, "id", getattr(node, "arg", None)))
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)) or isinstance(node, ast.arg)
    }
    assert {pair for pair in named if pair[1] in ("found", "told", "one", "shelf", "wishes", "worst")} == set()
