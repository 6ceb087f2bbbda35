"""Searching: the score, its order, and the command, against sums over every picture."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.images import load
from parasol.index.build import build
from parasol.index.describe import Describer
from parasol.index.search import Query, search
from parasol.index.store import Index, StoreError
from small_model import copy_of, drawing, edit_manifest


@pytest.fixture(scope="module")
def folder(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pictures`, two of them the same, and `index`."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "pictures").mkdir()
    for seed in range(20):
        drawing(seed, 32, 32).save(folder / "pictures" / f"{seed}.png")
    shutil.copy(folder / "pictures/7.png", folder / "pictures/07.png")
    describer = Describer.of(Parasol.load(bundle.folder, threads=1).components)
    build(folder / "pictures", folder / "index", describer, workers=1)
    return folder


@pytest.fixture
def words(folder: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(folder)
    return ["search", "index", "--model", str(bundle.folder)]


def test_the_score_is_the_weighted_sum_of_both_cosines(folder: Path, model: Parasol) -> None:
    index, w = Index.open(folder / "index"), 0.3
    style = model.embed_style(folder / "pictures/3.png")
    content = model.embed_content(folder / "pictures/5.png")
    hits = search(index, Query(style=style, content=content, style_weight=w), 99)
    rows = np.concatenate(index.table.parts).astype(np.float64)
    scores = w * rows[:, : len(style)] @ style + (1 - w) * rows[:, len(style) :] @ content
    assert len(hits) == 21
    np.testing.assert_allclose([hit.score for hit in hits], np.sort(scores)[::-1], atol=1e-6)
    for hit in hits:
        assert hit.style is not None
        assert hit.content is not None
        assert hit.score == pytest.approx(w * hit.style + (1 - w) * hit.content, abs=1e-6)


@pytest.mark.parametrize("space", ["style", "content"])
def test_one_space_alone_counts_whole(folder: Path, model: Parasol, space: str) -> None:
    embed = model.embed_style if space == "style" else model.embed_content
    first, second, *rest = search(Index.open(folder / "index"), Query(**{space: embed(folder / "pictures/7.png")}), 5)
    assert [first.file.name, second.file.name] == ["07.png", "7.png"], "the same picture twice: the lower path first"
    assert first.score == second.score == pytest.approx(1, abs=2e-3)
    assert rest[0].score < second.score
    assert (first.style is None, first.content is None) == (space == "content", space == "style")


def test_the_ends_of_the_style_weight(folder: Path, model: Parasol) -> None:
    index = Index.open(folder / "index")
    style, content = model.embed_style(folder / "pictures/3.png"), model.embed_content(folder / "pictures/5.png")
    for w, alone in ((1.0, Query(style=style)), (0.0, Query(content=content))):
        both = search(index, Query(style=style, content=content, style_weight=w), 9)
        assert [(hit.file, hit.score) for hit in both] == [(hit.file, hit.score) for hit in search(index, alone, 9)]


@pytest.mark.parametrize(
    ("query", "message"),
    [({}, "the query is empty"), ({"style": np.ones(3), "style_weight": 1.5}, "the style weight is 1.5; it must be")],
)
def test_queries_without_sense_are_refused(query: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Query(**query)


def test_the_command_finds_and_draws(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--like", "pictures/3.png", "--content", "pictures/3.png", "--top", "8"]
    assert main([*words, *asked, "--sheet", "found.png", "--json"]) == 0
    hits = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [hit["rank"] for hit in hits] == list(range(1, 9))
    assert Path(hits[0]["file"]) == Path("pictures/3.png").resolve()
    assert set(hits[0]) == {"rank", "file", "score", "style", "content"}
    height, width, _ = load("found.png").shape
    assert height == 4 + 3 * (128 + 4), "asked for, and two rows of six and two"
    assert width > 6 * 128
    assert main([*words, *asked]) == 0
    first = capsys.readouterr().out.splitlines()[0].split("  ")
    assert first == [f"{hits[0]['score']:.3f}", f"style {hits[0]['style']:.3f}", f"content {hits[0]['content']:.3f}",
                     hits[0]["file"]]  # fmt: skip


def test_a_card_is_as_good_as_its_picture(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "pictures/3.png", "-o", "c.style.json", *words[2:]]) == 0
    capsys.readouterr()
    assert main([*words, "--like", "pictures/3.png"]) == 0
    by_picture = capsys.readouterr().out
    assert main([*words, "--like", "c.style.json", "--sheet", "found.png"]) == 0
    assert capsys.readouterr().out == by_picture


def test_contents_mix_and_styles_push_away(
    words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--content", "pictures/3.png", "--content", "pictures/4.png", "--top", "2"]) == 0
    assert {Path(line.split()[-1]).name for line in capsys.readouterr().out.splitlines()} == {"3.png", "4.png"}
    assert main([*words, "--like", "pictures/3.png", "--like", "pictures/4.png:-0.9"]) == 0
    style = model.style([("pictures/3.png", 1.0), ("pictures/4.png", -0.9)])
    expected = search(Index.open("index"), Query(style=style.descriptor), 12)
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [str(hit.file) for hit in expected]
    assert "4.png" not in [hit.file.name for hit in expected[:3]]


def test_a_picture_that_is_gone_leaves_a_white_cell(words: list[str], folder: Path) -> None:
    moved = folder / "pictures/3.png"
    data = moved.read_bytes()
    moved.unlink()
    try:
        assert main([*words, "--like", "pictures/4.png", "--top", "99", "--sheet", "found.png"]) == 0
    finally:
        moved.write_bytes(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is asked for: give a style with --like"),
        (["--like", "pictures/1.png", "--style-weight", "0.2"], "--style-weight weighs the style against the content"),
        (["--like", "-", "--content", "-"], "standard input (-) is named twice"),
        (["--like", "pictures/1.png", "--top", "0"], "--top"),
        (["--like", "pictures/1.png", "--sheet", "s.jpg"], "does not end in .png"),
        (["--like", "nowhere.png"], "'nowhere.png' does not exist"),
        (["--like", "pictures/1.png", "--content", "pictures/1.png", "--style-weight", "2"], "the style weight is 2.0"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_another_model_is_refused(
    words: list[str], bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = copy_of(bundle, tmp_path / "other")
    edit_manifest(other, style=bundle.manifest.style.model_dump() | {"version": "9"})
    assert main(["search", "index", "--like", "pictures/1.png", "--model", str(other)]) == 2
    assert "the index 'index' is of the encoders style aladin 1 and" in capsys.readouterr().err
    assert main(["search", "pictures", "--like", "pictures/1.png", *words[2:]]) == 2
    assert "'pictures' is no index" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "k"), [(np.nan, 1), (np.nan, 5), (np.inf, 5), (3000.0, 21)])
def test_damaged_descriptors_are_told(folder: Path, model: Parasol, tmp_path: Path, value: float, k: int) -> None:
    index = Index.open(shutil.copytree(folder / "index", tmp_path / "index"))
    shard = index.manifest.shards[0]
    vectors = np.load(file := index.folder / "shards" / next(iter(shard.files)))
    vectors[3] = value
    np.save(file, vectors)
    with pytest.raises(StoreError, match="damaged descriptors: run `parasol index build` again"):
        search(Index.open(index.folder), Query(style=model.embed_style(folder / "pictures/3.png")), k)


def test_a_shard_that_names_a_picture_twice_is_damaged(folder: Path, model: Parasol, tmp_path: Path) -> None:
    index = Index.open(shutil.copytree(folder / "index", tmp_path / "index"))
    entries = index.entries_of(range(21))
    shard = index.write([entries[0], *entries[:20]], index.table.take(np.arange(21)))
    index.with_shards([shard], finished=True).save()
    with pytest.raises(StoreError, match="missing or damaged"):
        search(Index.open(index.folder), Query(style=model.embed_style(folder / "pictures/3.png")), 5)
