"""A set of icons in the style of references: what the references share, and each icon drawn as one of the set."""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from threading import Event
from typing import Any, TypeVar

from PIL import Image

from parasol.conditions import Style
from parasol.dials import Dials
from parasol.errors import ParasolError
from parasol.finishing import FinishPart, finish_of
from parasol.images import fit, load_rgba, to_uint8
from parasol.images.ground import ground_for
from parasol.images.read import Source
from parasol.pipeline import Parasol
from parasol.recipe import Recipe
from parasol.result import Result
from parasol.vector import Consistency, Measures, Palette, choose_of, consistency, laid, measure
from parasol.vector.framing import Room, at_most, frame_of, framed, off_plain, room_of
from parasol.vector.tile import off_tile
from parasol.vector.tiny import enlarged

MOST_AT_ONCE = 8  # icons; each takes some 30 MB beside the model
ROOM = 0.1  # of the side, that the model has around a drawing at least: what touches the border comes out broken

Icon = TypeVar("Icon")
Drawn = TypeVar("Drawn")
Step = Callable[[int, int], None]
"""Called with (steps done, steps in all) of an icon; what it raises ends that icon."""


class _Stopped(Exception):
    """Nobody waits for the icon any more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What the references have in common. consistency: None where one reference is no set."""

    room: Room
    finish: FinishPart
    consistency: Consistency | None

    @property
    def shown(self) -> float:
        """Share of a picture that its frame shows: the model has some room around a drawing, the set may have less."""
        return _shown(self.room)


def look_of(references: Sequence[Source], palette: Palette | None, colors: int | None, *, flat: bool) -> Look:
    """The look of references: their free space, and one palette, theirs unless one is given; `colors` is their number.

    Raises:
        ParasolError: a reference cannot be read, or both a palette and a number of colours are given.
    """
    if palette is not None and colors is not None:
        raise ParasolError("--palette and --colors both say which colours there are: give one of them")
    drawn = [load_rgba(source) for source in references]
    measured = {f"{number}": measure(picture) for number, picture in enumerate(drawn)}
    like = [laid(picture, ground_for(Image.fromarray(to_uint8(picture)))) for picture in drawn]
    if palette is None and not flat:
        palette, colors = choose_of([fit(picture, 128) for picture in like], colors), None
    finish = finish_of(palette=palette, colors=colors, finish="flat" if flat else "none", references=like)
    assert finish is not None  # there is a palette, or a flat finish
    room = room_of(drawn)
    return Look(
        room=room,
        finish=_as_wide(finish, room),
        consistency=consistency(measured) if len(measured) > 1 else None,
    )


def side_by_side(icons: int, cores: int) -> tuple[int, int]:
    """How many icons are drawn at once on so many cores, and the threads of each: two at once beat one on two cores."""
    workers = min(icons, cores, MOST_AT_ONCE)
    return workers, cores // workers


def drawn_at_once(
    draw: Callable[[Icon, Step], Drawn], icons: Sequence[Icon], workers: int
) -> Generator[Drawn, None, None]:
    """What `draw` makes of each icon, in their order; so many are drawn at the same time, each in a thread.

    When the iterator is closed or one of them raises, those in hand end at their next step, and no more is begun.
    """
    stop = Event()

    def step(done: int, count: int) -> None:
        if stop.is_set():
            raise _Stopped

    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(lambda icon: draw(icon, step), icons)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def icon_recipe(model: Parasol, icon: Source, look: Look, style: Style, dials: Dials, ground: str) -> Recipe:
    """The recipe of one icon of a set. Raises ParasolError where it cannot be read or shows nothing."""
    size = model.bundle.manifest.default_size
    drawn = enlarged(off_plain(load_rgba(icon)), size)
    if look.finish.look is not None and look.finish.look.tile is not None:
        marks = off_tile(at_most(drawn, 2 * size))
        drawn = drawn if marks is None else marks
    content = framed(drawn, 0.5 - (0.5 - look.room.padding_of(drawn)) * look.shown, size)
    return model.recipe(content, style, dials, ground=ground, finish=look.finish)


def icon_svg(result: Result, share: float) -> str:
    """The drawing of a result in the frame of the set, which shows that share of it. Raises TraceError."""
    picture = result.pixels if result.rgba is None else result.rgba
    drawing = result.drawing()
    frame = None if result.rgba is None else frame_of(result.rgba, share)
    if frame is None:
        return drawing.svg()
    scale = drawing.width / picture.shape[1]  # a large result is traced at a smaller size
    left, top, side = (value * scale for value in frame)
    return replace(drawing, frame=(left, top, side)).svg()


def _shown(room: Room) -> float:
    return (1 - 2 * max(room.padding, ROOM)) / (1 - 2 * room.padding)


def _as_wide(finish: FinishPart, room: Room) -> FinishPart:
    """The finish with lines as wide as they have to be drawn, to have their width where the frame is cut closer.

    A tile is all of the frame.
    """
    if finish.look is None or finish.look.tile is not None:
        return finish
    width = finish.look.width * _shown(room)
    return finish.model_copy(update={"look": finish.look.model_copy(update={"width": round(width, 4)})})


def told_set(measures: Mapping[str, Measures], look: Look) -> dict[str, Any]:
    """What is told of a set: its palette, its free space, and how consistent it is beside its references."""
    result, like = consistency(measures) if len(measures) > 1 else None, look.consistency
    return {
        "palette": look.finish.colours,
        "padding": round(look.room.padding, 4),
        "consistency": None if result is None else asdict(result),
        "references": None if like is None else {"score": like.score, **asdict(like)},
    }
