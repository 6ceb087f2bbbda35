"""A drawing as records, and the SVG text that it makes. Coordinates are pixels of the picture."""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.vector.curves import Curve

DIGITS = 1
"""Behind the point: a tenth of a pixel."""

_METADATA = re.compile(r'<metadata id="parasol">(.*?)</metadata>', re.DOTALL)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gradient:
    """A fill that goes from colour to colour along a line."""

    start: tuple[float, float]
    end: tuple[float, float]
    colours: tuple[str, ...]
    """As #rrggbb, evenly from start to end."""


Fill = str | Gradient


@dataclass(frozen=True, kw_only=True, eq=False)
class Outline:
    """Closed chains of lines and curves, filled; where one lies within another is a hole."""

    fill: Fill
    chains: list[list[Curve]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ellipse:
    """An ellipse, and a circle where both radii are one."""

    fill: Fill
    centre: tuple[float, float]
    radii: tuple[float, float]
    turn: float = 0.0
    """Degrees clockwise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rectangle:
    """A rectangle, perhaps with round corners, perhaps turned about its middle."""

    fill: Fill
    corner: tuple[float, float]
    size: tuple[float, float]
    radius: float = 0.0
    turn: float = 0.0
    """Degrees clockwise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stroke:
    """A straight line with round ends."""

    colour: str
    width: float
    ends: tuple[tuple[float, float], tuple[float, float]]


Shape = Outline | Ellipse | Rectangle | Stroke


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """Shapes in the order of painting."""

    width: int
    height: int
    shapes: list[Shape]
    size: int
    """Longer side, in pixels, that the file asks to be shown at."""

    frame: tuple[float, float, float] | None = None
    """Left, top and side of the square that is shown; all of the picture where there is none."""

    def svg(self, metadata: str = "") -> str:
        """The text of an SVG file, in which `metadata` is kept as it is."""
        left, top, width, height = (0, 0, self.width, self.height)
        if self.frame is not None:
            left, top, width, height = (*self.frame, self.frame[2])
        scale = self.size / max(width, height)
        gradients = list[Gradient]()
        body = "\n".join(_element(shape, gradients) for shape in self.shapes)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_short(width * scale)}" '
            f'height="{_short(height * scale)}" viewBox="{" ".join(map(_short, (left, top, width, height)))}">'
        )
        parts = [head]
        if metadata:
            parts.append(f'<metadata id="parasol">{_escaped(metadata)}</metadata>')
        if gradients:
            parts.append("<defs>" + "".join(_definition(fill, name) for name, fill in enumerate(gradients)) + "</defs>")
        return "\n".join([*parts, body, "</svg>"]) + "\n"


def read_metadata(svg: str) -> str | None:
    """What `Drawing.svg` was given as metadata, None if there is none."""
    match = _METADATA.search(svg)
    if match is None:
        return None
    return match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(value: float) -> str:
    """As few signs as a tenth needs: 3, 3.1, .5, -.5."""
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    if text in ("-0", ""):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _fine(share: float) -> str:
    """1, .5, .33: as few signs as a hundredth needs."""
    return f"{share:.2f}".rstrip("0").rstrip(".").lstrip("0")


def _joined(values: list[float]) -> str:
    """Numbers in a row; a minus parts them as a space does."""
    text = ""
    for value in values:
        number = _short(value)
        text += number if not text or number.startswith("-") else f" {number}"
    return text


def path_data(chain: list[Curve]) -> str:
    """The d attribute of one closed chain, relative, each step from the rounded end of the one before."""
    here = _grid(chain[0].points[0])
    origin = here
    text, last = f"M{_joined(list(here))}", "M"
    for number, piece in enumerate(chain):
        points = _grid(piece.points)
        end = points[-1]
        if len(points) == 2 and number == len(chain) - 1 and (end == origin).all():
            break  # Z draws it
        steps = points[1:] - here
        if len(points) == 4:
            letter, values = "c", steps.ravel().tolist()
        elif abs(steps[0][1]) < 1e-9:
            letter, values = "h", [steps[0][0]]
        elif abs(steps[0][0]) < 1e-9:
            letter, values = "v", [steps[0][1]]
        else:
            letter, values = "l", steps[0].tolist()
        here = end
        if letter in "hv" and abs(values[0]) < 1e-9:
            continue
        row = _joined(values)
        text += (row if row.startswith("-") else f" {row}") if letter == last else letter + row
        last = letter
    return text + "Z"


def _grid(points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
    return np.round(points, DIGITS)


def _element(shape: Shape, gradients: list[Gradient]) -> str:
    if isinstance(shape, Outline):
        data = "".join(path_data(chain) for chain in shape.chains)
        return f'<path fill="{_paint(shape.fill, gradients)}" d="{data}"/>'
    if isinstance(shape, Stroke):
        (x1, y1), (x2, y2) = shape.ends
        paint = f'stroke="{shape.colour}" stroke-width="{_short(shape.width)}" stroke-linecap="round"'
        return f'<line {paint} x1="{_short(x1)}" y1="{_short(y1)}" x2="{_short(x2)}" y2="{_short(y2)}"/>'
    fill = f'fill="{_paint(shape.fill, gradients)}"'
    if isinstance(shape, Rectangle):
        (x, y), (width, height) = shape.corner, shape.size
        round_ = f' rx="{_short(shape.radius)}"' if shape.radius >= 0.05 else ""
        turn = _turned(shape.turn, (x + width / 2, y + height / 2))
        place = f'x="{_short(x)}" y="{_short(y)}" width="{_short(width)}" height="{_short(height)}"'
        return f"<rect {fill} {place}{round_}{turn}/>"
    (x, y), (across, down) = shape.centre, shape.radii
    if across == down:
        return f'<circle {fill} cx="{_short(x)}" cy="{_short(y)}" r="{_short(across)}"/>'
    place = f'cx="{_short(x)}" cy="{_short(y)}" rx="{_short(across)}" ry="{_short(down)}"'
    return f"<ellipse {fill} {place}{_turned(shape.turn, shape.centre)}/>"


def _turned(turn: float, centre: tuple[float, float]) -> str:
    if abs(turn) < 0.05:
        return ""
    return f' transform="rotate({_short(turn)} {_short(centre[0])} {_short(centre[1])})"'


def _paint(fill: Fill, gradients: list[Gradient]) -> str:
    if isinstance(fill, str):
        return fill
    gradients.append(fill)
    return f"url(#g{len(gradients) - 1})"


def _definition(gradient: Gradient, name: int) -> str:
    (x1, y1), (x2, y2) = gradient.start, gradient.end
    line = f'x1="{_short(x1)}" y1="{_short(y1)}" x2="{_short(x2)}" y2="{_short(y2)}"'
    first, *others = gradient.colours
    stops = f'<stop stop-color="{first}"/>'
    for number, colour in enumerate(others, 1):
        stops += f'<stop offset="{_fine(number / len(others))}" stop-color="{colour}"/>'
    return f'<linearGradient id="g{name}" gradientUnits="userSpaceOnUse" {line}>{stops}</linearGradient>'
