"""Hostile and unlucky runs, changed files, kills: python -m lab hostile --out DIR [--only GROUP] [--count N]

Every run is a real command in a process of its own, on small files of its own; what comes of it is judged. DIR keeps
what was tried, so that the same command goes on, and tries again what failed. The counts of groups that were tried
whole go into lab/results, each with the commit that it was tried on.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.hostile import small
from lab.hostile.journal import Journal
from lab.hostile.judge import FAULTS, Trial

RESULT = Path(__file__).parents[1] / "results" / "hostile.json"
STRETCHES = 8
"""Of each kind of file."""
MUTATIONS = "mutations"
ESCAPE = "escape"


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 where nothing was wrong, 1 where something was."""
    parser = argparse.ArgumentParser(prog="python -m lab hostile", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for files, and for what was tried")
    parser.add_argument("--only", default="", metavar="GROUP", help=f"groups whose names begin so; {MUTATIONS}, kills")
    parser.add_argument("--count", type=int, metavar="N", help="at most so many of each group, kind and command")
    given = parser.parse_args(words)
    small.quiet()
    os.environ["PARASOL_CACHE"] = str(given.out.resolve() / "cache")
    (given.out / "cache").mkdir(parents=True, exist_ok=True, mode=0o700)
    tried, wrong = attempt(given.out.resolve(), given.only, given.count)
    print(f"{tried} tried now, {wrong} with faults")
    if given.count is None:
        before = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
        record = summary(given.out, given.only, before, commit())
        RESULT.write_text(f"{json.dumps(record, indent=1)}\n", "utf-8")
        print(RESULT)
    return int(wrong > 0)


def attempt(out: Path, only: str = "", count: int | None = None) -> tuple[int, int]:
    """Try what was not tried yet, or failed; how many, and how many had faults."""
    import onnxruntime  # noqa: F401 (children find it imported)

    import parasol.apps.cli  # noqa: F401

    files, tried, wrong = small.make(out / "small"), 0, 0
    for trial, journal in _all(out, files, only, count):
        key = f"{trial.group}: {trial.name}"
        if journal.passed(key):
            continue
        folder, begun = out / f"run-{os.getpid()}" / "it", time.monotonic()
        faults = trial.act(files, folder)
        shutil.rmtree(folder, ignore_errors=True)
        journal.add(key, faults, group=trial.group, of=getattr(trial.act, "of", 1))
        tried, wrong = tried + 1, wrong + bool(faults)
        mark = "FAULT " if faults else "passed"
        print(
            f"{mark} {time.monotonic() - begun:5.1f} s {key!r}", *faults[:5], sep="\n    ", flush=True, file=sys.stderr
        )
    return tried, wrong


def _all(out: Path, files: Path, only: str, count: int | None) -> Iterator[tuple[Trial, Journal]]:
    """Everything that is asked for, with where it is written down; mutations first, which cost least."""
    from lab.hostile import mutations
    from lab.hostile.groups import GROUPS, trials

    if MUTATIONS.startswith(only):
        journal = Journal(out / f"{MUTATIONS}.jsonl")
        for trial in mutations.trials(files, out / "mutated", STRETCHES if count is None else count):
            yield trial, journal
    for group in GROUPS:
        if group.startswith(only):
            journal = Journal(out / "runs.jsonl")
            for trial in trials(group, files, out / f"run-{os.getpid()}" / "served", count):
                yield trial, journal


def commit() -> str:
    """The commit of this checkout, and whether files are otherwise; "" without git."""
    words = ["git", "-C", str(RESULT.parent), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def summary(out: Path, only: str = "", before: Mapping[str, Any] | None = None, code: str = "") -> dict[str, Any]:
    """What is stored: counts by group and by kind of fault. Groups that do not begin as `only` stay as `before`."""
    from lab.hostile.groups import KILLED

    runs, changed = ([*Journal(out / file).records.values()] for file in ("runs.jsonl", f"{MUTATIONS}.jsonl"))
    kills = [run for run in runs if run["group"] == KILLED]
    ordinary = [run for run in runs if run["group"] != KILLED]
    counts = {"runs": _counted(ordinary, code), "kills": _counted(kills, code), MUTATIONS: _counted(changed, code)}
    parts = {}
    for part, groups in counts.items():
        named = {name: row for name, row in groups.items() if (name if part != MUTATIONS else part).startswith(only)}
        parts[part] = _summed({**(before or {}).get(part, {}).get("of", {}), **named})
    return parts


def _counted(records: Sequence[dict[str, Any]], code: str) -> dict[str, Any]:
    """By group."""
    groups: dict[str, dict[str, Any]] = {}
    for record in records:
        entry = groups.setdefault(record["group"], {"tried": 0, "faulty": 0, "faults": Counter(), "commit": code})
        entry["tried"] += record["of"]
        entry["faulty"] += bool(record["faults"])
        entry["faults"].update(
            next((kind for kind in FAULTS if fault.removeprefix("afterwards: ").startswith(kind)), ESCAPE)
            for fault in record["faults"]
        )
    return groups


def _summed(groups: Mapping[str, Any]) -> dict[str, Any]:
    total = {name: sum(entry[name] for entry in groups.values()) for name in ("tried", "faulty")}
    faults = {kind: sum(row.get("faults", {}).get(kind, 0) for row in groups.values()) for kind in (*FAULTS, ESCAPE)}
    return {**total, "groups": len(groups), "faults": faults, "of": {**groups}}
