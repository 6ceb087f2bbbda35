"""Kill a build at random moments, go on with it, and compare: python -m lab faults index DIR.

DIR holds pictures, a few hundred for instance; they are only read. The builds are the very command, with small shards,
so that a small folder has many.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from parasol.index.store import MANIFEST, Index

COMMAND = """
from parasol.apps.cli import main
from parasol.index import build, layout
build.FLUSH_ROWS, layout.SHARD_ROWS = 8, 32
raise SystemExit(main())
"""
GLANCE = 0.002  # seconds between two looks


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One build that was killed with SIGKILL and gone on with."""

    moment: float
    """Seconds after the index's manifest appeared."""

    pictures: int
    """In the index when the build was killed."""

    equal: bool
    """The index at the end is the uninterrupted one, byte for byte, and has no file beside."""


def start(pictures: Path, out: Path, model: str) -> subprocess.Popen[str]:
    """A build in a process of its own."""
    words = ["index", "build", str(pictures), "-o", str(out), "--model", model]
    return subprocess.Popen([sys.executable, "-c", COMMAND, *words], stdout=subprocess.PIPE, text=True)


def finish(pictures: Path, out: Path, model: str) -> float:
    """Build to the end; seconds from the manifest's appearance (from now, where it is there) to the end."""
    child = start(pictures, out, model)
    started = _appearance(out, child)
    child.communicate()
    if child.returncode != 0:
        raise ValueError(f"the build of {str(out)!r} ended with exit code {child.returncode}: run it by hand")
    return time.monotonic() - started


def kill(pictures: Path, out: Path, model: str, moment: float) -> int:
    """Begin a build and kill it `moment` seconds after its manifest appears; pictures in the index then."""
    child = start(pictures, out, model)
    _appearance(out, child)
    time.sleep(moment)
    child.kill()
    child.communicate()
    return sum(shard.rows for shard in Index.open(out).manifest.shards)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _appearance(out: Path, child: subprocess.Popen[str]) -> float:
    while not (out / MANIFEST).exists() and child.poll() is None:
        time.sleep(GLANCE)
    return time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 where every index was equal, 1 where one was not."""
    parser = argparse.ArgumentParser(prog="python -m lab faults", description=__doc__)
    parser.add_argument("what", choices=["index"])
    parser.add_argument("pictures", type=Path, metavar="DIR")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--model", default="pictogram")
    options = parser.parse_args(arguments)
    random = np.random.default_rng(options.seed)
    equal = True
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole")
        seconds = finish(options.pictures, whole, options.model)
        for number in range(options.kills):
            out, moment = Path(folder, str(number)), float(random.uniform(0, seconds))
            pictures = kill(options.pictures, out, options.model, moment)
            finish(options.pictures, out, options.model)
            fault = Fault(moment=round(moment, 3), pictures=pictures, equal=files(out) == files(whole))
            print(json.dumps(asdict(fault)), flush=True)
            equal &= fault.equal
    return 0 if equal else 1
