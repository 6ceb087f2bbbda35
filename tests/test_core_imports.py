"""The core stays light: no torch, and nothing heavy at import time."""

import subprocess
import sys
from pathlib import Path

import pytest

import parasol

ROOT = Path(parasol.__file__).parent
HEAVY = (
    "torch", "diffusers", "transformers", "scipy", "skimage", "onnx", "accelerate", "einops", "fastapi", "uvicorn",
    "mcp",
)  # fmt: skip
NEEDS_TORCH = (
    "parasol.training",
    "parasol.comparison",
    "parasol.networks",
    "parasol.runtime.torch",
    "parasol.teaching",
    *(f"parasol.backbones.{name}" for name in ("bring", "convert", "decoupled", "encoders", "hub", "networks")),
)
ITS_OWN = {
    "parasol.metrics": {"scipy"},
    "parasol.report": {"scipy"},
    "parasol.study.server": {"fastapi", "uvicorn"},
    "parasol.studio.kept_routes": {"fastapi"},
    "parasol.studio.server": {"fastapi", "uvicorn"},
    "parasol.studio.front": {"uvicorn"},
    "parasol.studio.tools": {"mcp", "uvicorn"},
}
"""What some modules may import beside the core, by how their names begin."""

BLOCKER = """
import importlib, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {heavy!r}:
            raise ImportError(name + " is blocked here")
sys.meta_path.insert(0, Blocker())
for module in {modules!r}:
    importlib.import_module(module)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def core_modules() -> list[str]:
    files = sorted(ROOT.rglob("*.py"))
    dotted = [".".join(("parasol", *file.relative_to(ROOT).with_suffix("").parts)) for file in files]
    names = [name.removesuffix(".__init__") for name in dotted]
    return [name for name in names if not name.startswith(NEEDS_TORCH)]


@pytest.mark.parametrize("room", ["", *ITS_OWN])
def test_every_core_module_imports_without_the_train_extra(room: str) -> None:
    modules = [name for name in core_modules() if next(filter(name.startswith, ITS_OWN), "") == room]
    assert modules
    heavy = tuple({*HEAVY} - ITS_OWN.get(room, set()))
    done = run(BLOCKER.format(heavy=heavy, modules=modules))
    assert done.returncode == 0, done.stderr


def test_the_blocker_blocks() -> None:
    done = run(BLOCKER.format(heavy=HEAVY, modules=["scipy"]))
    assert "scipy is blocked here" in done.stderr


@pytest.mark.parametrize("statement", ["import parasol", "import parasol.apps.cli"])
def test_start_up_loads_nothing_heavy(statement: str) -> None:
    lazy = {*HEAVY, "onnxruntime"}
    done = run(f"{statement}, sys\nprint(sorted({lazy!r} & set(sys.modules)))")
    assert done.stdout == "[]\n", done.stderr
