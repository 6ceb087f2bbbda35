"""Every block in the README runs: commands through the real command line, Python as it stands."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from parasol.apps.cli import main
from parasol.bundle import DEFAULT_MODEL, Bundle

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {"corpus", "train", "triplets", "evaluate", "report", "study", "set", "studio", "data/pictograms/cells"}
"""Commands that need a corpus, or wait for people; each has tests of its own."""
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", README, re.DOTALL)


def code(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def clone(tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a fresh clone, its default model a small one."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(bundle.folder, tmp_path / "models" / DEFAULT_MODEL)
    monkeypatch.setattr("parasol.bundle.MODELS", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.partition(" #")[0].strip() for text in code("sh") for line in text.splitlines()]
    commands = [line for line in lines if line.startswith("parasol ") and not set(line.split()) & ELSEWHERE]
    assert len(commands) >= 5
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, f"{command}\n{capsys.readouterr().err}"


def test_make_targets_exist() -> None:
    targets = re.findall(r"^make (\w+)", "\n".join(code("sh")), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "demo" in targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize("text", code("python"))
def test_python(clone: Path, text: str) -> None:
    exec(compile(text, "README.md", "exec"), {})


def test_files_of_the_map_exist() -> None:
    block = README.partition("## The file map")[2].partition("\n## ")[0]
    names = re.findall(r"\b([a-z_]+(?:/|\.py))(?= )", block)
    assert len(names) >= 12
    missing = [name for name in names if not any((top / name).exists() for top in (ROOT, ROOT / "src" / "parasol"))]
    assert missing == []
