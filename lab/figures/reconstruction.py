"""How much of a picture survives the autoencoder, and that full structure gives exactly that."""

from collections.abc import Sequence

import numpy as np

from lab.figure import Figure
from lab.subject import through_autoencoder
from parasol.corpora import Cell
from parasol.held_out import CONTENT_TEST, Subject
from parasol.maths.distances import psnr
from parasol.metrics.statistics import decibel
from parasol.types import Record

LARGEST_SCALE = 10.0


def autoencoder(subject: Subject) -> Figure:
    """PSNR in dB of D(E(x)) against x on white, at the model's size, over every picture of the content-test split.

    `unseen` leaves out pictures whose very pixels were trained on. Wanted: a mean of at least 30 dB.
    """
    cells: dict[str, list[Cell]] = {}
    for cell in subject.corpus.cells:
        if cell.split == CONTENT_TEST:
            cells.setdefault(cell.set, []).append(cell)

    def measure(name: str) -> Record:
        return {"set": name, "psnr": {cell.codepoint: reconstruction_psnr(subject, cell) for cell in cells[name]}}

    def summarise(records: Sequence[Record]) -> Record:
        everything = {f"{row['set']}/{codepoint}": db for row in records for codepoint, db in row["psnr"].items()}
        unseen = {name: db for name, db in everything.items() if name not in subject.corpus.seen}
        by_set = {row["set"]: _spread(list(row["psnr"].values())) for row in records}
        return {"all": _spread(list(everything.values())), "unseen": _spread(list(unseen.values())), **by_set}

    return Figure(units=sorted(cells), measure=measure, summarise=summarise)


def full_structure(subject: Subject) -> Figure:
    """PSNR in dB of --structure 1 against reconstruct, for held-out pairs at random scales in 0..10, one seed a pair.

    100 dB stands for identical pictures. Wanted: at least 50 dB for every one.
    """

    def measure(row: int) -> Record:
        pair = subject.pairs[row]
        style_scale, content_scale = np.random.default_rng(row).uniform(0.0, LARGEST_SCALE, 2).round(2).tolist()
        dials = subject.dials(structure=1.0, style_scale=style_scale, content_scale=content_scale, seed=row)
        result = subject.paint(pair, dials)
        ceiling = through_autoencoder(subject, pair.content)
        return {
            "pair": pair.name,
            "style_scale": style_scale,
            "content_scale": content_scale,
            "psnr": decibel(psnr(result, ceiling)),
            "identical": bool(np.array_equal(result, ceiling)),
        }

    def summarise(records: Sequence[Record]) -> Record:
        return {
            "lowest": min(record["psnr"] for record in records),
            "identical": sum(record["identical"] for record in records),
            "of": len(records),
        }

    return Figure(units=range(len(subject.pairs)), measure=measure, summarise=summarise)


def reconstruction_psnr(subject: Subject, cell: Cell) -> float:
    """PSNR in dB of what the autoencoder makes of one picture, both in 8 bits."""
    return decibel(psnr(through_autoencoder(subject, cell), subject.fitted(cell)))


def _spread(values: list[float]) -> Record:
    if not values:
        return {"count": 0}
    tenth = float(np.percentile(values, 10))
    return {
        "mean": round(float(np.mean(values)), 2),
        "tenth_percentile": round(tenth, 2),
        "lowest": round(min(values), 2),
        "count": len(values),
    }
