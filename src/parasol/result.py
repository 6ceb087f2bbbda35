"""A picture that was made, and the files that it goes into: each carries the recipe that makes it again."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from PIL import Image

from parasol.finishing import Choice
from parasol.images import check_target, encode, load, to_uint8, write_atomic
from parasol.images.endings import DRAWING, ENDINGS, ending_of, is_drawing
from parasol.recipe import KEYWORD, Recipe
from parasol.types import Picture
from parasol.vector import Drawing, Palette, named_palette, read_metadata, trace, trace_parts
from parasol.vector.ground import RGBA


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A picture and how it came to be."""

    pixels: Picture
    """On the 8-bit grid, so that saving loses nothing; on the ground that the model saw where it is transparent."""

    recipe: Recipe
    """Everything needed to make the picture again."""

    clipped_share: float
    """Share of pixels, 0..1, that the colour step had to clip."""

    seconds: dict[str, float]
    """Wall time of each stage; 0 for those whose outcome was kept."""

    rgba: RGBA | None = None
    """The picture with alpha, where it has any."""

    palette: Palette | None = None
    """The only colours that it has before antialiasing and slopes, where few were asked for."""

    choice: tuple[Choice, ...] = ()
    """Each of them, the share of the picture that took it, and the mean delta E from what was there."""

    index: Int[np.ndarray, "h w"] | None = None
    """Of a picture that is made of parts, the colour of the palette that each has, four times as fine."""

    @property
    def image(self) -> Image.Image:
        """The picture for Pillow: RGBA where it is transparent, else RGB."""
        return Image.fromarray(to_uint8(self.pixels if self.rgba is None else self.rgba))

    @property
    def visible(self) -> Picture:
        """The picture on a ground that does not hide it: a finish may draw in white what is on transparency."""
        return self.pixels if self.rgba is None or self.recipe.finish is None else load(self.image)

    def save(self, path: str | Path) -> None:
        """Write the picture with its recipe; the ending says how: .png, .webp, .jpg, .jpeg or .svg, PNG for "-".

        Raises:
            PictureError: it cannot be written; nothing is left behind.
            TraceError: it is no drawing and .svg is asked for.
        """
        check_target(path, ENDINGS)
        write_atomic(path, self.encoded(".png" if str(path) == "-" else Path(path).suffix.lower()))

    def encoded(self, suffix: str) -> bytes:
        """The bytes of a file with that ending, in lower case. Raises TraceError as `save` does."""
        if suffix == DRAWING:
            return self.svg().encode()
        transparent = self.rgba is not None and suffix not in (".jpg", ".jpeg")
        return encode(self.rgba if transparent else self.pixels, suffix, text={KEYWORD: self.recipe.text()})  # pyright: ignore[reportArgumentType]

    def svg(self, record: str | None = None) -> str:
        """The picture as a drawing of few shapes, in exactly its palette where it has one.

        record: what an SVG of the same picture remembers, which says how it was traced; else the recipe is put down.

        Raises:
            TraceError: it has too many regions for a drawing.
        """
        if record is None:
            version, recipe = self.recipe.version, self.recipe.packed()
            record = json.dumps({"trace": self._traced(), "version": version, "recipe": recipe})
        return self.drawing(json.loads(record).get("trace", {})).svg(record)

    def drawing(self, traced: Mapping[str, Any] | None = None) -> Drawing:
        """The shapes of the picture. traced: how, as its SVG says; those of before know no parts.

        Raises:
            TraceError: it has too many regions for a drawing.
        """
        traced = self._traced() if traced is None else traced
        if traced.get("parts") and self.index is not None and self.palette is not None:
            return trace_parts(self.index, self.palette, self.recipe.finish and self.recipe.finish.slope)
        palette = named_palette(traced["palette"]) if traced.get("palette") else None
        drawn = self.pixels if self.rgba is None else self.rgba
        return trace(drawn, palette, count=traced.get("colors")).drawing

    def _traced(self) -> dict[str, Any]:
        if self.index is not None:
            return {"parts": True}
        return {"colors": None, "palette": None if self.palette is None else self.palette.hexes}

    def again(self, data: bytes) -> tuple[bytes, bool]:
        """This picture in a file of the same kind as `data`, one that Parasol wrote, and whether both are the same."""
        if is_drawing(data):
            made = self.svg(read_metadata(data.decode())).encode()
            return made, made == data
        with Image.open(io.BytesIO(data)) as given:
            there = np.asarray(given.convert("RGBA"))
        made = self.encoded(ending_of(data))
        with Image.open(io.BytesIO(made)) as drawn:
            return made, bool(np.array_equal(np.asarray(drawn.convert("RGBA")), there))
