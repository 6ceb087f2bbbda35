"""Every block in README and docs runs: commands through the real command line, Python as it stands."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from parasol.apps.cli import main
from parasol.bundle import DEFAULT_MODEL, Bundle

ROOT = Path(__file__).parent.parent
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
}
README = PAGES["README.md"]
ELSEWHERE = {
    "backbone",
    "corpus",
    "export",
    "models/large",
    "train",
    "triplets",
    "evaluate",
    "report",
    "study",
    "set",
    "studio",
    "data/pictograms/cells",
    "teach",
    "brand.style.json",
}
"""Commands that need a corpus, or wait for people; each has tests of its own."""


def code(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def commands(page: str) -> list[str]:
    """The lines of a page that call Parasol, without those that need what a clone does not have."""
    lines = [line.partition(" #")[0].strip() for text in code(page, "sh") for line in text.splitlines()]
    return [line for line in lines if line.startswith("parasol ") and not set(line.split()) & ELSEWHERE]


@pytest.fixture
def clone(tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a fresh clone, both models a small one."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for model in (DEFAULT_MODEL, "painting"):
        shutil.copytree(bundle.folder, tmp_path / "models" / model)
    monkeypatch.setattr("parasol.bundle.MODELS", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_commands(clone: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    for command in commands(page):
        assert main(shlex.split(command)[1:]) == 0, f"{command}\n{capsys.readouterr().err}"


def test_make_targets_exist() -> None:
    targets = re.findall(r"^make (\w+)", "\n".join(text for page in PAGES for text in code(page, "sh")), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "demo" in targets
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize(("page", "text"), [(page, text) for page in PAGES for text in code(page, "python")])
def test_python(clone: Path, page: str, text: str) -> None:
    exec(compile(text, page, "exec"), {})


def test_pages_have_what_is_run() -> None:
    assert [page for page in PAGES if len(commands(page)) >= 5] == ["README.md", "docs/dials.md", "docs/search.md"]
    assert [page for page in PAGES if code(page, "python")] == ["README.md", "docs/dials.md"]


def test_readme_is_short_and_starts_with_a_picture() -> None:
    lines = README.splitlines()
    assert len(lines) < 120
    assert any(line.startswith("![") for line in lines[:15])
    assert any(line.startswith("parasol style ") for line in lines[:15])


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)\s#]+)", PAGES[page])
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


def test_files_of_the_map_exist() -> None:
    block = PAGES["CONTRIBUTING.md"].partition("## The file map")[2].partition("\n## ")[0]
    names = re.findall(r"\b([a-z_]+(?:/|\.py))(?= )", block)
    assert len(names) >= 12
    missing = [name for name in names if not any((top / name).exists() for top in (ROOT, ROOT / "src" / "parasol"))]
    assert missing == []
