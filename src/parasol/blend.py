"""Strips and meshes between pictures (paper, "Content and Style Interpolation"): recipes on the way.

Styles are interpolated before the projector M, contents as they are, both along the great circle.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from parasol.conditions import Style, mixed_style
from parasol.errors import ParasolError
from parasol.maths.interpolation import slerp
from parasol.pipeline import Parasol
from parasol.recipe import Recipe


def between(model: Parasol, first: Recipe, second: Recipe, share: float) -> Recipe:
    """The recipe at `share` of the way: 0 is the first itself, 1 the second; beyond them the way goes on.

    What the two have in common stays as it is. Where they show different contents there is no layout between, so both
    must start from new noise.

    Raises:
        ValueError: the two differ in dials or shape, in content without `fresh`, or keep the colours of two contents.
    """
    if share in (0.0, 1.0) or first == second:
        return first if share == 0.0 else second
    if first.dials != second.dials:
        raise ParasolError(
            f"the dials differ ({first.dials} and {second.dials}): nothing lies between, give both the same"
        )
    style, shown = _style(model, first, second, share), None
    if first.content != second.content:
        _require_blendable(first, second)
        shown = slerp(_shown(model, first), _shown(model, second), share)
    return (first if share < 0.5 else second).changed(style=style, shown=shown)


def mesh(model: Parasol, corners: Sequence[Sequence[Recipe]], count: int) -> list[list[Recipe]]:
    """`count` recipes from each corner to the next: across each row of corners, and down where there are two rows.

    The corners themselves are among them. Raises ValueError as `between` does, and for a count below 2.
    """
    if count < 2:
        raise ParasolError(f"{count} pictures have no ends and nothing between: ask for at least 2, usually 5")
    shares = np.linspace(0.0, 1.0, count).tolist()
    rows = [[between(model, row[0], row[-1], share) for share in shares] for row in corners]
    if len(rows) == 1:
        return rows
    return [
        [between(model, top, bottom, share) for top, bottom in zip(rows[0], rows[-1], strict=True)] for share in shares
    ]


def _style(model: Parasol, first: Recipe, second: Recipe, share: float) -> Style | None:
    if first.style == second.style:
        return None
    manifest = model.bundle.manifest
    style, other = (it.style_parts(manifest.style.dimension, manifest.latent_channels) for it in (first, second))
    mixed = mixed_style([(style, max(1.0 - share, 0.0)), (other, max(share, 0.0))])
    return replace(mixed, descriptor=slerp(style.descriptor, other.descriptor, share))


def _shown(model: Parasol, recipe: Recipe) -> Float[np.ndarray, " d"]:
    descriptor = recipe.shown_descriptor(model.bundle.manifest.content.dimension)
    return model.embed_content(recipe.picture()) if descriptor is None else descriptor


def _require_blendable(first: Recipe, second: Recipe) -> None:
    if not first.dials.fresh:
        raise ParasolError("two contents have no layout between them: start from new noise (fresh, --fresh)")
    if first.dials.content_map:
        raise ParasolError("two content maps have nothing between them: leave them out (content_map, --no-content-map)")
    if first.dials.color == "keep":
        raise ParasolError("color is 'keep' and there are two contents whose colours could be kept: use off or match")
    shapes = [recipe.picture().shape[:2] for recipe in (first, second)]
    if shapes[0] != shapes[1]:
        sizes = " and ".join(f"{width} x {height} px" for height, width in shapes)
        raise ParasolError(f"the contents have the shapes {sizes}: crop them to one shape")
