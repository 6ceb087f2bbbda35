"""Descriptors -> what the sampler is conditioned on: styles mixed before M, the style token m = M(a) beside c."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.encoders.style import StyleEncoder
from parasol.maths.colour import ColourStatistics, colour_statistics
from parasol.maths.interpolation import mix
from parasol.runtime import Components
from parasol.types import Condition


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """All that is kept of one or several style pictures."""

    descriptor: Float[np.ndarray, " a"]
    """Unit norm, before the projector."""

    colours: ColourStatistics | None
    """For the colour step; none where the style is known from words alone."""


def style_of(picture: Float[np.ndarray, "_ _ 3"], encoder: StyleEncoder) -> Style:
    """The style of one picture."""
    return Style(descriptor=encoder(picture), colours=colour_statistics(picture))


def mixed_style(styles: Sequence[tuple[Style, float]]) -> Style:
    """One style from several with signed weights, of which only the ratios matter (paper, "Style Interpolation").

    A negative weight pushes the descriptor away from its style. Colours have no opposite: they are the weighted mean
    over the styles with positive weights, as far as those have colours. The order is of no consequence.

    Raises:
        ValueError: no weight is positive, one is not finite, or the descriptors cancel.
    """
    weights = [weight for _, weight in styles]
    if not 0.0 < sum(max(weight, 0.0) for weight in weights) < np.inf:
        raise ValueError(f"style weights are {weights}; give at least one style a positive, finite weight")
    descriptor = mix(np.stack([style.descriptor for style, _ in styles]), weights)
    return Style(descriptor=descriptor, colours=_mean_colours(styles))


def _mean_colours(styles: Sequence[tuple[Style, float]]) -> ColourStatistics | None:
    coloured = [(style.colours, weight) for style, weight in styles if style.colours is not None and weight > 0.0]
    if not coloured:
        return None
    total = sum(weight for _, weight in coloured)
    shares = [weight / total for _, weight in coloured]
    return ColourStatistics(
        mean=np.tensordot(shares, [colours.mean for colours, _ in coloured], axes=1),
        covariance=np.tensordot(shares, [colours.covariance for colours, _ in coloured], axes=1),
    )


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
