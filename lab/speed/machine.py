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
    peak_bytes: int
    """Largest resident memory."""


def run_parasol(*words: str) -> Run:
    """Run the command `parasol` in a process of its own, measured from a small one in between.

    Raises:
        ValueError: it failed; the message is its own.
    """
    child = [sys.executable, "-P", str(CHILD), sys.executable, "-c", COMMAND, *words]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"parasol {words[0]} failed: {done.stderr.strip()}")
    return Run(**json.loads(done.stdout))
