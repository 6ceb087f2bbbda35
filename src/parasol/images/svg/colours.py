"""CSS colours of any notation -> those that resvg reads."""

import re
from typing import Any

import tinycss2
from tinycss2.ast import FunctionBlock, NumberToken, PercentageToken
from tinycss2.color5 import parse_color

PROPERTIES = frozenset({"fill", "stroke", "color", "stop-color", "flood-color", "lighting-color"})
_READ = re.compile(r"#[0-9a-f]{3}(?:[0-9a-f]{3})?|none|currentcolor|inherit|context-(?:fill|stroke)", re.IGNORECASE)
_NAME = re.compile(r"[a-z]+", re.IGNORECASE)
_COMMAS = re.compile(r"rgba?\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*(?:,\s*[\d.]+\s*)?\)")
_PAINT = re.compile(r"url\(\s*['\"]?#[^)]*\)\s*", re.IGNORECASE)
# Display P3, and OKLab's cone responses, -> sRGB, linear light (CSS Color 4, section 18).
_P3 = (
    (1.2249401763, -0.2249401763, 0.0),
    (-0.0420569547, 1.0420569547, 0.0),
    (-0.0196375546, -0.0786360456, 1.0982736002),
)
_OK = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


def readable(value: str) -> str | None:
    """The same paint in a notation that resvg reads, None where it is no colour at all."""
    value = value.strip()
    if _READ.fullmatch(value) or _COMMAS.fullmatch(value):
        return value
    if paint := _PAINT.match(value):
        rest = value[paint.end() :]
        fallback = readable(rest) if rest else ""
        return f"{paint.group().strip()} {fallback or ''}".strip()
    colour = _parsed(value)
    if colour is None:
        return None
    *rgb, alpha = colour
    if alpha == 1 and _NAME.fullmatch(value) and value.lower() != "rebeccapurple":
        return value
    text = "#" + "".join(f"{round(min(max(part, 0), 1) * 255):02x}" for part in rgb)
    return text if alpha >= 1 else text + f"{round(max(alpha, 0) * 255):02x}"


def _parsed(value: str) -> tuple[float, ...] | None:
    """Red, green, blue and alpha in [0, 1]."""
    try:
        colour: Any = parse_color(value)
        if colour is None or isinstance(colour, str):
            return None
        inside = colour.to("srgb")
        return (*(part or 0.0 for part in inside.coordinates), inside.alpha or 0.0)
    except NotImplementedError:
        return _wide(value)
    except (ValueError, ArithmeticError, TypeError, AttributeError):
        return None


def _wide(value: str) -> tuple[float, ...] | None:
    """`color(display-p3 r g b / a)`, `oklab(..)` and `oklch(..)`, into sRGB, clipped."""
    from math import cos, radians, sin

    token: Any = next(iter(tinycss2.parse_component_value_list(value)), None)
    if not isinstance(token, FunctionBlock):
        return None
    name = token.lower_name
    parts: list[Any] = [part for part in token.arguments if part.type not in ("whitespace", "literal", "comment")]
    if name == "color" and parts and getattr(parts[0], "lower_value", "") in ("display-p3", "srgb-linear"):
        name, parts = parts[0].lower_value, parts[1:]
    values = [_number(part) for part in parts]
    if len(values) not in (3, 4) or None in values:
        return None
    a, b, c, alpha = (float(number or 0.0) for number in (*values, 1.0)[:4])
    if name == "srgb-linear":
        linear = [a, b, c]
    elif name == "display-p3":
        linear = _times(_P3, [_expand(part) for part in (a, b, c)])
    elif name in ("oklab", "oklch"):
        if name == "oklch":
            b, c = b * cos(radians(c)), b * sin(radians(c))
        long = a + 0.3963377774 * b + 0.2158037573 * c
        medium = a - 0.1055613458 * b - 0.0638541728 * c
        short = a - 0.0894841775 * b - 1.2914855480 * c
        linear = _times(_OK, [long**3, medium**3, short**3])
    else:
        return None
    return (*(_compress(part) for part in linear), alpha)


def _number(token: object) -> float | None:
    if isinstance(token, PercentageToken):
        return token.value / 100
    if isinstance(token, NumberToken):
        return token.value
    return getattr(token, "value", None) if getattr(token, "unit", "") == "deg" else None


def _times(matrix: tuple[tuple[float, ...], ...], values: list[float]) -> list[float]:
    return [sum(factor * part for factor, part in zip(row, values, strict=True)) for row in matrix]


def _expand(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _compress(part: float) -> float:
    part = min(max(part, 0.0), 1.0)
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
