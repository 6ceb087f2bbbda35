"""An icon's SVG as shapes: polygons with the colour they are drawn in, the lowest first, on a square of side 100.

What icons are made of is read: paths, circles, ellipses, rectangles, lines and polygons in groups, filled and stroked,
transformed, clipped, masked and used; a gradient counts as its mean colour, an opacity as a mixture with white.
Needs shapely (the train extra).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import shapely
from jaxtyping import Float
from PIL import ImageColor
from shapely.geometry.base import BaseGeometry

from parasol.corpora.svg_paths import Subpath, box_path, ellipse_path, flattened
from parasol.errors import ParasolError

SIDE = 100.0
DEEPEST = 24  # nested groups and uses; icons have four
CAPS: dict[str, Literal["flat", "square"]] = {"butt": "flat", "square": "square"}
JOINS: dict[str, Literal["mitre", "bevel"]] = {"miter": "mitre", "bevel": "bevel"}
"""What shapely calls those of SVG that are not round."""
FAINTEST = 0.03  # opacity below which nothing is seen

Matrix = Float[np.ndarray, "2 3"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A part of a drawing in one colour, sRGB 0..1. A stroke has its middle `line` and `width` too, else None and 0."""

    area: BaseGeometry
    colour: tuple[float, float, float]
    line: BaseGeometry | None = None
    width: float = 0.0


@dataclass(frozen=True)
class _Style:
    """What an element inherits."""

    matrix: Matrix
    fill: str = "black"
    stroke: str = "none"
    width: float = 1.0
    cap: str = "butt"
    join: str = "miter"
    rule: str = "nonzero"
    opacity: float = 1.0
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    colour: str = "black"
    clip: BaseGeometry | None = None


@lru_cache(maxsize=4096)
def shapes_of(svg: str) -> tuple[Shape, ...]:
    """The shapes of a drawing. Raises ValueError where it can't be parsed, shows nothing, or holds text or pictures."""
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise ParasolError(f"it is no XML: {error}") from error
    named = {node.get("id", ""): node for node in root.iter() if node.get("id")}
    style = _inherited(root, _Style(matrix=_framed(root)), named)
    shapes = [shape for child in root for shape in _drawn(child, style, named, 0)]
    shapes = [shape for shape in shapes if not shape.area.is_empty and shape.area.area > 0.01]
    if not shapes:
        raise ParasolError("it shows no shape")
    return tuple(shapes)


def _framed(root: ElementTree.Element) -> Matrix:
    """The view box on the square of side 100, its longer side filling it."""
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    if len(box) != 4:
        side = float((_NUMBER.findall(root.get("width", "")) or ["0"])[0])
        box = [0.0, 0.0, side, float((_NUMBER.findall(root.get("height", "")) or [side])[0])]
    left, top, width, height = box
    if min(width, height) <= 0.0:
        raise ParasolError(f"its view box is {width:g} x {height:g}")
    scale = SIDE / max(width, height)
    x, y = SIDE / 2 - scale * (left + width / 2), SIDE / 2 - scale * (top + height / 2)
    return np.array([[scale, 0.0, x], [0.0, scale, y]])


def _drawn(
    node: ElementTree.Element, style: _Style, named: dict[str, ElementTree.Element], depth: int
) -> Iterator[Shape]:
    """The shapes of an element and what it holds."""
    tag = _tag(node)
    if depth > DEEPEST:
        raise ParasolError(f"it nests more than {DEEPEST} groups")
    if tag in ("text", "image", "foreignObject"):
        raise ParasolError(f"it holds <{tag}>, which has no shape")
    if tag in ("g", "svg", "a", "switch"):
        inner = _inherited(node, style, named, depth)
        for child in node:
            yield from _drawn(child, inner, named, depth + 1)
    elif tag == "use":
        inner = _inherited(node, style, named, depth)
        target = named.get((node.get("href") or node.get(_XLINK) or "").removeprefix("#"))
        if target is not None:
            move = np.array([[1.0, 0.0, _float(node, "x")], [0.0, 1.0, _float(node, "y")]])
            yield from _drawn(target, _with(inner, matrix=_times(inner.matrix, move)), named, depth + 1)
    elif tag in _OUTLINES:
        yield from _painted(_OUTLINES[tag](node), _inherited(node, style, named, depth), named)


def _painted(path: list[Subpath], style: _Style, named: dict[str, ElementTree.Element]) -> Iterator[Shape]:
    """The fill and the stroke of a path."""
    matrix = style.matrix
    rings = [(points @ matrix[:, :2].T + matrix[:, 2], closed) for points, closed in path]
    fill, share = _colour(style.fill, style.colour, named)
    share *= style.opacity * style.fill_opacity
    if share > FAINTEST:
        area = filled([points for points, _ in rings if len(points) > 2], even_odd=style.rule == "evenodd")
        yield Shape(area=_clipped(area, style), colour=_over_white(fill, share))
    stroke, share = _colour(style.stroke, style.colour, named)
    share *= style.opacity * style.stroke_opacity
    width = style.width * float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if share > FAINTEST and width > 0.0:
        lines = [np.vstack([points, points[:1]]) if closed else points for points, closed in rings if len(points) > 1]
        line = shapely.MultiLineString(lines)
        area = stroked(line, width, cap=style.cap, join=style.join)
        yield Shape(area=_clipped(area, style), colour=_over_white(stroke, share), line=line, width=width)


def stroked(line: BaseGeometry, width: float, *, cap: str = "round", join: str = "round") -> BaseGeometry:
    """The area of a line of a width."""
    return line.buffer(
        width / 2, quad_segs=6, cap_style=CAPS.get(cap, "round"), join_style=JOINS.get(join, "round"), mitre_limit=4.0
    )


def filled(rings: list[np.ndarray], *, even_odd: bool = False) -> BaseGeometry:
    """The area inside rings by the even-odd or the non-zero rule. Rings that cross each other are joined."""
    kept = [ring for ring in rings if abs(_signed_area(ring)) > 1e-3]
    kept.sort(key=lambda ring: -abs(_signed_area(ring)))
    polygons = [shapely.Polygon(ring) for ring in kept]
    if len(polygons) == 1:
        return _valid(polygons[0])
    windings: list[int] = []
    shells: list[tuple[int, list[int]]] = []
    for index, ring in enumerate(kept):
        x, y = ring[0]
        around = [k for k in range(index) if shapely.contains_xy(polygons[k], x, y)]
        before = windings[around[-1]] if around else 0
        turn = 1 if even_odd or _signed_area(ring) > 0.0 else -1
        windings.append((before + turn) % 2 if even_odd else before + turn)
        if before == 0 or windings[-1] != 0:
            shells.append((index, []))
        else:
            inside = next((holes for shell, holes in reversed(shells) if shell in around), None)
            if inside is not None:
                inside.append(index)
    parts = [shapely.Polygon(kept[shell], [kept[hole] for hole in holes]) for shell, holes in shells]
    return shapely.union_all([_valid(part) for part in parts])


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The areas of a geometry, without the lines and points that an operation left."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _valid(polygon: BaseGeometry) -> BaseGeometry:
    return polygon if polygon.is_valid else polygonal(shapely.make_valid(polygon))


def _signed_area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def _clipped(area: BaseGeometry, style: _Style) -> BaseGeometry:
    return area if style.clip is None else polygonal(area.intersection(style.clip))


def _inherited(
    node: ElementTree.Element, style: _Style, named: dict[str, ElementTree.Element], depth: int = 0
) -> _Style:
    """The style of an element inside one of `style`."""
    own = {key.rpartition("}")[2]: value.strip() for key, value in node.attrib.items()}
    own.update(_STYLE.findall(own.get("style", "")))
    changes: dict[str, object] = {}
    for name, key in _PLAIN.items():
        if own.get(name, "inherit") != "inherit":
            changes[key] = own[name]
    for name, key in _NUMERIC.items():
        if own.get(name, "inherit") != "inherit":
            changes[key] = _number(own[name])
    if "opacity" in own:
        changes["opacity"] = style.opacity * _number(own["opacity"])
    if own.get("display") == "none" or own.get("visibility") == "hidden":
        changes["opacity"] = 0.0
    if "transform" in own:
        changes["matrix"] = _times(style.matrix, _transform(own["transform"]))
    inner = _with(style, **changes)
    for name in ("clip-path", "mask"):
        target = named.get(_reference(own.get(name, "")))
        if target is not None:
            window = _window(target, inner, named, depth + 1)
            inner = _with(inner, clip=window if inner.clip is None else polygonal(inner.clip.intersection(window)))
    return inner


def _window(
    node: ElementTree.Element, style: _Style, named: dict[str, ElementTree.Element], depth: int
) -> BaseGeometry:
    """What a clip path or a mask lets through: of a mask what is lighter than half, the last drawn on top."""
    start = _inherited(node, _Style(matrix=style.matrix), named, depth)
    shown: BaseGeometry = shapely.Polygon()
    for child in node:
        for shape in _drawn(child, start, named, depth + 1):
            light = _tag(node) == "clipPath" or sum(shape.colour) > 1.5
            shown = shown.union(shape.area) if light else polygonal(shown.difference(shape.area))
    return shown


def _colour(
    paint: str, current: str, named: dict[str, ElementTree.Element]
) -> tuple[tuple[float, float, float], float]:
    """The colour of a paint and its opacity; of a gradient the mean of its stops."""
    if paint in ("none", "transparent", ""):
        return (0.0, 0.0, 0.0), 0.0
    gradient = named.get(_reference(paint))
    if gradient is not None:
        link = named.get((gradient.get("href") or gradient.get(_XLINK) or "").removeprefix("#"))
        stops = [node for part in (gradient, link) if part is not None for node in part if _tag(node) == "stop"]
        if not stops:
            raise ParasolError(f"it is painted by <{_tag(gradient)}>, which has no colour")
        styles = [dict(_STYLE.findall(node.get("style", ""))) | dict(node.attrib) for node in stops]
        colours = np.array([_rgba(stop.get("stop-color", "black"), current) for stop in styles])
        colours[:, 3] *= [_number(stop.get("stop-opacity", "1")) for stop in styles]
        red, green, blue, share = colours.mean(axis=0).tolist()
        return (red, green, blue), share
    if paint.startswith("url"):
        paint = paint.partition(")")[2].strip() or "none"
    red, green, blue, share = _rgba(paint, current)
    return (red, green, blue), share


@cache
def _rgba(name: str, current: str) -> tuple[float, float, float, float]:
    if name in ("none", "transparent"):
        return 0.0, 0.0, 0.0, 0.0
    if name.lower() == "currentcolor":
        return _rgba("black" if current.lower() == "currentcolor" else current, "black")
    try:
        values = ImageColor.getrgb(name)
    except ValueError as error:
        raise ParasolError(f"its colour {name!r} is not known") from error
    red, green, blue = (value / 255.0 for value in values[:3])
    return red, green, blue, values[3] / 255.0 if len(values) == 4 else 1.0


def _over_white(colour: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    share = min(1.0, share)
    red, green, blue = (1.0 - share * (1.0 - value) for value in colour)
    return red, green, blue


def _transform(text: str) -> Matrix:
    """The matrix of a transform list."""
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for name, arguments in _TRANSFORM.findall(text):
        values = [float(number) for number in _NUMBER.findall(arguments)]
        matrix = _times(matrix, _step(name, values))
    return matrix


def _step(name: str, values: list[float]) -> Matrix:
    first, second = values[0], values[1] if len(values) > 1 else None
    if name == "matrix":
        return np.array(values).reshape(3, 2).T
    if name == "translate":
        return np.array([[1.0, 0.0, first], [0.0, 1.0, second or 0.0]])
    if name == "scale":
        return np.array([[first, 0.0, 0.0], [0.0, first if second is None else second, 0.0]])
    turn = np.deg2rad(first)
    if name == "skewX":
        return np.array([[1.0, np.tan(turn), 0.0], [0.0, 1.0, 0.0]])
    if name == "skewY":
        return np.array([[1.0, 0.0, 0.0], [np.tan(turn), 1.0, 0.0]])
    cosine, sine = np.cos(turn), np.sin(turn)
    x, y = (values[1], values[2]) if len(values) == 3 else (0.0, 0.0)
    return np.array([[cosine, -sine, x - cosine * x + sine * y], [sine, cosine, y - sine * x - cosine * y]])


def _times(outer: Matrix, inner: Matrix) -> Matrix:
    return np.hstack([outer[:, :2] @ inner[:, :2], (outer[:, :2] @ inner[:, 2] + outer[:, 2])[:, None]])


def _with(style: _Style, **changes: object) -> _Style:
    return _Style(**{**style.__dict__, **changes})  # pyright: ignore[reportArgumentType]


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _reference(text: str) -> str:
    """The name inside url(#name), or nothing."""
    match = re.match(r"url\(\s*['\"]?#([^)'\"]+)", text)
    return match[1] if match else ""


def _number(text: str) -> float:
    match = _NUMBER.match(text)
    if not match:
        raise ParasolError(f"its number {text!r} can't be read")
    return float(match[0]) / (100.0 if text.endswith("%") else 1.0)


def _float(node: ElementTree.Element, name: str) -> float:
    return _number(node.get(name, "0"))


def _pairs(node: ElementTree.Element) -> np.ndarray:
    values = [float(number) for number in _NUMBER.findall(node.get("points", ""))]
    return np.array(values[: len(values) // 2 * 2]).reshape(-1, 2)


def _box(node: ElementTree.Element) -> list[Subpath]:
    radii = [_number(node.get(name) or node.get(other) or "0") for name, other in (("rx", "ry"), ("ry", "rx"))]
    return box_path(*(_float(node, name) for name in ("x", "y", "width", "height")), *radii)


def _ellipse(node: ElementTree.Element) -> list[Subpath]:
    radii = [_number(node.get(name) or node.get("r") or "0") for name in ("rx", "ry")]
    return ellipse_path(_float(node, "cx"), _float(node, "cy"), *radii)


def _line(node: ElementTree.Element) -> list[Subpath]:
    ends = [[_float(node, f"x{end}"), _float(node, f"y{end}")] for end in (1, 2)]
    return [(np.array(ends), False)]


_OUTLINES: dict[str, Callable[[ElementTree.Element], list[Subpath]]] = {
    "path": lambda node: flattened(node.get("d", "")),
    "rect": _box,
    "circle": _ellipse,
    "ellipse": _ellipse,
    "line": _line,
    "polyline": lambda node: [(_pairs(node), False)],
    "polygon": lambda node: [(_pairs(node), True)],
}
_PLAIN = {
    "fill": "fill",
    "stroke": "stroke",
    "stroke-linecap": "cap",
    "stroke-linejoin": "join",
    "fill-rule": "rule",
    "color": "colour",
}
_NUMERIC = {"stroke-width": "width", "fill-opacity": "fill_opacity", "stroke-opacity": "stroke_opacity"}
_XLINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^)]*)\)")
_STYLE = re.compile(r"([\w-]+)\s*:\s*([^;]+?)\s*(?:;|$)")
