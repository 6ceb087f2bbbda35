"""`parasol corpus`: build a corpus, look at one."""

from pathlib import Path
from typing import Annotated

import typer

from parasol.apps.progress import Progress

corpus_app = typer.Typer(no_args_is_help=True, help="Corpora of openly licensed pictures, built from packages.")


@corpus_app.command()
def build(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which corpus: pictograms.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the corpus; the same command continues a build.")],
    size: Annotated[int, typer.Option(help="Side of every picture in px.")] = 128,
    background: Annotated[
        str, typer.Option(help="A colour to lay pictures on, or alpha to keep them clear.")
    ] = "alpha",
    packages: Annotated[
        Path | None, typer.Option(help="Folder that keeps the archives; OUT/packages if left out.")
    ] = None,
) -> None:
    """Fetch pinned packages and draw every cell of the content x style grid; writes ATTRIBUTION beside them.

    \b
    Example:
      parasol corpus build pictograms --out data/pictograms
    """
    if name != "pictograms":
        raise ValueError(f"there is no corpus {name!r}: the one that can be built is pictograms")
    from parasol.corpora import pictograms

    with Progress("corpus") as progress:
        for state in pictograms.build(out, size=size, background=background, packages=packages):
            progress.update(state.done, state.total, f"{state.stage} {state.note}")
    print(f"{out}: {state.done} of {state.total} cells, {state.skipped} left out (see skipped.jsonl)")


@corpus_app.command()
def sheet(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a built corpus.")],
    out: Annotated[str, typer.Option("--out", "-o", help="PNG to write, - for standard output.")] = "corpus.png",
    content: Annotated[
        list[str] | None, typer.Option(help="Codepoint of a row, repeated; the most drawn if left out.")
    ] = None,
    style: Annotated[list[str] | None, typer.Option(help="Set of a column, repeated; all if left out.")] = None,
    count: Annotated[int, typer.Option(help="Rows where no content is named.")] = 12,
    cell: Annotated[int, typer.Option(min=16, max=512, help="Side of a cell in px.")] = 96,
) -> None:
    """Draw the content x style sheet of a corpus.

    \b
    Example:
      parasol corpus sheet data/pictograms -o sheet.png --count 20
      parasol corpus sheet data/pictograms --content 1f433 --style noto --style openmoji
    """
    from parasol import corpora, images
    from parasol.corpora.sheet import sheet as draw

    pixels = draw(corpora.load(folder), contents=content or [], sets=style or [], count=count, cell=cell)
    images.save_png(out, pixels)
    if out != "-":
        print(out)
