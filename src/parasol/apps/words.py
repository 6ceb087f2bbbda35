"""The small languages of the command line: `STYLE[:WEIGHT]`, `TEXT[:WEIGHT]` and `DIAL=VALUES`."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parasol.dials import asked
from parasol.errors import ParasolError

DIALS = {dial.option: dial for dial in asked()}


@dataclass(frozen=True, kw_only=True)
class Like:
    """A style or a content (a picture or card by its path, "-", or words) and its weight; below zero pushes away."""

    source: str
    weight: float = 1.0
    spoken: bool = False
    """Whether the source is words."""

    @classmethod
    def parse(cls, word: str, *, spoken: bool = False) -> "Like":
        """Read `STYLE[:WEIGHT]`. A file of that whole name comes first, so that names may hold colons.

        In words a colon between digits is of the words, as in "10:30": a space before it makes it that of a weight.
        """
        if not word.strip():
            raise ParasolError(f"{word!r} names no picture, card or words: name one, or leave the option out")
        head, colon, tail = word.rpartition(":")
        if not colon or not head or (not spoken and Path(word).exists()):
            return cls(source=word, spoken=spoken)
        if spoken and re.fullmatch(r".*\d:\d+", word, re.DOTALL):
            return cls(source=word, spoken=spoken)
        try:
            weight = float(tail)
        except ValueError:
            return cls(source=word, spoken=spoken)
        if not math.isfinite(weight) or weight == 0:
            raise ParasolError(f"{word!r} has the weight {tail} and it must be a number other than 0: leave it out")
        return cls(source=head.rstrip() if spoken else head, weight=weight, spoken=spoken)


def weighed(files: Sequence[str] | None, texts: Sequence[str] | None) -> list[Like]:
    """Pictures and words with their weights, as two options name them."""
    return [*map(Like.parse, files or []), *(Like.parse(text, spoken=True) for text in texts or [])]


def likes(files: Sequence[str] | None, texts: Sequence[str] | None) -> list[Like]:
    """What --like and --like-text ask for together. Raises ValueError where that is nothing."""
    listed = weighed(files, texts)
    if not listed:
        raise ParasolError("no style is given: name a picture or a card, or describe one in words (--help tells how)")
    return listed


def leans(words: Sequence[str] | None) -> dict[str, float]:
    """Directions and how far to go along them, as `--lean NAME=NUMBER` names them."""
    directions = {}
    for word in words or []:
        name, _, number = word.partition("=")
        try:
            directions[name] = float(number)
        except ValueError as error:
            raise ParasolError(f"--lean {word!r} is no direction with a number: write it as saturation=0.5") from error
    return directions


@dataclass(frozen=True, kw_only=True)
class Vary:
    """A dial and the values it takes on a sheet."""

    dial: str
    values: tuple[int | float | str, ...]

    @classmethod
    def parse(cls, word: str) -> "Vary":
        """Read `dial=a:b:n` (n values from a to b) or `dial=v1,v2,...`."""
        dial, equals, text = word.partition("=")
        rule = "write DIAL=FROM:TO:COUNT or DIAL=VALUE,VALUE,..."
        if not equals or dial not in DIALS:
            raise ParasolError(f"--vary {word!r} names no dial: {rule}, where DIAL is one of {', '.join(DIALS)}")
        known = DIALS[dial]
        words = text.split(",")
        try:
            if ":" in text and known.sort in (int, float):
                import numpy as np

                first, last, count = text.split(":")
                words = [repr(value) for value in np.linspace(float(first), float(last), int(count)).tolist()]
            values = tuple(known.read(text) for text in words)
        except ParasolError as error:
            raise ParasolError(f"--vary {word!r} {error}: {rule}") from error
        except ValueError as error:
            raise ParasolError(f"--vary {word!r} has no list of numbers: {rule}") from error
        if not values:
            raise ParasolError(f"--vary {word!r} gives no value that can be drawn: {rule}")
        return cls(dial=dial, values=values)

    def label(self, value: int | float | str) -> str:
        """How one value is written on a sheet."""
        return f"{self.dial} {DIALS[self.dial].written(value)}"
