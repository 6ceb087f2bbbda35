"""The command line around the main job: help, errors, corpora, training, facts."""

import json
import subprocess
import sys

import pytest

from parasol.apps.cli import main
from parasol.apps.commands import COMMANDS
from parasol.apps.progress import Pace, Progress, duration
from parasol.version import __version__


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for command in (
        "style",
        "replay",
        "grid",
        "index",
        "search",
        "models",
        "env",
        "corpus",
        "train",
        "export",
        "evaluate",
        "study",
        "studio",
        "serve",
        "mcp",
    ):
        assert f"\n  {command} " in out


@pytest.mark.parametrize(
    "command",
    [
        "style",
        "replay",
        "grid",
        "index build",
        "index info",
        "search",
        "models",
        "env",
        "corpus build",
        "corpus sheet",
        "train",
        "export",
        "evaluate",
        "study create",
        "study serve",
        "study analyse",
        "studio",
        "serve",
        "mcp",
    ],
)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert f"parasol {command}" in capsys.readouterr().out.partition("Example")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_all_has_the_first_sentence_of_each(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    told = capsys.readouterr().out.split("\n\n")[1]
    assert " ".join(told.split()) == COMMANDS[name][1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["env", "--jsn"], "No such option: --jsn"),
        (["corpus", "build"], "Missing argument 'NAME'"),
        (["corpus", "build", "etchings", "--out", "x"], "there is no corpus 'etchings'"),
        (["corpus", "sheet", "nowhere"], "nowhere holds no finished corpus"),
        (["corpus", "sheet", "nowhere", "--cell", "1"], "should be greater than or equal to 16"),
        (["train", "nothing"], "there is no recipe 'nothing': choose one of pictogram-"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("parasol: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"parasol {__version__}\n"


def test_env_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["parasol"] == __version__
    assert facts["cores"] >= 1


def test_dry_run_prints_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pictogram-style", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["optimisation"]["steps"] > 0


def test_training_without_its_extra_names_the_command() -> None:
    code = "import sys; sys.modules['torch'] = None; from parasol.apps.cli import main; sys.exit(main(['train', 'x']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == "parasol: error: this command needs torch: install it with pip install 'parasol-style[train]'\n"
    )


class Terminal:
    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        pass


def test_progress_speaks_after_two_seconds_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now, terminal = [100.0], Terminal()
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("cat.png") as progress:
        now[0] = 101.9
        progress.update(1, 4)
        assert terminal.written == ""
        now[0] = 102.0
        progress.update(1, 4)
        assert terminal.written == "\rcat.png  25% 6 s left"
    assert terminal.written.endswith("\r" + " " * 21 + "\r")


def test_progress_is_a_line_a_minute_outside_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Progress("cat.png") as progress:
        for seconds in range(1, 150):
            now[0] = float(seconds)
            progress.update(seconds, 150)
    assert capsys.readouterr().err == "parasol: cat.png  40% 90 s left\nparasol: cat.png  80% 30 s left\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s left"), (600, "10 min left"), (7300, "2.0 h left"), (float("nan"), "")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(float(seconds)) == words


def test_what_an_earlier_run_finished_says_nothing_about_the_pace() -> None:
    assert Pace(already=40).left(10.0, 45, 50) == pytest.approx(10.0)


def test_steps_that_cost_nothing_do_not_make_the_rest_look_short() -> None:
    pace = Pace()
    for step in range(1, 21):
        pace.left(0.001 * step, step, 50)
    for step in range(21, 31):
        left = pace.left(2.0 * (step - 20), step, 50)
        assert left == pytest.approx(2.0 * (50 - step), rel=0.01), "not the pace of all thirty"
