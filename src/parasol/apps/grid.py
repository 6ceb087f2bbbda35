"""`parasol grid`: contents x styles, or a sweep of dials, on one labelled sheet."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from parasol.apps import options
from parasol.apps.choice import say_doubt, say_photograph
from parasol.apps.jobs import STDIN, pictures, stem, styles
from parasol.apps.paths import SHEET_KEYWORD, Plan, model_folder
from parasol.apps.progress import Progress
from parasol.apps.words import Vary
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.cards import StylePart
    from parasol.pipeline import Parasol
    from parasol.recipe import Recipe


@options.with_dials(before="size")
def grid(
    contents: Annotated[list[str], typer.Argument(metavar="CONTENT...", help="Pictures or SVGs.")],
    like: Annotated[list[str], typer.Option(metavar="STYLE", help="Style or card, repeated; each stands by itself.")],
    out: Annotated[str, typer.Option("--out", "-o", help="PNG to write, - for stdout.")] = "grid.png",
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIAL=VALUES",
            help="A dial over FROM:TO:COUNT or VALUE,VALUE,...; the first goes across, the second down.",
        ),
    ] = None,
    between: Annotated[
        int | None,
        typer.Option(min=2, metavar="COUNT", help="So many pictures from each style, or each content, to the next."),
    ] = None,
    finish: options.Finish = "auto",
    size: options.Size = None,
    cell: Annotated[
        int | None, typer.Option(metavar="PX", min=16, max=1024, help="Side of a cell; SIZE if left out.")
    ] = None,
    model: options.SuitedModel = None,
    overwrite: options.Overwrite = False,
    **dials: Any,
) -> None:
    """Draw every content in every style on one sheet, or one dial across it and another down, or what lies between.

    With --between, two styles or two contents make a strip; four of either, or two of each, the corners of a mesh.
    Between contents there is no layout, so they start from new noise and without content maps. Between styles there is
    no flat finish, for a finish is of one style.

    \b
    Examples:
      parasol grid house.png cat.png --like crab.png --like ink.png -o sheet.png
      parasol grid house.png --like crab.png --vary structure=0:1:10 --vary style-scale=1,3,5 -o sweep.png
      parasol grid house.png cat.png --like crab.png --like ink.png --between 5 -o mesh.png
    """
    from parasol import images
    from parasol.cards import open_style
    from parasol.choice import model_for
    from parasol.pipeline import Parasol

    images.check_target(out)
    dials_varied = [Vary.parse(word) for word in vary or []]
    names = [axis.dial for axis in dials_varied]
    if len(names) > 2 or len(set(names)) < len(names):
        raise ParasolError(f"--vary is given for {', '.join(names)}: a sheet has room for two different dials")
    if between is not None and dials_varied:
        raise ParasolError("--between and --vary each fill the sheet: leave one out")
    named = [path for word in contents for path in pictures(word)]
    liked = [path for word in like for path in styles(word)]
    Plan(reads=[*named, *liked], within=[model_folder(model)], writes=[out], overwrite=overwrite).check()
    drawn = {path: images.load_rgba(path) for path in named}
    looks = {path: open_style(path) for path in liked}
    loaded = Parasol.load(
        model or model_for(drawn.values(), looks.values(), photograph=say_photograph, doubt=say_doubt)
    )
    placeless = between is not None and len(contents) > 1
    if placeless:
        dials |= {"fresh": True, "content_map": bool(dials["content_map"])}
    chosen = loaded.dials(**dials)
    loaded.painter.prepare(chosen)
    described = {path: loaded.style(look) for path, look in looks.items()}
    finishes = {path: loaded.finish(look, finish=finish if between is None else "none") for path, look in looks.items()}
    pictured = {path: images.load(picture) for path, picture in drawn.items()}
    seen = drawn if between is None else pictured  # what lies between two grounds is on neither

    def recipe(content: str, style: str, varied: Mapping[str, Any] = {}) -> "Recipe":
        named = {dial.replace("-", "_"): value for dial, value in varied.items()}
        turned = loaded.dials(**{**dials, **named}) if named else chosen
        return loaded.recipe(seen[content], described[style], turned, size=size, finish=finishes[style])

    shown = {path: look if isinstance(look, np.ndarray) else swatch(look.style) for path, look in looks.items()}
    if between is not None:
        layout = _blend(loaded, [[recipe(content, style) for style in looks] for content in drawn], between)
    elif dials_varied:
        layout = _sweep(recipe, dials_varied, pictured, shown)
    else:
        layout = _crossing(recipe, pictured, shown)
    with Progress("drawing the sheet") as progress:
        rows = _paint(loaded, layout, progress)
    pixels = images.sheet(
        rows, cell=cell or size or loaded.bundle.manifest.default_size, row_labels=layout.row_labels,
        column_labels=layout.column_labels,
    )  # fmt: skip
    cells = [
        [None if isinstance(entry, np.ndarray) else options.summary(entry) for entry in row] for row in layout.rows
    ]
    images.save_png(out, pixels, text={SHEET_KEYWORD: json.dumps(cells)})
    if out != STDIN:
        print(out)


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """What stands where on a sheet: pictures as they are, and recipes to be painted."""

    rows: Sequence[Sequence["np.ndarray | Recipe"]]
    row_labels: Sequence[str]
    column_labels: Sequence[str]


Pictures = Mapping[str, np.ndarray]
Make = Callable[..., "Recipe"]
"""(content, style, dials that are set otherwise) -> the recipe; pictures and cards by their paths."""


def _crossing(recipe: Make, contents: Pictures, styles: Pictures) -> Layout:
    """Contents down, styles across, with the pictures themselves at the edges."""
    corner = np.ones((8, 8, 3), np.float32)
    head = [corner, *styles.values()]
    body = [[picture, *(recipe(content, style) for style in styles)] for content, picture in contents.items()]
    return Layout(rows=[head, *body], row_labels=["", *map(stem, contents)], column_labels=["", *map(stem, styles)])


def _sweep(recipe: Make, varied: Sequence[Vary], contents: Pictures, styles: Pictures) -> Layout:
    """The first dial across; pairs, and for each the second dial, down. Content and style lead each row."""
    across, down = varied[0], varied[1:]
    rows, labels = [], []
    for content, style in product(contents, styles):
        for dials in [{axis.dial: value} for axis in down for value in axis.values] or [{}]:
            cells = [recipe(content, style, {**dials, across.dial: value}) for value in across.values]
            rows.append([contents[content], styles[style], *cells])
            labels.append(" ".join(axis.label(dials[axis.dial]) for axis in down))
    columns = ["content", "style", *map(across.label, across.values)]
    return Layout(rows=rows, row_labels=labels if down else (), column_labels=columns)


def _blend(model: "Parasol", recipes: "Sequence[Sequence[Recipe]]", count: int) -> Layout:
    """A strip between two corners, or a mesh between four: contents down and styles across where there are both."""
    from parasol.blend import mesh

    ends = [recipe for row in recipes for recipe in row]
    if len(ends) not in (2, 4):
        raise ParasolError(
            f"--between got {len(recipes)} contents and {len(recipes[0])} styles: "
            "give two or four of one and one of the other, or two of each"
        )
    corners = [ends] if len(ends) == 2 else [ends[:2], ends[2:]]
    return Layout(rows=mesh(model, corners, count), row_labels=(), column_labels=())


def swatch(style: "StylePart") -> np.ndarray:
    """What stands for a card on a sheet: its mean colour, and one deviation to either side; white where unknown."""
    if style.mean is None or style.covariance is None:
        return np.ones((24, 24, 3), np.float32)
    mean, covariance = np.array(style.mean), np.array(style.covariance)
    values, vectors = np.linalg.eigh(covariance)
    step = np.sqrt(max(values[-1], 0.0)) * vectors[:, -1]
    stripes = np.stack([mean - step, mean, mean + step]).clip(0.0, 1.0).astype(np.float32)
    return stripes[None].repeat(24, axis=0).repeat(8, axis=1)


def _paint(model: "Parasol", layout: Layout, progress: Progress) -> list[list[np.ndarray]]:
    total = sum(not isinstance(entry, np.ndarray) for row in layout.rows for entry in row)
    rows, done = [], 0
    for row in layout.rows:
        painted = []
        for entry in row:
            if isinstance(entry, np.ndarray):
                painted.append(entry)
                continue
            painted.append(model.paint(entry, progress=progress.part(done, total)).visible)
            done += 1
        rows.append(painted)
    return rows
