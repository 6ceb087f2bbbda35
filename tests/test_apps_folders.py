"""Folders of pictures: every picture has a file and a model of its own, and what is finished stays as it is."""

import json
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.jobs import plan
from parasol.apps.set import _icons as icons
from parasol.apps.words import Like
from parasol.errors import ParasolError
from parasol.recipe import Recipe
from small_model import drawing

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawing(0).save("style.png")
    Path("in").mkdir()


def contents(*names: str) -> None:
    for seed, name in enumerate(names, start=1):
        drawing(seed).convert("RGB").save(Path("in", name))


def outs(like: str = "style.png", out: str = "out") -> dict[str, str]:
    """File by content and style."""
    jobs = plan("in", [Like(source=like)], out)
    return {" ".join(Path(word).name for word in (job.content, job.styles[0].source)): job.out for job in jobs}


def test_names_are_distinct_over_the_whole_plan() -> None:
    contents("logo.jpg", "logo.png", "logo.jpg.png", "other.png")
    assert outs() == {
        "logo.jpg style.png": "out/logo.jpg.png",
        "logo.png style.png": "out/logo.png.png",
        "logo.jpg.png style.png": "out/logo.jpg.png.png",
        "other.png style.png": "out/other.png",
    }
    assert outs() == outs()


def test_names_of_contents_in_styles_are_distinct() -> None:
    contents("a.png", "a-as-b.png")
    Path("likes").mkdir()
    for name in ("c.png", "b-as-c.png"):
        drawing(9).save(Path("likes", name))
    found = outs("likes")
    assert found["a-as-b.png c.png"] == "out/a-as-b.png-as-c.png.png"
    assert found["a.png b-as-c.png"] == "out/a.png-as-b-as-c.png.png"
    assert len({*found.values()}) == 4


def test_names_that_look_like_others_are_numbered() -> None:
    contents("a.png", "a.png-as-b.png")
    Path("likes").mkdir()
    for name in ("c.png", "b.png-as-c.png"):
        drawing(9).save(Path("likes", name))
    found = outs("likes")
    assert len({*found.values()}) == 4, found


def test_names_that_other_disks_take_for_one_are_told_apart() -> None:
    contents("Logo.jpg", "logo.png", "caf\u00e9.png", "cafe\u0301.jpg")
    found = outs().values()
    assert len({unicodedata.normalize("NFC", name).casefold() for name in found}) == 4, found


def test_a_folder_of_results_is_not_called_as_a_picture() -> None:
    contents("a.png")
    with pytest.raises(ParasolError, match=r"'out.png' is to hold the results of a folder"):
        outs(out="out.png")


def test_a_set_takes_no_hidden_file_and_no_two_icons_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    contents("home.png")
    Path("in", "__MACOSX").mkdir()
    for hidden in ("in/._home.png", "in/__MACOSX/._home.png"):
        Path(hidden).write_bytes(b"\0\5\x16\7")
    assert icons(Path("in"), Path("out")) == ["home.png"]
    drawing(5).save("in/Home.webp")
    assert main(["lint", "in", "--json"]) == 0, capsys.readouterr()
    with pytest.raises(ParasolError, match=r"'Home.webp' and 'home.png' would go into the same files"):
        icons(Path("in"), Path("out"))


def test_a_jpeg_is_not_taken_for_transparent(capsys: pytest.CaptureFixture[str]) -> None:
    contents("a.png")
    assert main(["style", "in/a.png", "--like", "style.png", "--ground", "transparent", "-o", "a.JPG"]) == 2
    assert "--ground transparent is asked for and a JPEG is not" in capsys.readouterr().err
    assert not Path("a.JPG").exists()


def records(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, bool]:
    """File -> whether it was kept."""
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return {one["out"]: one["kept"] for one in map(json.loads, capsys.readouterr().out.splitlines())}


def test_a_content_of_the_same_name_that_comes_later_redraws_nothing(
    model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["style", "in", "--like", "style.png", "-o", "out", "--steps", "1", "--model", str(model.bundle.folder)]
    contents("other.png", "logo.png")
    assert records(words, capsys) == {"out/logo.png": False, "out/other.png": False}
    drawing(7).save("in/logo.jpg")
    expected = {"out/logo.png": True, "out/logo.jpg.png": False, "out/other.png": True}
    assert records(words, capsys) == expected
    assert records(words, capsys) == dict.fromkeys(expected, True)


def test_results_in_the_folder_of_the_contents_are_not_drawn_anew(
    model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["style", "in", "--like", "style.png", "-o", "in", "--steps", "1", "--model", str(model.bundle.folder)]
    contents("a.jpg", "b.jpg")
    assert records(words, capsys) == {"in/a.png": False, "in/b.png": False}
    assert records(words, capsys) == {"in/a.png": True, "in/b.png": True}
    assert sorted(path.name for path in Path("in").iterdir()) == ["a.jpg", "a.png", "b.jpg", "b.png"]
    for name in ("a.jpg", "b.jpg"):
        Path("in", name).unlink()
    assert main(words) == 2
    assert "holds results of Parasol alone" in capsys.readouterr().err


def test_styles_beside_their_results_are_no_results(model: Parasol, capsys: pytest.CaptureFixture[str]) -> None:
    drawing(3).save("content.png")
    contents("a.png", "b.png")
    model.card("style.png").save("in/warm.style.json")
    words = ["style", "content.png", "--like", "in", "-o", "in", "--steps", "1", "--model", str(model.bundle.folder)]
    assert len(records(words, capsys)) == 3
    assert list(records(words, capsys).values()) == [True] * 3


def test_every_picture_of_a_mixed_folder_has_its_own_model_which_is_opened_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[str] = Counter()
    load = Parasol.load
    monkeypatch.setattr(Parasol, "load", lambda name=None, **more: opened.update([name]) or load(name, **more))
    shutil.copy(EXAMPLES / "photograph.jpg", "in/b.jpg")
    shutil.copy(EXAMPLES / "painting.jpg", "in/d.jpg")
    shutil.copy(EXAMPLES / "content.png", "in/c.png")
    words = ["style", "in", "--like", "style.png", "-o", "out", "--steps", "1", "--size", "64"]
    assert main(words) == 0
    assert capsys.readouterr().err.count("so --model painting") == 1
    drawn_by = {path.name: Recipe.read(path).model.name for path in Path("out").iterdir()}
    assert drawn_by == {"b.png": "painting", "d.png": "painting", "c.png": "pictogram"}
    assert opened == {"painting": 1, "pictogram": 1}
    shutil.copy(EXAMPLES / "style.png", "in/a.png")  # comes first, and is a drawing
    assert records(words, capsys) == {"out/a.png": False, "out/b.png": True, "out/c.png": True, "out/d.png": True}
