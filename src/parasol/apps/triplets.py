"""`parasol triplets`: mine an index for training triplets, and tell what was found."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer

from parasol.apps.options import Json
from parasol.apps.paths import check_folder
from parasol.apps.progress import Progress
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.corpora import Cell
    from parasol.triplets.descriptors import Descriptors
    from parasol.triplets.sweeps import Labels

triplets_app = typer.Typer(no_args_is_help=True, help="Triplets (output x, content y, style s) found by search.")
CorpusFolder = Annotated[
    Path | None, typer.Option(help="Built corpus whose pictures were indexed: its split and its labels are used.")
]
ROWS, CELL = 12, 128  # of a sheet; px


@triplets_app.command()
def mine(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="Folder of the triplets.")],
    corpus: CorpusFolder = None,
    split: Annotated[str, typer.Option(help="With --corpus: the split that is mined.")] = "train",
    k: Annotated[int, typer.Option(help="Candidates looked at in each search before the whole database is.")] = 200,
    content_percentile: Annotated[
        float, typer.Option(metavar="0..100", help="Refuse style pictures more like x in content than so many pairs.")
    ] = 90.0,
    style_percentile: Annotated[
        float, typer.Option(metavar="0..100", help="Refuse content pictures more like x in style than so many pairs.")
    ] = 90.0,
    duplicate_distance: Annotated[
        float, typer.Option(metavar="0..2", help="Refuse candidates nearer than this (1 - cosine): x once more.")
    ] = 0.0,
    confidence: Annotated[
        float, typer.Option(metavar="0..100", help="Drop this percentage of triplets, those whose y stands out least.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the random pairs that set the thresholds.")] = 0,
    engine: Annotated[
        Literal["local", "pool", "ray"], typer.Option(help="This process, a pool of processes, or Ray.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of pool and ray; the cores if left out.")
    ] = None,
    json_: Json = False,
) -> None:
    """Find for every picture x a style picture s and a content picture y, from two halves of the index.

    s is the nearest in style that is not too close in content, y the nearest in content that is not too close in
    style. The same command goes on after Ctrl-C or worse, and the result is the same with every engine.

    \b
    Examples:
      parasol triplets mine pictures.index -o pictures.triplets --engine pool
      parasol index build data/pictograms/cells -o pictograms.index
      parasol triplets mine pictograms.index --corpus data/pictograms --confidence 25 -o pictograms.triplets
    """
    from parasol.runtime.onnx import available_cores
    from parasol.triplets import Mining
    from parasol.triplets.descriptors import open_descriptors
    from parasol.triplets.plan import roles_of
    from parasol.triplets.results import MANIFEST, ROLES
    from parasol.triplets.run import mine_table

    check_folder(out, known_by=[MANIFEST], own=[ROLES], reads=index)
    mining = Mining(
        k=k,
        content_percentile=content_percentile,
        style_percentile=style_percentile,
        duplicate_distance=duplicate_distance,
        confidence=confidence,
        seed=seed,
    )
    descriptors = open_descriptors(index)
    keys, chosen = descriptors.paths, np.ones(len(descriptors), bool)
    if corpus:
        cells = _cells(descriptors, corpus)
        keys = [cell.id if cell else path for cell, path in zip(cells, keys, strict=True)]
        chosen = np.array([cell is not None and cell.split == split for cell in cells])
    steps = mine_table(
        descriptors, roles_of(keys, chosen), mining, out, engine=engine, workers=workers or available_cores()
    )
    with Progress("mining") as progress:
        for results in steps:
            progress.update(len(results.shards), results.plan.tasks)
    report = results.report
    if json_:
        print(json.dumps({"triplets": str(out), **report}))
        return
    print(f"{out}: {report['triplets']:.0f} triplets of {report['queries']:.0f} pictures ({report['yield']:.1%})")
    for name, what in (("style", "s"), ("content", "y")):
        print(
            f"{what}: {report[f'{name}_too_close']:.0f} candidates refused as too close in the other space, "
            f"{report[f'{name}_duplicates']:.0f} as x once more; {report[f'{name}_retried']:.0f} rows had none of {k} "
            f"left, {report[f'{name}_rescued']:.0f} of them found one in the whole database"
        )


@triplets_app.command()
def pack(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of mined triplets.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the shards.")],
    per_shard: Annotated[int, typer.Option(min=1, help="Triplets to a shard.")] = 1000,
) -> None:
    """Write mined triplets with their pictures as WebDataset shards, to train where the pictures are not.

    \b
    Example:
      parasol triplets pack pictures.triplets -o shards
      parasol train backbone-24gb --backbone base --triplets shards
    """
    from parasol.training.backbone import MinedTriplets
    from parasol.training.shards import pack as write

    check_folder(out, known_by=["000000.tar"], own=["000000.part"], reads=folder)
    with Progress("packing") as progress:
        for done, of in write(MinedTriplets(folder), out, per_shard):
            progress.update(done, of, f"{done} triplets")
    print(out)


@triplets_app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of mined triplets.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the report; OUT/report if left out.")
    ] = None,
    corpus: CorpusFolder = None,
    rows: Annotated[int, typer.Option(min=1, help="Triplets on the sheet.")] = ROWS,
    seed: Annotated[int, typer.Option(help="Which triplets are on the sheet.")] = 0,
    json_: Json = False,
) -> None:
    """Plot yield and purity over the thresholds and draw a sheet of triplets: report.svg, report.json, sheet.png.

    Purity needs the labels of --corpus. The sheet is uncurated; it is left out where the pictures have gone.

    \b
    Example:
      parasol triplets report pictograms.triplets --corpus data/pictograms
    """
    from parasol.charts import svg
    from parasol.images import write_atomic
    from parasol.triplets.descriptors import open_descriptors
    from parasol.triplets.plan import load_roles
    from parasol.triplets.results import ROLES, load_finished
    from parasol.triplets.sweeps import charts, figures, sweeps

    results, target = load_finished(folder), out or folder / "report"
    check_folder(target, known_by=["report.json"], reads=folder)
    descriptors = open_descriptors(Path(results.plan.index))
    labels = _labels(_cells(descriptors, corpus)) if corpus else None
    kept = np.concatenate([results.kept(task) for task in sorted(results.shards)])
    with Progress("report") as progress:
        progress.update(0, 1)
        swept = sweeps(results, descriptors, load_roles(folder / ROLES, results.plan), labels)
    shares = figures(kept, results.plan.queries, labels)
    record = {"run": results.report, "figures": shares, "sweeps": [asdict(sweep) for sweep in swept]}
    write_atomic(target / "report.json", f"{json.dumps(record, indent=1)}\n".encode())
    write_atomic(target / "report.svg", svg(charts(swept)).encode())
    drawn = _draw_sheet(descriptors, kept, rows, seed, target / "sheet.png")
    if json_:
        print(json.dumps({"report": str(target), **shares}))
        return
    print(f"{target}: report.json, report.svg{', sheet.png' if drawn else ''}")
    print(", ".join(f"{name} {share:.1%}" for name, share in shares.items()))


def _cells(descriptors: "Descriptors", folder: Path) -> "list[Cell | None]":
    """The corpus's cell of every row of the index, None for other pictures. Raises ValueError where there is none."""
    from parasol import corpora

    corpus, root = corpora.load(folder), Path(descriptors.index.manifest.pictures)
    by_file = {folder.resolve() / cell.file: cell for cell in corpus.cells}
    cells = [by_file.get(root / path) for path in descriptors.paths]
    if not any(cells):
        raise ParasolError(
            f"the index is of {root}, which holds no picture of the corpus {folder}: name its own corpus"
        )
    return cells


def _labels(cells: "list[Cell | None]") -> "Labels":
    from parasol.triplets.sweeps import Labels

    return Labels(
        style=np.array([cell.family if cell else "" for cell in cells]),
        content=np.array([cell.codepoint if cell else "" for cell in cells]),
        base=np.array([cell.base if cell else "" for cell in cells]),
    )


def _draw_sheet(descriptors: "Descriptors", kept: np.ndarray, rows: int, seed: int, target: Path) -> bool:
    """Draw some triplets, one a row: x, y, s. False where their pictures are not there any more."""
    from parasol import images

    chosen = kept[np.sort(np.random.default_rng(seed).permutation(len(kept))[:rows])]
    root = Path(descriptors.index.manifest.pictures)
    files = [[root / descriptors.paths[row[name]] for name in ("x", "y", "s")] for row in chosen]
    if not files or not all(file.is_file() for row in files for file in row):
        return False
    pictures = [[images.fit(images.load(file), CELL) for file in row] for row in files]
    columns = ["output x", "content y", "style s"]
    images.save_png(target, images.sheet(pictures, cell=CELL, column_labels=columns))
    return True
