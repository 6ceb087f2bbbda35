"""Which model draws where nobody names one: photographs are told from drawings, and cards go with their encoder."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from parasol import Index, Parasol, StyleCard, Words
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.choice import PHOTOGRAPHS, model_for, model_for_folder, model_with
from parasol.images import UNSURE, is_photograph, load, photograph_odds
from parasol.recipe import Recipe

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with the examples in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("photograph.jpg", "painting.jpg", "content.png", "style.png"):
        shutil.copy(EXAMPLES / name, name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("photograph.jpg", True), ("painting.jpg", True), ("content.png", False), ("style.png", False)],
)
def test_photographs_and_paintings_are_told_from_drawings(name: str, expected: bool) -> None:
    assert is_photograph(load(name)) is expected


def cut(picture: Image.Image) -> Image.Image:
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse([side * part for part in (0.15, 0.9) for side in picture.size], fill=255)
    picture = picture.copy()
    picture.putalpha(mask)
    return picture


def boxed(picture: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (picture.width, picture.height * 5 // 4), "black")
    sheet.paste(picture, (0, picture.height // 8))
    return sheet


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.convert("L"),
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.25),
        lambda picture: ImageEnhance.Brightness(picture).enhance(1.8),
        lambda picture: ImageEnhance.Contrast(picture).enhance(0.4),
        cut,
        boxed,
    ],
)
@pytest.mark.parametrize("name", ["photograph.jpg", "painting.jpg"])
def test_photographs_stay_photographs(name: str, change: Callable[[Image.Image], Image.Image]) -> None:
    assert is_photograph(load(change(Image.open(name).convert("RGB"))))


def test_an_app_icon_on_a_ramp_is_a_drawing() -> None:
    y, x = np.mgrid[0:1:256j, 0:1:256j][..., None]
    ramp = np.array([90, 60, 220]) * (1 - (x + y) / 2) + np.array([250, 90, 160]) * (x + y) / 2
    icon = Image.fromarray(ramp.astype(np.uint8)).convert("RGBA")
    ImageDraw.Draw(icon).ellipse((70, 70, 186, 186), fill="white")
    mask = Image.new("L", icon.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 255, 255), 56, fill=255)
    icon.putalpha(mask)
    assert not is_photograph(load(icon))


@pytest.mark.parametrize(("name", "size"), [("photograph.jpg", (900, 500)), ("content.png", (500, 900))])
def test_the_ground_around_a_picture_says_nothing(name: str, size: tuple[int, int]) -> None:
    """What is around it is cut off, to the pixel's width at which it is looked at; only its lighting differs."""
    picture = Image.open(name).convert("RGB")
    sheet = Image.new("RGB", size, "white")
    sheet.paste(picture, (40, 60))
    assert abs(photograph_odds(load(sheet)) - photograph_odds(load(picture))) < 2
    assert is_photograph(load(sheet)) is is_photograph(load(picture))


def test_a_picture_of_one_colour_is_a_drawing() -> None:
    assert not is_photograph(np.full((64, 40, 3), 0.3, np.float32))


def test_the_first_readable_content_picture_decides() -> None:
    Path("broken.png").write_bytes(b"no picture")
    told: list[str] = []
    tell = partial(told.append, "a photograph")
    assert model_for(["broken.png", "photograph.jpg", "content.png"], photograph=tell) == "painting"
    assert told == ["a photograph"]
    assert (
        model_for([Words("cat"), "-", "content.png", "photograph.jpg"], ["painting.jpg"], photograph=tell)
        == "pictogram"
    )
    assert model_for([], ["painting.jpg"], photograph=tell) == "pictogram"
    assert told == ["a photograph"]


def test_python_is_told_the_same() -> None:
    assert Parasol.suited("photograph.jpg", "style.png") == "painting"
    assert Parasol.suited("content.png", [("painting.jpg", 0.5)]) == Parasol.suited() == "pictogram"


def test_most_pictures_of_a_folder_decide() -> None:
    assert model_for_folder(["photograph.jpg", "painting.jpg", "content.png", "nowhere.png"]) == "painting"
    assert model_for_folder(["photograph.jpg", "content.png"]) == model_for_folder([]) == "pictogram"


def test_an_index_of_photographs_is_built_and_searched_by_their_model(capsys: pytest.CaptureFixture[str]) -> None:
    Path("few").mkdir()
    shutil.copy("photograph.jpg", "few/a.jpg")
    assert main(["index", "build", "few", "-o", "few.index"]) == 0
    encoders = Index.open("few.index").manifest.encoders
    assert model_with(encoders.style, encoders.content) == PHOTOGRAPHS
    shutil.copy("content.png", "few/b.png")
    shutil.copy("style.png", "few/c.png")
    assert main(["index", "build", "few", "-o", "few.index"]) == 0, "the index that is there decides"
    assert main(["search", "few.index", "--like", "style.png", "--top", "1"]) == 0
    assert "c.png" in capsys.readouterr().out.splitlines()[-1]


def test_a_card_goes_with_the_model_of_its_encoder(model: Parasol) -> None:
    Parasol.load("painting").card("painting.jpg").save("oil.style.json")
    Path("broken.style.json").write_text("{}")
    assert model_for(["content.png"], ["style.png", "broken.style.json", "oil.style.json"]) == "painting"
    drawn = Parasol.load("pictogram").card("style.png")
    assert model_for(["photograph.jpg"], [drawn]) == "pictogram"
    assert model_for(["photograph.jpg"], [model.card("style.png")]) == "pictogram", "no bundled model has it"
    assert main(["card", "oil.style.json:0.5", "photograph.jpg", "-o", "more.style.json"]) == 0
    assert main(["card", "painting.jpg", "-o", "other.style.json"]) == 0
    assert (
        StyleCard.parse(Path("other.style.json").read_bytes()).encoder.version
        == Bundle.open("painting").manifest.style.version
    )


@pytest.mark.parametrize("command", ["style", "grid"])
def test_commands_draw_a_photograph_with_the_model_for_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["photograph.jpg", "--like", "painting.jpg", "--size", "64", "--steps", "1", "-o", "out.png"]
    assert main([command, *words]) == 0
    assert "so --model painting" in capsys.readouterr().err
    if command == "style":
        assert Recipe.read("out.png").model.name == "painting"


def test_a_style_without_texture_is_told_of_where_texture_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    oil = Parasol.load("painting").card("painting.jpg")
    oil.model_copy(update={"style": oil.style.model_copy(update={"texture": None})}).save("bare.style.json")
    words = ["style", "photograph.jpg", "--like", "bare.style.json", "--size", "64", "--steps", "1", "-o", "out.png"]
    assert main(words) == 0
    assert "--style-scale 3 --content-scale 2 brings more" in capsys.readouterr().err
    for more in (["--style-scale", "3"], ["--texture", "0"], ["--like", "painting.jpg"]):
        assert main([*words, *more]) == 0
        assert not capsys.readouterr().err, more


def halfway(folder: Path) -> str:
    """A picture whose odds leave doubt: a drawing that gives way to a photograph, as far as it takes."""
    drawing, photograph = (
        Image.open(name).convert("RGB").resize((160, 160)) for name in ("content.png", "photograph.jpg")
    )
    low, high = 0.0, 1.0
    while True:
        mixed = Image.blend(drawing, photograph, (low + high) / 2)
        odds = photograph_odds(load(mixed))
        if abs(odds) < UNSURE:
            mixed.save(folder / "halfway.png")
            return str(folder / "halfway.png")
        low, high = ((low + high) / 2, high) if odds < 0 else (low, (low + high) / 2)


def test_a_picture_that_may_be_either_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    taken = model_for([halfway(tmp_path)], doubt=told.append)
    assert told == [taken]
    assert model_for(["content.png", "photograph.jpg"], doubt=told.append) == "pictogram"
    assert told == [taken], "these are sure"
    words = ["halfway.png", "--like", "style.png", "--size", "64", "--steps", "1", "-o", "out.png"]
    assert main(["style", *words]) == 0
    [other] = {"pictogram", "painting"} - {taken}
    assert f"perhaps a photograph, drawn with --model {taken}; --model {other} is for" in capsys.readouterr().err
