"""The sheets of a small model: what stands where, drawn once, and small enough to keep."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import held_out_corpus
from lab.sheets import run as sheets
from lab.sheets.run import Sheets
from lab.sheets.small_png import KEYWORD, small_png
from parasol import Parasol
from parasol.corpora import Corpus
from parasol.held_out import Subject
from parasol.images import encode_png, load, read_text


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def plans(model: Parasol, corpus: Corpus) -> Sheets:
    return Sheets(
        subject=Subject.of(model, corpus, 4), content_set="flat", style_sets=("pale", "leaf", "night"), contents=2
    )


def test_contents_go_down_and_styles_across(plans: Sheets) -> None:
    plan = plans.contents_by_styles()
    assert plan.column_labels == ["content / style", "pale", "leaf", "night"]
    assert [len(row) for row in plan.rows] == [4, 4, 4]
    content, style = plan.rows[1][0], plan.rows[0][2]
    assert plan.rows[1][2].name == f"{content.name} as {style.name}"
    assert content.name.startswith("flat/")
    pictures = {cell.id: plans.subject.file(cell) for cell in plans.subject.corpus.cells}
    painted = plans.subject.model.stylize(pictures[content.name], pictures[style.name])
    assert np.array_equal(plan.rows[1][2].draw(), painted.pixels), "default dials, seed 0"


@pytest.mark.parametrize(
    ("name", "columns"), [("structure", 10), ("style-scale", 8), ("content-scale", 8), ("fresh", 8)]
)
def test_sweeps_lead_with_the_pair(plans: Sheets, name: str, columns: int) -> None:
    plan = plans.plans()[name]()
    assert len(plan.rows) == 4
    assert len(plan.column_labels) == len(plan.rows[0]) == 2 + columns
    pair = plans.subject.pairs[0]
    assert [entry.name for entry in plan.rows[0][:2]] == [pair.content.id, pair.style.id]


def test_fresh_samples_differ_by_seed_alone(plans: Sheets) -> None:
    plan, pair = plans.plans()["fresh"](), plans.subject.pairs[0]
    assert plan.rows[0][3].name == f"{pair.name} fresh 1, seed 1"
    files = plans.subject.file(pair.content), plans.subject.file(pair.style)
    assert np.array_equal(plan.rows[0][3].draw(), plans.subject.model.stylize(*files, fresh=True, seed=1).pixels)


def test_autoencoder_sheet_shows_every_set(plans: Sheets) -> None:
    plan = plans.autoencoder()
    assert plan.column_labels == ["flat", "leaf", "night", "outline", "pale"]
    assert plan.row_labels == ["original", "rebuilt"] * 2
    assert [entry.name for entry in plan.rows[1]] == [f"{entry.name} rebuilt" for entry in plan.rows[0]]


def test_a_large_sheet_loses_colours_and_a_small_one_nothing() -> None:
    noisy = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    exact, reduced = small_png(noisy, "told"), small_png(noisy, "told", limit=6000)
    assert np.array_equal(load(exact), load(encode_png(noisy)))
    assert len(reduced) <= 6000 < len(exact)
    assert read_text(reduced, KEYWORD) == "told"


def test_the_command_draws_once(
    model: Parasol, corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus.folder / "ATTRIBUTION").write_text("drawn by the tests\n")
    words = ["--corpus", str(corpus.folder), "--model", str(model.bundle.folder), "--out", str(tmp_path)]
    words += ["--only", "autoencoder"]
    assert sheets.main(words) == 0
    path = tmp_path / "autoencoder.png"
    written = path.read_bytes()
    told = json.loads(read_text(path, KEYWORD) or "")
    assert told["subject"]["model_hash"] == Subject.of(model, corpus, 1).key()["model_hash"]
    assert told["cells"][0][0].startswith("flat/")
    with Image.open(path) as picture:
        assert picture.height > 4 * 128
    assert (tmp_path / "ATTRIBUTION").read_text() == "drawn by the tests\n"
    assert sheets.main(words) == 0
    assert capsys.readouterr().out.splitlines() == [str(path), f"{path} is there already"]
    assert path.read_bytes() == written
    with pytest.raises(SystemExit, match="2"):
        sheets.main([*words[:-1], "nothing"])
    assert "there is no sheet 'nothing': choose among contents-by-styles" in capsys.readouterr().err
