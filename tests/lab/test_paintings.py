"""Pairs of photographs and paintings: test files alone, every photograph with every painting."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.figures.dials import no_content
from lab.figures.run import main as figures
from lab.pairs.paintings import main
from lab.subject import paintings_subject
from parasol.comparison.pairs import read_pairs
from parasol.corpora import gallery
from parasol.corpora.gallery import Gallery
from parasol.held_out import chosen, tuning_subject
from parasol.images import save_png
from parasol.pipeline import Parasol


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Six photographs of two packages and four paintings, one of each kind trained on."""
    folder, lines = tmp_path_factory.mktemp("paintings"), []
    drawn = [("a", "photograph", n) for n in range(4)] + [("b", "photograph", n) for n in range(2)]
    drawn += [("b", "painting", n) for n in range(4)]
    for source, kind, number in drawn:
        file = f"{source}-{kind}-{number}.png"
        pixels = np.full((8, 12, 3), number / 10, np.float32)
        pixels[2:5, 3:7] = 1.0  # a blank picture shows nothing, and is refused
        save_png(folder / file, pixels)
        split = "train" if number == 0 and source == "b" else ("test", "gpl")[number % 2]
        lines.append(
            {
                "id": f"{source}/{kind}{number}", "source": source, "kind": kind, "subject": "", "caption": "",
                "painter": f"painter {number % 2}" if kind == "painting" else "", "author": "", "licence": "CC0-1.0",
                "origin": "", "note": "", "split": split, "width": 12, "height": 8, "file": file, "sha256": "",
            }
        )  # fmt: skip
    (folder / "pictures.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (folder / "corpus.json").write_text(json.dumps({"size": 32}))
    return gallery.load(folder)


def test_packages_take_turns_and_a_shorter_list_begins_a_longer_one(pictures: Gallery) -> None:
    found = chosen(pictures, "photograph", 5)
    assert [one.source for one in found] == ["a", "b", "a", "a", "a"]
    assert {one.split for one in found} == {"test", "gpl"}
    assert chosen(pictures, "photograph", 3) == found[:3]
    for count in (0, 6):
        with pytest.raises(ValueError, match=rf"{count} held-out pictures of the kind photograph are asked for"):
            chosen(pictures, "photograph", count)


def test_every_photograph_meets_every_painting(
    pictures: Gallery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--corpus", str(pictures.folder), "--photographs", "4", "--paintings", "3", "--out"]
    assert main([*words, str(tmp_path / "pairs.json")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'pairs.json'}\n"
    found = read_pairs(tmp_path / "pairs.json", pictures.folder)
    assert len({(pair.content, pair.style) for pair in found}) == len(found) == 12
    assert {pair.truth for pair in found} == {None}
    assert {pair.group for pair in found} == {"painter 0", "painter 1"}
    with pytest.raises(SystemExit, match="2"):
        main([*words[:2], "--photographs", "40", "--out", str(tmp_path / "more.json")])
    assert "40 held-out pictures of the kind photograph are asked for; it must be 1 to 5" in capsys.readouterr().err
    assert not (tmp_path / "more.json").exists()


def test_a_content_can_be_named(pictures: Gallery, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = chosen(pictures, "painting", 3)[0]
    words = ["--corpus", str(pictures.folder), "--paintings", "3", "--out", str(tmp_path / "pairs.json"), "--content"]
    assert main([*words, own.id]) == 0
    found = read_pairs(tmp_path / "pairs.json", pictures.folder)
    assert len(found) == 2, "not with itself"
    assert {pair.content for pair in found} == {pictures.folder / own.file}
    for name, why in (("b/painting0", "was trained on"), ("c/painting0", "is not in")):
        with pytest.raises(SystemExit, match="2"):
            main([*words, name])
        assert f"{name!r} {why}" in " ".join(capsys.readouterr().err.split())


def test_figures_of_pairs_are_measured_at_the_size_asked_for(
    pictures: Gallery, model: Parasol, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = paintings_subject(model, pictures, 3, 36)
    assert [pair.content.file for pair in subject.pairs] == [one.file for one in chosen(pictures, "photograph", 3)]
    assert len({pair.style.id for pair in subject.pairs}) == 3
    assert subject.paint(subject.pairs[0], subject.dials(steps=2)).shape == (24, 36, 3)
    with pytest.raises(SystemExit, match="2"):
        figures(["--corpus", str(pictures.folder), "--only", "judged", "--out", str(tmp_path / "out.json")])
    assert "there is no figure 'judged' of" in capsys.readouterr().err


def test_a_model_is_tuned_on_what_tests_leave(
    pictures: Gallery, model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="has 3 held-out paintings; tests take the first 8"):
        tuning_subject(model, pictures, 1)
    monkeypatch.setattr("parasol.held_out.PAINTINGS", 2)
    subject = tuning_subject(model, pictures, 1)
    assert [pair.content.base for pair in subject.pairs] == ["b/photograph0"]
    assert [pair.style.base for pair in subject.pairs] == [chosen(pictures, "painting", 3)[2].id]
    with pytest.raises(ValueError, match="2 training pictures of the kind photograph are asked for; it must be 1 to 1"):
        tuning_subject(model, pictures, 2)


def test_contents_that_must_not_matter_are_of_one_shape(pictures: Gallery, model: Parasol) -> None:
    save_png(pictures.folder / "square.png", np.full((8, 8, 3), 0.4, np.float32))
    subject = paintings_subject(model, pictures, 3, 36)
    first, second, third = subject.pairs
    odd = replace(second, content=replace(second.content, file="square.png"))
    figure = no_content(replace(subject, pairs=(first, odd, third)))
    assert len(figure.units) == 2
    assert figure.measure(1)["pictures"] == 2


def test_figures_are_kept_by_the_name_of_the_model(
    pictures: Gallery, model: Parasol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures.folder / "cells.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    words = ["--corpus", str(pictures.folder), "--model", str(model.bundle.folder), "--pairs", "1"]
    assert figures([*words, "--only", "full_structure"]) == 0
    assert [*tmp_path.rglob("*.json")] == [
        tmp_path / "lab" / "results" / "figures" / f"{model.bundle.manifest.name}.json"
    ]
