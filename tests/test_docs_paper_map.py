"""The map from the paper to the code names things that exist, and calls nothing missing that does."""

import ast
import re
from pathlib import Path

import pytest

from lab.mutants.listed import MUTATIONS

ROOT = Path(__file__).parent.parent
ROWS = [line for line in (ROOT / "docs" / "paper_map.md").read_text("utf-8").splitlines() if line.startswith("|")]
REFERENCE = re.compile(r"`([\w/]+\.py)(?:: (\w+))?`((?:, `\w+`)*)")


def references(text: str) -> list[tuple[str, str]]:
    """(file, name) of each reference such as `maths/steps.py: step_mean`, `sigma`; the name is empty for a file."""
    found = []
    for file, name, more in REFERENCE.findall(text):
        found += [(file, each) for each in [name or "", *re.findall(r"`(\w+)`", more)]]
    return found


def exists(file: str, name: str) -> bool:
    path = ROOT / file if file.startswith("lab/") else ROOT / "src" / "parasol" / file
    if not path.is_file():
        return False
    defined = ast.parse(path.read_text("utf-8")).body
    names = {node.name for node in defined if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assigned = [target for node in defined if isinstance(node, ast.Assign) for target in node.targets]
    names |= {name.id for target in assigned for name in ast.walk(target) if isinstance(name, ast.Name)}
    return not name or name in names


BUILT = [reference for row in ROWS if "**not yet**: `" not in row for reference in references(row)]
MISSING = [references(row.partition("**not yet**: ")[2])[0] for row in ROWS if "**not yet**: `" in row]


@pytest.mark.parametrize("reference", BUILT, ids=": ".join)
def test_what_is_mapped_exists(reference):
    assert exists(*reference)


@pytest.mark.parametrize("reference", [each for each in MISSING if each[1]], ids=": ".join)
def test_what_is_called_missing_is_missing(reference):
    assert not exists(*reference)


def test_a_mapped_formula_is_seen_when_it_is_wrong():
    """`make mutants` changes a line of each mapped function that carries mathematics, and its tests have to fail."""
    files, untried = {mutation.file for mutation in MUTATIONS}, []
    for file, name in dict.fromkeys(BUILT):
        text = (ROOT / "src" / "parasol" / file).read_text("utf-8") if file in files else ""
        for node in ast.parse(text).body:
            lines = (
                isinstance(node, ast.FunctionDef) and node.name == name and ast.get_source_segment(text, node)
            ) or ""
            if lines and not any(one.file == file and one.old in lines for one in MUTATIONS):
                untried.append(f"{file}: {name}")
    assert untried == []


def test_map_is_not_empty():
    assert len(BUILT) > 30
