"""Seams and costs of large pictures: python -m lab tiles --content FILE --like FILE --out FILE.json.

The command's time and memory by size, and every content picture in every style picture, in tiles and whole. The file is
rewritten after every measurement, so that the same command goes on where it was stopped.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from lab.figure import Figure, Store, measured
from lab.speed.machine import cpu_name, load_average, run_parasol
from lab.statistics import resampled_estimate
from parasol.apps.progress import Progress
from parasol.comparison.journal import as_lines
from parasol.dials import Dials
from parasol.images import pad_to_multiple
from parasol.maths.distances import psnr
from parasol.metrics.statistics import decibel
from parasol.painting import OVERLAP, PIXELS, TILE
from parasol.pipeline import Parasol
from parasol.sampling.tiles import Tiles
from parasol.types import Picture, Record

SIZES = (256, 1024)  # px, of the costs
UNTILED = 2**20  # latents: longer than any side


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """What is measured. `tile` and `overlap` are in latents, `size` in px."""

    model: Parasol
    contents: tuple[Path, ...]
    styles: tuple[Path, ...]
    dials: Dials
    size: int
    tile: int
    overlap: int

    def key(self) -> Record:
        """Names what the figures are about."""
        pictures = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (*self.contents, *self.styles)]
        dials = {"dials": asdict(self.dials), "size": self.size, "tile": self.tile, "overlap": self.overlap}
        return {"model_hash": self.model.bundle.identity, "pictures": pictures, **dials}


def seams(trial: Trial) -> Figure:
    """Gradients along tile borders, and PSNR against the picture drawn whole, for every content in every style.

    `tiled` is the mean absolute gradient across the lines at which tiles begin or end, over that across all other lines
    at multiples of 8 px (at which the decoder's own blocks meet); `whole` is the same of the picture drawn whole, whose
    gradients at those lines are the pictures' own; `excess` is the first ratio over the second. Each is a ratio of
    means over pairs with a bootstrap interval. interior: PSNR in dB where one tile alone counts; overlaps: elsewhere.
    Wanted: an interval of `excess` that holds 1, and 35 dB in the interior.
    """

    def measure(pair: tuple[Path, Path]) -> Record:
        recipe = trial.model.recipe(*pair, trial.dials, size=trial.size)
        painter = replace(trial.model.painter, tile=trial.tile, overlap=trial.overlap)
        tiled, whole = (variant.paint(recipe).pixels for variant in (painter, replace(painter, tile=UNTILED)))
        tiles = tiles_of(tiled, trial)
        alone = counted_once(tiles, trial.model.bundle.manifest.stride, tiled)
        return {
            "content": pair[0].name,
            "style": pair[1].name,
            "tiles": len(tiles.windows),
            **{name: gradients(picture, tiles) for name, picture in (("tiled", tiled), ("whole", whole))},
            "interior": decibel(psnr(tiled[alone], whole[alone])),
            "overlaps": decibel(psnr(tiled[~alone], whole[~alone])),
        }

    def summarise(records: Sequence[Record]) -> Record:
        values = {name: np.array([record[name] for record in records]) for name in ("tiled", "whole")}

        def ratio(name: str, rows: Int[np.ndarray, " N"]) -> float:
            border, elsewhere = values[name][rows].mean(axis=0)
            return float(border / elsewhere)

        def estimate(*names: str) -> Record:
            return resampled_estimate(
                lambda rows: ratio(names[0], rows) / (ratio(names[1], rows) if names[1:] else 1.0), len(records)
            ).rounded()

        decibels = {name: round(float(np.mean([row[name] for row in records])), 2) for name in ("interior", "overlaps")}
        ratios = {name: estimate(name) for name in values}
        return {**ratios, "excess": estimate("tiled", "whole"), **decibels, "of": len(records)}

    return Figure(units=[*product(trial.contents, trial.styles)], measure=measure, summarise=summarise)


def costs(trial: Trial) -> Figure:
    """Seconds and largest resident memory of `parasol style` in a process of its own, for 256 and 1024 px.

    The first content in the first style, with the dials of the trial. Wanted on two idle cores: 1024 px in 90 s and
    1200 MB.
    """
    dials = trial.dials

    def measure(size: int) -> Record:
        with tempfile.TemporaryDirectory() as folder:
            run = run_parasol(
                "style", str(trial.contents[0]), "--like", str(trial.styles[0]), "--size", str(size),
                "--steps", str(dials.steps), "--sampler", dials.sampler, "--structure", str(dials.structure),
                "--model", str(trial.model.bundle.folder), "-o", str(Path(folder, "out.png")),
            )  # fmt: skip
        spent = {"seconds": round(run.seconds, 2), "peak_mb": round(run.peak_bytes / 1e6)}
        return {"size": size, **spent, "processor": cpu_name(), "load": round(load_average(), 1)}

    return Figure(units=SIZES, measure=measure, summarise=lambda records: {str(row["size"]): row for row in records})


def tiles_of(picture: Picture, trial: Trial) -> Tiles:
    """The tiles that a picture was drawn in, in px of the padded picture."""
    padded, _ = pad_to_multiple(picture, trial.model.bundle.manifest.stride)
    height, width = (side // PIXELS for side in padded.shape[:2])
    return Tiles(height=height, width=width, tile=trial.tile, overlap=trial.overlap).scaled(PIXELS)


def gradients(picture: Picture, tiles: Tiles) -> tuple[float, float]:
    """Mean absolute differences of neighbouring pixels: across lines at which tiles begin or end, and across others.

    All lines lie at multiples of 8 px of the padded picture, and inside the picture.

    Raises:
        ValueError: there is but one tile, which has no border.
    """
    if len(tiles.windows) < 2:
        raise ValueError(
            f"the picture is {picture.shape[1]} x {picture.shape[0]} px and a tile {tiles.tile}: name a larger --size"
        )
    border, elsewhere = list[float](), list[float]()
    for axis, whole in ((0, tiles.height), (1, tiles.width)):
        offset = (whole - picture.shape[axis]) // 2
        edges = {window[axis] for window in tiles.windows} | {
            window[axis] + window[2 + axis] for window in tiles.windows
        }
        steps = np.abs(np.diff(picture, axis=axis)).mean(axis=(1 - axis, 2))
        for line in range(PIXELS, whole, PIXELS):
            if 0 < line - offset < picture.shape[axis]:
                (border if line in edges else elsewhere).append(float(steps[line - offset - 1]))
    return float(np.mean(border)), float(np.mean(elsewhere))


def counted_once(tiles: Tiles, stride: int, picture: Picture) -> Bool[np.ndarray, "H W"]:
    """Where in a picture one tile alone counts."""
    count: Float[np.ndarray, "h w"] = np.zeros((tiles.height, tiles.width))
    for window in tiles.windows:
        count[window.top : window.top + window.height, window.left : window.left + window.width] += 1.0
    _, box = pad_to_multiple(picture, stride)
    return count[box.top : box.top + box.height, box.left : box.left + box.width] == 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab tiles", description=__doc__)
    parser.add_argument("--content", type=Path, action="append", required=True, help="picture; repeated")
    parser.add_argument("--like", type=Path, action="append", required=True, help="style picture; repeated")
    parser.add_argument("--model", help="a bundled model or the folder of a bundle")
    parser.add_argument("--size", type=int, default=1024, help="px; drawn whole too, in 4.3 GB at 1024")
    parser.add_argument("--tile", type=int, default=TILE, help=f"latents of {PIXELS} px")
    parser.add_argument("--overlap", type=int, default=OVERLAP, help="latents")
    parser.add_argument("--steps", type=int, help="the model's own if left out")
    parser.add_argument("--sampler", default="ddim", help="ddim or dpm")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    options = parser.parse_args(arguments)
    try:
        model = Parasol.load(options.model)
        trial = Trial(
            model=model, contents=tuple(options.content), styles=tuple(options.like), size=options.size,
            tile=options.tile, overlap=options.overlap,
            dials=model.dials(steps=options.steps, sampler=options.sampler),
        )  # fmt: skip
        _measure(trial, Store(path=options.out, key=trial.key()))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return 0


def _measure(trial: Trial, store: Store) -> None:
    for make in (costs, seams):  # the costs first, while this process is small
        name = make.__name__
        figure, records = make(trial), store.records(name, make)
        progress = Progress(name, already=len(records))
        for so_far in measured(figure, records):
            store.write(name, make, figure, so_far)
            progress.update(len(so_far), len(figure.units))
        print(f'"{name}": {as_lines(store.read()[name]["summary"], 2)}', flush=True)
