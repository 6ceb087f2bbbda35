"""The paper's ablation, judged: python -m lab ablation --corpus DIR --runs DIR --out FILE.json.

First every training of it: `python -m lab ablation-train NAME`. The JSON file is rewritten after every row, seed and
column, so that the same command goes on where it was stopped; a page is written from it in the end.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lab.ablation.rows import FROZEN_RUNS, ROWS, STEPS, STRUCTURE, Row, load_trained, paint, weights
from lab.ablation.table import markdown, summary
from lab.ablation.trainings import SEEDS
from lab.figure import Figure, Store, measured
from lab.judging.cases import SEEN, UNSEEN, cases, gallery_cells
from lab.judging.judge import gallery_of, judge_of, judged, means
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.corpora import Cell
from parasol.held_out import Subject
from parasol.images import from_uint8, to_uint8, write_atomic
from parasol.pipeline import Parasol
from parasol.types import Record

COLUMNS = (UNSEEN, SEEN)
NAME = "ablation"  # of the figure in its file


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is painted and judged at once: all cases of a column by one row with one seed."""

    row: Row
    seed: int
    column: str


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """runs: folder with the finished trainings. cases: of each column, at most. seeds: of the trainings.

    scale: of guidance, for both modalities together or for each. Raises ValueError where nothing would be measured.
    """

    runs: Path
    cases: int
    seeds: tuple[int, ...]
    scale: float

    def __post_init__(self) -> None:
        if not self.seeds or self.cases < 1:
            raise ValueError(f"{len(self.seeds)} seeds and {self.cases} cases are asked for: give at least one of each")

    def key(self, subject: Subject) -> Record:
        """Names what the figures are about; hashes of the weights stand for the trainings.

        Raises:
            ValueError: as `finished`, or the trainings stand on other latents and descriptors than the model's.
        """
        manifest = subject.model.bundle.manifest
        foreign = [run for run in FROZEN_RUNS if run not in (manifest.training or {})]
        if foreign:
            raise ValueError(
                f"the trainings stand on {', '.join(foreign)}, and the model {manifest.name!r} does not: let FROZEN in "
                "lab/ablation/trainings.py be the model's own networks, and train anew"
            )
        return {
            "model_hash": subject.key()["model_hash"],
            "corpus_hash": subject.key()["corpus_hash"],
            "cases": self.cases,
            "seeds": list(self.seeds),
            "dials": {"steps": STEPS, "scale": self.scale, "structure": STRUCTURE},
            "weights": weights(self.seeds, self.runs),
        }

    def figure(self, subject: Subject) -> Figure:
        """The paper's six rows at equal compute, judged by a network that no part of them has met.

        RDM-style: content descriptors in both places, without M. Style encoder without M: the style descriptor as it
        is, zeros behind it. All these under one joint guidance scale, e_00 + g (e_sy - e_00). Guidance per modality: a
        scale for each. Inversion: from the inverted content picture instead of new noise. Columns: unseen contents;
        seen contents in a held-out cell. family: the hand that the judge tells is of the style picture's family.
        content: the nearest real picture by neither hand of the case shows the content. style: cosine distance to the
        style picture in the judge's style space. layout: perceptual distance to the content picture. truth, colours:
        perceptual distance and colour Chamfer distance to the true cell. Means over cases; of these, mean and standard
        deviation over seeds.
        """
        columns = {column: cases(subject.corpus, column, self.cases) for column in COLUMNS}
        galleries = {column: tuple(gallery_cells(subject.corpus, column)) for column in COLUMNS}

        def batch(cells: Sequence[Cell]) -> torch.Tensor:
            pictures = np.stack([subject.fitted(cell) for cell in cells])
            return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()

        def measure(unit: Unit) -> Record:
            cases, trained = columns[unit.column], load_trained(unit.row.trained, unit.seed, self.runs)
            contents, styles = batch([case.content for case in cases]), batch([case.style for case in cases])
            painted = paint(unit.row, trained, contents, styles, seed=unit.seed, scale=self.scale)
            results = [from_uint8(to_uint8(picture)) for picture in painted.permute(0, 2, 3, 1).numpy()]
            gallery = gallery_of(subject, galleries[unit.column])
            rows = [judged(subject, gallery, case, result) for case, result in zip(cases, results, strict=True)]
            return {"row": unit.row.name, "seed": unit.seed, "column": unit.column, "cases": len(cases), **means(rows)}

        units = [Unit(row=row, seed=seed, column=column) for seed in self.seeds for row in ROWS for column in COLUMNS]
        return Figure(
            units=units,
            measure=measure,
            summarise=lambda records: {"judge": judge_of(subject).described(), **summary(records)},
        )


def measure(ablation: Ablation, subject: Subject, out: Path, page: Path) -> None:
    """Measure what the JSON file `out` lacks, and write the page.

    Raises:
        ValueError: a training is missing, unfinished or another, or the JSON file holds something else.
    """
    store = Store(path=out, key=ablation.key(subject))
    figure, records = ablation.figure(subject), store.records(NAME, ablation.figure)
    progress = Progress(NAME, already=len(records))
    for so_far in measured(figure, records):
        store.write(NAME, ablation.figure, figure, so_far)
        progress.update(len(so_far), len(figure.units))
    write_atomic(page, markdown(store.read()[NAME], store.key).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab ablation", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the trainings")
    parser.add_argument("--cases", type=int, default=24, help="of each column")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many are trained")
    parser.add_argument("--scale", type=float, default=5.0, help="of guidance; the paper's if left out")
    parser.add_argument("--out", type=Path, default=Path("lab/results/ablation.json"), help="JSON file of the figures")
    parser.add_argument("--page", type=Path, default=Path("docs/ablation.md"), help="page that is written from them")
    options = parser.parse_args(arguments)
    try:
        subject = Subject(model=Parasol.load(), corpus=corpora.load(options.corpus), pairs=())
        ablation = Ablation(
            runs=options.runs, cases=options.cases, seeds=SEEDS[: max(options.seeds, 0)], scale=options.scale
        )
        measure(ablation, subject, options.out, options.page)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    return 0
