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

    colours: ColourStatistics
    """For the colour step."""


def style_of(picture: Float[np.ndarray, "_ _ 3"], encoder: StyleEncoder) -> Style:
    """The style of one picture."""
    return Style(descriptor=encoder(picture), colours=colour_statistics(picture))


def mixed_style(styles: Sequence[tuple[Style, float]]) -> Style:
    """One style from several with signed weights, of which only the ratios matter (paper, "Style Interpolation").

    A negative weight pushes the descriptor away from its style. Colours have no opposite: they are the weighted mean
    over the styles with positive weights. The order is of no consequence.

    Raises:
        ValueError: no weight is positive, one is not finite, or the descriptors cancel.
    """
    weights = [weight for _, weight in styles]
    shares = np.maximum(weights, 0.0) if weights else np.zeros(0)
    if not 0.0 < shares.sum() < np.inf:
        raise ValueError(f"style weights are {weights}; give at least one style a positive, finite weight")
    shares = shares / shares.sum()
    colours = ColourStatistics(
        mean=np.tensordot(shares, [style.colours.mean for style, _ in styles], axes=1),
        covariance=np.tensordot(shares, [style.colours.covariance for style, _ in styles], axes=1),
    )
    return Style(descriptor=mix(np.stack([style.descriptor for style, _ in styles]), weights), colours=colours)


def condition(
    components: Components, *, style: Float[np.ndarray, " a"], content: Float[np.ndarray, " d"]
) -> Condition[np.ndarray]:
    """(m = M(a), c) for a batch of one picture."""
    return Condition(style=components.project(style[None]), content=content[None])
