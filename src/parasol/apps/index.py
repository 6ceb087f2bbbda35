"""`parasol index`: the pictures of a folder as descriptors on disk, to be searched."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from parasol.apps import options
from parasol.apps.progress import Progress

index_app = typer.Typer(no_args_is_help=True, help="Indexes: folders of pictures as descriptors, to be searched.")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@index_app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of pictures and SVGs, with all below it.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="INDEX", help="Folder of the index.")],
    model: options.SuitedModel = None,
    json_: Json = False,
) -> None:
    """Describe every picture below DIR, by style and by content.

    The same command keeps an index up to date: what is new or changed is described, what is gone is dropped. It goes on
    after Ctrl-C or worse, with the same result. A picture that cannot be read is told at the end and stops nothing.

    \b
    Example:
      parasol index build pictures/ -o pictures.index
    """
    from parasol.index.build import build as run
    from parasol.index.describe import Describer
    from parasol.index.lists import opened_lists, write_lists
    from parasol.index.neighbours import is_large
    from parasol.index.store import Index
    from parasol.pipeline import Parasol
    from parasol.runtime.onnx import available_cores

    # A picture's descriptors are computed by one thread, so that they are the same on any number of cores.
    describer = Describer.of(Parasol.load(model or _model_for(folder, out), threads=1).components)
    with Progress("describing") as progress:
        report = run(folder, out, describer, workers=available_cores(), progress=progress.update)
    index = Index.open(out)
    if is_large(index) and opened_lists(index) is None:
        with Progress("making lists for a large index") as progress:
            write_lists(index, progress.update)
    for skipped in report.skipped:
        print(f"parasol: skipped: {skipped.reason}", file=sys.stderr)
    if json_:
        print(json.dumps({"index": str(out), **asdict(report)}))
        return
    numbers = f"{report.described} described, {report.kept} kept, {report.removed} removed"
    print(f"{out}: {report.pictures} pictures ({numbers}, {len(report.skipped)} skipped)")


def _model_for(folder: Path, out: Path) -> str:
    """The model of an index that is there already, else the one for most of the pictures."""
    from parasol.choice import model_for_folder, model_with
    from parasol.index.scan import scan
    from parasol.index.store import Index, StoreError

    try:
        encoders = Index.open(out).manifest.encoders
        return model_with(encoders.style, encoders.content)
    except StoreError:
        return model_for_folder([folder / entry.path for entry in scan(folder)[0]])


@index_app.command()
def info(
    folder: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.")], json_: Json = False
) -> None:
    """Tell what an index holds, and whether every file in it is whole.

    \b
    Example:
      parasol index info pictures.index
    """
    from parasol.index.lists import opened_lists
    from parasol.index.store import SHARDS, Index

    index = Index.open(folder)
    manifest, lists = index.manifest, opened_lists(index)
    damaged = [shard for shard in manifest.shards if not index.is_whole(shard)]
    facts = {
        "index": str(folder),
        "of": manifest.pictures,
        "pictures": sum(shard.rows for shard in manifest.shards),
        "finished": manifest.finished,
        "style": manifest.encoders.style.model_dump(),
        "content": manifest.encoders.content.model_dump(),
        "shards": len(manifest.shards),
        "damaged": sorted(name for shard in damaged for name in shard.files),
        "lists": None if lists is None else {"probes": lists[1].probes, "recall": lists[1].recall},
        "bytes": sum(file.stat().st_size for file in (folder / SHARDS).glob("*")),
    }
    if json_:
        print(json.dumps(facts))
        return
    print(f"{folder}: {facts['pictures']} pictures of {manifest.pictures}")
    print(f"encoders: {manifest.encoders}")
    print(f"{facts['shards']} shards, {facts['bytes'] / 1e6:.1f} MB, {len(damaged)} damaged")
    if lists is not None:
        print(f"approximate search finds {min(lists[1].recall.values()):.1%} of the nearest at least")
    if damaged or not manifest.finished:
        print("not complete: run `parasol index build` again, which goes on from here")
