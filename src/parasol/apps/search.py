"""`parasol search`: the pictures of an index that look like some and show what others show, and one made of them."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from parasol.apps import options
from parasol.apps.jobs import STDIN, name
from parasol.apps.paths import SHEET_KEYWORD, Plan, model_folder
from parasol.apps.progress import Progress
from parasol.apps.words import Like, likes
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.cards import StyleSource
    from parasol.index.search import Hit
    from parasol.index.store import Index
    from parasol.search import Session, Step
    from parasol.types import Picture

COLUMNS = 6  # of a contact sheet
CELL = 128  # px


@options.with_dials(before="finish")
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
    make: Annotated[
        bool, typer.Option("--make", help="Draw what was asked for, and search again with the drawing.")
    ] = False,
    out: Annotated[str | None, typer.Option("--out", "-o", help="PNG for the drawing, - for stdout.")] = None,
    session: Annotated[
        str | None,
        typer.Option(metavar="FILE.json", help="Keep a log of every step, to replay; one that exists is continued."),
    ] = None,
    finish: options.Finish = "auto",
    size: options.Size = None,
    model: options.SuitedModel = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = False,
    **dials: Any,
) -> None:
    """Find the pictures of an index by style, by content, or by both.

    score = w cos(style) + (1 - w) cos(content), or the one cosine where one alone is asked for. Best first.

    With --make, one picture is drawn then: what the content pictures show, or else the picture of the index that is
    nearest to the content in words, in the styles that were asked for. A style or a content that was not asked for at
    all is that of the best hit. The drawing is the next query, by style and content; its hits are printed after its
    name. The dials and the finish are those of `parasol style`.

    \b
    Examples:
      parasol search pictures.index --like crab.png --content house.png
      parasol search pictures.index --like crab.png:0.7 --like ink.png:0.3 --top 24 --sheet found.png
      parasol search pictures.index --content house.png --json
      parasol search pictures.index --text "red apple" --like-text "glossy 3D"
      parasol search pictures.index --text "red apple" --like crab.png --like ink.png:-0.3 --make -o apple.png
      parasol search pictures.index --like crab.png --content house.png --make --session house.json --sheet turn.png
    """
    wanted = likes(like, like_text) if like or like_text else []
    shown = [Like(source=source) for source in content or []]
    shown += [Like(source=text, spoken=True) for text in content_text or []]
    if not (wanted or shown):
        raise ParasolError(
            "nothing is asked for: give a style with --like or --like-text, a content with --content or --text, or both"
        )
    if style_weight is not None and not (wanted and shown) and not make:
        raise ParasolError("--style-weight weighs the style against the content and only one is given: leave it out")
    if not make:
        _refuse_idle(out=out, **dials, finish=None if finish == "auto" else finish, size=size)
    default = f"{'-'.join(map(name, [*shown, *wanted]))}-made.png"
    target = (default if out is None else out) if make else None
    files = _files([*shown, *wanted], sheet, target, json_)

    from parasol import images
    from parasol.choice import model_with
    from parasol.index.store import Index
    from parasol.pipeline import Parasol
    from parasol.search import STYLE_WEIGHT, Log, Session, check_session_target

    for png in filter(None, (sheet, target)):
        images.check_target(png)
    if session is not None:
        check_session_target(session)
    log = Log.read(session) if session is not None and Path(session).exists() else None
    index = Index.open(folder)
    pngs = [sheet or "", target or ""]
    Plan(
        reads=[*files, *_indexed(index, pngs)],
        within=[folder, model_folder(model)],
        writes=pngs,
        adds_to=session,
        overwrite=overwrite,
    ).check()
    if model is None and log is not None:
        loaded = Parasol.of(log.model)
    else:
        encoders = index.manifest.encoders
        loaded = Parasol.load(model or model_with(encoders.style, encoders.content))
    running = Session(loaded, index, log)
    styles, contents = ([(_opened(entry), entry.weight) for entry in named] for named in (wanted, shown))
    query: dict[str, Any] = {
        "style": styles,
        "content": contents,
        "style_weight": STYLE_WEIGHT if style_weight is None else style_weight,
        "top": top,
    }
    if target is None:
        turn = (running.search(**query),)
    else:
        with Progress("drawing") as progress:
            chosen = loaded.dials(**dials)
            turn = running.answer(**query, dials=chosen, size=size, finish=finish, progress=progress.update)
        running.result(turn[-1].number).save(target)
    if sheet is not None:
        drawn = _sheet(_pictures([*contents, *styles]), turn, running)
        paths = [str(hit.file) for step in turn for hit in step.hits]
        images.save_png(sheet, drawn, text={SHEET_KEYWORD: json.dumps(paths)})
    if session is not None:
        written = running.log.add_to(session, len(log.steps) if log is not None else 0)
        if written != Path(session):
            print(f"parasol: {session!r} is another session by now; this one is in {str(written)!r}", file=sys.stderr)
    if STDIN not in (sheet, target):
        for line in _told(turn, target, running, json_):
            print(line)
    gone = sum(not hit.file.exists() for hit in turn[0].hits)
    if gone:
        print(f"parasol: {gone} of these pictures are gone: `parasol index build` drops them", file=sys.stderr)
    if not index.manifest.finished:
        print("parasol: the index is not complete: `parasol index build` goes on with it", file=sys.stderr)


def _refuse_idle(**drawing: Any) -> None:
    """Refuse options that only --make would heed."""
    given = [option for option, value in drawing.items() if value is not None]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise ParasolError(f"{option} is for the picture that --make draws: add --make, or leave it out")


def _files(likes: Sequence[Like], sheet: str | None, target: str | None, json_: bool) -> list[str]:
    """The files that are asked with. Raises ValueError for what standard input and output cannot do."""
    files = [entry.source for entry in likes if not entry.spoken]
    if files.count(STDIN) > 1:
        raise ParasolError("standard input (-) is named twice and can be read once: save one of the pictures to a file")
    if target == STDIN and (json_ or sheet == STDIN):
        raise ParasolError(
            "standard output takes one PNG and nothing else: name a file with -o for --json or --sheet -"
        )
    return files


def _indexed(index: "Index", outputs: Sequence[str]) -> list[Path]:
    """The pictures of an index that some outputs would replace."""
    root = Path(index.manifest.pictures)
    there = {Path(output).resolve() for output in outputs if output and Path(output).is_file()}
    if not any(file.is_relative_to(root) for file in there):
        return []  # a large index is not read for it
    pictures = {root / entry.path for shard in index.manifest.shards for entry in index.entries(shard)}
    return sorted(pictures & there)


def _opened(entry: Like) -> "StyleSource":
    """Words, or a source as it is; standard input, a picture or a card, is read here, once."""
    from parasol.cards import open_style
    from parasol.encoders.text import Words

    if entry.spoken:
        return Words(entry.source)
    return open_style(STDIN) if entry.source == STDIN else entry.source


def _told(turn: "Sequence[Step]", target: str | None, session: "Session", json_: bool) -> Iterator[str]:
    """The lines to print: hits, and between those of two steps the drawing."""
    for step in turn:
        if step.made is not None:
            chosen = [source.model_dump(mode="json") for source in step.chosen]
            drawn = {"out": target, "step": step.number, "chosen": chosen}
            yield json.dumps(drawn | options.as_json(session.result(step.number))) if json_ else str(target)
        place = {} if target is None else {"step": step.number}
        for rank, hit in enumerate(step.hits, start=1):
            gone = {} if hit.file.exists() else {"gone": True}
            row = {"rank": rank, **asdict(hit), "file": str(hit.file), **gone, **place}
            yield json.dumps(row) if json_ else _line(hit)


def _line(hit: "Hit") -> str:
    cosines = {"style": hit.style, "content": hit.content}
    parts = [f"{space} {cosine:.3f}" for space, cosine in cosines.items() if cosine is not None]
    return "  ".join([f"{hit.score:.3f}", *parts, str(hit.file), *([] if hit.file.exists() else ["(gone)"])])


def _sheet(pictures: Sequence["Picture"], turn: "Sequence[Step]", session: "Session") -> "Picture":
    """What was asked for above what was found, best first, and so for what was made; white where a file is gone."""
    from parasol import images

    rows, labels = ([pictures], ["asked for"]) if pictures else ([], [])
    for step in turn:
        if step.made is not None:
            rows.append([images.fit(session.result(step.number).visible, CELL)])
            labels.append("made")
        for start in range(0, len(step.hits), COLUMNS):
            hits = step.hits[start : start + COLUMNS]
            rows.append([_picture(hit.file) for hit in hits])
            labels.append(f"{start + 1} to {start + len(hits)}: {hits[0].score:.2f} to {hits[-1].score:.2f}")
    return images.sheet(rows, cell=CELL, row_labels=labels)


def _pictures(sources: "Sequence[tuple[StyleSource, float]]") -> "list[Picture]":
    """Those of the sources that are pictures, and not words or cards, as small as a sheet shows them."""
    from parasol.cards import open_style
    from parasol.encoders.text import Words
    from parasol.images import fit

    opened = (open_style(source) for source, _ in sources if not isinstance(source, Words))
    return [fit(picture, CELL) for picture in opened if isinstance(picture, np.ndarray)]


def _picture(file: Path) -> "Picture":
    from parasol import images

    try:
        return images.fit(images.load(file), CELL)  # at once: a whole one may take 50 MB
    except images.PictureError:
        return np.ones((8, 8, 3), np.float32)
