"""Nothing is left out in silence: endings, folders in folders, what is gone, words with colons, empty names."""

import json
from pathlib import Path

import pytest
from PIL import Image

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.jobs import pictures
from parasol.apps.words import Like
from parasol.images import load
from parasol.index.scan import scan
from small_model import drawing

KINDS = {"jfif": "JPEG", "jpe": "JPEG", "pgm": "PPM", "pbm": "PPM", "pnm": "PPM", "jpx": "JPEG2000", "jpf": "JPEG2000"}


@pytest.mark.parametrize("ending", [*KINDS, "j2k", "svgz"])
def test_pictures_of_every_ending_are_found(ending: str, tmp_path: Path) -> None:
    import gzip

    file = tmp_path / f"a.{ending.upper() if ending == 'jpe' else ending}"
    if ending == "svgz":
        drawn = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><circle r='4'/></svg>"
        file.write_bytes(gzip.compress(drawn))
    else:
        picture = drawing(0, 48, 48).convert({"pgm": "L", "pbm": "1"}.get(ending, "RGB"))
        picture.save(file, KINDS.get(ending, "JPEG2000"))
    assert load(file).ndim == 3
    assert pictures(str(tmp_path)) == [str(file)]
    assert [entry.path for entry in scan(tmp_path)[0]] == [file.name]


def test_folders_in_a_folder_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    (tmp_path / "more.png").mkdir()
    assert pictures(str(tmp_path)) == [str(tmp_path / "a.png")]
    assert "parasol: the folder 'more.png' in" in capsys.readouterr().err


def test_pictures_that_are_gone_are_told_and_not_drawn_from(
    tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ["--model", str(model.bundle.folder)]
    Path("in").mkdir()
    for seed in range(3):
        drawing(seed).save(f"in/{seed}.png")
    drawing(1).save("query.png")
    assert main(["index", "build", "in", "-o", "index", *few]) == 0
    Path("in/1.png").unlink()  # the best hit
    capsys.readouterr()
    words = ["search", "index", "--like", "query.png", *few]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].endswith("1.png  (gone)")
    assert err == "parasol: 1 of these pictures are gone: `parasol index build` drops them\n"
    assert main([*words, "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["gone" in hit for hit in told] == [True, False, False]
    assert main([*words, "--make", "--steps", "1", "-o", "made.png"]) == 0
    assert Path("made.png").is_file()


@pytest.mark.parametrize(
    ("word", "source", "weight"),
    [
        ("clock 10:30", "clock 10:30", 1.0),
        ("a 16:9 picture", "a 16:9 picture", 1.0),
        ("16:9", "16:9", 1.0),
        ("clock 10:30:2", "clock 10:30:2", 1.0),
        ("clock 10:30 :2", "clock 10:30", 2.0),
        ("route 66:-0.5", "route 66", -0.5),
        ("ink:2", "ink", 2.0),
        ("ink: 0.5", "ink", 0.5),
    ],
)
def test_a_colon_between_digits_is_of_the_words(word: str, source: str, weight: float) -> None:
    assert Like.parse(word, spoken=True) == Like(source=source, weight=weight, spoken=True)


@pytest.mark.parametrize(
    "words",
    [
        ["style", "a.png", "--like", ""],
        ["style", "a.png", "--like-text", " "],
        ["style", "a.png", "--like", "a.png", "--show", ""],
        ["style", ".", "--like", "a.png", "-o", ""],
        ["grid", "", "--like", "a.png"],
        ["grid", "a.png", "--like", ""],
        ["card", ""],
    ],
)
def test_empty_names_are_not_the_current_folder(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    drawing(0).save("a.png")
    assert main(words) == 2
    assert "name one" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["a.png"]
