"""What is public, and that one base catches every error of the package's own."""

import errno
from pathlib import Path

import numpy as np
import pytest

import parasol
from lab import api
from parasol import Parasol, ParasolError
from parasol.apps.cli import main
from small_model import drawing

ROOT = Path(__file__).parents[1]
ERRORS = [name for name in parasol.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("name", parasol.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(parasol, name)
    assert name in dir(parasol)
    assert name == "__version__" or found.__doc__


def test_the_page_is_what_the_docstrings_say() -> None:
    assert (ROOT / api.PAGE).read_text(encoding="utf-8") == api.page(), "python -m lab api writes it anew"


def test_nothing_else_is_there_by_guess() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Parasole'"):
        _ = parasol.Parasole  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_one_base_that_is_a_value_error(name: str) -> None:
    assert issubclass(getattr(parasol, name), ParasolError)
    assert issubclass(ParasolError, ValueError)


CALLS = {
    "no model": lambda model: Parasol.load("nothing-of-this-name"),
    "no runtime": lambda model: Parasol.load(model.bundle.folder, runtime="abacus"),
    "no picture": lambda model: model.stylize("nowhere.png", drawing(1)),
    "a dial out of range": lambda model: model.stylize(drawing(0), drawing(1), structure=2.0),
    "a size out of range": lambda model: model.stylize(drawing(0), drawing(1), size=9),
    "no content": lambda model: model.stylize(None, drawing(1)),
    "weights that cancel": lambda model: model.stylize(drawing(0), [(drawing(1), 0.0)]),
    "a strength without stops": lambda model: model.dials(strength=0.5),
    "no recipe": lambda model: model.replay(Path(__file__).parent.parent / "examples" / "content.png"),
    "no index": lambda model: parasol.Index.open("nowhere.index"),
    "words that say nothing": lambda model: parasol.Words(" "),
    "a mask of another shape": lambda model: model.stylize(
        drawing(0, 40, 40), drawing(1), size=40, mask=np.ones((9, 40, 3), np.float32)
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_what_python_is_refused_is_a_parasol_error(case: str, model: Parasol) -> None:
    with pytest.raises(ParasolError) as caught:
        CALLS[case](model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("words", [["--debug", "replay", "nowhere.png"], ["replay", "nowhere.png", "--debug"]])
def test_debug_shows_where_an_error_comes_from(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert "PictureError" in told
    assert told.splitlines()[-1].startswith("parasol: error: 'nowhere.png' does not exist")
    assert main([word for word in words if word != "--debug"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_fault_of_the_program_does_not_look_like_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty() -> None:
        raise ValueError("two shapes that do not fit")

    monkeypatch.setattr("parasol.bundle.installed", faulty)
    with pytest.raises(ValueError, match="two shapes") as caught:
        main(["models"])
    assert not isinstance(caught.value, ParasolError)


PURE = ("maths", "sampling", "networks", "types.py", "charts.py")
"""Rooms whose callers are at fault where they refuse something."""


def test_what_users_are_refused_is_a_parasol_error() -> None:
    package = ROOT / "src" / "parasol"
    files = {str(file.relative_to(package)): file.read_text("utf-8") for file in package.rglob("*.py")}
    assert [file for file, text in files.items() if "raise ValueError(" in text and not file.startswith(PURE)] == []


def test_debug_shows_where_an_error_of_the_system_comes_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("parasol.bundle.installed", full)
    assert main(["models", "--debug"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.splitlines()[-1].startswith("parasol: error: a standard stream fails (No space left on device)")
