"""Style sheets -> the declarations of each element: media, layers, nesting and selectors that resvg does not know."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import cssselect2
import tinycss2

from .source import Refused

Declarations = list[tuple[str, str, bool]]  # property, value, important; later ones win
MOST_NESTED = 20
_DARK = re.compile(r"prefers-color-scheme:dark|print|prefers-|forced-colors|hover:none|pointer:coarse")


class Cascade:
    """The rules of all sheets of a drawing."""

    def __init__(self, sheets: Iterable[str]) -> None:
        self._matcher = cssselect2.Matcher()
        self.fonts = False  # whether a sheet brings fonts along
        self.empty = True
        rules = [rule for sheet in sheets for rule in self._rules(_parse(sheet), "", 0)]
        for prelude, declarations, _ in sorted(rules, key=lambda rule: not rule[2]):  # layers come first
            try:
                selectors = cssselect2.compile_selector_list(prelude)
            except cssselect2.SelectorError:
                continue  # as browsers do with what they cannot read
            for selector in selectors:
                if selector.pseudo_element is None:
                    self._matcher.add_selector(selector, declarations)
                    self.empty = False

    def of(self, element: cssselect2.ElementWrapper) -> Declarations:
        """What the sheets declare for an element, the strongest last."""
        matches = self._matcher.match(element)
        return [each for *_, declarations in sorted(matches, key=lambda match: match[:2]) for each in declarations]

    def _rules(self, nodes: Iterable[Any], parent: str, depth: int) -> Iterator[tuple[str, Declarations, bool]]:
        if depth > MOST_NESTED:
            return
        for node in nodes:
            if node.type == "at-rule":
                yield from self._at_rule(node, parent, depth)
            elif node.type == "qualified-rule":
                prelude = _within(tinycss2.serialize(node.prelude).strip(), parent)
                inside = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
                yield prelude, declared(inside), False
                yield from self._rules((each for each in inside if each.type != "declaration"), prelude, depth + 1)

    def _at_rule(self, node: Any, parent: str, depth: int) -> Iterator[tuple[str, Declarations, bool]]:
        name = node.lower_at_keyword
        prelude = tinycss2.serialize(node.prelude)
        if name == "import":
            raise Refused(
                "with an external reference in its styles (@import), and drawings have to be self-contained: "
                "export it as PNG"
            )
        if name == "font-face":
            self.fonts = True
        elif node.content is not None and (name in ("layer", "supports") or (name == "media" and applies(prelude))):
            inside = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
            if parent and (own := declared(inside)):
                yield parent, own, name == "layer"
            rules = self._rules((each for each in inside if each.type != "declaration"), parent, depth + 1)
            yield from ((*rule[:2], rule[2] or name == "layer") for rule in rules)


def _parse(sheet: str) -> list[Any]:
    return tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)


def _within(prelude: str, parent: str) -> str:
    if not parent:
        return prelude
    return prelude.replace("&", f":is({parent})") if "&" in prelude else f":is({parent}) {prelude}"


def applies(media: str) -> bool:
    """Whether a media query holds for a light screen."""
    queries = [query.strip().lower().replace(" ", "") for query in media.split(",")]
    return any(query.startswith("not") == bool(_DARK.search(query)) for query in queries)


def declared(nodes: Iterable[Any]) -> Declarations:
    """The declarations among the contents of a block."""
    return [
        (
            node.name if node.name.startswith("--") else node.lower_name,
            tinycss2.serialize(node.value).strip(),
            node.important,
        )
        for node in nodes
        if node.type == "declaration"
    ]


def inline(style: str) -> Declarations:
    """The declarations of a style attribute."""
    return declared(tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True))


def wrapped(root: ET.Element) -> Iterator[cssselect2.ElementWrapper]:
    """Every element with what selectors ask of it, parents first."""
    return cssselect2.ElementWrapper.from_xml_root(root).iter_subtree()


def substituted(value: str, variables: dict[str, str], depth: int = 0) -> str | None:
    """A value with every var() replaced by what it stands for; None where one stands for nothing."""
    if "var(" not in value:
        return value
    if depth > MOST_NESTED or len(value) > 10_000:
        return None
    parts = []
    tokens: list[Any] = tinycss2.parse_component_value_list(value)
    for token in tokens:
        if token.type == "function" and token.lower_name == "var":
            text = tinycss2.serialize(token.arguments)
            name, comma, fallback = text.partition(",")
            stands = variables.get(name.strip(), fallback.strip() if comma else None)
            stands = None if stands is None else substituted(stands, variables, depth + 1)
            if stands is None:
                return None
            parts.append(stands)
        elif token.type == "function":
            inside = substituted(tinycss2.serialize(token.arguments), variables, depth + 1)
            if inside is None:
                return None
            parts.append(f"{token.name}({inside})")
        else:
            parts.append(token.serialize())
    return "".join(parts)
