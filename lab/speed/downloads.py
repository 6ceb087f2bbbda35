"""What an install has to fetch."""

import json
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "parasol-style"
CONSTRAINTS = Path("constraints.txt")
PATIENCE = 20.0  # seconds for one answer


def dependency_bytes() -> dict[str, int]:
    """Name -> bytes of every wheel that pip would fetch for the core on this machine.

    Raises:
        ValueError: pip cannot resolve them, or a size is not to be had: there may be no network.
    """
    return {entry["metadata"]["name"]: _size(entry["download_info"]["url"]) for entry in _report(core_requirements())}


def core_requirements() -> list[str]:
    """What the core itself depends on, without extras."""
    return [line for line in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in line]


def _report(requirements: list[str]) -> list[dict]:
    constraints = ["-c", str(CONSTRAINTS)] if CONSTRAINTS.exists() else []
    pip = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", "-"]
    done = subprocess.run([*pip, *constraints, *requirements], capture_output=True, text=True, check=False)
    if done.returncode:
        detail = done.stderr.strip().splitlines()[-1]
        raise ValueError(f"pip cannot resolve the dependencies ({detail}): is there network?")
    return json.loads(done.stdout)["install"]


def _size(url: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError) as error:
        wheel = url.rpartition("/")[2]
        raise ValueError(f"the size of {wheel} is not to be had ({error}): is there network?") from error
