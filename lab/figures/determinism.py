"""One seed, one picture: from Python and from the command line, alone and among others, again, on either runtime."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.figure import Figure
from lab.speed.machine import run_parasol
from parasol.held_out import Pair, Subject
from parasol.images import load
from parasol.maths.distances import psnr
from parasol.metrics.statistics import decibel
from parasol.pipeline import Parasol
from parasol.types import Record

CHECKED_PAIRS = 3
COUNT = 8
RUNTIME_PAIRS = 8


def same_pixels(subject: Subject) -> Figure:
    """Is one seed one picture? Each check compares all pixels with those that Python gives for the same seed.

    command: `parasol style`. replay_python and replay_command: the recipe in its PNG. count: how many pictures of
    --count 8 equal those made one at a time. The commands run in processes of their own. Wanted: all true, count 8.
    """

    def measure(pair: Pair) -> Record:
        with tempfile.TemporaryDirectory() as folder:
            return {"pair": pair.name, **_compared(subject, pair, Path(folder))}

    def summarise(records: Sequence[Record]) -> Record:
        checks = [name for name in records[0] if name not in ("pair", "count")]
        return {
            **{name: all(record[name] for record in records) for name in checks},
            "count": min(record["count"] for record in records),
            "of": COUNT,
        }

    return Figure(units=subject.pairs[:CHECKED_PAIRS], measure=measure, summarise=summarise)


def runtimes(subject: Subject) -> Figure:
    """PSNR in dB of the picture on ONNX Runtime against the same recipe on torch, for held-out pairs at default dials.

    100 dB stands for identical pictures. Wanted: at least 45 dB for every one.
    """
    other: list[Parasol] = []

    def measure(pair: Pair) -> Record:
        if not other:
            other.append(Parasol.load(subject.model.bundle.folder, runtime="torch"))
        recipe = subject.recipe(pair, subject.dials())
        first, second = subject.model.paint(recipe).pixels, other[0].paint(recipe).pixels
        return {"pair": pair.name, "psnr": decibel(psnr(first, second))}

    def summarise(records: Sequence[Record]) -> Record:
        decibels = [record["psnr"] for record in records]
        return {"lowest": min(decibels), "mean": round(float(np.mean(decibels)), 2), "of": len(decibels)}

    return Figure(units=subject.pairs[:RUNTIME_PAIRS], measure=measure, summarise=summarise)


def _compared(subject: Subject, pair: Pair, folder: Path) -> Record:
    # A model of its own with the command's number of threads: sums in another order may end in other last bits.
    model = Parasol.load(subject.model.bundle.folder)
    content, style = str(subject.file(pair.content)), str(subject.file(pair.style))
    named = ["--model", str(model.bundle.folder)]
    out, again, many = str(folder / "out.png"), str(folder / "again.png"), str(folder / "many.png")
    run_parasol("style", content, "--like", style, "--seed", "1", "--finish", "none", "-o", out, *named)
    run_parasol("replay", out, "-o", again, *named)
    run_parasol("style", content, "--like", style, "--count", str(COUNT), "--finish", "none", "-o", many, *named)
    alone = load(model.stylize(content, style, seed=1).image)
    fresh = [load(model.stylize(content, style, seed=seed, fresh=True).image) for seed in range(COUNT)]
    return {
        "command": bool(np.array_equal(alone, load(out))),
        "replay_python": bool(np.array_equal(alone, load(model.replay(out).image))),
        "replay_command": bool(np.array_equal(alone, load(again))),
        "count": sum(np.array_equal(picture, load(folder / f"many-{seed}.png")) for seed, picture in enumerate(fresh)),
    }
