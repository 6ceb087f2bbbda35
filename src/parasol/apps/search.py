"""`parasol search`: the pictures of an index that look like some and show what others show."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from parasol.apps import options
from parasol.apps.jobs import STDIN
from parasol.apps.words import likes

if TYPE_CHECKING:
    from parasol.cards import StyleCard
    from parasol.encoders.text import Words
    from parasol.index.search import Hit, Query
    from parasol.pipeline import Parasol
    from parasol.types import Picture

COLUMNS = 6  # of a contact sheet
CELL = 128  # px
DEFAULT_STYLE_WEIGHT = 0.5


def search(
    folder: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.")],
    like: options.Like = None,
    like_text: options.LikeText = None,
    content: Annotated[
        list[str] | None, typer.Option(metavar="PICTURE", help="What is to be shown; repeated, contents mix.")
    ] = None,
    content_text: Annotated[
        list[str] | None,
        typer.Option("--content-text", "--text", metavar="TEXT", help="The same in words; mixes with --content."),
    ] = None,
    style_weight: Annotated[
        float | None, typer.Option(metavar="0..1", help="w, where both are given; 0.5 if left out.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many pictures to find.")] = 12,
    sheet: Annotated[str | None, typer.Option(metavar="PNG", help="Contact sheet to draw, - for stdout.")] = None,
    model: options.Model = None,
    json_: options.Json = False,
) -> None:
    """Find the pictures of an index by style, by content, or by both.

    score = w cos(style) + (1 - w) cos(content), or the one cosine where one alone is asked for. Best first.

    \b
    Examples:
      parasol search pictures.index --like crab.png --content house.png
      parasol search pictures.index --like crab.png:0.7 --like ink.png:0.3 --top 24 --sheet found.png
      parasol search pictures.index --content house.png --json
      parasol search pictures.index --text "red apple" --like-text "glossy 3D"
    """
    wanted, contents, texts = likes(like, like_text) if like or like_text else [], content or [], content_text or []
    if not (wanted or contents or texts):
        raise ValueError(
            "nothing is asked for: give a style with --like or --like-text, a content with --content or --text, or both"
        )
    if style_weight is not None and not (wanted and (contents or texts)):
        raise ValueError("--style-weight weighs the style against the content and only one is given: leave it out")
    if [*contents, *(one.source for one in wanted if not one.spoken)].count(STDIN) > 1:
        raise ValueError("standard input (-) is named twice and can be read once: save one of the pictures to a file")

    from parasol import images
    from parasol.cards import open_style
    from parasol.encoders.text import Words
    from parasol.index.search import search as run
    from parasol.index.store import Encoders, Index
    from parasol.pipeline import Parasol

    if sheet is not None:
        images.check_target(sheet)
    index, loaded = Index.open(folder), Parasol.load(model)
    index.require(Encoders.of(loaded.bundle.manifest))
    styles = [(Words(one.source) if one.spoken else open_style(one.source), one.weight) for one in wanted]
    shown = [images.load(source) for source in contents]
    hits = run(index, _query(loaded, styles, [*shown, *map(Words, texts)], style_weight), top)
    if sheet is not None:
        images.save_png(sheet, _sheet([*shown, *(one for one, _ in styles if isinstance(one, np.ndarray))], hits))
    if sheet != STDIN:
        for rank, hit in enumerate(hits, start=1):
            print(json.dumps({"rank": rank, **asdict(hit), "file": str(hit.file)}) if json_ else _line(hit))
    if not index.manifest.finished:
        print("parasol: the index is not complete: `parasol index build` goes on with it", file=sys.stderr)


def _query(
    model: "Parasol",
    styles: Sequence[tuple["Picture | StyleCard | Words", float]],
    contents: Sequence["Picture | Words"],
    style_weight: float | None,
) -> "Query":
    from parasol.index.search import Query
    from parasol.maths.interpolation import mix

    described = [model.embed_content(one) for one in contents]
    return Query(
        style=model.style(styles).descriptor if styles else None,
        content=mix(np.stack(described), [1.0] * len(described)) if described else None,
        style_weight=DEFAULT_STYLE_WEIGHT if style_weight is None else style_weight,
    )


def _line(hit: "Hit") -> str:
    cosines = {"style": hit.style, "content": hit.content}
    told = [f"{space} {cosine:.3f}" for space, cosine in cosines.items() if cosine is not None]
    return "  ".join([f"{hit.score:.3f}", *told, str(hit.file)])


def _sheet(asked: Sequence["Picture"], hits: "Sequence[Hit]") -> "Picture":
    """What was asked for above what was found, best first; white where a picture is gone by now."""
    from parasol import images

    rows, labels = ([asked], ["asked for"]) if asked else ([], [])
    for start in range(0, len(hits), COLUMNS):
        found = hits[start : start + COLUMNS]
        rows.append([_picture(hit.file) for hit in found])
        labels.append(f"{start + 1} to {start + len(found)}: {found[0].score:.2f} to {found[-1].score:.2f}")
    return images.sheet(rows, cell=CELL, row_labels=labels)


def _picture(file: Path) -> "Picture":
    from parasol import images

    try:
        return images.load(file)
    except images.PictureError:
        return np.ones((8, 8, 3), np.float32)
