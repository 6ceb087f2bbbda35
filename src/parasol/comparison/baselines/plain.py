"""Methods without a network: the two ends, and colours alone."""

from collections.abc import Mapping

import numpy as np

from parasol.comparison.method import AnyPicture, Method, settings
from parasol.images import fit
from parasol.maths.colour import colour_statistics, match_colours
from parasol.types import Picture


def content(given: Mapping[str, str], model: str | None) -> Method:
    """The content picture as it is: the best that content can be, and no style at all."""
    return Method(settings=settings("content", given, {}), paint=lambda content, _: content)


def style(given: Mapping[str, str], model: str | None) -> Method:
    """The style picture as it is, in the middle of the content picture's shape: the other end."""
    return Method(settings=settings("style", given, {}), paint=lambda content, style: within(style, content))


def colour(given: Mapping[str, str], model: str | None) -> Method:
    """The content picture with the colour mean and covariance of the style picture."""
    chosen = settings("colour", given, {"strength": 1.0, "max_gain": 10.0})

    def paint(content: Picture, style: AnyPicture) -> Picture:
        return match_colours(content, colour_statistics(style), **chosen).pixels

    return Method(settings=chosen, paint=paint)


def within(picture: AnyPicture, shape: Picture) -> Picture:
    """A picture fitted into the shape of another, centred on white."""
    height, width = shape.shape[:2]
    scale = min(height / picture.shape[0], width / picture.shape[1])
    fitted = fit(picture, max(1, round(scale * max(picture.shape[:2]))))[:height, :width]
    canvas = np.ones_like(shape)
    top, left = (height - fitted.shape[0]) // 2, (width - fitted.shape[1]) // 2
    canvas[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return canvas
