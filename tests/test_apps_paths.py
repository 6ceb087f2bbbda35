"""Nothing is lost: no command writes over what goes in, over its own other output, or over somebody else's file."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.paths import made_here
from parasol.images import load, save_png
from parasol.recipe import Recipe
from small_model import copy_of, drawing


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, model: Parasol) -> Path:
    """Content, style, masks, a foreign picture, a finished painting, a card, an index of pictures, and a model."""
    folder = tmp_path_factory.mktemp("first")
    with contextlib.chdir(folder):
        copy_of(model.bundle, Path("model"))
        for seed, name in enumerate(("content-0.png", "style.png", "foreign.png")):
            drawing(seed).save(name)
        Image.new("L", (96, 128), 128).save("mask.png")
        Path("pictures").mkdir()
        for seed in range(2):
            drawing(seed + 5).save(f"pictures/{seed}.png")
        shutil.copytree("pictures", "contents")
        Path("notes.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        assert main(["style", "content-0.png", "--like", "style.png", "-o", "made.png", *SMALL, "--steps", "1"]) == 0
        assert main(["card", "style.png", "-o", "warm.style.json", *SMALL]) == 0
        assert main(["index", "build", "pictures", "-o", "index", *SMALL]) == 0
    return folder


@pytest.fixture
def place(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder like the first, with an index of its own pictures, and two more names for the style picture."""
    monkeypatch.chdir(shutil.copytree(first, tmp_path / "place"))
    index = Path("index/index.json")
    index.write_text(index.read_text().replace(str(first), str(Path.cwd())))
    Path("linked.png").symlink_to("style.png")
    os.link("style.png", "twin.png")
    return Path.cwd()


SMALL = ["--model", "model"]
STYLE = ["style", "content-0.png", "--like", "style.png"]
SEARCH = ["search", "index", "--like", "style.png"]
MAKE = [*SEARCH, "--make", "--steps", "1"]

# what is tried -> (the command, what it says)
REFUSED: dict[str, tuple[list[str], str]] = {
    "numbers onto the content": ([*STYLE, "--count", "2", "-o", "content.png"], "would overwrite 'content-0.png'"),
    "preview onto the content": ([*STYLE, "-o", "a.png", "--preview", "content-0.png"], "overwrite 'content-0.png'"),
    "preview onto the style": ([*STYLE, "-o", "a.png", "--preview", "style.png"], "would overwrite 'style.png'"),
    "preview onto the picture": ([*STYLE, "-o", "a.png", "--preview", "./a.png"], "two outputs at once"),
    "onto the mask": ([*STYLE, "--mask", "mask.png", "-o", "mask.png"], "would overwrite 'mask.png'"),
    "onto what is protected": ([*STYLE, "--protect", "mask.png", "-o", "mask.png"], "would overwrite 'mask.png'"),
    "through a link": ([*STYLE, "-o", "linked.png"], "'linked.png' would overwrite 'style.png'"),
    "onto another name of the file": ([*STYLE, "-o", "twin.png"], "'twin.png' would overwrite 'style.png'"),
    "onto what is shown": ([*STYLE, "--show", "foreign.png", "-o", "foreign.png"], "would overwrite 'foreign.png'"),
    "a painting onto a foreign picture": ([*STYLE, "-o", "foreign.png"], "Parasol did not make it"),
    "replay onto the picture": (["replay", "made.png", "-o", "made.png"], "would overwrite 'made.png'"),
    "replay onto a foreign picture": (["replay", "made.png", "-o", "foreign.png"], "Parasol did not make it"),
    "a sheet onto a content": (
        ["grid", "content-0.png", "--like", "style.png", "-o", "content-0.png"],
        "would overwrite 'content-0.png'",
    ),
    "a sheet onto one of a folder": (
        ["grid", "pictures", "--like", "style.png", "-o", "pictures/0.png"],
        "would overwrite 'pictures/0.png'",
    ),
    "a sheet onto a foreign picture": (
        ["grid", "content-0.png", "--like", "style.png", "-o", "foreign.png"],
        "Parasol did not make it",
    ),
    "what was found onto the query": ([*SEARCH, "--sheet", "style.png"], "would overwrite 'style.png'"),
    "what was found onto a picture of the index": ([*SEARCH, "--sheet", "pictures/1.png"], "pictures/1.png', which"),
    "a drawing onto a picture of the index": ([*MAKE, "-o", "pictures/1.png"], "pictures/1.png', which goes in"),
    "the drawing onto the sheet": ([*MAKE, "-o", "x.png", "--sheet", "x.png"], "two outputs at once"),
    "a sheet into the index": ([*SEARCH, "--sheet", "index/found.png"], "lies in 'index'"),
    "a session onto a card that is asked for": (
        ["search", "index", "--like", "warm.style.json", "--session", "warm.style.json"],
        "warm.style.json",
    ),
    "a card onto its own part": (["card", "warm.style.json", "-o", "warm.style.json"], "overwrite 'warm.style.json'"),
    "a card onto the model": (["card", "style.png", "-o", "model/bundle.json"], "lies in 'model'"),
    "a card onto something else": (["card", "style.png", "-o", "index/index.json"], "Parasol did not make it"),
    "a trace onto somebody's drawing": (["trace", "content-0.png", "-o", "notes.svg"], "Parasol did not make it"),
    "a trace onto its picture": (["trace", "notes.svg", "-o", "./notes.svg"], "would overwrite 'notes.svg'"),
    "a trace onto its palette": (
        ["trace", "content-0.png", "--palette", "notes.svg", "-o", "notes.svg"],
        "would overwrite 'notes.svg'",
    ),
    "a study into its pictures": (["study", "create", "pictures", "-o", "pictures"], "is the folder that goes in"),
    "a study into a folder of others": (["study", "create", "pictures", "-o", "contents"], "with other things in it"),
    "a corpus into a folder of others": (
        ["corpus", "build", "pictograms", "--out", "contents"],
        "with other things in it",
    ),
    "triplets into their index": (["triplets", "mine", "index", "-o", "index"], "is the folder that goes in"),
    "triplets into a folder of others": (["triplets", "mine", "index", "-o", "contents"], "with other things in it"),
    "a model into a folder of others": (["export", "pictogram-diffusion", "--out", "contents"], "with other things"),
    "a report into a folder of others": (["report", "contents"], "with other things in it"),
}
WITHOUT_MODEL = {"trace", "study", "corpus", "triplets", "export"}


def files() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_lost_is_refused(kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, told = REFUSED[kind]
    before = files()
    capsys.readouterr()
    assert main([*words, *([] if words[0] in WITHOUT_MODEL else SMALL)]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert (out, err.count("\n")) == ("", 1)
    assert files() == before


@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind.endswith("onto a foreign picture")])
def test_overwrite_replaces_what_is_somebody_elses(kind: str, place: Path) -> None:
    words = REFUSED[kind][0]
    steps = [] if words[0] == "replay" else ["--steps", "1"]
    before = Path("foreign.png").read_bytes()
    assert main([*words, "--overwrite", *steps, *SMALL]) == 0
    assert Path("foreign.png").read_bytes() != before


def test_overwrite_never_replaces_what_goes_in(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files()
    assert main([*STYLE, "-o", "style.png", "--overwrite", *SMALL]) == 2
    assert "would overwrite 'style.png', which goes in" in capsys.readouterr().err
    assert files() == before


@pytest.mark.parametrize(
    "words",
    [
        [*STYLE, "--steps", "1", "-o", "made.png", *SMALL],
        [*STYLE, "--steps", "1", "-o", "a.png", "--preview", "b.png", *SMALL],
        ["style", "contents", "--like", "style.png", "--steps", "1", "-o", "out", *SMALL],
        ["replay", "made.png", *SMALL],
        ["grid", "content-0.png", "--like", "style.png", "--steps", "1", "-o", "sheet.png", *SMALL],
        [*MAKE, "-o", "x.png", "--sheet", "y.png", "--session", "z.json", *SMALL],
        ["card", "style.png", "-o", "again.style.json", *SMALL],
        ["trace", "content-0.png", "-o", "traced.svg"],
    ],
    ids=lambda words: words[0],
)
def test_the_same_command_goes_on(words: list[str], place: Path) -> None:
    assert main(words) == 0
    assert main(words) == 0


def test_a_painting_that_breaks_off_is_still_ours(place: Path) -> None:
    Path("made.png").write_bytes(Path("made.png").read_bytes()[:-30])
    assert made_here(Path("made.png"))
    assert main([*STYLE, "-o", "made.png", "--steps", "1", *SMALL]) == 0
    assert Recipe.read("made.png")


def test_what_is_ours_is_told_from_what_is_not(place: Path) -> None:
    save_png("saved-elsewhere.png", load("made.png"))  # as another program does: the pixels alone
    Path("list.json").write_text(json.dumps({"format": 1, "steps": []}))
    Path("table.csv").write_text("participant,age\n")
    Path("empty.png").touch()
    found = {name: made_here(Path(name)) for name in ("made.png", "warm.style.json", "empty.png")}
    assert all(found.values()), found
    foreign = ("saved-elsewhere.png", "list.json", "table.csv", "notes.svg", "foreign.png", "index/index.json")
    assert not any(map(made_here, map(Path, foreign)))
