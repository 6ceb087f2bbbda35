"""The report and the command: figures that can be checked by hand, one result from the command line on."""

import json
from pathlib import Path

import numpy as np
import pytest

import drawn_corpus
from parasol.apps.cli import main
from parasol.corpora import Corpus
from parasol.triplets.results import load_finished
from parasol.triplets.sweeps import Labels, Sweep, charts, figures, whole
from parasol.triplets.task import TRIPLET
from planted import as_index, planted

LABELS = Labels(style=np.array(list("aabb")), content=np.array(list("wxyz")), base=np.array(list("vvyz")))


def triplets(*rows: tuple[int, int, int, float]) -> np.ndarray:
    return np.array([(x, y, s, 0.5, 0.5, margin) for x, y, s, margin in rows], TRIPLET)


def test_figures_count_what_they_say() -> None:
    found = triplets((0, 1, 2, 0.0), (2, 2, 3, 0.0), (0, 1, 1, 0.0), (3, 0, 2, 0.0))
    assert figures(found, 8, LABELS) == {"yield": 0.5, "y_right": 0.25, "y_right_base": 0.75, "s_right": 0.5}
    assert figures(found, 8, None) == {"yield": 0.5}
    assert figures(found[:0], 8, LABELS) == {"yield": 0.0}


def test_confidence_drops_the_lowest_margins_among_whole_triplets() -> None:
    found = triplets((0, 1, 2, 0.4), (1, -1, 2, 9.0), (2, 3, -1, 9.0), (3, 0, 1, 0.1), (0, 2, 1, 0.3))
    assert whole(found, 0.0)["margin"].tolist() == pytest.approx([0.4, 0.1, 0.3])
    assert whole(found, 40.0)["margin"].tolist() == pytest.approx([0.4, 0.3])


def test_charts_of_sweeps_share_one_scale() -> None:
    high, low = (
        Sweep(dial=dial, values=(0.0, 99.9), figures=({"yield": share, "s_right": 0.9}, {"yield": 1.0, "s_right": 0.5}))
        for dial, share in (("confidence", 0.9), ("style_percentile", 0.42))
    )
    drawn = charts([high, low])
    assert drawn[0].levels == drawn[1].levels
    assert drawn[1].levels == {tenth / 10: f"{tenth}0 %" for tenth in range(4, 11)}
    assert drawn[1].marks == {0: "0", 1: "99.9"}
    assert [line.name for line in drawn[0].lines] == ["yield", "s in x's style, other content"]
    assert drawn[1].lines[0].points == [(0, 0.42), (1, 1.0)]
    assert drawn[0].axis == "dropped, % of triplets"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return drawn_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def index(corpus: Corpus) -> Path:
    """An index of the corpus's own pictures, with planted descriptors: five hands draw eight shapes each."""
    style, content, *_ = planted(styles=len(drawn_corpus.HANDS), contents=len(drawn_corpus.SHAPES))
    folder = corpus.folder.parent / "index"
    paths = [cell.file.removeprefix("cells/") for cell in corpus.cells]
    return as_index(folder, style, content, paths=paths, pictures=corpus.folder / "cells").index.folder


def test_from_the_command_to_the_report(
    corpus: Corpus, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "triplets"
    words = ["--corpus", str(corpus.folder), "--json"]
    assert main(["triplets", "mine", str(index), "-o", str(out), "--style-percentile", "75", *words]) == 0
    mined = json.loads(capsys.readouterr().out)
    trained = {row for row, cell in enumerate(corpus.cells) if cell.split == "train"}
    found = load_finished(out).kept(0)
    assert mined["triplets"] == len(found)
    assert mined["queries"] == len(trained)
    assert {int(row) for name in ("x", "y", "s") for row in found[name]} <= trained
    assert main(["triplets", "report", str(out), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["s_right"] == 1.0
    assert told["yield"] == mined["yield"]
    assert {file.name for file in (out / "report").iterdir()} == {"report.json", "report.svg", "sheet.png"}
    swept = {sweep["dial"]: sweep for sweep in json.loads((out / "report/report.json").read_text())["sweeps"]}
    assert set(swept) == {"content_percentile", "style_percentile", "confidence"}
    yields = [at["yield"] for at in swept["confidence"]["figures"]]
    assert yields[0] == mined["yield"]
    assert yields == sorted(yields, reverse=True)


def test_a_corpus_of_other_pictures_is_refused(index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = drawn_corpus.make(tmp_path / "other")
    assert main(["triplets", "mine", str(index), "-o", str(tmp_path / "o"), "--corpus", str(other.folder)]) == 2
    assert "holds no picture of the corpus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--confidence", "100"], "confidence is 100.0"), (["--k", "0"], "k is 0"), (["--engine", "dask"], "--help")],
)
def test_wrong_rules_are_named(index: Path, tmp_path: Path, words, complaint, capsys) -> None:
    assert main(["triplets", "mine", str(index), "-o", str(tmp_path / "o"), *words]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
