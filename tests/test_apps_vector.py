"""`parasol trace` and `parasol lint` as commands."""

import json
from pathlib import Path

import pytest
import resvg_py

from parasol.apps.cli import main
from parasol.recipe import Recipe, RecipeError
from parasol.vector import read_metadata


def icon(path: Path, width: float) -> Path:
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="none" stroke="#000" '
    body = f'stroke-width="{width}" d="M4 5v14h16M4 12h15"/></svg>'
    path.write_bytes(resvg_py.svg_to_bytes(text + body, width=96, height=96))
    return path


def test_trace_writes_an_svg_that_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = icon(tmp_path / "a.png", 2), tmp_path / "out" / "a.svg"
    assert main(["trace", str(source), "-o", str(target), "--palette", "#112233,#fff"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{target}\n#112233")
    assert "delta E" in told
    svg = target.read_text()
    assert 'fill="#112233"' in svg
    recipe = json.loads(read_metadata(svg) or "")
    assert recipe["trace"]["palette"] == ["#112233", "#ffffff"]


def test_the_recipe_of_a_result_goes_with_it_in_few_signs(tmp_path: Path) -> None:
    made, target = Path("tests/landed/pictogram-default.png"), tmp_path / "a.svg"
    assert main(["trace", str(made), "-o", str(target), "--colors", "4"]) == 0
    whole, carried = Recipe.read(made), Recipe.read(target)
    assert carried == whole.spare()
    packed = json.loads(read_metadata(target.read_text()) or "")["recipe"]
    assert len(packed) < 0.6 * len(whole.text())


def test_a_packed_recipe_that_is_damaged_is_told_in_one_line(tmp_path: Path) -> None:
    packed = Recipe.read("tests/landed/pictogram-default.png").packed()
    for text in (packed[:-40], "AAAA" + packed[4:], "no recipe at all"):
        with pytest.raises(RecipeError, match="is broken at"):
            Recipe.parse(text)


def test_an_old_drawing_with_its_recipe_in_full_is_read(tmp_path: Path) -> None:
    whole = Recipe.read("tests/landed/pictogram-default.png")
    record = json.dumps({"trace": {}, "version": "0", "recipe": json.loads(whole.text())})
    old = tmp_path / "old.svg"
    old.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><metadata id="parasol">{record}</metadata></svg>')
    assert Recipe.read(old) == whole


def test_trace_names_the_file_that_breaks_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = icon(tmp_path / "a.png", 2)
    source.write_bytes(source.read_bytes()[:-40])
    assert main(["trace", str(source)]) == 2
    assert f"{str(source)!r} is damaged or breaks off" in capsys.readouterr().err


def test_trace_refuses_what_it_cannot_do_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(icon(tmp_path / "a.png", 2))
    for words, told in (
        ([source, "-o", str(tmp_path / "a.png")], "does not end in .svg"),
        ([source, "--colors", "3", "--palette", "#000"], "give one of them"),
        ([source, "--palette", "#00"], "no colour"),
        (["examples/photograph.jpg", "-o", str(tmp_path / "b.svg")], "photographs"),
    ):
        assert main(["trace", *words]) == 2
        error = capsys.readouterr().err
        assert told in error
        assert error.count("\n") == 1
    assert not list(tmp_path.glob("*.svg"))


def test_lint_names_what_is_out_of_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        icon(tmp_path / f"{number}.png", 2)
    icon(tmp_path / "bold.png", 4)
    assert main(["lint", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("6 pictures, consistency ")
    assert "out of line: bold.png: stroke 0.1" in told


def test_lint_as_json_with_a_broken_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    icon(tmp_path / "a.png", 2)
    icon(tmp_path / "b.png", 2)
    (tmp_path / "c.png").write_bytes(b"none")
    assert main(["lint", str(tmp_path), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert set(told["drawings"]) == {"a.png", "b.png"}
    assert list(told["failed"]) == ["c.png"]


def test_lint_needs_a_folder_with_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
    assert main(["lint", str(tmp_path)]) == 2
    assert "no set" in capsys.readouterr().err
