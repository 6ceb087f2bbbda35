"""What becomes of a picture after the model: off its ground, into few colours, onto the ground that is asked for.

Both parts are fields of a recipe, small and beside all that the model sees, so that the same drawing serves them all.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float, Int
from PIL import Image
from pydantic import Base64Bytes, Field, model_serializer, model_validator

from parasol.errors import ParasolError
from parasol.images import encode_png, fit, from_uint8, load, to_uint8
from parasol.images.ground import WHITE, ground_for
from parasol.strict import Strict
from parasol.types import Picture
from parasol.vector import GroundError, Palette, choices, choose_of, laid, named_palette
from parasol.vector.coloured import coloured, drawn_in_parts
from parasol.vector.finish import flat_finish, in_colours, painted
from parasol.vector.framing import at_most, inset
from parasol.vector.ground import (
    RGBA,
    cut_out,
    is_opaque,
    lifted,
    plain_ground,
    turned,
    unlaid,
    wanted_ground,
    without_ground,
)
from parasol.vector.indexing import SCALE
from parasol.vector.look import Look, flat_art, look_of
from parasol.vector.palette import MOST_COLOURS, choose_palette, colour_of, hex_of
from parasol.vector.regions import CLEAR
from parasol.vector.tile import Tile, off_tile
from parasol.vector.tiny import enlarged
from parasol.vector.tracing import bled

TRANSPARENT = "transparent"
FINISHES = ("none", "auto", "flat")
STYLE_SIDE = 128  # px, longer side at which the look of style pictures is seen
UNUSED = 0.01  # share of what is drawn, below which the ground's own colour is none of the drawing's

Choice = tuple[str, float, float]
"""A colour, the share of the picture that took it, and the mean delta E from what was there."""


Colour = Annotated[str, Field(max_length=20)]
Part = Annotated[float, Field(ge=0, le=1.01)]
"""A share; sums of such are rounded."""
Slope = Annotated[float, Field(ge=-100, le=100)]


class GroundPart(Strict):
    """What lies behind a drawing.

    wanted: "transparent", or the #rrggbb that the result is laid on. under: the #rrggbb that the model sees it on.
    alpha: the content picture's, as a grey PNG in its shape; none where the ground is told from the drawing by colour.
    turned: whether the model sees light for dark, for a drawing that a white ground would hide.
    """

    wanted: Colour
    under: Colour
    alpha: Base64Bytes | None = None
    turned: bool = False

    @property
    def colour(self) -> tuple[float, float, float]:
        """RGB in [0, 1] that the model sees the drawing on."""
        return _plain(self.under)


class LookPart(Strict):
    """How a flat style has its colours, the ground's first: shares of areas and of lines, and the lines' width as a
    share of the side, 0 where it has none. The rest is as in `Look`; older files say nothing of it.
    """

    fills: tuple[Part, ...]
    lines: tuple[Part, ...]
    width: Part
    strokes: bool = False
    unlined: bool = False
    revision: int = Field(default=0, ge=0, le=2)
    slope: tuple[Slope, Slope] | None = None
    corner: Part | None = None
    tile: tuple[Part, Part, Part] | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, written: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Without what older files lack, so that they stay the same bytes."""
        return {name: value for name, value in written(self).items() if value or name == "width"}


class FinishPart(Strict):
    """Few colours, each exact before antialiasing.

    colours: #rrggbb, exactly these; else they are chosen from the result, at most `count` of them where that is given.
    flat: whether what is one region of the content is one colour. look: by which look; where there is none, by what
    most of the region has in the result. A look without `flat` is for flat drawings alone: others stay as they are.
    """

    colours: tuple[Colour, ...] | None = None
    count: int | None = Field(default=None, ge=1, le=64)
    flat: bool = False
    look: LookPart | None = None

    @model_validator(mode="after")
    def _one_share_a_colour(self) -> "FinishPart":
        if self.look and not len(self.colours or ()) == len(self.look.fills) == len(self.look.lines):
            raise ParasolError("a look says the shares of other colours than there are")
        return self

    @property
    def untiled(self) -> "FinishPart":
        """Itself, its look without a tile."""
        return self.model_copy(update={"look": self.look and self.look.model_copy(update={"tile": None})})

    @property
    def automatic(self) -> bool:
        """Whether nobody asked for it, so that it is for what it suits alone."""
        return self.look is not None and not self.flat

    @property
    def slope(self) -> tuple[float, float] | None:
        """How parts slope, where they are not asked to be flat."""
        return self.look.slope if self.look is not None and self.automatic else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """A content picture as the model sees it, and its ground where that is not to stay as it is."""

    picture: Picture
    ground: GroundPart | None

    @cached_property
    def drawing(self) -> Picture:
        """With its ground bled over: what its regions are those of."""
        return _regions(self.ground, self.picture)


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """A result off its ground and in its colours."""

    pixels: Picture
    """On the ground that was asked for; on that which the model saw where it is transparent."""

    rgba: RGBA | None
    """The same with alpha, where it is transparent."""

    palette: Palette | None
    choice: tuple[Choice, ...]
    index: Int[np.ndarray, "h w"] | None
    """Where it is made of parts, the colour of the palette that each has, at `SCALE` index pixels a pixel."""


def seen(content: RGBA, size: int, ground: str, room: float = 1.0) -> Seen:
    """A content picture at its size on white, and what `ground` (keep, transparent, white, #rrggbb) makes of it.

    What white would hide, such as white icons for dark themes, is turned light for dark. room: share of the side that
    a drawing may fill, where it goes on a tile; it leaves its own. Raises GroundError.
    """
    content = enlarged(content, size)
    if room < 1:
        content = at_most(content, 2 * size)
        marks = off_tile(content)
        ground = hex_of(content[0, 0, :3]) if marks is not None and ground == "keep" and is_opaque(content) else ground
        content = inset(content if marks is None else marks, room)
    alpha = content[..., 3]
    if is_opaque(content):
        picture = fit(content[..., :3], size)
        if ground == "keep":
            return Seen(picture=picture, ground=None)
        wanted = _wanted(ground, has_alpha=False)
        return Seen(picture=picture, ground=GroundPart(wanted=wanted, under=hex_of(np.array(plain_ground(picture)))))
    wanted = _wanted(ground, has_alpha=True)
    hidden = ground_for(Image.fromarray(to_uint8(content))) != WHITE
    shown = np.dstack([turned(content[..., :3]), alpha]) if hidden else content
    grey = fit(np.repeat(alpha[..., None], 3, axis=2), size)
    part = GroundPart(wanted=wanted, under="#ffffff", alpha=b64encode(encode_png(grey)), turned=hidden)
    return Seen(picture=fit(laid(shown, WHITE), size), ground=part)


def blank_ground(ground: str) -> GroundPart | None:
    """The ground of a drawing from new noise that no picture gives the shape of: white, unless another is wanted."""
    wanted = _wanted(ground, has_alpha=False)
    return None if ground in ("keep", "white") else GroundPart(wanted=wanted, under="#ffffff")


def finished(
    ground: GroundPart | None,
    finish: FinishPart | None,
    pixels: Picture,
    picture: Picture,
    *,
    kept: Float[np.ndarray, "H W"] | float,
    fresh: bool,
    matched: bool = False,
) -> Finished:
    """A model's result of a content picture, as a recipe wants it; on the 8-bit grid.

    kept: share, 0..1, of the content's own lightness where that was turned: 1 where nothing else has a say in it.
    fresh: whether the result has another layout than the picture. matched: whether the colours of the style are asked
    for: what is too intricate for its look takes them region by region.
    """
    palette, choice = None, tuple[Choice, ...]()
    index = None if fresh or finish is None else _coloured(finish, ground, pixels, picture)
    rgba = None if ground is None or index is not None else _cut(ground, pixels, picture, kept, fresh=fresh)
    if index is None and finish is not None and finish.automatic and not matched:
        finish = None
    if index is not None and finish is not None:
        palette, slope = named_palette(finish.colours or ()), finish.slope
        if finish.look and finish.look.tile:
            index, palette = _on_tile(Tile(*finish.look.tile), index, palette, _behind(ground, picture))
        drawn = painted(index, palette, slope)
        choice = tuple(choices(pixels, palette, index[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE].clip(0)))
        used = [0, *np.unique(index[index > 0]).tolist()]
        pixels = laid(drawn, _plain(palette.hexes[0]))
        palette = replace(palette, colours=palette.colours[used])
        index = np.where(index == CLEAR, CLEAR, np.searchsorted(used, index))
        rgba = None if ground is None else drawn
    elif finish is not None:
        flat = pixels if rgba is None else bled(rgba[..., :3], rgba[..., 3])
        palette = _palette(finish, flat, None if rgba is None else rgba[..., 3])
        drawn = flat if rgba is None else flat[rgba[..., 3] >= 0.5][None]
        choice = tuple(choices(drawn, palette)) if drawn.size else ()
        few = in_colours(flat, palette)
        if (finish.flat or matched) and not fresh:
            few = flat_finish(flat, _regions(ground, picture), palette)
        pixels, rgba = (few, None) if rgba is None else (pixels, np.dstack([few, rgba[..., 3]]))
        if rgba is not None and ground is not None and not fresh:
            rgba = without_ground(_content(ground, picture), rgba, ground.colour)
    if ground is not None and rgba is not None:
        clear = ground.wanted == TRANSPARENT
        behind = ground.colour if clear else _plain(ground.wanted)
        if finish is not None or not clear:  # else the pixels are those that the model drew
            pixels = laid(rgba, behind)
        rgba = rgba if clear else None
        if palette is not None and not clear:
            drawn = palette.colours[1:] if index is not None else palette.colours
            palette = Palette(colours=np.vstack([np.array(behind, np.float32), drawn])[:MOST_COLOURS], given=True)
    if index is not None and rgba is None:
        index = np.where(index == CLEAR, 0, index)  # the ground is drawn as well
    on_grid = from_uint8(to_uint8(pixels))
    return Finished(
        pixels=on_grid, rgba=None if rgba is None else from_uint8(to_uint8(rgba)), palette=palette, choice=choice,
        index=index,
    )  # fmt: skip


def finish_of(
    *, palette: Palette | None, colors: int | None, finish: str, references: Sequence[Float[np.ndarray, "_ _ 3"]]
) -> FinishPart | None:
    """The finish that a palette, a number of colours and the name of a finish ask for; none where they ask for nothing.

    A flat finish takes the look of the pictures of the style, where there are any: their colours, unless a palette is
    given, in their shares, and their lines. "auto" is one where the style has plain parts and nothing else is asked
    for: flat art, or icons whose parts slope from one colour to the next, which parts of the result then do too.

    Raises:
        ValueError: they make no sense together, or one is out of range.
    """
    if finish not in FINISHES:
        raise ParasolError(f"finish is {finish!r}; it must be one of {', '.join(FINISHES)}")
    if palette is not None and colors is not None:
        raise ParasolError("a palette and a number of colours both say which colours there are: give one of them")
    if colors is not None and not 1 <= colors <= 64:
        raise ParasolError(f"{colors} colours are asked for; it must be 1 to 64")
    flat = finish == "flat"
    if references and (flat or (finish == "auto" and palette is None and colors is None)):
        small = [_square(fit(picture, STYLE_SIDE)) for picture in references]
        look = look_of(small, colors, sloped=not flat)
        if look is not None:
            look = look if palette is None else look.within(palette)
            part = LookPart(**{rule: getattr(look, rule) for rule in LookPart.model_fields})
            return FinishPart(colours=tuple(look.palette.hexes), flat=flat, look=part)
        palette = choose_of(small, colors) if flat and palette is None else palette
    if palette is None and colors is None and not flat:
        return None
    return FinishPart(
        colours=None if palette is None else tuple(palette.hexes), count=None if palette else colors, flat=flat
    )


def is_flat(content: Seen) -> bool:
    """Whether a content picture is flat art itself."""
    return flat_art([content.drawing], choose_palette(content.drawing))


def has_parts(content: Seen, finish: FinishPart) -> bool:
    """Whether a content picture is a drawing in few parts, to which a finish gives the colours of its look."""
    look = _look(finish)  # pyright: ignore[reportArgumentType] (what is frozen has a hash)
    return look is not None and drawn_in_parts(content.drawing, look, _alpha(content.ground))


def _square(picture: Picture) -> Float[np.ndarray, "side side 3"]:
    """In the middle of a square of the longer side, its border repeated."""
    height, width = picture.shape[:2]
    spare = [max(height, width) - side for side in (height, width)]
    return np.pad(picture, (*((gap // 2, gap - gap // 2) for gap in spare), (0, 0)), mode="edge")


def _coloured(
    finish: FinishPart, ground: GroundPart | None, pixels: Picture, picture: Picture
) -> Int[np.ndarray, "h w"] | None:
    """The content picture as the look has it, where there is one and the content is a flat drawing."""
    look = _look(finish)  # pyright: ignore[reportArgumentType] (what is frozen has a hash)
    return None if look is None else coloured(pixels, _regions(ground, picture), look, _alpha(ground))


@lru_cache(maxsize=64)
def _look(finish: FinishPart) -> Look | None:
    """The look, without the tile that drawings are put on afterwards; the same one for the same finish."""
    if finish.look is None or finish.colours is None:
        return None
    return Look(palette=named_palette(finish.colours), **{**dict(finish.look), "tile": None})


def _alpha(ground: GroundPart | None) -> Float[np.ndarray, "H W"] | None:
    return None if ground is None or ground.alpha is None else load(ground.alpha)[..., 0]


def _on_tile(
    tile: Tile, index: Int[np.ndarray, "h w"], palette: Palette, behind: tuple[float, float, float]
) -> tuple[Int[np.ndarray, "h w"], Palette]:
    """A square drawing on a tile of the ground's colour, itself on another ground."""
    if index.shape[0] != index.shape[1]:
        return index, palette
    on_tile = np.where(tile.shape(len(index)), np.where(index == CLEAR, 0, index) + 1, CLEAR)
    return on_tile, replace(palette, colours=np.vstack([np.array(behind, np.float32), palette.colours]))


def _behind(ground: GroundPart | None, picture: Picture) -> tuple[float, float, float]:
    """What a tile lies on: the ground that the content picture is seen on, or has itself."""
    if ground is not None:
        return ground.colour
    try:
        return plain_ground(picture)
    except GroundError:
        return WHITE


def _wanted(ground: str, *, has_alpha: bool) -> str:
    colour = wanted_ground(ground, has_alpha=has_alpha)
    return TRANSPARENT if colour is None else hex_of(np.array(colour, np.float32))


def _plain(name: str) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in colour_of(name))
    return red, green, blue


def _cut(
    ground: GroundPart, pixels: Picture, picture: Picture, kept: Float[np.ndarray, "H W"] | float, *, fresh: bool
) -> RGBA:
    if fresh:
        return lifted(pixels, ground.colour)
    rgba = cut_out(_content(ground, picture), pixels, ground.colour)
    if ground.turned:
        share = np.broadcast_to(np.asarray(kept, np.float32), rgba.shape[:2])[..., None]
        rgba[..., :3] = share * turned(rgba[..., :3]) + (1 - share) * rgba[..., :3]
    return rgba


def _content(ground: GroundPart, picture: Picture) -> RGBA:
    """The content picture off the ground that the model sees it on."""
    alpha = _alpha(ground)
    return lifted(picture, ground.colour) if alpha is None else unlaid(picture, alpha, ground.colour)


def _regions(ground: GroundPart | None, picture: Picture) -> Picture:
    """The content picture with its ground bled over, as the result is, so that regions are those of the drawing."""
    alpha = _alpha(ground)
    if ground is None or alpha is None:
        return picture
    return bled(unlaid(picture, alpha, ground.colour)[..., :3], alpha)


def _palette(finish: FinishPart, flat: Picture, alpha: Float[np.ndarray, "H W"] | None) -> Palette:
    if finish.colours is not None:
        return named_palette(finish.colours)
    if alpha is None:
        return choose_palette(flat, finish.count)
    # What lies around the drawing is white and none of its colours, unless the drawing has it too.
    chosen = choose_palette(flat, None if finish.count is None else min(finish.count + 1, 64))
    shares = [share for _, share, _ in choices(flat[alpha >= 0.5][None], chosen)] if (alpha >= 0.5).any() else [1.0]
    if shares[0] < UNUSED and len(chosen.colours) > 1:
        return Palette(colours=chosen.colours[1:])
    return choose_palette(flat, finish.count)
