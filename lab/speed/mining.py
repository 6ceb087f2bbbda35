"""CPU-seconds of mining, end to end, beside those of faiss flat's two searches alone: python -m lab
mining-speed. Run it on an idle machine; faiss-cpu has to be installed.

Mining is planning, both searches, both filters and the written results, from float16 on disk. faiss searches the same
blocks of queries in float32 matrices that lie in memory already, for the same k, and filters nothing. Where a table is
too large to mine as a whole, a number of query blocks is taken, each against the whole databases.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lab.speed.machine import cpu_name, load_average
from parasol.bundle import EncoderCard
from parasol.images import write_atomic
from parasol.index.store import FORMAT, Encoders, Entry, Index, Manifest
from parasol.triplets.descriptors import Descriptors, open_descriptors
from parasol.triplets.mine import Mining
from parasol.triplets.plan import BLOCK, SEMANTICS, STYLE, Roles, make_plan, roles_of
from parasol.triplets.results import start
from parasol.triplets.task import mine_block

STYLE_WIDTH, CONTENT_WIDTH = 128, 256
SHARD = 100_000  # rows
STYLES, HANDS = 64, 10  # how many styles there are; pictures of each content
KERNELS = {"avx2": ("Haswell", "Zen"), "avx512f": ("SkylakeX",)}  # OPENBLAS_CORETYPE to try, by what they need
SIDES = ("write", "ours", "faiss")


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one side took. mapped: file pages in peak, which the system takes back when it needs them."""

    cpu_seconds: float
    queries: int
    peak_mb: float
    mapped_mb: float = 0.0


def write_index(folder: Path, pictures: int) -> None:
    """Descriptors with neighbours: every picture near its style's centre and near its content's."""
    random = np.random.default_rng(0)
    cards = {
        name: EncoderCard(name=name, version="synthetic", dimension=width, size=8)
        for name, width in (("style", STYLE_WIDTH), ("content", CONTENT_WIDTH))
    }
    manifest = Manifest(format=FORMAT, pictures="/", encoders=Encoders(**cards), finished=True, shards=())
    index, shards = Index(folder=folder, manifest=manifest), []
    styles = _unit(random.standard_normal((STYLES, STYLE_WIDTH), np.float32))
    contents = _unit(random.standard_normal((-(-pictures // HANDS), CONTENT_WIDTH), np.float32))
    for first in range(0, pictures, SHARD):
        rows = np.arange(first, min(first + SHARD, pictures))
        parts = [
            _unit(centres[which] + noise / width**0.5 * random.standard_normal((len(rows), width), np.float32))
            for centres, which, noise, width in (
                (styles, random.integers(0, STYLES, len(rows)), 1.0, STYLE_WIDTH),
                (contents, random.integers(0, len(contents), len(rows)), 0.5, CONTENT_WIDTH),
            )
        ]
        entries = [Entry(path=f"{row:09d}.png", size=1, modified=1) for row in rows]
        shards.append(index.write(entries, np.concatenate(parts, axis=1).astype(np.float16)))
    index.with_shards(shards, finished=True).save()


def ours(folder: Path, out: Path, k: int, queries: int) -> Side:
    """Mine the first blocks of the index."""
    descriptors, roles = _table(folder)
    begun, done = time.process_time(), 0
    plan = make_plan(descriptors, roles, Mining(k=k))
    results = start(out, plan, roles)
    for task in range(-(-queries // BLOCK)):
        mined = mine_block(descriptors, roles, plan, task)
        results.add(task, mined)
        done += len(mined.triplets)
    results.save()
    return Side(cpu_seconds=time.process_time() - begun, queries=done, **_memory())


def faiss_alone(folder: Path, k: int, queries: int, threads: int) -> Side:
    """Both searches of the same blocks by faiss's flat index."""
    import faiss  # pyright: ignore[reportMissingImports]

    faiss.omp_set_num_threads(threads)
    descriptors, roles = _table(folder)
    seconds = 0.0
    for space, role in ((descriptors.style, STYLE), (descriptors.content, SEMANTICS)):
        index = faiss.IndexFlatIP(space.parts[0].shape[1])
        for first, vectors in space.tiles(SHARD):
            index.add(np.ascontiguousarray(vectors[roles[first : first + len(vectors)] & role > 0]))
        for first in range(0, queries, BLOCK):
            block = space.take(np.arange(first, min(first + BLOCK, queries))).astype(np.float32)
            begun = time.process_time()
            index.search(block, k)
            seconds += time.process_time() - begun
    return Side(cpu_seconds=seconds, queries=queries, **_memory())


def compare(pictures: int, k: int, queries: int, threads: int) -> dict[str, object]:
    """Both sides on one table, each in a process of its own; faiss with the kernel that is fastest here."""
    queries = min(queries, pictures)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "index")
        _child("write", folder, k, pictures, threads)
        few = min(queries, 512)
        kernels = {
            name: _child("faiss", folder, k, few, threads, kernel=name)["cpu_seconds"] for name in kernels_here()
        }
        kernel = min(kernels, key=lambda name: kernels[name])
        theirs = _child("faiss", folder, k, queries, threads, kernel=kernel)
        own = _child("ours", folder, k, queries, threads)
    ratio = own["cpu_seconds"] / own["queries"] / (theirs["cpu_seconds"] / theirs["queries"])
    return {
        "pictures": pictures,
        "k": k,
        "ours": own,
        "faiss": theirs,
        "kernel": kernel or "own choice",
        "ratio": ratio,
    }


def kernels_here() -> list[str]:
    """Names that faiss's BLAS can be told on this processor, first of all none: its own choice."""
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return ["", *(name for flag, names in KERNELS.items() if flag in flags for name in names)]


def _child(side: str, folder: Path, k: int, queries: int, threads: int, kernel: str = "") -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    environment |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    environment |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    numbers = ("--k", str(k), "--queries", str(queries), "--threads", str(threads))
    words = [sys.executable, "-m", "lab", "mining-speed", "--side", side, "--folder", str(folder), *numbers]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        raise ValueError(f"{side} failed with exit code {done.returncode}: {last[0]}")
    return json.loads(done.stdout)


def _run_side(side: str, folder: Path, k: int, queries: int, threads: int) -> Side:
    if side == "write":
        write_index(folder, queries)
        return Side(cpu_seconds=0.0, queries=0, peak_mb=0.0)
    if side == "faiss":
        return faiss_alone(folder, k, queries, threads)
    return ours(folder, folder.parent / "triplets", k, queries)


def _table(folder: Path) -> tuple[Descriptors, Roles]:
    descriptors = open_descriptors(folder)
    return descriptors, roles_of(descriptors.paths, np.ones(len(descriptors), bool))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _memory() -> dict[str, float]:
    """This process's peak, and the part of its memory that is files; Linux tells both."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    peak, mapped = (int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmHWM", "RssFile"))
    return {"peak_mb": round(peak, 1), "mapped_mb": round(mapped, 1)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab mining-speed", description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="table sizes")
    parser.add_argument("--queries", type=int, default=16_384, help="at most so many queries of a table are mined")
    parser.add_argument("--k", type=int, default=200, help="candidates in each search")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS and of faiss")
    parser.add_argument("--json", type=Path, help="file for the same as JSON")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.side:
        side = _run_side(options.side, options.folder, options.k, options.queries, options.threads)
        print(json.dumps(asdict(side)))
        return 0
    print(f"{cpu_name()}, load {load_average():.2f}, {options.threads} threads", flush=True)
    rows: list[dict[str, object]] = []
    try:
        for pictures in options.pictures:
            rows.append(compare(pictures, options.k, options.queries, options.threads))
            print(json.dumps(rows[-1]), flush=True)
        if options.json:
            write_atomic(options.json, f"{json.dumps(rows, indent=1)}\n".encode())
    except ValueError as error:
        parser.error(str(error))
    return 0
