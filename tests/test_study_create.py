"""Making a study from pictures, and the command around it."""

import csv
import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.study_simulation import Planted, simulated
from parasol.apps.cli import main
from parasol.images import load
from parasol.study.answers import Answer, Store
from parasol.study.folder import ANSWERS, MANIFEST, PICTURES, Study, create, load_study
from parasol.study.trials import WRONG, Plan, Question
from small_study import METHODS, PAIRS, draw_pictures, small_study

PLAN = Plan(participants=3, trials=4, repeats=1, catches=1, seed=0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return draw_pictures(tmp_path / "pictures")


def answered(folder: Path, study: Study, planted: Planted) -> None:
    """Put simulated answers into a study."""
    with closing(Store(folder / ANSWERS, study.digest)) as store:
        for each in simulated(study, planted, np.random.default_rng(0)):
            store.arrive(each.participant)
            store.add(each.number, Answer(id=each.id, trial=each.trial, choice=each.choice, milliseconds=1500))


def test_names_and_files_tell_nothing(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    files = sorted((tmp_path / "study" / PICTURES).iterdir())
    assert {file.name for file in files} == study.pictures
    assert len(files) == len(PAIRS) * (len(METHODS) + 2) + 1  # one picture of noise serves all
    for file in files:
        assert len(file.stem) == 20
        assert Image.open(file).info == {}
    for pair in PAIRS:
        for method in METHODS:
            copy = tmp_path / "study" / PICTURES / study.pairs[pair].results[method]
            assert np.array_equal(load(copy), load(tmp_path / "pictures" / method / f"{pair}.png"))


def test_a_study_is_read_as_it_was_made(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    again = load_study(tmp_path / "study")
    assert again == study
    assert again.digest == study.digest
    same = small_study(tmp_path / "once more")
    assert same.digest == study.digest


def test_json_says_the_same_and_may_split_the_questions(tmp_path: Path, pictures: Path) -> None:
    shutil.copytree(pictures / "style", pictures / "odd")
    listed = [
        {
            "name": pair,
            "content": f"pictures/content/{pair}.png",
            "style": f"pictures/style/{pair}.png",
            "wrong": f"pictures/odd/{pair}.png",
            "results": {method: f"pictures/{method}/{pair}.png" for method in METHODS},
            "questions": ["overall"] if pair == PAIRS[0] else ["overall", "interpolation"],
        }
        for pair in PAIRS
    ]
    (tmp_path / "pairs.json").write_text(json.dumps({"pairs": listed}))
    study = create(tmp_path / "pairs.json", tmp_path / "study", PLAN, ["overall", "interpolation"])
    assert study.pairs["cat"].wrong == study.pairs["cat"].style
    asked = [trial for trials in study.schedule for trial in trials if trial.question == "interpolation"]
    assert asked
    assert PAIRS[0] not in {trial.pair for trial in asked}
    assert study.references(asked[0]) == []
    catch = next(trial for trials in study.schedule for trial in trials if trial.kind == "catch")
    side = "left" if catch.left == WRONG else "right"
    assert study.picture(catch, side) == study.pairs[catch.pair].wrong


def test_faults_are_told(tmp_path: Path, pictures: Path) -> None:
    def fault(*questions: Question, place: Path = pictures, **more: str) -> str:
        with pytest.raises(ValueError, match=": ") as error:  # the way out
            create(place, tmp_path / "study", PLAN, questions or ("overall",), **more)
        assert not (tmp_path / "study" / MANIFEST).exists()
        return str(error.value)

    assert "does not exist" in fault(place=tmp_path / "nowhere")
    assert "must begin with https://" in fault(completion="javascript:alert(1)")
    (tmp_path / "list.json").write_text('{"pairs": [{"name": "cat"}]}')
    assert "pairs.0.results (Field required)" in fault(place=tmp_path / "list.json")
    (pictures / "best" / "cat.jpg").write_bytes(b"")
    assert "two pictures for the pair 'cat'" in fault()
    (pictures / "best" / "cat.jpg").unlink()
    (pictures / "style" / "dog.png").unlink()
    assert "add style/dog.png" in fault("style")
    (pictures / "best" / "boat.png").unlink()
    assert "'best' has no picture for the pair 'boat'" in fault("content")
    shutil.rmtree(pictures / "best")
    shutil.rmtree(pictures / "worst")
    assert "4 pairs by 1 methods" in fault()


def test_an_old_study_is_never_overwritten_and_a_broken_one_refused(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    with pytest.raises(ValueError, match="is a study already"):
        create(tmp_path / "pictures", tmp_path / "study", PLAN, ["overall"])
    (tmp_path / "study" / PICTURES / min(study.pictures)).unlink()
    with pytest.raises(ValueError, match="is missing: copy the whole folder"):
        load_study(tmp_path / "study")
    whole = (tmp_path / "study" / MANIFEST).read_text()
    for known, other in (
        ('"pair": "apple"', '"pair": "pear"'),
        ('"left": "best"', '"left": "\\u0000"'),
        (min(study.pictures), "../x.png"),
    ):
        assert known in whole
        (tmp_path / "study" / MANIFEST).write_text(whole.replace(known, other))
        with pytest.raises(ValueError, match="cannot be read"):
            load_study(tmp_path / "study")
    (tmp_path / "study" / MANIFEST).write_text("{}")
    with pytest.raises(ValueError, match="cannot be read"):
        load_study(tmp_path / "study")
    with pytest.raises(ValueError, match="is no study"):
        load_study(tmp_path)


def test_the_command_from_pictures_to_strengths(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "study"
    words = ["study", "create", str(pictures), "-o", str(folder), "--question", "overall", "--ties", "--trials", "12"]
    assert main([*words, "--participants", "40", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["methods"], facts["pairs"], facts["trials"]) == (list(METHODS), len(PAIRS), 16)
    assert facts["answers_per_comparison"] == 160
    assert main([*words, "--question", "colour"]) == 2
    assert "there is no question 'colour': choose among overall, style" in capsys.readouterr().err
    study = load_study(folder)
    assert main(["study", "analyse", str(folder)]) == 2
    assert "has no answers yet: serve it first" in capsys.readouterr().err

    answered(folder, study, Planted((1.0, 0.0, -1.0), tie=0.3))
    assert main(["study", "analyse", str(folder), "--csv", str(tmp_path / "answers.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["participants"], found["finished"], found["answers"]) == (40, 40, 40 * 16)
    overall = found["questions"]["overall"]
    assert [row["method"] for row in overall["strengths"]] == list(METHODS)
    for row, planted in zip(overall["strengths"], (1.0, 0.0, -1.0), strict=True):
        assert row["joint_interval"][0] < planted < row["joint_interval"][1]
        assert row["joint_interval"][0] < row["interval"][0] < row["interval"][1] < row["joint_interval"][1]
    assert overall["tie_odds"] == pytest.approx(0.3, abs=0.15)
    assert sum(rate["of"] + rate["ties"] for rate in overall["rates"]) == 40 * 12
    assert found["checks"]["catches"]["rate"] == 1
    assert found["checks"]["left"]["low"] < 0.5 < found["checks"]["left"]["high"]
    with (tmp_path / "answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 * 16
    assert {row["kind"] for row in rows} == {"main", "repeat", "catch"}
    assert all(row["chosen"] == (row[row["choice"]] if row["choice"] != "tie" else "(tie)") for row in rows)

    assert main(["study", "analyse", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "best over worst" in out
    assert "told apart" in out
    assert "no side bias" in out


def test_careless_people_are_pointed_out_and_can_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = small_study(tmp_path, people=6, trials=12)
    folder = tmp_path / "study"
    answered(folder, study, Planted((1.0, 0.0, -1.0)))
    with closing(Store(folder / ANSWERS, study.digest)) as store:
        lazy = store.arrive("lazy")  # on the list of p0, always left
        for place in range(len(study.schedule[0])):
            store.add(lazy, Answer(id=f"lazy-{place}", trial=place, choice="left", milliseconds=200))
    assert main(["study", "analyse", str(folder), "--min-passed", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    person = found["people"][-1]
    assert (person["left"], person["decided"], person["one_sided"], person["consistent"]) == (12, 12, True, 0)
    caught = next(trial for trial in study.schedule[0] if trial.kind == "catch").left == WRONG
    assert found["excluded"] == (["lazy"] if caught else [])
    assert found["questions"]["overall"]["participants"] == (6 if caught else 7)
    assert main(["study", "analyse", str(folder)]) == 0
    assert "lazy: " in capsys.readouterr().out


def test_strengths_wait_for_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = small_study(tmp_path)
    with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as store:
        store.add(store.arrive("eve"), Answer(id="answer-0", trial=0, choice="left", milliseconds=900))
    assert main(["study", "analyse", str(tmp_path / "study")]) == 0
    assert "no strengths: " in capsys.readouterr().out


@pytest.mark.parametrize("command", ["create", "serve", "analyse"])
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", command, "--help"]) == 0
    assert f"parasol study {command}" in capsys.readouterr().out.partition("Example")[2]


def test_serving_needs_a_study_a_port_and_the_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "serve", str(tmp_path)]) == 2
    assert "is no study" in capsys.readouterr().err
    small_study(tmp_path)
    assert main(["study", "serve", str(tmp_path / "study"), "--host", "192.0.2.1"]) == 2
    assert "cannot be had" in capsys.readouterr().err
    code = "import sys; sys.modules['fastapi'] = None; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "study", "serve", "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "install it with pip install 'parasol-style[study]'" in done.stderr


def test_help_imports_nothing_of_the_study() -> None:
    code = "import sys; from parasol.apps.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\n  study " in done.stdout
    assert not {"fastapi", "uvicorn", "scipy", "starlette", "sqlite3"} & set(done.stderr.split())
