"""The dials as keywords, written by `python -m lab dials` from the record, for editors."""

from typing import Literal, TypedDict


class DialKeywords(TypedDict, total=False):
    """Every dial that `stylize` and its like take; what is left out, or None, is as told here.

    Raises:
        TypeError: there is no dial of a name.
        ParasolError: one is out of its range.
    """

    strength: float | None
    """Style scale and structure in one, in about even steps: 0 is the content, 1 all of the style."""

    paper: bool | None
    """The paper's own dials in place of the model's: 50 steps of ddim, scales of 5, apart, structure 0.4."""

    style_scale: float | None
    """Pull of the style: 0 ignores it, 1 is plain, 5 is strong; the model's own if left out."""

    content_scale: float | None
    """The same pull for what the content shows; the model's own if left out."""

    structure: float | None
    """Share of the steps that keep to the content picture's layout: 0 is free, 1 the picture itself; the model's
    own if left out.
    """

    steps: int | None
    """Sampling steps; the model's own if left out."""

    seed: int | None
    """Of the noise; one seed, one picture; 0 if left out."""

    fresh: bool | None
    """Start from new noise: the content's meaning is kept, its layout is not."""

    color: Literal["off", "match", "keep"] | None
    """Give the colours of the style (match) or those that the content has in the same place (keep); off if left
    out.
    """

    content_map: bool | None
    """Say where things are in the content picture, beside what it shows; the model's own if left out."""

    sampler: Literal["ddim", "dpm"] | None
    """How steps are taken: dpm, of which few suffice, or ddim as in the paper; the model's own if left out."""

    guidance: Literal["apart", "joint"] | None
    """Whether the scales weigh style and content apart, as in the paper, or jointly what both share; the model's
    own if left out.
    """

    color_strength: float | None
    """Share of the way that the colour step goes: 0 changes nothing, 1 is all of it; 1 if left out."""

    texture: float | None
    """How far to go to the touch of the style picture itself, beside its descriptor; the model's own if left out."""

    neutral: float | None
    """Share of the content picture's colours to leave out, so that the style can bring its own; the model's own if
    left out.
    """

    guidance_interval: float | None
    """Share of the noise levels, from pure noise on, at which scales above 1 push; below they count as 1; the
    model's own if left out.
    """

    distilled: bool | None
    """Guide in one pass of the network instead of up to three, where the model has learned to; the model's own if
    left out.
    """

    gradual: bool | None
    """Let structure end within a step, so that it goes evenly however few the steps are; the model's own if left
    out.
    """

    flat_steps: int | None
    """Sampling steps, at most, where a flat finish follows, which asks the drawing for its colours alone; 2 if left
    out.
    """
