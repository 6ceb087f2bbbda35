"""`parasol lint`: what of a set of icons is out of line."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parasol.apps.paths import pictures_below
from parasol.apps.progress import Progress
from parasol.images import SUFFIXES, PictureError, load_rgba

if TYPE_CHECKING:
    from parasol.vector import Consistency, Measures

UNITS = {"stroke": "width of strokes", "corner": "radius of corners", "padding": "free space", "weight": "drawn share"}


def lint(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Icons of one set: PNG, SVG and others.")],
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object with every measure.")] = False,
) -> int:
    """Say how consistent a set of icons is, and which of them are out of line in what.

    Stroke width, corner radius and padding are shares of the longer side; the palette is told as the mean difference
    from colours that a quarter of the set has. Pictures that cannot be read are named, and the others measured.

    \b
    Examples:
      parasol lint icons/
      parasol lint icons/ --json > measures.json
    """
    from parasol.vector import consistency

    measured, failed = _measured(folder)
    result = consistency(measured)
    if json_:
        drawings = {name: asdict(measures) for name, measures in measured.items()}
        print(json.dumps({**asdict(result), "drawings": drawings, "failed": failed}))
    else:
        _print(result, len(measured))
        for name, reason in failed.items():
            print(f"not measured: {name}: {reason}")
    return 2 if failed else 0


def _measured(folder: Path) -> "tuple[dict[str, Measures], dict[str, str]]":
    from parasol.vector import GroundError, measure

    if not folder.is_dir():
        raise PictureError(f"{str(folder)!r} is no folder: give the folder of a set of icons")
    files = pictures_below(folder, SUFFIXES)
    measured, failed = dict[str, "Measures"](), dict[str, str]()
    with Progress(f"measuring {len(files)} pictures") as progress:
        for number, path in enumerate(files):
            name = str(path.relative_to(folder))
            try:
                measured[name] = measure(load_rgba(path))
            except (PictureError, GroundError) as error:
                failed[name] = str(error)
            progress.update(number + 1, len(files))
    return measured, failed


def _print(result: "Consistency", count: int) -> None:
    print(f"{count} pictures, consistency {result.score:.1f} of 100")
    print(f"{'':10}{'score':>7}{'usual':>9}")
    for measure, score in result.parts.items():
        usual = "" if measure == "palette" else f"{result.usual[measure]:.3f}"
        print(f"{measure:10}{score:7.1f}{usual:>9}  {UNITS.get(measure, '')}".rstrip())
    for outlier in result.outliers:
        print(f"out of line: {outlier.name}: {outlier.measure} {outlier.value:.3f}, usually {outlier.usual:.3f}")
