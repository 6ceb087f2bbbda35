"""The count of hostile runs, on a few of them: what is tried, how it is judged, and that it goes on."""

import json
from itertools import islice
from pathlib import Path

import pytest

from lab.hostile import documents, forked, given, journal, judge, kinds, mutations, run, small
from lab.hostile.judge import Run
from parasol.errors import ParasolError

REFUSED = ("empty", "one byte", "text", "cut off", "cut in half", "a billion pixels", "small", "animated", "an archive",
           "a circle of links", "a pipe", "not there")  # fmt: skip
MUTATED = 25


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small files that nothing of ours has made."""
    folder = tmp_path_factory.mktemp("small")
    small.draw(folder)
    (folder / "done").touch()
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_order(name: str, files: Path, tmp_path: Path) -> None:
    file, make = given.rasters()[1][name]
    assert given._run("trace", "broken", file, make).act(files, tmp_path / "run" / "it") == []


def test_three_hundred_changed_files_are_read_or_refused(files: Path, tmp_path: Path) -> None:
    tried = [*kinds.pictures(files), *kinds.bundles(tmp_path)]
    quick = [one for one in tried if not one.name.startswith("svg")]  # whose process may have to begin anew each time
    found = {one.name: mutations.stretch(one, 99, MUTATED, tmp_path) for one in quick}
    assert len(found) * MUTATED >= 300
    assert {name: dict(faults) for name, faults in found.items() if faults} == {}


def test_an_escape_is_told(tmp_path: Path) -> None:
    def read(data: bytes) -> object:
        if len(data) < 50:
            raise ParasolError("short")
        return {}[data]

    kind = kinds.Kind(name="x", data=bytes(range(100)), read=read)
    (told,) = mutations.stretch(kind, 0, 40, tmp_path)
    assert told.startswith("KeyError at test_hostile.py")


def test_one_that_ends_its_process_is_counted(tmp_path: Path) -> None:
    import os

    kind = kinds.Kind(name="x", data=b"abc", read=lambda data: os._exit(7))
    (told,) = mutations.stretch(kind, 0, 3, tmp_path)
    assert told.startswith("the process ended with 7 (mutation 0)")


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        ({"code": 2, "err": b"parasol: error: no\n"}, ""),
        ({"code": 2, "err": b"no\n"}, "untrue: 0 lines"),
        ({"code": 2, "err": b"parasol: error: no\nparasol: error: no\n"}, "untrue: 2 lines"),
        ({"code": 1, "err": b"Traceback (most recent call last):\nKeyError: 'a'\n"}, "traceback: KeyError"),
        ({"code": -11}, "wrong: exit code -11"),
        ({"code": 0, "hung": True}, "hang"),
    ],
)
def test_how_a_run_is_judged(done: dict[str, object], fault: str) -> None:
    whole = {"code": 0, "out": b"", "err": b"", "hung": False, "seconds": 0.0}
    told = judge.ended(forked.Done(**(whole | done)), (0, 2))  # type: ignore[arg-type]
    assert [one[: len(fault)] for one in told] == ([fault] if fault else [])


def test_what_changes_and_what_is_left_is_told(files: Path, tmp_path: Path) -> None:
    before = judge.hashes(files)
    folder = small.copied(files, tmp_path / "it")
    (folder / "content.png").write_bytes(b"other")
    (folder / "style.png").unlink()
    (folder / ".x.part").touch()
    del before["done"]
    assert judge.changed(folder, before) == ["input changed: content.png", "input changed: style.png"]
    assert judge.changed(folder, before, ["*.png"]) == []
    assert judge.new(folder, before) == [".x.part"]
    assert len(judge.unmade(folder, ["content.png"])) == 2


def test_a_success_that_is_none_is_told(files: Path, tmp_path: Path) -> None:
    words = ("trace", "icon0.png", "-o", "out.svg")
    done = Run(words=words, codes=(2,), check=lambda *_: "never").act(files, tmp_path / "run" / "it")
    assert [fault.partition(":")[0] for fault in done] == ["wrong", "wrong"]
    assert Run(words=words, codes=(0,)).act(files, tmp_path / "run" / "it") == []


def test_what_failed_is_tried_again_and_all_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    first = journal.Journal(file)
    first.add("a", [], group="x", of=1)
    first.add("b", ["hang"], group="x", of=1)
    again = journal.Journal(file)
    assert (again.passed("a"), again.passed("b"), again.passed("c")) == (True, False, False)
    again.add("b", [], group="kills", of=1)
    told = run.summary(tmp_path)
    assert (told["runs"]["tried"], told["kills"]["tried"], told["runs"]["faults"]["hang"]) == (1, 1, 0)
    again.add("c", ["hang"], group="kills", of=1)
    later = run.summary(tmp_path, "kills", told, "abc")
    assert later["runs"] == told["runs"]
    assert (later["kills"]["tried"], later["kills"]["faults"]["hang"]) == (2, 1)
    assert later["kills"]["of"]["kills"]["commit"] == "abc", "groups that were not asked for stay as they were"


def test_changes_are_the_same_for_a_seed() -> None:
    text = json.dumps({"a": [1, {"b": "c"}], "d": 0.5})
    one, two, other = ([*documents.documents(text, seed, 24)] for seed in (1, 1, 2))
    assert one == two != other
    assert len({data for _, data in islice(one, 24)}) > 12
