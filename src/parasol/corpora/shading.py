"""Fills, second tones, rims of light and shadows of procedural hands. Needs shapely (the train extra)."""

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from parasol.corpora.hand_regions import shaded
from parasol.corpora.hands import Colour, Hand
from parasol.corpora.svg_marks import SCALE, path, path_data, rgb
from parasol.corpora.svg_shapes import SIDE, polygonal

SHADOW_STEPS = 28  # copies of a drawing that make up its long shadow


class Marks:
    """The gradients and patterns of one drawing, one for each colour that is asked for."""

    def __init__(self, hand: Hand) -> None:
        self.definitions: list[str] = []
        self._hand = hand
        self._names: dict[Colour, str] = {}

    def fill(self, colour: Colour) -> str:
        """The paint of a shape in this colour."""
        if self._hand.fill not in ("linear", "radial", "hatch", "dots"):
            return rgb(colour)
        if colour not in self._names:
            self._names[colour] = f"m{len(self._names)}"
            self.definitions.append(_definition(self._names[colour], colour, self._hand))
        return f"url(#{self._names[colour]})"


def _definition(name: str, colour: Colour, hand: Hand) -> str:
    """A gradient, or a pattern of lines or dots."""
    depth = 0.08 + 0.25 * hand.fill_strength
    if hand.fill in ("linear", "radial"):
        stops = (
            f'<stop offset="0" stop-color="{rgb(shaded(colour, 0.8 * depth))}"/>'
            f'<stop offset="1" stop-color="{rgb(shaded(colour, -depth))}"/>'
        )
        if hand.fill == "radial":
            return f'<radialGradient id="{name}" cx="0.4" cy="0.35" r="0.75">{stops}</radialGradient>'
        turn = f"rotate({360 * hand.angle:.0f} .5 .5)"
        return f'<linearGradient id="{name}" gradientTransform="{turn}">{stops}</linearGradient>'
    pitch = (3.0 + 4.0 * (1.0 - hand.fill_strength)) * SCALE
    light = rgb(shaded(colour, 0.45))
    if hand.fill == "hatch":
        mark = f'<rect width="{pitch:.0f}" height="{0.5 * pitch:.0f}" fill="{rgb(shaded(colour, -0.05))}"/>'
    else:
        mark = f'<circle cx="{pitch / 2:.0f}" cy="{pitch / 2:.0f}" r="{0.33 * pitch:.0f}" fill="{rgb(colour)}"/>'
    return (
        f'<pattern id="{name}" width="{pitch:.0f}" height="{pitch:.0f}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({360 * hand.angle:.0f})">'
        f'<rect width="{pitch:.0f}" height="{pitch:.0f}" fill="{light}"/>{mark}</pattern>'
    )


def direction(hand: Hand) -> np.ndarray:
    """Where the shadow falls, a vector of length 1: to below, left or right of it."""
    turn = math.pi * (0.2 + 0.6 * hand.angle)
    return np.array([math.cos(turn), math.sin(turn)])


def two_tones(area: BaseGeometry, colour: Colour, hand: Hand) -> str:
    """The darker half of a shape, away from the light."""
    x, y = direction(hand)
    middle = area.centroid
    far = 2.0 * SIDE
    corners = np.array([[-y, x], [x - y, y + x], [x + y, y - x], [y, -x]])
    half = far * corners + np.array([middle.x, middle.y])
    darker = polygonal(area.intersection(shapely.Polygon(half)))
    return path(darker, rgb(shaded(colour, -0.06 - 0.2 * hand.fill_strength)))


def rims(area: BaseGeometry, hand: Hand) -> list[str]:
    """Shadow inside a shape on its far side, light on its near side, or both."""
    if hand.shading not in ("inner", "highlight", "bevel"):
        return []
    deep = (1.5 + 5.0 * hand.shading_depth) * direction(hand) * (0.6 if hand.shading == "bevel" else 1.0)
    drawn = []
    if hand.shading in ("inner", "bevel"):
        rim = polygonal(area.difference(_moved(area, -deep)))
        drawn.append(path(rim, "#000", opacity=0.22))
    if hand.shading in ("highlight", "bevel"):
        rim = polygonal(area.difference(_moved(area, deep)))
        drawn.append(path(rim, "#fff", opacity=0.4))
    return drawn


def shadow_below(whole: BaseGeometry, hand: Hand, sheet: Colour, badge: BaseGeometry | None, marks: Marks) -> list[str]:
    """The shadow that the drawing casts on what it lies on, inside the badge where there is one."""
    if hand.shading not in ("cast", "long"):
        return []
    light = sum(sheet) > 0.9
    colour = rgb(shaded(sheet, -0.14 - 0.12 * hand.shading_depth) if light else shaded(sheet, 0.1))
    x, y = direction(hand)
    if hand.shading == "cast":
        far = 2.0 + 4.0 * hand.shading_depth
        return [path(_moved(whole, np.array([x, y]) * far), colour)]
    data = path_data(whole.simplify(0.3))
    far = (14.0 + 50.0 * hand.shading_depth) / SHADOW_STEPS * SCALE
    clip = ""
    if badge is not None:
        marks.definitions.append(f'<clipPath id="badge">{path(badge, "#000")}</clipPath>')
        clip = ' clip-path="url(#badge)"'
    marks.definitions.append(f'<path id="whole" fill-rule="evenodd" d="{data}"/>')
    copies = "".join(
        f'<use href="#whole" x="{k * far * x:.0f}" y="{k * far * y:.0f}"/>' for k in range(1, SHADOW_STEPS + 1)
    )
    return [f'<g fill="{colour}"{clip}>{copies}</g>']


def _moved(area: BaseGeometry, by: np.ndarray) -> BaseGeometry:
    return shapely.transform(area, lambda points: points + by)
