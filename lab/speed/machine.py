"""The machine and a fresh process on it, without torch."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

IMPORT = """
import sys, time
started = time.perf_counter()
{statement}
print(time.perf_counter() - started, *sorted({{"torch", "onnxruntime"}} & set(sys.modules)))
"""
CHILD = Path(__file__).with_name("child.py")
COMMAND = "import sys; from parasol.apps.cli import main; sys.exit(main())"


def cpu_name() -> str:
    """The processor's name in the words of its maker, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def load_average() -> float:
    """How many processes ran or waited over the last minute: well above 0, and a benchmark measures those too."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def import_seconds(statement: str) -> tuple[float, list[str]]:
    """How long an import takes in a fresh process, and which of the heavy modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(statement=statement)], capture_output=True, text=True, check=True
    )
    seconds, *heavy = done.stdout.split()
    return float(seconds), heavy


@dataclass(frozen=True, kw_only=True)
class Run:
    """A command in a fresh process, from its start to its end."""

    seconds: float
    cpu_seconds: float
    """Of the user and of the system, over all threads: what a busy machine changes least."""

    peak_bytes: int
    """Largest resident memory."""


def run_parasol(*words: str) -> Run:
    """Run the command `parasol` in a process of its own, measured from a small one in between.

    Raises:
        ValueError: it failed; the message is its own.
    """
    return run_python("-c", COMMAND, *words, what=f"parasol {words[0]}")


def as_installed() -> dict[str, str]:
    """The environment where Python keeps what it compiles, as users have it: else each start compiles every module."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run_python(*words: str, what: str, source: Path | None = None) -> Run:
    """Run Python with such arguments in the same way; `source` is a folder to import from before all others.

    Raises:
        ValueError: `what`, which it is called, failed.
    """
    child = [sys.executable, "-P", str(CHILD), sys.executable, *words]
    environment = as_installed() | ({} if source is None else {"PYTHONPATH": str(source)})
    done = subprocess.run(child, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise ValueError(f"{what} failed: {done.stderr.strip()}")
    return Run(**json.loads(done.stdout))
