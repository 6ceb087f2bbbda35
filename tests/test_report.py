"""The controllability report: what stands where, what is measured of it, and a page that needs nothing beside it."""

import html.parser
import json
import os
import re
import signal
import time
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import held_out_corpus
from forked import ended, forked
from parasol import Parasol, Words
from parasol.apps.cli import main
from parasol.corpora import Corpus
from parasol.held_out import Subject
from parasol.maths.distances import cosine_distance
from parasol.metrics.structure import edge_agreement
from parasol.report import sections as plans
from parasol.report.curves import Curve
from parasol.report.sections import Dial, Section, sections, shots
from parasol.report.shots import MEASURES, MEASURES_FILE, PICTURES, Kept, drawing

pytestmark = pytest.mark.slow

STEPS = 2
FEWER = {
    "SCALES": (0.0, 2.0, 5.0), "SEEDS": 3, "CROSSED_STRUCTURES": (0.0, 0.2, 0.4), "CROSSED_SCALES": (0.0, 2.5),
    "SHARES": (0.0, 0.5, 1.0),
}  # fmt: skip
"""Of what the report shows, so that it is soon drawn."""


@pytest.fixture(scope="module", autouse=True)
def fewer() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FEWER.items():
            patch.setattr(plans, name, value)
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def subject(model: Parasol, corpus: Corpus) -> Subject:
    return Subject.of(model, corpus, 2)


@pytest.fixture(scope="module")
def plan(subject: Subject) -> dict[str, Section]:
    return {section.name: section for section in sections(subject, STEPS)}


@pytest.fixture(scope="module")
def words(model: Parasol, corpus: Corpus) -> list[str]:
    return ["--corpus", str(corpus.folder), "--model", str(model.bundle.folder), "--pairs", "2", "--steps", str(STEPS)]


@pytest.fixture(scope="module")
def finished(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that nothing interrupted."""
    out = tmp_path_factory.mktemp("report")
    assert main(["report", str(out), *words]) == 0
    return out


# Calibration


def test_figures_of_a_curve() -> None:
    dial = Dial(name="structure", values=(0.0, 0.5, 1.0))
    curve = Curve(measure="style distance", dial=dial, lines=np.array([[0.0, 1.0, 2.0], [4.0, 3.0, 2.0]]))
    assert curve.figures() == {"spearman": 0.0, "spearman of a line": 0.0, "calibration error": None}
    seeds = Dial(name="seed", values=(0.0, 1.0, 2.0), ordered=False)
    assert set(Curve(measure="style distance", dial=seeds, lines=curve.lines).figures().values()) == {None}


# The plan


def test_every_figure_of_the_paper_is_there(plan: dict[str, Section]) -> None:
    assert list(plan) == [
        "structure", "style-scale", "content-scale", "crossed", "mesh", "style-words", "content-words", "diversity",
    ]  # fmt: skip
    assert len(plan["structure"].across.values) == 10
    for section in plan.values():
        assert {len(row.shots) for row in section.rows} == {len(section.across.values)}, section.name
        if section.down:
            assert len(section.rows) == len(section.down.values)
    names = [shot.name for shot in shots([*plan.values()])]
    assert len(set(names)) == len(names)


def test_recipes_are_what_the_sheets_say(plan: dict[str, Section], subject: Subject) -> None:
    pair, model = subject.pairs[1], subject.model
    files = subject.file(pair.content), subject.file(pair.style)
    turned = plan["structure"].rows[1].shots[3].recipe()
    assert turned == model.recipe(*files, subject.dials(steps=STEPS, structure=plan["structure"].across.values[3]))
    seed = plan["diversity"].rows[1].shots[2].recipe()
    assert (seed.dials.seed, seed.dials.fresh, seed.dials.steps) == (2, True, STEPS)
    crossed = plan["crossed"].rows[2].shots[1].recipe().dials
    assert (crossed.structure, crossed.style_scale) == (plans.CROSSED_STRUCTURES[2], plans.CROSSED_SCALES[1])


def test_the_mesh_has_the_four_pictures_at_its_corners(plan: dict[str, Section], subject: Subject) -> None:
    first, second = subject.pairs
    dials = subject.dials(steps=STEPS, **plans.PLACELESS)
    for row, content in ((0, first.content), (-1, second.content)):
        for column, style in ((0, first.style), (-1, second.style)):
            wanted = subject.model.recipe(subject.file(content), subject.file(style), dials)
            assert plan["mesh"].rows[row].shots[column].recipe() == wanted
    middle = plan["mesh"].rows[1].shots[1]
    assert middle.recipe() not in [shot.recipe() for shot in plan["mesh"].rows[0].shots]
    assert (middle.goal.style, middle.goal.content) == (second.style, second.content)


def test_words_stand_at_the_end_of_their_strips(plan: dict[str, Section], subject: Subject) -> None:
    pair, model = subject.pairs[0], subject.model
    files = subject.file(pair.content), subject.file(pair.style)
    for shot, wanted in zip(plan["style-words"].rows[0].shots[:: len(plans.SHARES) - 1],
                            (files[1], Words(plans.STYLE_WORDS[0])), strict=True):  # fmt: skip
        assert shot.recipe() == model.recipe(files[0], wanted, subject.dials(steps=STEPS))
        assert shot.goal.style == Words(plans.STYLE_WORDS[0])
    dials = subject.dials(steps=STEPS, **plans.PLACELESS)
    last = plan["content-words"].rows[0].shots[-1]
    assert last.recipe() == model.recipe(*files, dials, shows=Words(plans.CONTENT_WORDS[0]))
    assert (last.goal.content, last.goal.layout) == (Words(plans.CONTENT_WORDS[0]), pair.content)


# What is measured


def test_measures_are_those_of_the_picture(plan: dict[str, Section], subject: Subject, finished: Path) -> None:
    kept = Kept(folder=finished, subject=subject, steps=STEPS)
    model, (first, second) = subject.model, subject.pairs
    for shot, style, content in (
        (plan["structure"].rows[0].shots[2], model.embed_style(subject.file(first.style)), first.content),
        (plan["style-words"].rows[0].shots[2], model.style(Words(plans.STYLE_WORDS[0])).descriptor, first.content),
        (plan["mesh"].rows[1].shots[2], model.embed_style(subject.file(second.style)), second.content),
    ):
        result = model.paint(shot.recipe()).pixels
        assert np.array_equal(kept.picture(shot), result)
        wanted = (
            float(cosine_distance(model.embed_style(result), style)),
            float(cosine_distance(model.embed_content(result), model.embed_content(subject.fitted(content)))),
            edge_agreement(result, subject.fitted(content)),
        )
        assert [kept.values[shot.name][name] for name in MEASURES] == pytest.approx(wanted, abs=1e-6)


def test_a_picture_that_is_gone_is_drawn_again(plan: dict[str, Section], subject: Subject, tmp_path: Path) -> None:
    three = plan["structure"].rows[0].shots[-3:]
    assert list(drawing(Kept(folder=tmp_path, subject=subject, steps=STEPS), three)) == [0, 1, 2, 3]
    next((tmp_path / PICTURES).glob("*.png")).unlink()
    assert list(drawing(Kept(folder=tmp_path, subject=subject, steps=STEPS), three)) == [2, 3]


# The page


class Elements(html.parser.HTMLParser):
    """Counts tags, and keeps what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_needs_nothing_beside_itself(finished: Path, plan: dict[str, Section]) -> None:
    text = (finished / "report.html").read_text()
    assert len(text) < 8e6
    elements = Elements()
    elements.feed(text)
    assert all(one.startswith(("data:image/webp;base64,", "#")) for one in elements.references)
    assert not {"script", "link", "iframe"} & set(elements.tags)
    assert "url(" not in text
    assert "http" not in re.sub(r"base64,[\w+/=]+|xmlns=\S+", "", text)
    assert elements.tags["img"] == len(plan)
    assert elements.tags["svg"] == 3 * (len(plan) + 2), "two sections have a dial across and one down"
    first = next(one for one in elements.references if one.startswith("data:"))
    sheet = Image.open(BytesIO(b64decode(first.partition(",")[2])))
    assert sheet.width > 10 * 128


def test_a_comparison_stands_at_the_end(
    words: list[str], finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"value": 0.25, "low": 0.2, "high": 0.3, "mark": "~"}
    measure = {"of": "style", "best": "lower"}
    one = {"kinds": ["ours"], "settings": {}, "cost": None, "values": {"chamfer": value}}
    found = {"pairs": {"count": 7}, "interval": "95 %", "measures": {"chamfer": measure}, "methods": {"<ours>": one}}
    table = tmp_path / "comparison.json"
    table.write_text(json.dumps(found))
    command = ["report", str(finished), *words]
    assert main([*command, "--table", str(table)]) == 0
    text = (finished / "report.html").read_text()
    assert "<b>0.25</b>~ [0.2, 0.3]" in text
    assert "<th>&lt;ours&gt;</th>" in text
    assert main(command) == 0
    assert "Comparison with other methods" not in (finished / "report.html").read_text()
    table.write_text("[]")
    capsys.readouterr()
    assert main([*command, "--table", str(table)]) == 2
    assert "is no outcome of `parasol evaluate`" in capsys.readouterr().err


# The command


def test_help_and_errors_of_one_line(
    words: list[str], finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--help"]) == 0
    assert "parasol report docs/report" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    new = str(tmp_path / "new")
    for command, message in (
        (["report", new, "--corpus", str(tmp_path)], "holds no finished corpus"),
        (["report", new, *words[:-3], "9999"], "9999 pairs are asked for"),
        (["report", new, *words[:-1], "0"], "steps is 0; it must lie in 1 to 1000"),
        (["report", str(finished), *words[:-1], "3"], "holds results of another steps: move it away or name another"),
        (["report", str(tmp_path / "file"), *words], "cannot be written"),
        (["report", new, *words, "--table", str(tmp_path / "none")], "cannot be read"),
    ):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1, told
        assert message in told


def test_stopped_and_killed_equals_uninterrupted(words: list[str], finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["report", str(out), *words]
    for wanted, number in ((3, signal.SIGINT), (6, signal.SIGKILL)):
        child = forked(lambda: main(command))
        while child.is_alive() and lines(out) < wanted:
            time.sleep(0.01)
        os.kill(child.pid, number)
        assert ended(child) == (130 if number == signal.SIGINT else -signal.SIGKILL)
        assert not (out / "report.html").exists()
    before = lines(out)
    assert main(command) == 0
    assert before >= 6
    assert lines(out) == lines(finished), "nothing was drawn twice"
    assert (out / "report.html").read_bytes() == (finished / "report.html").read_bytes()


def lines(out: Path) -> int:
    path = out / MEASURES_FILE
    return path.read_bytes().count(b"\n") if path.exists() else 0
