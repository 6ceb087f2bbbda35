"""The small languages of the command line."""

from pathlib import Path

import pytest

from parasol.apps.words import Like, Vary


@pytest.mark.parametrize(
    ("word", "source", "weight"),
    [
        ("a.png", "a.png", 1.0),
        ("a.png:0.5", "a.png", 0.5),
        ("a.png:-1", "a.png", -1.0),
        ("-", "-", 1.0),
        ("-:2", "-", 2.0),
        (r"C:\a.png", r"C:\a.png", 1.0),
        (r"C:\a.png:2", r"C:\a.png", 2.0),
        ("https://a.png", "https://a.png", 1.0),
    ],
)
def test_like(word: str, source: str, weight: float) -> None:
    assert Like.parse(word) == Like(source=source, weight=weight)


def test_a_file_of_that_name_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "at 12:30"
    path.touch()
    assert Like.parse(str(path)) == Like(source=str(path))


@pytest.mark.parametrize("word", ["a.png:0", "a.png:nan", "a.png:inf"])
def test_like_refuses_weights_that_do_nothing(word: str) -> None:
    with pytest.raises(ValueError, match="must be a number other than 0"):
        Like.parse(word)


@pytest.mark.parametrize(
    ("word", "dial", "values"),
    [
        ("structure=0:1:5", "structure", (0, 0.25, 0.5, 0.75, 1)),
        ("structure=1:0:2", "structure", (1, 0)),
        ("style-scale=1,3,5", "style-scale", (1, 3, 5)),
        ("seed=3,1", "seed", (3, 1)),
        ("steps=10:50:3", "steps", (10, 30, 50)),
        ("strength=0:1:3", "strength", (0, 0.5, 1)),
        ("color-strength=0,1", "color-strength", (0, 1)),
        ("color=off, match", "color", ("off", "match")),
        ("fresh=off,on", "fresh", (False, True)),
        (f"seed={2**63 - 1}", "seed", (2**63 - 1,)),
    ],
)
def test_vary(word: str, dial: str, values: tuple[int | float, ...]) -> None:
    assert Vary.parse(word) == Vary(dial=dial, values=values)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("structure", "names no dial"),
        ("colour=1,2", "names no dial"),
        ("structure=", "has no list of numbers"),
        ("structure=a:b:3", "has no list of numbers"),
        ("structure=0:1", "has no list of numbers"),
        ("structure=0:1:-1", "has no list of numbers"),
        ("structure=0:1:0", "no value that can be drawn"),
        ("structure=0,nan", "no value that can be drawn"),
        ("seed=1,2.5", "takes whole numbers"),
        ("seed=1,inf", "no value that can be drawn"),
        ("color=off,loud", "has no list of off, match, keep"),
        ("content-map=1", "has no list of on, off"),
    ],
)
def test_vary_refuses(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vary.parse(word)


def test_labels() -> None:
    assert Vary.parse("structure=0:1:3").label(1 / 3) == "structure 0.333"
    assert Vary.parse("seed=7").label(7) == "seed 7"
    assert Vary.parse("fresh=on").label(True) == "fresh on"
    assert Vary.parse("color=keep").label("keep") == "color keep"
