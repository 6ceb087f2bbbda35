"""Descriptors -> what the sampler is conditioned on: styles mixed before M, the style token m = M(a) beside c."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from parasol.adaptation import Adaptations, mixed_adaptations
from parasol.errors import ParasolError
from parasol.maths.colour import ColourStatistics, mean_colours
from parasol.maths.interpolation import mix
from parasol.maths.texture import mean_texture
from parasol.runtime import Components
from parasol.types import Condition

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Texture:
    """How a style picture is made up, in its latents and, finer, in its pixels."""

    latents: Float[np.ndarray, "k q"]
    pixels: Float[np.ndarray, "p q"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """All that is kept of one or several style pictures."""

    descriptor: Float[np.ndarray, " a"]
    """Unit norm, before the projector."""

    colours: ColourStatistics | None
    """For the colour step; none where the style is known from words alone."""

    texture: Texture | None = None
    """For the dial `texture`; none where no picture says it: words, cards from before there were textures."""

    taught: Adaptations = ()
    """What the model was taught of it (`parasol teach`), with the share of each."""


def mixed_style(styles: Sequence[tuple[Style, float]]) -> Style:
    """One style from several with signed weights, of which only the ratios matter (paper, "Style Interpolation").

    A negative weight pushes the descriptor away from its style. Colours and textures have no opposite: they are the
    weighted mean over the styles with positive weights, as far as those have any. The order is of no consequence.

    Raises:
        ValueError: no weight is positive, one is not finite, or the descriptors cancel.
    """
    weights = [weight for _, weight in styles]
    if not 0.0 < sum(max(weight, 0.0) for weight in weights) < np.inf:
        raise ParasolError(f"style weights are {weights}; give at least one style a positive, finite weight")
    descriptor = mix(np.stack([style.descriptor for style, _ in styles]), weights)
    colours = _shares([(style.colours, weight) for style, weight in styles])
    textures = _shares([(style.texture, weight) for style, weight in styles])
    return Style(
        descriptor=descriptor,
        colours=mean_colours(*colours) if colours else None,
        texture=_mean_texture(*textures) if textures else None,
        taught=mixed_adaptations([(style.taught, weight) for style, weight in styles]),
    )


def _mean_texture(textures: Sequence[Texture], shares: Sequence[float]) -> Texture:
    return Texture(
        latents=mean_texture([texture.latents for texture in textures], shares),
        pixels=mean_texture([texture.pixels for texture in textures], shares),
    )


def _shares(weighed: Sequence[tuple[T | None, float]]) -> tuple[list[T], list[float]] | None:
    """What is there and has a positive weight, and how much of the whole each is."""
    present = [(value, weight) for value, weight in weighed if value is not None and weight > 0.0]
    total = sum(weight for _, weight in present)
    return ([value for value, _ in present], [weight / total for _, weight in present]) if present else None


def condition(
    components: Components,
    *,
    style: Float[np.ndarray, " a"],
    content: Float[np.ndarray, " d"],
    content_map: Float[np.ndarray, "p d"] | None = None,
) -> Condition[np.ndarray]:
    """(m = M(a), c) for a batch of one picture, and the map of what it shows where there is one."""
    return Condition(
        style=components.project(style[None]),
        content=content[None],
        content_map=None if content_map is None else content_map[None],
    )
