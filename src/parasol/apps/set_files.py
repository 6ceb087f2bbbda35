"""The files of one icon of a set: a PNG that carries the recipe, an SVG, and PNGs at the sizes that are asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parasol.errors import ParasolError
from parasol.images import PictureError

if TYPE_CHECKING:
    from parasol.bundle import Bundle
    from parasol.recipe import Recipe
    from parasol.result import Result

LARGEST = 2048  # px
_SIZE = re.compile(r"(\d+)(?:@(\d)x)?")


@dataclass(frozen=True, kw_only=True)
class Size:
    """A square of `side` points, `times` pixels to each."""

    side: int
    times: int = 1

    @property
    def pixels(self) -> int:
        """Side in px."""
        return self.side * self.times

    def place(self, name: Path) -> Path:
        """Where an icon of that name (without an ending) goes, below the set's folder."""
        mark = f"@{self.times}x" if self.times > 1 else ""
        return Path(str(self.side)) / name.with_name(f"{name.name}{mark}.png")


def sizes_of(text: str | None) -> list[Size]:
    """What --sizes asks for, such as `24,24@2x,128`. Raises ValueError."""
    sizes = list[Size]()
    for word in filter(None, (part.strip() for part in (text or "").split(","))):
        parts = _SIZE.fullmatch(word)
        size = Size(side=int(parts[1]), times=int(parts[2] or 1)) if parts else None
        if size is None or not 8 <= size.pixels <= LARGEST:
            raise ParasolError(
                f"--sizes names {word!r}; a size is 8 to {LARGEST} px, such as 24, or 24@2x for twice 24"
            )
        sizes.append(size)
    return list(dict.fromkeys(sizes))


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where the files of one icon go."""

    folder: Path
    name: Path
    """Below the folder of the icons, without an ending."""

    sizes: Sequence[Size]
    share: float = 1.0
    """Side of what the SVG, and the PNGs that are made of it, show of the picture, as a share of the picture's."""

    @property
    def master(self) -> Path:
        """The PNG at the model's own size, with the recipe."""
        return self.folder / "png" / self.name.with_name(f"{self.name.name}.png")

    @property
    def drawing(self) -> Path:
        """The SVG, without the recipe, so that it is small."""
        return self.folder / "svg" / self.name.with_name(f"{self.name.name}.svg")

    def kept(self, recipe: "Recipe", bundle: "Bundle") -> bool:
        """Whether an earlier run made what the recipe repeats: its SVG is there, and its PNG is whole."""
        from parasol.images import load_rgba
        from parasol.recipe import Recipe

        try:
            if not self.drawing.is_file() or not Recipe.read(self.master).repeats(recipe, bundle):
                return False
            load_rgba(self.master)
        except ParasolError:  # not there, not whole, or not ours
            return False
        return True

    def write(self, result: "Result | None") -> None:
        """Write a result; where there is none, the sizes that an earlier run's lacks. The PNG with the recipe comes
        last, so that it says that the others are there. Raises PictureError or TraceError."""
        from parasol.images import write_atomic
        from parasol.sets import icon_svg

        if result is not None:
            write_atomic(self.drawing, icon_svg(result, self.share).encode())
        svg = self.drawing.read_bytes()
        for size in self.sizes:
            place = self.folder / size.place(self.name)
            if result is not None or not place.is_file():
                write_atomic(place, _drawn(svg, size.pixels))
        if result is not None:
            result.save(self.master)


def _drawn(svg: bytes, side: int) -> bytes:
    import numpy as np

    from parasol.images import encode_png, from_uint8
    from parasol.images.svg.draw import render

    picture = render(svg, side, "the drawing")
    if max(picture.size) != side:
        raise PictureError(f"the drawing came to {picture.size} px where {side} was asked for")
    return encode_png(from_uint8(np.asarray(picture.convert("RGBA"))))
