"""`parasol card`: a style, or a mix of several, saved as a file that stands wherever a style picture does."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from parasol.apps import options
from parasol.apps.choice import say_doubt, say_photograph
from parasol.apps.jobs import CARD_SUFFIX, STDIN, name, styles
from parasol.apps.paths import Plan, model_folder
from parasol.apps.words import Like, leans, likes

if TYPE_CHECKING:
    from parasol.cards import StyleSource


def card(
    style: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STYLE[:WEIGHT]...", help="Picture, card or folder, - for stdin; several mix; below 0 pushes away."
        ),
    ] = None,
    text: options.LikeText = None,
    lean: options.Lean = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help=f"File to write, *{CARD_SUFFIX}, or - for stdout.")
    ] = None,
    model: options.SuitedModel = None,
    overwrite: options.Overwrite = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the file's name and the parts of the mix.")] = False,
) -> None:
    """Save a mix of styles as a card: use it with --like as any style picture.

    The pictures of a folder share its weight. A card belongs to the model's style encoder, and says so; with another
    model it is refused.

    \b
    Examples:
      parasol card crab.png:0.7 ink.png:0.3 -o warm.style.json
      parasol card warm.style.json photo.jpg:-0.2 -o warmer.style.json
      parasol card crab.png --text "thick black outline:0.5" -o bold.style.json
      parasol style house.png --like warm.style.json:0.7 --like crab.png:0.3
    """
    from parasol.cards import check_card_target
    from parasol.choice import model_for
    from parasol.pipeline import Parasol

    mixed = likes(style, text)
    target = out if out is not None else f"{'-'.join(map(name, mixed))}{CARD_SUFFIX}"
    check_card_target(target)
    files = [file for like in mixed if not like.spoken for file in styles(like.source)]
    Plan(reads=files, within=[model_folder(model)], writes=[target], overwrite=overwrite).check()
    parts = [part for like in mixed for part in _shared(like)]
    sources = [source for source, _ in parts]
    made = Parasol.load(model or model_for(sources, sources, photograph=say_photograph, doubt=say_doubt)).card(
        parts, lean=leans(lean)
    )
    made.save(target)
    if target != STDIN:
        record = {"out": target, **made.model_dump(exclude={"style"}, mode="json")}
        print(json.dumps(record) if json_ else target)


def _shared(like: Like) -> "list[tuple[StyleSource, float]]":
    """A style with its weight; for a folder each of its pictures, with an equal share of the weight."""
    from parasol.encoders.text import Words

    if like.spoken:
        return [(Words(like.source), like.weight)]
    sources = styles(like.source)
    return [(source, like.weight / len(sources)) for source in sources]
