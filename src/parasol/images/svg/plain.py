"""A drawing from anywhere -> one that resvg draws as browsers do, and what had to be left out of it.

resvg 0.48 knows few selectors and no variables, paints black what it cannot read as a colour, and gives gradients no
transform of those that they refer to. All of that is settled here, so that it meets plain attributes alone.
"""

import base64
import re
from binascii import Error as NoBase64
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

from . import colours, css
from .source import SVG, Refused, parsed, unpacked
from .words import alike

MOST_INSIDE = 3  # drawings within drawings
_DROPPED = {"script": "its scripts", "foreignObject": "a web page inside it"}
_PICTURES = frozenset({"image", "feImage"})
_URL = re.compile(r"url\(\s*(['\"]?)([^'\")]*)\1\s*\)", re.IGNORECASE)
_DATA = re.compile(r"data:([^;,]*)((?:;[^,]*)?),(.*)", re.DOTALL | re.IGNORECASE)
_GEOMETRY = {
    "circle": {"cx", "cy", "r"}, "ellipse": {"cx", "cy", "rx", "ry"}, "rect": {"x", "y", "rx", "ry", "width", "height"},
    "image": {"x", "y", "width", "height"}, "svg": {"width", "height"}, "path": {"d"},
}  # fmt: skip
_PAINTED = colours.PROPERTIES | {
    "filter", "mask", "clip-path", "marker", "marker-start", "marker-mid", "marker-end", "background",
    "background-color", "background-image", "font-family",
}  # fmt: skip
_LENGTH = re.compile(r"([+]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(|px|mm|cm|in|pt|pc)", re.IGNORECASE)
_PIXELS = {"": 1.0, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 96 / 72, "pc": 16.0}
_LARGE = 10_000.0  # px
_HEIRS = {"linearGradient": "gradientTransform", "radialGradient": "gradientTransform", "pattern": "patternTransform"}


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """SVG as resvg draws it. `left_out`: parts that are missing, in words. `ground`: a colour below all, or nothing."""

    text: str
    left_out: tuple[str, ...]
    ground: str | None


def plain(data: bytes, inside: int = 0) -> Drawing:
    """Everything settled. Raises Refused where the drawing reaches outside itself, or is none."""
    root = parsed(unpacked(data))
    left_out: dict[str, None] = {}
    _prune(root, left_out)
    cascade = css.Cascade(_sheets(root))
    ground = _styled(root, cascade)
    _linked(root, left_out, inside)
    if cascade.fonts and root.find(".//text") is not None:
        left_out["the fonts that it brings along"] = None
    _inherited(root)
    _sized(root)
    root.set("xmlns", SVG)
    return Drawing(text=ET.tostring(root, "unicode"), left_out=tuple(left_out), ground=ground)


def _prune(root: ET.Element, left_out: dict[str, None]) -> None:
    """Take out what no renderer of pictures runs."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _DROPPED:
                if "requiredExtensions" not in child.attrib and parent.tag != "switch":
                    left_out[_DROPPED[child.tag]] = None
                _take_out(parent, child)


def _take_out(parent: ET.Element, child: ET.Element) -> None:
    """Remove an element and keep the words behind it."""
    at = list(parent).index(child)
    if child.tail:
        if at:
            parent[at - 1].tail = (parent[at - 1].tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    parent.remove(child)


def _sheets(root: ET.Element) -> list[str]:
    """The style sheets, in order, taken out of the tree."""
    sheets = []
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "style":
                if child.get("type", "text/css") in ("", "text/css") and css.applies(child.get("media", "")):
                    sheets.append("".join(child.itertext()))
                _take_out(parent, child)
    return sheets


def _styled(root: ET.Element, cascade: css.Cascade) -> str | None:
    """Settle the declarations of every element; returns the colour behind the whole drawing, where there is one."""
    variables: dict[ET.Element, dict[str, str]] = {}
    ground = None
    for wrapper in css.wrapped(root):
        element = wrapper.etree_element
        sheet = [] if cascade.empty else cascade.of(wrapper)
        own = css.inline(element.attrib.pop("style", ""))
        declared = sorted(sheet + own, key=lambda declaration: declaration[2])  # stable: important ones come last
        names = dict(variables[wrapper.parent.etree_element]) if wrapper.parent is not None else {}
        names.update((name, value) for name, value, _ in declared if name.startswith("--"))
        variables[element] = names
        for name in [name for name in element.attrib if name in _PAINTED or "var(" in element.attrib[name]]:
            value = _settled(name, element.attrib[name], names)
            if value is None:
                del element.attrib[name]
            else:
                element.set(name, value)
        final: dict[str, str] = {}
        for name, written, _ in declared:
            if not name.startswith("--") and (value := _settled(name, written, names)) is not None:
                final[name] = value
        if element is root:
            background = final.pop("background-color", None) or final.pop("background", None)
            ground = colours.readable(background) if background else None
        _apply(element, final)
    return ground if ground not in ("none", "") else None


def _settled(name: str, written: str, variables: dict[str, str]) -> str | None:
    """A value as resvg reads it, None where browsers pass over it. Raises Refused for what lies elsewhere."""
    value = css.substituted(written, variables)
    if value is None:
        return None
    if name in _PAINTED:
        for _, target in _URL.findall(value):
            if target and not target.startswith("#") and not target.startswith("data:"):
                raise Refused(
                    f"with an external reference ({_short(value)}), and drawings have to be self-contained: export it "
                    "as PNG"
                )
    if name == "font-family":
        return alike(value)
    return colours.readable(value) if name in colours.PROPERTIES else value


def _apply(element: ET.Element, final: dict[str, str]) -> None:
    """Declarations where resvg looks for them: geometry and transforms as attributes, the rest as styles."""
    for name in _GEOMETRY.get(str(element.tag), set()) & final.keys():
        value = final.pop(name)
        if name == "d" and value.startswith("path("):
            value = value[5:-1].strip("'\" ")
        if value != "auto":
            element.set(name, value)
    if "transform" in final:
        transform = final.pop("transform")
        element.set("transform", "" if transform == "none" else _without_units(transform))
    if final:
        element.set("style", ";".join(f"{name}:{value}" for name, value in final.items()))


def _without_units(transform: str) -> str:
    """A CSS transform as the attribute writes it: px and degrees without their units, one axis as two."""
    text = re.sub(r"(?<=[\d.])(?:px|deg)", "", transform)
    text = re.sub(r"([-\d.]+)turn", lambda turn: f"{float(turn[1]) * 360:g}", text)
    text = re.sub(r"translateX\(([^)]*)\)", r"translate(\1 0)", text)
    text = re.sub(r"translateY\(([^)]*)\)", r"translate(0 \1)", text)
    text = re.sub(r"scaleX\(([^)]*)\)", r"scale(\1 1)", text)
    return re.sub(r"scaleY\(([^)]*)\)", r"scale(1 \1)", text)


def _linked(root: ET.Element, left_out: dict[str, None], inside: int) -> None:
    """References: within the drawing they stay, data of its own is looked at, anything else is refused."""
    for element in root.iter():
        element.attrib.pop("src", None)
        target = element.get("href")
        if target is None or target.strip().startswith("#"):
            continue
        target = target.strip()
        del element.attrib["href"]
        if element.tag == "a" or not target:
            continue
        if not target.lower().startswith("data:"):
            raise Refused(
                f"with an external reference ({_short(target)}), and drawings have to be self-contained: export it "
                "as PNG"
            )
        if element.tag in _PICTURES:
            element.set("href", _picture(target, left_out, inside))
        else:
            left_out[f"what a <{element.tag}> holds as data"] = None


def _picture(target: str, left_out: dict[str, None], inside: int) -> str:
    """A picture that a drawing holds, in a kind that resvg reads. Raises Refused."""
    match = _DATA.fullmatch(target)
    if match is None:
        raise Refused(f"with a picture inside that cannot be read ({_short(target)}): export it as PNG")
    kind, options, written = match[1].lower(), match[2].lower(), match[3]
    try:
        data = unquote_to_bytes(written)
        if "base64" in options:
            data = base64.b64decode(re.sub(rb"\s+", b"", data))
    except (NoBase64, ValueError) as error:
        raise Refused(f"with a picture inside that is damaged ({error}): export it as PNG") from error
    if kind == "image/svg+xml":
        if inside == MOST_INSIDE:
            raise Refused(f"with drawings in one another more than {MOST_INSIDE} deep: export it as PNG")
        nested = plain(data, inside + 1)
        left_out.update(dict.fromkeys(nested.left_out))
        data = nested.text.encode()
    elif not data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        raise Refused(f"with a picture inside that is no PNG, JPEG, GIF or WebP ({_short(target)}): export it as PNG")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _inherited(root: ET.Element) -> None:
    """Gradients and patterns get the transform of those that they refer to (resvg 0.48 forgets it)."""
    named = {element.get("id"): element for element in root.iter() if element.tag in _HEIRS}
    for element in named.values():
        key = _HEIRS[str(element.tag)]
        seen, at = set(), element
        while at is not None and at not in seen and key not in at.attrib:
            seen.add(at)
            at = named.get(at.get("href", "")[1:])
        if at is not None and at is not element and at.get(key):
            element.set(key, at.attrib[key])


def _sized(root: ET.Element) -> None:
    """Sizes in mm, pt and the like as large numbers in the same shape: resvg rounds them to whole pixels too early."""
    sides = [_LENGTH.fullmatch(root.get(side, "").strip()) for side in ("width", "height")]
    if any(length is None for length in sides) or not any(length and length[2] not in ("", "px") for length in sides):
        return
    width, height = (float(length[1]) * _PIXELS[length[2]] for length in sides if length)
    if width > 0 and height > 0:
        if "viewBox" not in root.attrib:
            root.set("viewBox", f"0 0 {width:.9g} {height:.9g}")
        scale = _LARGE / max(width, height)
        root.set("width", f"{width * scale:.9g}")
        root.set("height", f"{height * scale:.9g}")


def _short(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= 40 else value[:37] + "..."
