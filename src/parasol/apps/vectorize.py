"""`parasol trace`: a flat picture as a clean SVG."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from parasol.apps import options
from parasol.apps.jobs import STDIN
from parasol.apps.paths import Plan
from parasol.errors import ParasolError, reading
from parasol.images import PictureError, load_rgba, read_bytes, read_text, write_atomic
from parasol.version import __version__

PNG = b"\x89PNG"


def trace(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="A flat picture, - for stdin.")],
    out: Annotated[str | None, typer.Option("--out", "-o", help="SVG to write, - for stdout.")] = None,
    colors: Annotated[
        int | None,
        typer.Option(metavar="COUNT", help="At most so many colours, flat; else chosen, ramps as gradients."),
    ] = None,
    palette: Annotated[
        str | None,
        typer.Option(metavar="FILE|PICTURE|#HEX,...", help="Exactly these colours: a list, a text file or a picture."),
    ] = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = False,
) -> None:
    """Turn a flat picture into an SVG of few shapes: circles, rectangles and strokes exact, everything else curves.

    What is transparent stays so. The recipe of a picture that Parasol drew goes with it. Photographs and paintings are
    refused. With --palette the difference of each colour from what the picture had is printed (delta E: 2 is just
    seen, 10 is another shade).

    \b
    Examples:
      parasol trace logo.png -o logo.svg
      parasol trace logo.png -o logo.svg --colors 4
      parasol trace logo.png -o logo.svg --palette '#e11d48,#0f172a,#ffffff'
      parasol trace logo.png -o logo.svg --palette brand.gpl
    """
    from parasol.vector import choices, given_palette, laid
    from parasol.vector import trace as traced

    target = _target(picture, out)
    Plan(reads=[picture, palette or ""], writes=[target], overwrite=overwrite).check()
    if colors is not None and palette is not None:
        raise ParasolError("--colors and --palette both say which colours there are: give one of them")
    wanted = None if palette is None else given_palette(palette)
    data = read_bytes(picture)
    content = load_rgba(data, name="standard input" if picture == STDIN else repr(picture))
    opaque = bool((content[..., 3] >= 0.5).all())
    made = traced(content[..., :3] if opaque else content, wanted, count=colors)
    choice = {"colors": colors, "palette": None if wanted is None else wanted.hexes}
    svg = made.drawing.svg(json.dumps({"trace": choice, "version": __version__, **_recipe(data)}))
    write_atomic(target, svg.encode())
    if target == STDIN:
        return
    rows = choices(laid(content, (1.0, 1.0, 1.0)), made.palette)
    if json_:
        colours = [{"colour": name, "share": share, "delta_e": off} for name, share, off in rows]
        print(json.dumps({"out": target, "shapes": len(made.drawing.shapes), "bytes": len(svg), "colours": colours}))
        return
    print(target)
    if palette is not None:
        for name, share, off in rows:
            print(f"{name}  {share:6.1%}  delta E {off:.1f}")


def _recipe(data: bytes) -> dict[str, Any]:
    """The recipe that a PNG of Parasol's own carries, which the SVG carries on."""
    from parasol.recipe import KEYWORD, Recipe

    text = read_text(data, KEYWORD) if data.startswith(PNG) else None
    if text is None:
        return {}
    with reading("the recipe in the picture"):
        return {"recipe": Recipe.parse(text).packed()}


def _target(picture: str, out: str | None) -> str:
    target = out if out is not None else f"{'stdin' if picture == STDIN else Path(picture).stem}.svg"
    if target != STDIN and Path(target).suffix.lower() != ".svg":
        raise PictureError(f"{target!r} does not end in .svg, which is what is written: rename the output")
    return target
