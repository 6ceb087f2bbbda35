"""How time and memory grow with the size of a picture and with the number of pictures: python -m lab cost.

Each point is a process of its own on one thread, with the painting alone timed, in CPU-seconds, and the peak of the
whole. Pictures are of different seeds in two steps, so that a curve takes minutes and nothing is known beforehand.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab.speed.machine import cpu_name, load_average
from lab.speed.probe import EXAMPLES
from parasol.images import write_atomic
from parasol.pipeline import Parasol
from parasol.types import Record

SIZES, COUNTS = (64, 128, 256, 512, 1024, 2048), (1, 10, 100, 1_000)
SMALL = 64  # px, of many pictures
STEPS = 2


def measured(model: str, size: int, count: int) -> Record:
    """CPU-seconds of painting, and peak bytes, in a fresh process. Raises ValueError where it fails."""
    words = [sys.executable, "-m", "lab.speed.cost", "--point", model, str(size), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{count} pictures of {size} px by {model} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def point(model: str, size: int, count: int) -> Record:
    """The same in this process."""
    import resource

    loaded, (content, style, _) = Parasol.load(model, threads=1), EXAMPLES[model]
    recipe = loaded.recipe(content, style, loaded.dials(steps=STEPS), size=size)
    loaded.paint(recipe)  # opens what is to be opened
    started = time.process_time()
    for seed in range(1, count + 1):
        loaded.paint(recipe.varied(seed=seed))
    spent = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    height, width = recipe.picture().shape[:2]
    return {"model": model, "pixels": height * width, "size": size, "count": count, "cpu_s": spent, "peak": peak}


def main(words: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab cost", description=__doc__)
    parser.add_argument("--point", nargs=3, metavar=("MODEL", "SIZE", "COUNT"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("lab/results/cost.json"))
    options = parser.parse_args(words)
    if options.point is not None:
        model, size, count = options.point
        print(json.dumps(point(model, int(size), int(count))))
        return 0
    os.environ["OMP_NUM_THREADS"] = "1"
    measured_points: list[Record] = []
    try:
        wanted = [*(("painting", size, 1) for size in SIZES), *(("pictogram", SMALL, count) for count in COUNTS)]
        for model, size, count in wanted:
            measured_points.append(measured(model, size, count))
            latest = measured_points[-1]
            each = latest["cpu_s"] / count
            print(f"{model}, {size} px, {count:>4}: {each:.3f} CPU-s each, {latest['peak'] / 1e6:.0f} MB", flush=True)
    except ValueError as error:
        parser.error(str(error))
    record = {"processor": cpu_name(), "load": load_average(), "steps": STEPS, "points": measured_points}
    write_atomic(options.out, f"{json.dumps(record, indent=1)}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
