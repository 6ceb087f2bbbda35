"""The sheets of results beside their truth: which cases, in which order, and what they ask for first."""

import json
from pathlib import Path

import numpy as np
import pytest

import judged_corpus
from lab.figures.judged import OURS
from lab.judging.cases import UNSEEN, cases
from lab.sheets import run as sheets
from lab.sheets.by_judge import lowest, ranked, uncurated
from lab.sheets.run import Sheets
from parasol import Parasol
from parasol.held_out import Subject


@pytest.fixture(scope="module")
def subject(model: Parasol, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject.of(model, judged_corpus.make(tmp_path_factory.mktemp("corpus")), 4)


@pytest.fixture
def figures(subject: Subject, tmp_path: Path) -> Path:
    """A file of figures in which every case is a little worse than the one before."""
    records = [
        {"column": UNSEEN, "content": case.content.id, "style": case.style.id, "truth": case.truth.id,
         "perceptual": {OURS: 0.1 * place}}
        for place, case in enumerate(cases(subject.corpus, UNSEEN, 100))
    ]  # fmt: skip
    path = tmp_path / "figures.json"
    key = subject.key() | {"pairs": 50}
    path.write_text(json.dumps({"subject": key, "figures": {"judged": {"summary": {}, "records": records}}}))
    return path


def test_the_worst_come_first(subject: Subject, figures: Path) -> None:
    found = lowest(subject, figures)
    assert found == [*cases(subject.corpus, UNSEEN, 100)][::-1][:12]
    near = {"column": UNSEEN, "content": "a", "style": "b", "truth": "c", "perceptual": {OURS: 1.0}}
    far = near | {"content": "d", "perceptual": {OURS: 2.0}}
    seen = far | {"column": "seen contents"}
    assert ranked([near, seen, far]) == ["d as b", "a as b"]


@pytest.mark.parametrize("change", [{"model_hash": "another"}, {"corpus_hash": "another"}])
def test_figures_of_something_else_are_refused(subject: Subject, figures: Path, change: dict[str, str]) -> None:
    content = json.loads(figures.read_text())
    figures.write_text(json.dumps(content | {"subject": content["subject"] | change}))
    with pytest.raises(ValueError, match="has no finished figure 'judged' of this model and corpus: measure it first"):
        lowest(subject, figures)


def test_unfinished_or_missing_figures_are_refused(subject: Subject, figures: Path, tmp_path: Path) -> None:
    content = json.loads(figures.read_text())
    del content["figures"]["judged"]["summary"]
    figures.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="has no finished figure 'judged'"):
        lowest(subject, figures)
    with pytest.raises(ValueError, match=r"nowhere.json' is not there: measure it first"):
        lowest(subject, tmp_path / "nowhere.json")


def test_content_style_result_and_truth_stand_side_by_side(subject: Subject, figures: Path) -> None:
    plans = Sheets(subject=subject, figures=figures).plans()
    plan, case = plans["worst"](), lowest(subject, figures)[0]
    assert plan.column_labels == ["content", "style", "result", "truth"]
    assert len(plan.rows) == 12
    names = [entry.name for entry in plan.rows[0]]
    assert names == [case.content.id, case.style.id, case.name, case.truth.id]
    painted = subject.model.stylize(subject.file(case.content), subject.file(case.style))
    assert np.array_equal(plan.rows[0][2].draw(), painted.pixels), "default dials, seed 0"
    many = plans["uncurated"]()
    assert sum(len(row) for row in many.rows) == 4 * len(uncurated(subject))
    assert many.column_labels == ["content", "style", "result", "truth"] * 3


def test_the_command_says_what_is_missing(
    model: Parasol, subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--corpus", str(subject.corpus.folder), "--model", str(model.bundle.folder), "--only", "worst"]
    with pytest.raises(SystemExit, match="2"):
        sheets.main([*words, "--out", str(tmp_path), "--figures", str(tmp_path / "none.json")])
    assert "the worst are told by the figure 'judged'" in capsys.readouterr().err
