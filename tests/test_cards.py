"""Style cards: kept whole, used wherever a style picture is, refused by another encoder."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.cards import CardError, StyleCard, open_style
from parasol.images import load
from parasol.recipe import Recipe
from small_model import copy_of, drawing, edit_manifest

MIX = [(drawing(1), 0.7), (drawing(2), 0.3), (drawing(3), -0.2)]


@pytest.fixture(scope="module")
def card(model: Parasol) -> StyleCard:
    return model.card(MIX)


@pytest.fixture
def words(tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every command here ends with; the working folder has a content and two styles."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("content", "style", "other")):
        drawing(seed).save(f"{name}.png")
    return ["--model", str(model.bundle.folder)]


def test_a_card_survives_its_file(card: StyleCard, model: Parasol, tmp_path: Path) -> None:
    card.save(tmp_path / "warm.style.json")
    assert open_style(tmp_path / "warm.style.json") == card
    again, style = card.of(model.bundle.manifest), model.style(MIX)
    np.testing.assert_array_equal(again.descriptor, style.descriptor)
    np.testing.assert_array_equal(again.colours.covariance, style.colours.covariance)


def test_a_card_paints_as_its_pictures_do(card: StyleCard, model: Parasol, tmp_path: Path) -> None:
    card.save(tmp_path / "warm.style.json")
    expected = model.stylize(drawing(0), MIX, steps=2, color="match")
    for source in (card, tmp_path / "warm.style.json", card.text().encode()):
        found = model.stylize(drawing(0), source, steps=2, color="match")
        np.testing.assert_allclose(found.pixels, expected.pixels, atol=2 / 255)


def test_mixing_commutes(model: Parasol) -> None:
    forth, back = model.card(MIX), model.card(MIX[::-1])
    space = model.bundle.manifest
    np.testing.assert_allclose(forth.of(space).descriptor, back.of(space).descriptor, atol=1e-6)
    np.testing.assert_allclose(forth.of(space).colours.covariance, back.of(space).colours.covariance, atol=1e-12)


def test_cards_and_pictures_mix(model: Parasol) -> None:
    one = model.card(drawing(1))
    mixed, pictures = (model.style([(first, 0.4), (drawing(2), 0.6)]) for first in (one, drawing(1)))
    np.testing.assert_allclose(mixed.descriptor, pictures.descriptor, atol=1e-6)
    np.testing.assert_allclose(mixed.colours.mean, pictures.colours.mean)


def test_a_card_names_its_parts_and_no_place(model: Parasol, tmp_path: Path) -> None:
    drawing(1).save(tmp_path / "crab.png")
    card = model.card([(tmp_path / "crab.png", 0.5), (drawing(2), 0.5)])
    assert [(part.source, part.weight) for part in card.parts] == [("crab.png", 0.5), ("a picture", 0.5)]
    assert str(tmp_path) not in card.text()


@pytest.mark.parametrize(("field", "value"), [("version", "2"), ("name", "csd")])
def test_another_encoder_refuses_a_card(
    model: Parasol, card: StyleCard, tmp_path: Path, field: str, value: str
) -> None:
    folder = copy_of(model.bundle, tmp_path / "other")
    edit_manifest(folder, style=model.bundle.manifest.style.model_dump() | {field: value})
    with pytest.raises(CardError, match=rf"encoder aladin 1 and this model has .*{value}.* `parasol card`"):
        Parasol.load(folder).stylize(drawing(0), card)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, "format 9 and this version reads 1 to 3"),
        ({"surprise": 1}, "wrong at surprise"),
        ({"style": None}, "wrong at style"),
        ({"parts": [{"source": "a", "weight": "much"}]}, "wrong at parts.0.weight"),
    ],
)
def test_what_is_no_card_is_refused(card: StyleCard, tmp_path: Path, change: dict, message: str) -> None:
    (tmp_path / "bad.style.json").write_text(json.dumps(json.loads(card.text()) | change))
    with pytest.raises(CardError, match=rf"bad\.style\.json.*{message}.*parasol"):
        open_style(tmp_path / "bad.style.json")


def test_a_cut_descriptor_is_refused(card: StyleCard, model: Parasol) -> None:
    content = json.loads(card.text())
    content["style"]["descriptor"] = content["style"]["descriptor"][:8]
    with pytest.raises(CardError, match="holds 6 bytes instead of 128 finite float32 values"):
        model.style(json.dumps(content).encode())


def test_the_command_writes_what_like_takes(
    words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", "style.png:0.7", "other.png:-0.3", "-o", "warm.style.json", "--json", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["out"] == "warm.style.json"
    assert told["parts"] == [{"source": "style.png", "weight": 0.7}, {"source": "other.png", "weight": -0.3}]
    like = ["--like", "warm.style.json:0.5", "--like", "other.png:0.5"]
    assert main(["style", "content.png", *like, "-o", "a.png", "--steps", "2", *words]) == 0
    expected = model.recipe("content.png", [("warm.style.json", 0.5), ("other.png", 0.5)], Recipe.read("a.png").dials)
    assert Recipe.read("a.png") == expected


def test_a_folder_shares_its_weight(words: list[str], model: Parasol) -> None:
    for seed in (1, 2):
        Path("looks").mkdir(exist_ok=True)
        drawing(seed).save(f"looks/{seed}.png")
    assert main(["card", "looks:0.8", "other.png:0.2", "-o", "a.style.json", *words]) == 0
    card = open_style("a.style.json")
    assert isinstance(card, StyleCard)
    assert [part.weight for part in card.parts] == [0.4, 0.4, 0.2]


def test_a_folder_of_styles_may_hold_cards(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("looks").mkdir()
    assert main(["card", "style.png", "other.png", "-o", "looks/warm.style.json", *words]) == 0
    drawing(1).save("looks/plain.png")
    assert main(["style", "content.png", "--like", "looks", "-o", "out", "--steps", "1", *words]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["content-as-plain.png", "content-as-warm.png"]


def test_a_card_comes_through_a_pipe(
    words: list[str], card: StyleCard, model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(card.text().encode())))
    assert main(["style", "content.png", "--like", "-", "-o", "a.png", "--steps", "1", *words]) == 0
    assert Recipe.read("a.png").style == model.recipe("content.png", card, Recipe.read("a.png").dials).style


def test_a_sheet_takes_cards(words: list[str], card: StyleCard) -> None:
    card.save("warm.style.json")
    likes = ["--like", "warm.style.json", "--like", "style.png"]
    assert main(["grid", "content.png", *likes, "--steps", "1", "--size", "32", "-o", "g.png", *words]) == 0
    assert load("g.png").shape[1] > load("g.png").shape[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["card", "style.png", "-o", "warm.png"], "does not end in .json"),
        (["card", "style.png:-1"], "at least one style a positive, finite weight"),
        (["card", "gone.style.json"], "'gone.style.json' does not exist"),
        (["style", "gone.style.json", "--like", "style.png"], "'gone.style.json' does not exist"),
    ],
)
def test_mistakes_get_one_line(
    words: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
