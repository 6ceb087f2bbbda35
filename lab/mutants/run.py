"""Change one line of mathematics at a time and see whether tests fail: python -m lab mutants [--only TEXT] [--again]

Works on a copy of the package. Every mutation has a process of its own, forked from one that has imported the heavy
libraries, so that it costs its tests alone. Names the survivors; exit code 1 where there is one. Without --only the
count goes into lab/results; --again tries what survived there once more, when tests have been mended.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from lab.mutants.listed import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "lab" / "results" / "mutants.json"
BEFORE = ("numpy", "scipy", "torch", "diffusers.models.unets.unet_2d_condition", "hypothesis", "skimage.color")
"""Imported once; nothing of ours may be."""

CHECKED = ("-o", "addopts=--jaxtyping-packages=parasol,typechecks.check")
"""Shapes are checked as ever, but not this laboratory's: it is imported already, which the check refuses."""

TIME = 120  # CPU-seconds after which a mutation counts as seen: it hangs its tests
KILLED = {1, 2}  # tests failed, or could not even be collected
SURVIVED = 0


def copied(folder: Path, root: Path = ROOT) -> Path:
    """A copy of the package's sources below `folder`; models are linked. Returns what goes into the path."""
    models = root / "src" / "parasol" / "models"
    source = folder / "src"
    shutil.copytree(root / "src", source, ignore=shutil.ignore_patterns("__pycache__", "models"))
    if models.is_dir():
        (source / "parasol" / "models").symlink_to(models, target_is_directory=True)
    return source


def survivors(
    mutations: Sequence[Mutation], source: Path, tests: Callable[[Mutation], int], package: str = "parasol"
) -> Iterator[tuple[Mutation, bool]]:
    """Each mutation and whether it survived its tests; the copy is as before afterwards.

    tests: runs the tests of a mutation on the copy, and returns pytest's exit code.

    Raises:
        ValueError: what a mutation changes does not stand there once, or its tests fail without it, or cannot be run.
    """
    for names in dict.fromkeys(mutation.tests for mutation in mutations):
        if tests(Mutation("", "", "", names)) != SURVIVED:
            raise ValueError(f"{', '.join(names)} fail without any mutation: mend them first")
    for mutation in mutations:
        path = source / package / mutation.file
        text = path.read_text("utf-8")
        if text.count(mutation.old) != 1:
            raise ValueError(f"{mutation.old!r} stands {text.count(mutation.old)} times in {mutation.file}: correct it")
        path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
        try:
            code = tests(mutation)
        finally:
            path.write_text(text, "utf-8")
        if code not in {*KILLED, SURVIVED}:
            raise ValueError(f"the tests of {mutation.file} cannot be run: pytest ended with {code}")
        yield mutation, code == SURVIVED


def forked(source: Path, root: Path = ROOT) -> Callable[[Mutation], int]:
    """Runs a mutation's tests in a forked process, quietly."""

    def run(mutation: Mutation) -> int:
        words = [str(root / "tests" / name) for name in mutation.tests]
        child = os.fork()
        if not child:
            _be_pytest(source, root, words)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else min(KILLED)

    return run


def _be_pytest(source: Path, root: Path, words: Sequence[str]) -> None:
    """In the child: the copy before the package, no bytecode, and pytest until it ends."""
    code = max(KILLED)
    with suppress(BaseException):
        resource.setrlimit(resource.RLIMIT_CPU, (TIME + int(time.process_time()), resource.RLIM_INFINITY))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.chdir(root)
        sys.path.insert(0, str(source))
        sys.dont_write_bytecode = True
        code = int(import_module("pytest").main(["-x", "-q", "-p", "no:cacheprovider", *CHECKED, *words]))
    os._exit(code)


def main(words: Sequence[str] | None = None) -> int:
    """Run the mutations, tell each and then the survivors."""
    parser = argparse.ArgumentParser(prog="python -m lab mutants", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--only", default="", help="mutations of files whose names hold this")
    parser.add_argument("--again", action="store_true", help="those that survived when all were tried last")
    given = parser.parse_args(words)
    stored = json.loads(RESULT.read_text("utf-8")) if given.again else {"mutations": list(map(line_of, MUTATIONS))}
    wanted = stored["survived" if given.again else "mutations"]
    chosen = [change for change in MUTATIONS if given.only in change.file and line_of(change) in wanted]
    ours = [name for name in sys.modules if name.partition(".")[0] == "parasol"]
    assert not ours, f"{ours[0]} is imported already: the copy would not be seen"
    for name in BEFORE:
        import_module(name)
    left = list[str]()
    with tempfile.TemporaryDirectory() as folder:
        source = copied(Path(folder))
        for mutation, survived in survivors(chosen, source, forked(source)):
            print("SURVIVED" if survived else "killed", line_of(mutation), flush=True)
            left += [line_of(mutation)] * survived
    if not given.only:
        lines = stored["mutations"]
        files = len({line.partition(":")[0] for line in lines})
        record = {"tried": len(lines), "seen": len(lines) - len(left), "files": files, "survived": left}
        RESULT.write_text(f"{json.dumps({**record, 'mutations': lines}, indent=1)}\n", "utf-8")
    print(f"{len(chosen) - len(left)} of {len(chosen)} mutations are seen by the tests")
    return int(bool(left))


def line_of(mutation: Mutation) -> str:
    """As it is told and stored."""
    return f"{mutation.file}: {mutation.old!r} -> {mutation.new!r}"
