"""`parasol calibrate`: lay out a model's dial over style scale and structure."""

from pathlib import Path
from typing import Annotated

import typer

from parasol.apps.progress import Progress


def calibrate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of the bundle; its manifest is rewritten.")],
    corpus: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the built corpus of its training.")] = Path(
        "data/pictograms"
    ),
    pairs: Annotated[int, typer.Option(min=1, metavar="COUNT", help="Validation pairs.")] = 24,
    end: Annotated[float, typer.Option(min=0.0, max=1.0, help="Structure at strength 1.")] = 0.0,
) -> None:
    """Lay out --strength so that the style comes near in even steps: the last step of making a model.

    Draws every validation pair at 16 places on the way from the content picture to all of the style, and writes the
    stops into the manifest of the bundle. A corpus of photographs and paintings is taken too.

    \b
    Example:
      parasol export pictogram-diffusion --out models/mine
      parasol calibrate models/mine --corpus data/pictograms
    """
    from parasol import Parasol
    from parasol.calibration import calibrate as run
    from parasol.calibration import keep, tuning

    loaded = Parasol.load(model)
    with Progress("calibrating") as progress:
        stops = run(tuning(loaded, corpus, pairs), end=end, progress=progress.update)
    keep(loaded.bundle, stops)
    for stop in stops:
        print(f"style scale {stop.style_scale:.2f}  structure {stop.structure:.2f}")
