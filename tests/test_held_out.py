"""The fixed lists of pictures: held out, apart, and the same on every machine."""

from pathlib import Path

import pytest

import held_out_corpus
from lab.sheets.run import contents_in, style_pictures
from parasol.corpora import Corpus, load
from parasol.held_out import held_out, pairs, shuffled


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


def test_cells_whose_pixels_were_trained_are_not_held_out(corpus: Corpus) -> None:
    names = {cell.id for cell in held_out(corpus)}
    assert len(names) == 4 * 5 - 1
    assert held_out_corpus.SEEN not in names


def test_pairs_are_held_out_and_apart(corpus: Corpus) -> None:
    found = pairs(corpus, 4)
    allowed = {cell.id for cell in held_out(corpus)}
    assert all({pair.content.id, pair.style.id} <= allowed for pair in found)
    assert all(pair.content.set != pair.style.set for pair in found)
    assert all(pair.content.base != pair.style.base for pair in found)
    assert len({pair.content.base for pair in found}) == 4, "each content once"
    assert [pair.style.set for pair in found] == ["flat", "leaf", "night", "outline"], "sets take turns"


def test_with_two_sets_left_a_picture_is_always_paired_with_the_other_set(tmp_path: Path) -> None:
    cells = (held_out_corpus.make(tmp_path).folder / "cells.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cells.jsonl").write_text("".join(line for line in cells if '"flat"' in line or '"pale"' in line))
    found = pairs(load(tmp_path), 4)
    assert [pair.style.set for pair in found] == ["flat", "pale"] * 2
    assert [pair.content.set for pair in found] == ["pale", "flat"] * 2


def test_fewer_pairs_are_the_beginning_of_more(corpus: Corpus) -> None:
    assert pairs(corpus, 2) == pairs(corpus, 4)[:2]


def test_the_list_is_frozen(corpus: Corpus) -> None:
    assert [pair.name for pair in pairs(corpus, 3)] == [
        "leaf/1f306 as flat/1f307",
        "pale/1f305 as leaf/1f304",
        "leaf/1f304 as night/1f306",
    ]


@pytest.mark.parametrize("count", [0, 5])
def test_a_number_of_pairs_that_there_are_not_is_refused(corpus: Corpus, count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} pairs are asked for; it must be at least 1"):
        pairs(corpus, count)


def test_shuffling_depends_on_salt_and_ids_alone(corpus: Corpus) -> None:
    cells = held_out(corpus)
    assert shuffled(cells, "a") == shuffled(cells[::-1], "a")
    assert shuffled(cells, "a") != shuffled(cells, "b")


def test_contents_come_in_one_order_whatever_the_set(corpus: Corpus) -> None:
    flat, pale = ([cell.codepoint for cell in contents_in(corpus, name, 4)] for name in ("flat", "pale"))
    assert flat == pale
    with pytest.raises(ValueError, match="4 held-out contents of the set 'outline' are asked for; there are 3"):
        contents_in(corpus, "outline", 4)


def test_style_pictures_avoid_the_contents(corpus: Corpus) -> None:
    contents = contents_in(corpus, "flat", 3)
    found = style_pictures(corpus, ["pale", "leaf"], without=contents)
    assert [cell.set for cell in found] == ["pale", "leaf"]
    assert not {cell.base for cell in found} & {cell.base for cell in contents}
    with pytest.raises(ValueError, match="the set 'oil' has no held-out picture; choose among"):
        style_pictures(corpus, ["oil"])


def test_a_corpus_without_a_test_split_has_no_pairs(tmp_path: Path) -> None:
    import drawn_corpus

    with pytest.raises(ValueError, match="room for 0"):
        pairs(drawn_corpus.make(tmp_path), 1)
