"""`parasol set`: a whole folder of icons in the style of references, as one set."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parasol.apps import options
from parasol.apps.jobs import pictures
from parasol.apps.paths import Plan, alike, check_folder, model_folder, pictures_below
from parasol.apps.progress import Progress
from parasol.apps.set_files import Files, Size, sizes_of
from parasol.errors import ParasolError
from parasol.images import SUFFIXES, PictureError

if TYPE_CHECKING:
    import numpy as np

    from parasol.conditions import Style
    from parasol.dials import Dials
    from parasol.pipeline import Parasol
    from parasol.sets import Look, Step
    from parasol.vector import Measures

CELL = 64  # px, of the contact sheet
ACROSS = 16  # icons in a row of it
RECORD, SHEET = "set.json", "sheet.png"


@options.with_dials(before="model")
def icon_set(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Icons, in subfolders too.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the set.")],
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="PICTURE|FOLDER", help="References: icons of the set to be like; repeated, or a folder."),
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(metavar="PX,...", help="PNGs at these sizes too, such as 24,24@2x,128.")
    ] = None,
    card: Annotated[
        str | None,
        typer.Option(metavar="CARD", help="Style card of the references, such as `parasol teach` makes, to draw with."),
    ] = None,
    colors: options.Colors = None,
    palette: options.Palette = None,
    finish: options.SetFinish = "auto",
    ground: options.Ground = "transparent",
    model: options.Model = None,
    overwrite: options.Overwrite = False,
    json_: Annotated[bool, typer.Option("--json", help="Print what set.json holds.")] = False,
    **dials: Any,
) -> int:
    """Draw every icon of a folder in the style of references, and make one set of them.

    All icons have one palette (of the references, unless --palette names one; --colors says how many), lines of one
    width where the references have them, their size to the eye, and their own names and subfolders. OUT gets svg/, png/
    (with recipes), a folder for each of --sizes, a contact sheet, and set.json: how consistent the set is beside the
    references, and which icons are out of line. The same command continues where it was stopped; icons that cannot be
    read are told and left out.

    \b
    Examples:
      parasol set icons/ --like reference/ -o out/
      parasol set icons/ --like a.svg --like b.svg --like c.svg --sizes 24,24@2x,128 --colors 4 -o out/
    """
    wanted = sizes_of(sizes)
    icons = _icons(folder, out)
    references = [file for word in like or [] for file in pictures(word)]
    if not references:
        raise ParasolError("no reference is given: name icons of the set to be like with --like, or their folder")
    _check(
        out,
        [*references, *([] if card is None else [card]), *(folder / name for name in icons)],
        icons,
        wanted,
        model,
        overwrite=overwrite,
    )
    from parasol.pipeline import Parasol
    from parasol.runtime.onnx import available_cores
    from parasol.sets import drawn_at_once, look_of, side_by_side
    from parasol.vector import given_palette

    look = look_of(references, None if palette is None else given_palette(palette), colors, flat=finish != "none")
    workers, threads = side_by_side(len(icons), available_cores())
    loaded = Parasol.load(model, threads=threads)
    chosen = loaded.dials(**dials)
    loaded.painter.prepare(chosen)
    style = loaded.style(references if card is None else card)
    made = _Made()
    with Progress(f"drawing {len(icons)} icons") as progress:
        shared = Shared(folder=folder, out=out, sizes=wanted, look=look, dials=chosen, style=style, ground=ground)
        # Closed by Ctrl-C too: those that are drawn end at their next step.
        with closing(drawn_at_once(lambda name, step: _draw(loaded, shared, name, step), icons, workers)) as drawn:
            for number, icon in enumerate(drawn):
                made.add(icon)
                progress.update(number + 1, len(icons))
                if icon.error:
                    progress.clear()
                    print(f"parasol: error: {icon.name}: {icon.error}", file=sys.stderr, flush=True)
    record = _finish(out, made, look) | {"kept": made.kept}
    if json_:
        print(json.dumps(record))
    else:
        _print(out, record)
    return 2 if made.failed else 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """What all icons of one run share."""

    folder: Path
    out: Path
    sizes: Sequence[Size]
    look: "Look"
    dials: "Dials"
    style: "Style"
    ground: str


@dataclass(frozen=True, kw_only=True, eq=False)
class _Icon:
    """What has come of one icon: thumbnail and measures, or what went wrong. kept: by an earlier run."""

    name: str
    error: str = ""
    thumbnail: "np.ndarray | None" = None
    measures: "Measures | None" = None
    kept: bool = False


@dataclass(eq=False)
class _Made:
    """What has come of a run so far, in the order of the icons: a few kB each."""

    thumbnails: "dict[str, np.ndarray]" = field(default_factory=dict)
    measures: "dict[str, Measures]" = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    kept: int = 0

    def add(self, icon: _Icon) -> None:
        """Take the next icon."""
        if icon.thumbnail is None or icon.measures is None:
            self.failed[icon.name] = icon.error
            return
        self.thumbnails[icon.name], self.measures[icon.name] = icon.thumbnail, icon.measures
        self.kept += icon.kept


def _icons(folder: Path, out: Path) -> list[str]:
    if not folder.is_dir():
        raise PictureError(f"{str(folder)!r} is no folder: give the folder of the icons")
    if out.resolve() == folder.resolve():
        raise PictureError(f"{str(out)!r} holds the icons themselves: name another folder with -o")
    if out.exists() and not out.is_dir():
        raise PictureError(f"{str(out)!r} is a file and a folder is needed: name another with -o")
    inside = out.resolve()
    files = pictures_below(folder, SUFFIXES)
    names = [str(path.relative_to(folder)) for path in files if inside not in path.resolve().parents]
    if not names:
        raise PictureError(
            f"the folder {str(folder)!r} holds no picture: put {', '.join(sorted(SUFFIXES))} files there"
        )
    stems = dict[str, str]()
    for name in sorted(names):
        other = stems.setdefault(alike(str(Path(name).with_suffix(""))), name)
        if other != name:
            raise PictureError(f"{other!r} and {name!r} would go into the same files: rename one")
    return sorted(names)


def _check(
    out: Path,
    reads: Sequence[str | Path],
    icons: Sequence[str],
    sizes: Sequence[Size],
    model: str | None,
    *,
    overwrite: bool,
) -> None:
    """Refuse an OUT that holds other things, or where something would be lost. Raises ParasolError."""
    own = ["svg", "png", SHEET, *(str(size.side) for size in sizes)]
    check_folder(out, known_by=[RECORD], own=own)
    masters = [Files(folder=out, name=Path(name).with_suffix(""), sizes=sizes).master for name in icons]
    Plan(reads=reads, within=[model_folder(model)], writes=masters, overwrite=overwrite).check()


def _draw(model: "Parasol", shared: Shared, name: str, step: "Step") -> _Icon:
    """Draw one icon, or keep what an earlier run made of it."""
    from parasol.images import load_rgba
    from parasol.sets import icon_recipe
    from parasol.vector import measure
    from parasol.vector.framing import resized

    try:
        recipe = icon_recipe(model, shared.folder / name, shared.look, shared.style, shared.dials, shared.ground)
        files = Files(folder=shared.out, name=Path(name).with_suffix(""), sizes=shared.sizes, share=shared.look.shown)
        kept = files.kept(recipe, model.bundle)
        files.write(None if kept else model.paint(recipe, progress=step))
        drawn = load_rgba(files.drawing)
        thumbnail = resized(drawn, (CELL, CELL))
        return _Icon(name=name, thumbnail=thumbnail, measures=measure(drawn), kept=kept)
    except ParasolError as error:
        return _Icon(name=name, error=str(error))


def _finish(out: Path, made: _Made, look: "Look") -> dict[str, Any]:
    """Write the sheet and the record of a set. Raises ValueError where nothing could be drawn."""
    from parasol.images import save_png, sheet, write_atomic
    from parasol.sets import told_set
    from parasol.vector import laid

    if not made.thumbnails:
        raise ParasolError(f"none of the {len(made.failed)} icons could be drawn")
    cells = [laid(thumbnail, (1.0, 1.0, 1.0)) for thumbnail in made.thumbnails.values()]
    save_png(out / SHEET, sheet(list(_rows(cells)), cell=CELL))
    record = {"icons": len(made.measures), "failed": made.failed, **told_set(made.measures, look)}
    write_atomic(out / RECORD, json.dumps(record, indent=1).encode())
    return record


def _rows(cells: "list[np.ndarray]") -> "Iterator[list[np.ndarray]]":
    for start in range(0, len(cells), ACROSS):
        yield cells[start : start + ACROSS]


def _print(out: Path, record: dict[str, Any]) -> None:
    print(out)
    print(f"{record['icons']} icons, {record['kept']} of them kept, {len(record['failed'])} left out")
    print(f"palette {' '.join(record['palette'])}")
    consistency, like = record["consistency"], record["references"]
    if consistency is None:
        return
    beside = "" if like is None else f" (the references: {like['score']:.1f})"
    print(f"consistency {consistency['score']:.1f} of 100{beside}")
    for icon in consistency["outliers"][:10]:
        print(f"out of line: {icon['name']}: {icon['measure']} {icon['value']:.3f}, usually {icon['usual']:.3f}")
    if len(consistency["outliers"]) > 10:
        print(f"and {len(consistency['outliers']) - 10} more in {out / RECORD}")
