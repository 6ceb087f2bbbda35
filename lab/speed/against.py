"""This working tree beside another commit, in turns: whole commands, and single moves of a dial in a warm process."""

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lab.speed.machine import COMMAND, as_installed, run_python
from lab.speed.probe import EXAMPLES, MOVES

HERE = Path("src")
PROBE = Path(__file__).with_name("probe.py")
ROUNDS = 3
STYLES = 3  # on a sheet of two contents


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One thing that was measured on both, medians over the rounds."""

    what: str
    here: float
    """CPU-seconds."""

    cpu_ratio: float
    """The other commit's over this tree's, the median of all rounds: how many times less this tree takes."""

    memory_ratio: float
    """This tree's peak over the other's; nan where no process was measured."""


def against(commit: str, *, rounds: int = ROUNDS) -> Iterator[Pair]:
    """Measure everything, one thing after the other.

    Raises:
        ValueError: there is no such commit, or something fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        other = unpack(commit, Path(folder))
        for name, (content, style, _) in EXAMPLES.items():
            for move in MOVES:
                yield pair(
                    f"{name}, warm: {move}", lambda at, n=name, m=move: (moved(at, n, m), float("nan")), other, rounds
                )
            if name == "flat":
                continue
            out = str(Path(folder, "out.png"))
            words = [content, "--like", style, "--model", name, "-o", out]
            yield pair(f"{name}: parasol style, cold", lambda at, w=words: command(at, "style", *w), other, rounds)
            likes = [word for look in (style, content, *EXAMPLES["painting"])[:STYLES] for word in ("--like", look)]
            sheet = [content, style, *likes, "--model", name, "-o", out]
            what = f"{name}: parasol grid, 2 x {STYLES}, each with its own defaults"
            yield pair(what, lambda at, w=sheet: command(at, "grid", *w), other, rounds)


def pair(what: str, measure: Callable[[Path], tuple[float, float]], other: Path, rounds: int) -> Pair:
    """The same measurement, of CPU-seconds and bytes, on this tree and the other by turns."""
    turns = [(measure(HERE.resolve()), measure(other)) for _ in range(rounds)]
    return Pair(
        what=what,
        here=median(here[0] for here, _ in turns),
        cpu_ratio=median(there[0] / here[0] for here, there in turns),
        memory_ratio=median(here[1] / there[1] for here, there in turns),
    )


def command(source: Path, *words: str) -> tuple[float, float]:
    """(CPU-seconds, peak bytes) of a command."""
    run = run_python("-c", COMMAND, *words, what=f"parasol {words[0]}", source=source)
    return run.cpu_seconds, float(run.peak_bytes)


def moved(source: Path, model: str, move: str) -> float:
    """CPU-seconds of a dial's move."""
    done = subprocess.run(
        [sys.executable, "-P", str(PROBE), model, move],
        capture_output=True, text=True, check=False, env=as_installed() | {"PYTHONPATH": str(source)},
    )  # fmt: skip
    if done.returncode:
        raise ValueError(f"the move {move} of {model} failed: {done.stderr.strip()}")
    return float(done.stdout)


def unpack(commit: str, folder: Path) -> Path:
    """The package as it was at a commit; returns the folder to import it from."""
    done = subprocess.run(["git", "archive", commit, "src"], capture_output=True, check=False)
    if done.returncode:
        detail = done.stderr.decode().strip()
        raise ValueError(f"{commit!r} is no commit to measure against ({detail}): name one that `git log` lists")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"
