"""What the drawing thread hands on."""

from collections.abc import Callable
from dataclasses import dataclass

from parasol.cards import StyleCard

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A picture that was drawn: the very file that the command line would write, a small WebP, and what it is of."""

    png: bytes
    thumb: bytes
    recipe: str = ""
    wanted: str = ""
    seconds: float = 0.0
    differs: int | None = None
    """Pixels that differ, where it is a file that was drawn again; the picture shows them."""

    icon: bool = False
    """Whether it is one of a set, with `svg`, `measures` (as JSON), or the `error` for which it could not be drawn."""

    svg: str = ""
    measures: str = ""
    error: str = ""

    card: StyleCard | None = None
    """What was taught, under `name`."""

    name: str = ""


def part_of(progress: Progress, before: int, share: int) -> Callable[[int, int], None]:
    """Hears of the steps of one picture, which are that share of a job's, however many it takes."""
    return lambda done, count: progress(before + done * share // count, 0)
