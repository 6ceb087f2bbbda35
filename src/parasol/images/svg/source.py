"""The bytes of a drawing, packed or not and in any encoding -> a tree of its elements, within bounds."""

import zlib
from xml.etree import ElementTree as ET
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
MAX_UNPACKED = 20_000_000  # bytes
MAX_TEXT = 20_000_000  # characters, entities written out
MAX_DEPTH = 290  # drawings of designers have some twenty; resvg's own stack is finite
SILENT = frozenset({"metadata", "title", "desc"})


class Refused(Exception):
    """A drawing that cannot be drawn; the words follow "is an SVG"."""


def unpacked(data: bytes) -> bytes:
    """What a .svgz holds; other bytes as they are."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpack = zlib.decompressobj(wbits=31)
    try:
        whole = unpack.decompress(data, MAX_UNPACKED)
    except zlib.error as error:
        raise Refused(f"that is packed and damaged ({error}): export it again") from error
    if unpack.unconsumed_tail:
        raise Refused(f"that unpacks to more than {MAX_UNPACKED // 1_000_000} MB, the limit: export it as PNG")
    return whole


def parsed(data: bytes) -> ET.Element:
    """The tree, of SVG's own elements alone, their names without a prefix; `xlink:href` is `href`. Raises Refused."""
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.EntityDeclHandler = _entity
    parser.ProcessingInstructionHandler = _instruction
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Refused(f"that is not well-formed ({error}): export it again, or as PNG") from error
    if builder.root is None or builder.root.tag != "svg":
        raise Refused("whose outermost element is not <svg>: export it again, or as PNG")
    return builder.root


class _Builder:
    """Elements as they open and close; what is not SVG's is passed over, with all that is in it."""

    def __init__(self) -> None:
        self.root: ET.Element | None = None
        self._open: list[ET.Element] = []
        self._passed = 0  # elements open in a part that is passed over
        self._grown = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if self._passed or space not in (SVG, "") or tag in SILENT:
            self._passed += 1
            return
        if len(self._open) >= MAX_DEPTH:
            raise Refused(f"with more than {MAX_DEPTH} groups in one another: flatten it, or export it as PNG")
        self._grow(sum(map(len, attributes.values())))
        element = ET.Element(tag, _own(attributes))
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _: str) -> None:
        if self._passed:
            self._passed -= 1
        else:
            self._open.pop()

    def text(self, text: str) -> None:
        if self._passed or not self._open:
            return
        self._grow(len(text))
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text

    def _grow(self, count: int) -> None:
        self._grown += count
        if self._grown > MAX_TEXT:
            raise Refused("whose entities grow beyond all bounds: export it again, or as PNG")


def _own(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes of SVG, without handlers of events, which draw nothing."""
    own = {}
    for name, value in attributes.items():
        space, _, key = name.rpartition(" ")
        if space == XLINK and key == "href":
            own.setdefault("href", value)
        elif space == XML:
            own[f"xml:{key}"] = value
        elif not space and not key.startswith("on"):
            own[key] = value
    return own


def _entity(
    name: str, parameter: int, value: str | None, _base: str | None, system: str | None, *_: str | None
) -> None:
    if system is not None:
        raise Refused(
            f"with an entity from elsewhere ({name}), and drawings have to be self-contained: export it as PNG"
        )
    if parameter or value is None or "&" in value or "%" in value:
        raise Refused(f"with entities made of entities ({name}): export it again, or as PNG")


def _instruction(target: str, _: str) -> None:
    if target == "xml-stylesheet":
        raise Refused("with a style sheet from elsewhere, and drawings have to be self-contained: export it as PNG")
