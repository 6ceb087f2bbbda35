"""Options that several commands share, and what they become."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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
StyleScale = Annotated[
    float | None, typer.Option(metavar="NUMBER", help="Pull of the style: 0 ignores it, 1 is plain, 5 is strong.")
]
ContentScale = Annotated[float | None, typer.Option(metavar="NUMBER", help="The same for what the content shows.")]
Structure = Annotated[
    float | None, typer.Option(metavar="0..1", help="Share of the steps that keep to the content picture's layout.")
]
Texture = Annotated[
    float | None,
    typer.Option(
        metavar="0..1",
        help="How far to go to the touch of the style picture itself, beside its descriptor; the model's own if left "
        "out.",
        show_default=False,
    ),
]
Steps = Annotated[int | None, typer.Option(metavar="COUNT", help="Sampling steps, 1 to 1000.")]
Seed = Annotated[int, typer.Option(metavar="NUMBER", help="Of the noise; one seed, one picture.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start from new noise: the content descriptor alone is kept.")]
Strength = Annotated[
    float | None,
    typer.Option(metavar="0..1", help="Style scale and structure in one: 0 is the content, 1 all of the style."),
]
ContentMap = Annotated[
    bool | None,
    typer.Option(
        "--content-map/--no-content-map",
        help="Say where things are in CONTENT, beside what it shows; the model's own if left out.",
        show_default=False,
    ),
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
Color = Annotated[
    Literal["off", "match", "keep"],
    typer.Option(help="Give the colours of the style (match) or of the content (keep)."),
]
ColorStrength = Annotated[
    float, typer.Option(metavar="0..1", help="Share of the way that --color goes: 0 changes nothing, 1 is all of it.")
]
Sampler = Annotated[
    Literal["ddim", "dpm"], typer.Option(help="How steps are taken: ddim as in the paper, or dpm for --steps 8 to 20.")
]
Guidance = Annotated[
    Literal["apart", "joint"] | None,
    typer.Option(
        help="Whether the scales weigh style and content apart from each other, as in the paper, or jointly what both "
        "share; the model's own if left out.",
        show_default=False,
    ),
]
Size = Annotated[int | None, typer.Option(metavar="PX", help="Longer side; the model's own if left out.")]
Model = Annotated[
    str | None,
    typer.Option(metavar="NAME|DIR", help="A model of `parasol models`, by name or NAME@HASH, or a bundle's folder."),
]
SuitedModel = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|DIR",
        help="A model of `parasol models`, by name or NAME@HASH, or a bundle's folder; where none is named a style "
        "card's own, else `painting` for photographs and `pictogram` for anything else.",
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
        "where both are flat art."
    ),
]
Also = Annotated[
    list[str] | None,
    typer.Option(metavar="svg|png|webp|jpg", help="Write the same picture in this format too, beside; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for each picture.")]


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
    told = {"recipe": summary(result.recipe), "seconds": result.seconds, "clipped_share": result.clipped_share}
    if result.palette is None:
        return told
    return {**told, "colours": [{"colour": name, "share": part, "delta_e": off} for name, part, off in result.choice]}
