"""A set of icons in the style of references: what the references share, and each icon drawn as one of the set."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from parasol.conditions import Style
from parasol.finishing import FinishPart, finish_of
from parasol.images import fit, load, load_rgba
from parasol.images.read import Source
from parasol.pipeline import Parasol
from parasol.recipe import Dials, Recipe
from parasol.result import Result
from parasol.vector import Consistency, Measures, Palette, choose_of, consistency, measure, trace
from parasol.vector.framing import frame_of, framed, off_plain

ROOM = 0.1  # of the side, that the model has around a drawing at least: what touches the border comes out broken


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What the references have in common."""

    padding: float
    """Free space around a drawing, as a share of the side."""

    finish: FinishPart
    consistency: Consistency | None
    """None where one reference is no set."""


def look_of(references: Sequence[Source], palette: Palette | None, colors: int | None, *, flat: bool) -> Look:
    """The look of references: their free space, and one palette, theirs unless one is given; `colors` is their number.

    Raises:
        ValueError: a reference cannot be read, or both a palette and a number of colours are given.
    """
    if palette is not None and colors is not None:
        raise ValueError("--palette and --colors both say which colours there are: give one of them")
    measured = {f"{number}": measure(load_rgba(one)) for number, one in enumerate(references)}
    if palette is None:
        palette = choose_of([fit(load(one), 128) for one in references], colors)
    finish = finish_of(palette=palette, colors=None, finish="flat" if flat else "none", references=[])
    assert finish is not None  # there is a palette
    paddings = sorted(one.padding for one in measured.values())
    return Look(
        padding=paddings[len(paddings) // 2],
        finish=finish,
        consistency=consistency(measured) if len(measured) > 1 else None,
    )


def icon_recipe(model: Parasol, icon: Source, look: Look, style: Style, dials: Dials, ground: str) -> Recipe:
    """The recipe of one icon of a set. Raises ValueError where it cannot be read or shows nothing."""
    size = model.bundle.manifest.default_size
    content = framed(off_plain(load_rgba(icon)), max(look.padding, ROOM), size)
    return model.recipe(content, style, dials, ground=ground, finish=look.finish)


def icon_svg(result: Result, padding: float) -> str:
    """The drawing of a result in the frame of the set. Raises TraceError."""
    picture = result.pixels if result.rgba is None else result.rgba
    drawing = trace(picture, result.palette).drawing
    found = None if result.rgba is None else frame_of(result.rgba, padding)
    if found is None:
        return drawing.svg()
    scale = drawing.width / picture.shape[1]  # a large result is traced at a smaller size
    left, top, side = (value * scale for value in found)
    return replace(drawing, frame=(left, top, side)).svg()


def told_set(measures: Mapping[str, Measures], look: Look) -> dict[str, Any]:
    """What is told of a set: its palette, its free space, and how consistent it is beside its references."""
    found, like = consistency(measures) if len(measures) > 1 else None, look.consistency
    return {
        "palette": look.finish.colours,
        "padding": look.padding,
        "consistency": None if found is None else asdict(found),
        "references": None if like is None else {"score": like.score, **asdict(like)},
    }
