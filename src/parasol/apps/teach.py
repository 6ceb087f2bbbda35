"""`parasol teach`: a model learns a set of pictures, into a style card."""

import json
from pathlib import Path
from typing import Annotated

import typer

from parasol.apps import options
from parasol.apps.jobs import CARD_SUFFIX, styles
from parasol.apps.paths import Plan, model_folder
from parasol.apps.progress import Progress
from parasol.errors import ParasolError


def teach(
    pictures: Annotated[
        list[str], typer.Argument(metavar="FOLDER|PICTURE...", help="Pictures of one set: 8 to 200, best 30 or more.")
    ],
    out: Annotated[str | None, typer.Option("--out", "-o", help=f"File to write, *{CARD_SUFFIX}.")] = None,
    model: options.Model = None,
    steps: Annotated[int, typer.Option(help="Of training; a second for two or three, on two cores.")] = 600,
    rank: Annotated[int, typer.Option(help="Of what is learned; each adds 0.3 MB to the card.")] = 2,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    overwrite: options.Overwrite = False,
    json_: options.Json = False,
) -> None:
    """Teach a model your own set: a style card that draws it better than any few references do.

    Use the card with --like as any style picture. It belongs to the model that was taught. Ctrl-C keeps what is done,
    and the same command goes on. Needs the train extra; drawing with the card does not.

    \b
    Examples:
      parasol teach brand/ -o brand.style.json
      parasol style house.png --like brand.style.json -o house-brand.png
      parasol set icons/ --like brand/ --card brand.style.json -o icons-brand
    """
    from parasol.cards import check_card_target
    from parasol.pipeline import Parasol
    from parasol.teaching import finished
    from parasol.training.teach import Teaching

    files = [file for source in pictures for file in styles(source) if not file.endswith(CARD_SUFFIX)]
    target = out if out is not None else f"{Path(pictures[0]).resolve().name}{CARD_SUFFIX}"
    check_card_target(target)
    if target == "-":
        raise ParasolError("a card that is taught goes to a file, beside which its state is kept: name one with -o")
    Plan(reads=files, within=[model_folder(model)], writes=[target], overwrite=overwrite).check()
    teaching = Teaching(rank=rank, steps=steps, seed=seed)
    with Progress("teaching") as progress:
        finished(Parasol.load(model), files, target, teaching, tell=progress.update)
    record = {"out": target, "pictures": len(files), "steps": steps}
    print(json.dumps(record) if json_ else target)
