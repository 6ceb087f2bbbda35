"""SVG path data as polylines: curves and arcs flattened finely enough for pictures of a few hundred pixels."""

import math
import re

import numpy as np
from jaxtyping import Float

Subpath = tuple[Float[np.ndarray, "_ 2"], bool]
"""Its points, and whether it is closed."""

CURVE_POINTS = 10  # of a Bezier curve
ARC_STEP = math.pi / 16  # radians between points of an arc

_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
_N = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = re.compile(_N)
# The two flags of an arc may stand without anything between them and the next number.
_ARC = re.compile(rf"({_N})[\s,]*({_N})[\s,]*({_N})[\s,]*([01])[\s,]*([01])[\s,]*({_N})[\s,]*({_N})")

_T = np.linspace(0.0, 1.0, CURVE_POINTS + 1)[1:, None]
_CUBIC = np.hstack([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3])
_QUADRATIC = np.hstack([(1 - _T) ** 2, 2 * (1 - _T) * _T, _T**2])


def flattened(data: str) -> list[Subpath]:
    """The subpaths of path data. What follows an error in the data is left out, as renderers do."""
    subpaths: list[Subpath] = []
    points: list[tuple[float, float]] = []
    x = y = start_x = start_y = 0.0
    handle: tuple[float, float] | None = None  # the last control point, for smooth curves
    last = ""
    for letter, text in _COMMAND.findall(data):
        command, relative = letter.upper(), letter.islower()
        if command == "Z":
            if points:
                subpaths.append((np.array(points), True))
            points, x, y, last = [], start_x, start_y, "Z"
            continue
        for values in _arguments(command, text):
            dx, dy = (x, y) if relative else (0.0, 0.0)
            if command == "M":
                if points:
                    subpaths.append((np.array(points), False))
                x, y = values[0] + dx, values[1] + dy
                start_x, start_y, points = x, y, [(x, y)]
                command = "L"  # further pairs are lines
                last = "M"
                continue
            if not points:
                points = [(x, y)]
            if command == "H":
                x = values[0] + dx
                points.append((x, y))
            elif command == "V":
                y = values[0] + dy
                points.append((x, y))
            elif command == "L":
                x, y = values[0] + dx, values[1] + dy
                points.append((x, y))
            elif command == "A":
                end = (values[5] + dx, values[6] + dy)
                points += _arc((x, y), end, values[0], values[1], values[2], values[3] != 0.0, values[4] != 0.0)
                x, y = end
            else:
                shifted = [value + (dx, dy)[k % 2] for k, value in enumerate(values)]
                if command in "ST":
                    smooth = handle is not None and last in ("CS" if command == "S" else "QT")
                    first = (2 * x - handle[0], 2 * y - handle[1]) if smooth and handle else (x, y)
                    shifted = [*first, *shifted]
                control = np.array([x, y, *shifted]).reshape(-1, 2)
                points += map(tuple, ((_CUBIC if len(control) == 4 else _QUADRATIC) @ control).tolist())
                handle, (x, y) = (shifted[-4], shifted[-3]), shifted[-2:]
            last = command
    if points:
        subpaths.append((np.array(points), False))
    return subpaths


def box_path(x: float, y: float, width: float, height: float, rx: float, ry: float) -> list[Subpath]:
    """A rectangle, its corners rounded by `rx` and `ry`."""
    if min(width, height) <= 0.0:
        return []
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if min(rx, ry) <= 0.0:
        return [(np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]), True)]
    turn = np.linspace(0.0, np.pi / 2, 9)
    corners = []
    for quarter, (cx, cy) in enumerate(
        ((x + width - rx, y + height - ry), (x + rx, y + height - ry), (x + rx, y + ry), (x + width - rx, y + ry))
    ):
        angle = turn + quarter * np.pi / 2
        corners.append(np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=-1))
    return [(np.concatenate(corners), True)]


def ellipse_path(cx: float, cy: float, rx: float, ry: float) -> list[Subpath]:
    """An ellipse."""
    if min(rx, ry) <= 0.0:
        return []
    angle = np.arange(0.0, 2.0 * np.pi - 1e-9, ARC_STEP)
    return [(np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=-1), True)]


def _arguments(command: str, text: str) -> list[list[float]]:
    """The numbers of a command, group by group."""
    if command == "A":
        return [[float(value) for value in group] for group in _ARC.findall(text)]
    values = [float(value) for value in _NUMBER.findall(text)]
    count = _ARGUMENTS[command]
    return [values[k : k + count] for k in range(0, len(values) - count + 1, count)]


def _arc(
    start: tuple[float, float], end: tuple[float, float], rx: float, ry: float, turn: float, large: bool, sweep: bool
) -> list[tuple[float, float]]:
    """Points of an elliptical arc after its start (SVG 1.1, appendix F.6.5: from end points to a centre)."""
    rx, ry = abs(rx), abs(ry)
    if rx < 1e-9 or ry < 1e-9 or start == end:
        return [end]
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = cosine * half_x + sine * half_y, cosine * half_y - sine * half_x
    grow = math.sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = rx * grow, ry * grow
    rest = (rx * ry) ** 2 / ((rx * y) ** 2 + (ry * x) ** 2) - 1.0
    factor = math.sqrt(max(0.0, rest)) * (-1.0 if large == sweep else 1.0)
    centre_x, centre_y = factor * rx * y / ry, -factor * ry * x / rx
    first = math.atan2((y - centre_y) / ry, (x - centre_x) / rx)
    angle = math.atan2((-y - centre_y) / ry, (-x - centre_x) / rx) - first
    if sweep and angle < 0.0:
        angle += 2.0 * math.pi
    elif not sweep and angle > 0.0:
        angle -= 2.0 * math.pi
    middle_x, middle_y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    steps = max(2, math.ceil(abs(angle) / ARC_STEP))
    points = []
    for step in range(1, steps):
        along = first + angle * step / steps
        a, b = centre_x + rx * math.cos(along), centre_y + ry * math.sin(along)
        points.append((middle_x + cosine * a - sine * b, middle_y + sine * a + cosine * b))
    return [*points, end]
