"""The list of mutations fits the package, and the driver tells a survivor from one that tests see."""

import tomllib
from pathlib import Path

import pytest

from lab.mutants.listed import MUTATIONS, Mutation
from lab.mutants.run import CHECKED, survivors

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", sorted({mutation.file for mutation in MUTATIONS}))
def test_what_is_mutated_stands_there_once(file: str) -> None:
    text = (ROOT / "src" / "parasol" / file).read_text("utf-8")
    for mutation in (one for one in MUTATIONS if one.file == file):
        assert text.count(mutation.old) == 1, mutation
        compile(text.replace(mutation.old, mutation.new), file, "exec")
        assert all((ROOT / "tests" / name).is_file() for name in mutation.tests), mutation


def test_there_are_enough() -> None:
    assert len({mutation[:3] for mutation in MUTATIONS}) == len(MUTATIONS) >= 60


def test_mutations_meet_the_same_checks_of_shapes_but_of_what_is_imported_already() -> None:
    given = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]["addopts"]
    assert CHECKED[1].partition("addopts=")[2] == given.removeprefix("-q ").replace(",lab", "")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "sums.py").write_text("def half(x):\n    return x / 2\n")
    return tmp_path


def test_survivors_are_told_and_the_copy_is_restored(source: Path) -> None:
    """The tests here look at half(4) alone: they see a third, and not what differs elsewhere."""
    before = (source / "p" / "sums.py").read_text()

    def tests(_: Mutation) -> int:
        names: dict = {}
        exec((source / "p" / "sums.py").read_text(), names)
        return int(names["half"](4) != 2)

    listed = [Mutation("sums.py", "x / 2", new, ()) for new in ("x / 3", "x - 2")]
    assert [survived for _, survived in survivors(listed, source, tests, "p")] == [False, True]
    assert (source / "p" / "sums.py").read_text() == before


def test_what_is_not_there_and_tests_that_do_not_run_are_errors(source: Path) -> None:
    with pytest.raises(ValueError, match=r"'x / 9' stands 0 times in sums\.py"):
        list(survivors([Mutation("sums.py", "x / 9", "x", ())], source, lambda _: 0, "p"))
    with pytest.raises(ValueError, match=r"the tests of sums\.py cannot be run: pytest ended with 5"):
        list(survivors([Mutation("sums.py", "x / 2", "x", ())], source, lambda one: 5 * bool(one.file), "p"))
    with pytest.raises(ValueError, match=r"test_a\.py fail without any mutation"):
        list(survivors([Mutation("sums.py", "x / 2", "x", ("test_a.py",))], source, lambda _: 1, "p"))
