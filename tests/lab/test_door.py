"""The one door of the workshop: every command has its line, and its words."""

import pytest

from lab.__main__ import COMMANDS, main


def test_it_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(COMMANDS)
    assert all(len(line) < 120 for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert f"python -m lab {name}" in capsys.readouterr().out


def test_a_command_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figure"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("lab: error: there is no command 'figure': choose among figures, ")
    assert told.count("\n") == 1
