"""The folder of a mining run: immutable files of triplets, and the manifest that names them with their checksums.

A file is written whole before the manifest names it. After a kill the manifest names some of the finished files; those
are kept once their checksums hold, and the tasks of all others are run again, with the same result.
"""

import hashlib
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from parasol.errors import ParasolError, reading
from parasol.images import write_atomic
from parasol.index.files import npy_bytes
from parasol.triplets.mine import NONE, Triplets
from parasol.triplets.plan import Plan, Roles
from parasol.triplets.task import Mined

MANIFEST, ROLES = "manifest.json", "roles.npy"
FORMAT = "parasol-triplets-1"
INTERVAL = 2.0  # seconds between two manifests of a run: a kill costs at most the files that were finished since


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One finished task: its file, the file's hash, how many queries are in it, and what became of candidates."""

    file: str
    sha256: str
    rows: int
    counts: dict[str, int]


class Results:
    """Finished tasks of a plan, by number; `report` once all are."""

    def __init__(self, folder: Path, plan: Plan, shards: dict[int, Shard], report: dict[str, float]) -> None:
        self.folder, self.plan, self.shards, self.report = folder, plan, shards, report
        self._saved = time.monotonic()

    @property
    def left(self) -> list[int]:
        """Tasks that are still to be run."""
        return [task for task in range(self.plan.tasks) if task not in self.shards]

    def add(self, task: int, mined: Mined) -> None:
        """Keep the result of a task."""
        data = npy_bytes(mined.triplets)
        file = f"triplets-{task:06d}.npy"
        write_atomic(self.folder / file, data)
        digest = hashlib.sha256(data).hexdigest()
        self.shards[task] = Shard(file=file, sha256=digest, rows=len(mined.triplets), counts=mined.counts)
        if time.monotonic() - self._saved > INTERVAL:
            self.save()

    def save(self) -> None:
        """Write the manifest."""
        shards = {str(task): asdict(self.shards[task]) for task in sorted(self.shards)}
        record = {"format": FORMAT, "plan": self.plan.record(), "report": self.report, "shards": shards}
        write_atomic(self.folder / MANIFEST, json.dumps(record, indent=1).encode())
        self._saved = time.monotonic()

    def finish(self) -> None:
        """Once no task is left: sum up, set the confidence limit, write the manifest."""
        self.report = summary(self)
        self.save()

    def shard(self, task: int) -> Shaped[np.ndarray, " n"]:
        """Every query of a task, dtype TRIPLET, memory-mapped."""
        file = self.folder / self.shards[task].file
        with reading(file):
            return np.load(file, mmap_mode="r")

    def kept(self, task: int) -> Shaped[np.ndarray, " n"]:
        """The triplets of a task that training may see: both partners found, confident enough."""
        rows = self.shard(task)
        whole = (rows["y"] != NONE) & (rows["s"] != NONE)
        return rows[whole & (rows["margin"] >= self.report["margin_limit"])]

    def triplets(self) -> Triplets:
        """All of them in the order of x, once the run is finished, and its report with the plan's limits."""
        kept = np.concatenate([self.kept(task) for task in range(self.plan.tasks)])
        limits = {"content_limit": self.plan.content_limit, "style_limit": self.plan.style_limit}
        x, y, s = (kept[name].astype(np.int64) for name in ("x", "y", "s"))
        return Triplets(x=x, y=y, s=s, report={**self.report, **limits})


def start(folder: Path, plan: Plan, roles: Roles) -> Results:
    """A new run in `folder`, or the one there, to go on with. Raises ValueError where that one has another plan."""
    if (folder / MANIFEST).exists():
        existing = load(folder)
        existing.plan = replace(existing.plan, index=plan.index)  # it may have moved
        if existing.plan != plan:
            raise ParasolError(f"{folder} holds triplets of {_differences(existing.plan, plan)}: name another folder")
        for left in folder.glob(".*.part"):  # by a kill in the middle of a file
            left.unlink(missing_ok=True)
        return existing
    write_atomic(folder / ROLES, npy_bytes(roles))
    results = Results(folder, plan, {}, {})
    results.save()
    return results


def load(folder: Path) -> Results:
    """A run as its manifest tells it, without the files that are not whole. Raises ValueError where there is none."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ParasolError(f"{folder} holds no triplets ({MANIFEST} is missing): mine into it first")
    with reading(path):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("format") != FORMAT:
            raise ParasolError(f"{path} has format {record.get('format')!r}; this version reads {FORMAT}: mine anew")
        shards = {int(task): Shard(**shard) for task, shard in record["shards"].items()}
        whole = {task: shard for task, shard in shards.items() if _is_whole(folder, shard)}
        report = record["report"] if len(whole) == len(shards) else {}
        return Results(folder, Plan.of(record["plan"]), whole, report)


def load_finished(folder: Path) -> Results:
    """The same, and nothing is missing. Raises ValueError otherwise."""
    results = load(folder)
    if not results.report:
        raise ParasolError(
            f"{folder} is not finished ({len(results.left)} tasks are left): mine on with the same command"
        )
    return results


def summary(results: Results) -> dict[str, float]:
    """Counts over all tasks, the confidence limit, and how many triplets remain."""
    counts: Counter[str] = Counter()
    for shard in results.shards.values():
        counts.update(shard.counts)
    margins = []
    for task in sorted(results.shards):
        rows = results.shard(task)
        margins.append(rows["margin"][(rows["y"] != NONE) & (rows["s"] != NONE)])
    margin, confidence = np.concatenate(margins), results.plan.mining.confidence
    limit = float(np.percentile(margin, confidence)) if confidence and len(margin) else float(np.finfo(np.float32).min)
    kept = int(np.count_nonzero(margin >= limit))
    return {
        **{name: float(counts[name]) for name in sorted(counts)},
        "whole": float(len(margin)),
        "margin_limit": limit,
        "triplets": float(kept),
        "yield": kept / results.plan.queries,
    }


def _is_whole(folder: Path, shard: Shard) -> bool:
    path = folder / shard.file
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == shard.sha256


def _differences(there: Plan, wanted: Plan) -> str:
    def flat(plan: Plan) -> dict[str, Any]:
        record = plan.record()
        return {**record.pop("mining"), **record}

    old, new = flat(there), flat(wanted)
    changed = [f"{name} {old[name]} (wanted: {new[name]})" for name in old if old[name] != new[name]]
    return "other rules: " + ", ".join(changed)
