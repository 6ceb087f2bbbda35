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


def mixed_style(pictures: Sequence[tuple[Float[np.ndarray, "_ _ 3"], float]], encoder: StyleEncoder) -> Style:
    """One style from pictures with signed weights, of which only the ratios matter (paper, "Style Interpolation").

    A negative weight pushes the descriptor away from its picture. Colours have no opposite: they are the weighted mean
    over the pictures with positive weights.

    Raises:
        ValueError: no weight is positive, one is not finite, or the descriptors cancel.
    """
    weights = [weight for _, weight in pictures]
    shares = np.maximum(weights, 0.0) if weights else np.zeros(0)
    if not 0.0 < shares.sum() < np.inf:
        raise ValueError(f"style weights are {weights}; give at least one style a positive, finite weight")
    shares = shares / shares.sum()
    descriptors = np.stack([encoder(picture) for picture, _ in pictures])
    moments = [colour_statistics(picture) for picture, _ in pictures]
    colours = ColourStatistics(
        mean=np.tensordot(shares, [moment.mean for moment in moments], axes=1),
        covariance=np.tensordot(shares, [moment.covariance for moment in moments], axes=1),
    )
    return Style(descriptor=mix(descriptors, weights), colours=colours)


def condition(
    components: Components, *, style: Float[np.ndarray, " a"], content: Float[np.ndarray, " d"]
) -> Condition[np.ndarray]:
    """(m = M(a), c) for a batch of one picture."""
    return Condition(style=components.project(style[None]), content=content[None])
