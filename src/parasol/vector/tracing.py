"""A flat picture -> a drawing of few shapes: palette, index picture, regions, outlines."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from PIL import Image

from parasol.errors import ParasolError
from parasol.images import from_uint8, to_uint8
from parasol.maths.lab import lab
from parasol.vector import regions as tree
from parasol.vector.curves import Curve, fitted
from parasol.vector.drawing import Drawing, Fill, Outline, Rectangle, Shape
from parasol.vector.gradients import sloped, with_gradients
from parasol.vector.indexing import SCALE, enlarged, index_picture
from parasol.vector.outline import area, outlines
from parasol.vector.palette import Palette, between, choose_palette
from parasol.vector.shapes import recognised

LARGEST = 256
"""px, longer side; a larger picture is traced at this size, and its drawing asks for the size that it had."""

SPECK = 20  # index pixels; a part with fewer is not drawn
TOLERANCE = 0.8  # index pixels, a fifth of a pixel
MOST_REGIONS = 400  # before ramps are found; drawings that a model made have up to 280, a photograph 460 and more
BLED = 4  # px, by which colours run out below what is transparent


class TraceError(ParasolError):
    """A picture that is no drawing. One line, with the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Traced:
    """A drawing, and the palette that its fills are of."""

    drawing: Drawing
    palette: Palette


def trace(
    pixels: Float[np.ndarray, "H W 3"] | Float[np.ndarray, "H W 4"],
    palette: Palette | None = None,
    *,
    count: int | None = None,
) -> Traced:
    """A drawing of a flat picture in exactly a given palette, or in at most `count` colours that are chosen from it.

    With neither, colours are chosen and what is a ramp gets a gradient. Where the picture has an alpha below one half
    nothing is drawn. The same picture gives the same drawing.

    Raises:
        TraceError: it has too many regions for a drawing, as photographs and paintings do, or is wholly transparent.
    """
    height, width = pixels.shape[:2]
    small = _shrunk(pixels)
    flat, alpha = small[..., :3], small[..., 3] if small.shape[2] == 4 else None
    if alpha is not None:
        if not (alpha >= 0.5).any():
            raise TraceError("the picture is transparent everywhere, so that there is nothing to trace")
        flat = bled(flat, alpha)
    exact = palette is not None or count is not None
    chosen = choose_palette(flat, count) if palette is None else palette
    index = index_picture(flat, chosen)
    if alpha is not None:
        index = np.where(enlarged(alpha) < 0.5, tree.CLEAR, index)
    index = tree.without_specks(index, SPECK)
    _refuse_photographs(index)
    fills: dict[int, Fill] = dict(enumerate(chosen.hexes))
    if not exact:
        index, ramps = with_gradients(index, flat, between(lab(flat)), len(fills))
        fills |= ramps
    return Traced(drawing=_drawing(index, fills, max(height, width)), palette=chosen)


def trace_parts(index: Int[np.ndarray, "h w"], palette: Palette, slope: tuple[float, float] | None = None) -> Drawing:
    """A drawing of the very parts of an index picture, at `SCALE` index pixels a pixel, of a palette's colours.

    With a slope each part gets a gradient, as `painted` has it; the first colour is the ground's, which has none.
    Raises TraceError as `trace` does.
    """
    size = max(index.shape) // SCALE
    if size > LARGEST:
        rows, columns = (
            np.arange(max(1, round(side * LARGEST / size / SCALE)) * SCALE) * size // LARGEST for side in index.shape
        )
        index = index[np.ix_(rows.clip(0, index.shape[0] - 1), columns.clip(0, index.shape[1] - 1))]
    index = tree.without_specks(index, SPECK)
    _refuse_photographs(index)
    fills: dict[int, Fill] = dict(enumerate(palette.hexes))
    if slope is not None:
        index, gradients = sloped(index, palette, slope)
        fills |= gradients
    return _drawing(index, fills, size)


def _drawing(index: Int[np.ndarray, "h w"], fills: dict[int, Fill], size: int) -> Drawing:
    height, width = (side // SCALE for side in index.shape)
    return Drawing(width=width, height=height, shapes=_shapes(index, fills), size=size)


def _shrunk(pixels: Float[np.ndarray, "H W c"]) -> Float[np.ndarray, "h w c"]:
    scale = LARGEST / max(pixels.shape[:2])
    if scale >= 1:
        return pixels.astype(np.float32)
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return from_uint8(np.asarray(Image.fromarray(to_uint8(pixels)).resize(size, Image.Resampling.BOX)))


def bled(flat: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W 3"]:
    """Colours of what is seen, run out over what is not, so that none of below is met at an edge; beyond, white."""
    known = alpha >= 0.9 if (alpha >= 0.9).any() else alpha >= 0.5
    colours = np.where(known[..., None], flat, 1).astype(np.float32)
    height, width = alpha.shape
    for _ in range(BLED):
        padded, seen = np.pad(colours * known[..., None], ((1, 1), (1, 1), (0, 0))), np.pad(known, 1)
        new = np.logical_or.reduce([seen[y : y + height, x : x + width] for y in range(3) for x in range(3)]) & ~known
        rows, columns = np.nonzero(new)
        beside = [(rows + y) * (width + 2) + columns + x for y in range(3) for x in range(3)]
        total, number = (
            np.stack([flat[at] for at in beside]).sum(axis=0) for flat in (padded.reshape(-1, 3), seen.ravel())
        )
        colours[new] = total / number[:, None]
        known = known | new
    return colours


def _refuse_photographs(index: Int[np.ndarray, "h w"]) -> None:
    _, kinds = tree.components(index)
    if len(kinds) > MOST_REGIONS:
        raise TraceError(
            f"the picture falls into {len(kinds)} regions and a drawing has at most {MOST_REGIONS}: photographs and "
            "paintings cannot be traced; keep it as PNG, or give fewer colours"
        )


def _shapes(index: Int[np.ndarray, "h w"], fills: dict[int, Fill]) -> list[Shape]:
    margin = _margin(index)
    height, width = index.shape
    labels, kinds = tree.components(np.pad(index, margin))
    own = [outlines(labels == label) for label in range(len(kinds))]
    filled = np.array([max(round(area(chain)) for chain in chains) for chains in own])
    regions = tree.stacked(labels, kinds, filled)
    inside = _members(regions)
    shapes = list[Shape]()
    for group in tree.painted_order(regions):
        fill, chains = fills[regions[group[0]].index], list[list[Curve]]()
        for label in group:
            if len(inside[label]) == len(kinds):
                shapes.append(Rectangle(fill=fill, corner=(0, 0), size=(width / SCALE, height / SCALE)))
                continue
            member = np.isin(np.arange(len(kinds)), list(inside[label]))
            around = [chain - margin for chain in (outlines(member[labels]) if member.sum() > 1 else own[label])]
            exact = recognised(around[0], fill, SCALE) if len(around) == 1 else None
            if exact is not None:
                shapes.append(exact)
            else:
                chains += [_curves(chain) for chain in around]
        if chains:
            shapes.append(Outline(fill=fill, chains=chains))
    return shapes


def _margin(index: Int[np.ndarray, "h w"]) -> int:
    """1 where most of the border is ground, so that a ring of it joins the corners beside a full circle; else 0."""
    border = np.concatenate([index[0], index[-1], index[:, 0], index[:, -1]])
    return int((border == 0).mean() > 0.5)


def _curves(chain: Float[np.ndarray, "n 2"]) -> list[Curve]:
    return [Curve(points=piece.points / SCALE) for piece in fitted(chain, TOLERANCE)]


def _members(regions: dict[int, tree.Region]) -> dict[int, set[int]]:
    """Each region and all that lies on it."""
    members = {label: {label} for label in regions}
    for label in regions:
        above = regions[label].parent
        while above != tree.ROOT:
            members[above].add(label)
            above = regions[above].parent
    return members
