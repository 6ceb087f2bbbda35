"""Let one method paint all pairs, in a process of its own, so that its peak of memory is its own."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from parasol.comparison.journal import Journal
from parasol.comparison.methods import Asked, method
from parasol.comparison.pairs import PicturePair, read_pairs
from parasol.errors import ParasolError, reading
from parasol.images import fit, load, save_png
from parasol.types import Record

KIB = 1 if sys.platform == "darwin" else 1024  # bytes in the system's unit of memory
COSTS_FILE = "costs.jsonl"
CHILD = "import sys; from parasol.comparison.paint import main; sys.exit(main())"
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One method on one list of pairs."""

    file: Path
    """The list."""
    pictures: Path | None
    """The folder that its paths start from; its own folder if none."""
    first: int | None
    """How many of its pairs; all if none."""
    asked: Asked
    out: Path
    """Folder of the results and their costs."""
    size: int
    """Longer side of content pictures and results, px."""
    model: str | None

    def as_json(self) -> str:
        """The task for another process."""
        return TASK.dump_json(self).decode()


TASK = TypeAdapter(Task)


def paint(task: Task) -> Iterator[int]:
    """How many results there are, at the start and after each more; finished ones are kept.

    Raises:
        ValueError: a picture cannot be read or written, the method cannot be run, or `out` holds results of another
            method, model or setting.
    """
    pairs = read_pairs(task.file, task.pictures, task.first)
    chosen = method(task.asked, task.model)
    key = {"method": task.asked.kind, "settings": chosen.settings, "size": task.size}
    journal = Journal(task.out / COSTS_FILE, key, renew=False)
    done = {record["pair"]: record["inputs"] for record in journal.records()}
    left = [pair for pair in pairs if not _finished(pair, done, task.out)]
    yield len(pairs) - len(left)
    for place, pair in enumerate(left, start=len(pairs) - len(left) + 1):
        content, style = fit(load(pair.content), task.size), load(pair.style)
        started = time.perf_counter()
        result = chosen.paint(content, style)
        seconds = time.perf_counter() - started
        save_png(result_file(task.out, pair), result)
        journal.append({"pair": pair.name, "inputs": pair.inputs, "seconds": seconds, "peak_bytes": peak_bytes()})
        yield place


def result_file(out: Path, pair: PicturePair) -> Path:
    """Where the result of a pair lies."""
    return out / f"{pair.name}.png"


def painted(out: Path) -> tuple[Record, list[Record]]:
    """Settings of a folder of results, and what each result cost; nothing where another tool made them."""
    path = out / COSTS_FILE
    if not path.exists():
        return {}, []
    with reading(path):
        first, *records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return first["settings"], [*{record["pair"]: record for record in records}.values()]


def painting(task: Task) -> Iterator[int]:
    """`paint` in a process of its own. Raises ValueError in its words where it fails."""
    words = [sys.executable, "-c", CHILD, task.as_json()]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as child:
            assert child.stdout is not None
            try:
                yield from map(int, child.stdout)
            except BaseException:
                child.terminate()
                raise
        if child.returncode:
            errors.seek(0)
            last = errors.read().strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
            raise ParasolError(f"the method {task.asked.spec!r} failed: {last[0].removeprefix('error: ')}")


def peak_bytes() -> int:
    """Largest memory of this process so far. Linux has a figure that starts afresh with a program; others do not."""
    if STATUS.exists():
        for line in STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def _finished(pair: PicturePair, done: dict[str, str], out: Path) -> bool:
    return done.get(pair.name) == pair.inputs and result_file(out, pair).exists()


def main(arguments: Sequence[str] | None = None) -> int:
    """The child's side of `painting`: its one argument is the task."""
    [task] = sys.argv[1:] if arguments is None else arguments
    try:
        for done in paint(TASK.validate_json(task)):
            print(done, flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody listens any more
        return 1
    except (ParasolError, OSError, ModuleNotFoundError) as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0
