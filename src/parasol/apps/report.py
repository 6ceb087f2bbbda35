"""`parasol report`: the figures of controllability, drawn and measured, on one page."""

from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from parasol.apps import options
from parasol.apps.evaluate import follow
from parasol.apps.paths import Plan, check_folder
from parasol.dials import named
from parasol.errors import ParasolError


@options.with_dials(before="table", among=[dial for dial in named() if dial.name == "steps"])
def report(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the page and its pictures.")],
    corpus: Annotated[Path, typer.Option(help="Folder of the built corpus that pairs are held out of.")] = Path(
        "data/pictograms"
    ),
    pairs: Annotated[int, typer.Option(min=2, metavar="COUNT", help="Held-out pairs, the first of a fixed list.")] = 3,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="comparison.json of `parasol evaluate`, shown at the end.")
    ] = None,
    model: options.Model = None,
    **dials: Any,
) -> None:
    """Draw the controllability figures of the paper, measure every picture, and write one page, DIR/report.html.

    Structure at ten values, rows of both scales, structure x style scale, a mesh between two contents and two styles,
    words, and new noise; below each the measured curves. The same command goes on after Ctrl-C or worse.

    \b
    Examples:
      parasol report docs/report
      parasol report out/report --pairs 5 --steps 20 --table comparison/comparison.json
    """
    if find_spec("scipy") is None:
        raise ParasolError("this command needs scipy: install it with  pip install 'scipy'")

    from parasol.report.run import PAGE_FILE, Report
    from parasol.report.run import report as run
    from parasol.report.shots import MEASURES_FILE, PICTURES

    check_folder(out, known_by=[PAGE_FILE, MEASURES_FILE], own=[PICTURES], reads=corpus)
    Plan(reads=[table or ""], writes=[out / PAGE_FILE, out / MEASURES_FILE], overwrite=True).check()
    wanted = Report(out=out, corpus=corpus, model=model, pairs=pairs, **dials, table=table)
    for what, stages in groupby(run(wanted), key=lambda stage: stage.what):
        follow(what, stages)
    print(out / PAGE_FILE)
