"""Options that several commands share, and what they become."""

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar

import typer

from parasol.dials import NamedDial, asked
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.pipeline import Result
    from parasol.recipe import Recipe

Content = Annotated[str, typer.Argument(metavar="CONTENT", help="Picture or SVG, a folder of them, - for stdin.")]
Like = Annotated[
    list[str] | None,
    typer.Option(metavar="STYLE[:WEIGHT]", help="Style picture or card; repeated, styles mix; below 0 pushes away."),
]
LikeText = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT[:WEIGHT]", help='A style in words, such as "glossy 3D"; mixes with --like.'),
]
Mask = Annotated[
    str | None,
    typer.Option(metavar="PICTURE", help="Restyle only where this is white, in CONTENT's shape; black stays as it is."),
]
Protect = Annotated[
    str | None,
    typer.Option(
        metavar="PICTURE",
        help="Keep structure more strictly here, in CONTENT's shape: white all of it, black as --structure says.",
    ),
]
Size = Annotated[int | None, typer.Option(metavar="PX", help="Longer side; the model's own if left out.")]
OwnSize = Annotated[
    str | None,
    typer.Option(metavar="PX|content", help="Longer side; content: that of CONTENT; the model's own if left out."),
]
Model = Annotated[
    str | None,
    typer.Option(metavar="NAME|DIR", help="A model of `parasol models`, by name or NAME@HASH, or a bundle's folder."),
]
SuitedModel = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|DIR",
        help="A model of `parasol models`, by name or NAME@HASH, or a bundle's folder; where none is named that of a "
        "card or an index, else `painting` for photographs and `pictogram` for anything else.",
        show_default=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that Parasol did not make.")]
Ground = Annotated[
    str,
    typer.Option(
        metavar="keep|white|#RRGGBB|transparent",
        help="What lies behind the drawing; keep: what is transparent in CONTENT stays so.",
    ),
]
Lean = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=NUMBER",
        help="Move the style by -1 to 1 along a direction, such as saturation=0.5; repeatable.",
    ),
]
Colors = Annotated[
    int | None, typer.Option(metavar="COUNT", help="At most so many colours, flat, chosen from the result.")
]
Palette = Annotated[
    str | None,
    typer.Option(metavar="FILE|PICTURE|#HEX,...", help="Exactly these colours: a list, a text file or a picture."),
]
Finish = Annotated[
    Literal["auto", "none", "flat"],
    typer.Option(
        help="flat: one colour for each part of CONTENT and lines of one width, as in the style pictures; auto: so "
        "where both are flat art, with slopes where colours of the style slope."
    ),
]
SetFinish = Annotated[
    Literal["auto", "none", "flat"],
    typer.Option(help="auto or flat: one colour for each part and lines of one width, as in the REFERENCES; or none."),
]
Also = Annotated[
    list[str] | None,
    typer.Option(metavar="svg|png|webp|jpg", help="Write the same picture in this format too, beside; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for each picture.")]


Command = TypeVar("Command", bound=Callable[..., Any])


def with_dials(
    *, before: str = "", among: Sequence[NamedDial] = asked(), **defaults: Any
) -> Callable[[Command], Command]:
    """Give a command the options of dials in place of its `**dials`, listed before another option, or last.

    What is left out is None, or in `defaults`.
    """

    def give(command: Command) -> Command:
        given = signature(command)
        own = [parameter for parameter in given.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
        place = [*(parameter.name for parameter in own), ""].index(before)
        dials = [_option(dial, defaults.get(dial.name)) for dial in among]
        command.__signature__ = given.replace(parameters=[*own[:place], *dials, *own[place:]])
        return command

    return give


def _option(dial: NamedDial, default: Any) -> Parameter:
    names = [f"--{dial.option}"]
    if dial.sort is bool and dial.dial.own is not None:
        names = [f"--{dial.option}/--no-{dial.option}"]
    help_text = dial.dial.help if default is not None else dial.explained()
    option = typer.Option(*names, help=help_text, metavar=None if dial.choices else dial.takes or None)
    hint = Annotated[Optional[dial.annotation], option]  # noqa: UP045 (the type is a value here)
    return Parameter(dial.name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=hint)


def summary(recipe: "Recipe") -> dict[str, Any]:
    """Everything in a recipe but its long parts."""
    long: dict[str, Any] = {
        "ground": {"alpha"} if recipe.ground else True,
        "finish": recipe.finish is None,
        "region": True,
        "protected": True,
        "content": {"picture"},
        "style": {"descriptor", "mean", "covariance", "texture"},
    }
    return recipe.model_dump(exclude={name: value for name, value in long.items() if value}, mode="json")


def as_json(result: "Result") -> dict[str, Any]:
    """What --json tells of a picture."""
    record = {"recipe": summary(result.recipe), "seconds": result.seconds, "clipped_share": result.clipped_share}
    if result.palette is None:
        return record
    return {**record, "colours": [{"colour": name, "share": part, "delta_e": off} for name, part, off in result.choice]}


def size_of(text: str | None) -> 'int | Literal["content"] | None':
    """What --size names. Raises ParasolError."""
    if text is None or text == "content":
        return text
    if not text.isdecimal():
        raise ParasolError(f"--size is {text!r}; it must be a number of px, or content for the content picture's own")
    return int(text)
