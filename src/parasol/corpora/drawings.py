"""From a set's package to its drawings: which picture shows which content, and who is to be credited."""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

from parasol.corpora.packages import read_members
from parasol.corpora.pictogram_sets import IconSet
from parasol.corpora.vocabulary import Vocabulary, codepoint_key, squeeze


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One picture as its package holds it: the bytes of an SVG or of a raster file."""

    data: bytes
    vector: bool


@dataclass(frozen=True, kw_only=True)
class Credit:
    """Who drew a set and under which licence, from the package's own data. `licence` is an SPDX identifier."""

    set: str
    author: str
    source: str
    licence: str
    licence_url: str
    package: str
    version: str


@dataclass(frozen=True, kw_only=True)
class DrawnSet:
    """One style: its drawings by codepoint (ascending), and its credit."""

    icon_set: IconSet
    drawings: dict[str, Drawing]
    credit: Credit


def read_set(icon_set: IconSet, archive: Path, vocabulary: Vocabulary) -> DrawnSet:
    """Read the base contents of one set; skin tones and what Unicode doesn't know are left out."""
    readers = {"icons": _read_iconify, "webp": _read_webp, "svg": _read_openmoji}
    drawings, about = readers[icon_set.layout](icon_set, archive, vocabulary)
    package = icon_set.package
    return DrawnSet(
        icon_set=icon_set,
        drawings={codepoint: drawings[codepoint] for codepoint in sorted(drawings)},
        credit=Credit(set=icon_set.name, package=package.name, version=package.version, **about),
    )


def _read_webp(icon_set: IconSet, archive: Path, vocabulary: Vocabulary) -> tuple[dict[str, Drawing], dict[str, str]]:
    files = read_members(archive, lambda path: path == "package.json" or path.endswith(".webp"))
    drawings = _by_file_name(files, ".webp", vocabulary, vector=False)
    about = json.loads(files["package.json"])
    # The package holds Microsoft's drawings, as its description says; its author only packed them.
    author = f"Microsoft Corporation (packed by {about['author']})"
    return drawings, _about(author=author, source=about["homepage"], licence=about["license"])


def _read_openmoji(
    icon_set: IconSet, archive: Path, vocabulary: Vocabulary
) -> tuple[dict[str, Drawing], dict[str, str]]:
    wanted = ("package.json", "data/openmoji.json")
    files = read_members(archive, lambda path: path in wanted or path.startswith("black/svg/"))
    drawings = _by_file_name(files, ".svg", vocabulary, vector=True)
    about = json.loads(files["package.json"])
    authors = sorted({entry["openmoji_author"].strip() for entry in json.loads(files["data/openmoji.json"])} - {""})
    author = f"OpenMoji: {', '.join(authors)}"
    return drawings, _about(author=author, source=about["homepage"], licence=about["license"])


def _about(*, author: str, source: str, licence: str) -> dict[str, str]:
    url = f"https://spdx.org/licenses/{licence}.html"
    return {"author": author, "source": source, "licence": licence, "licence_url": url}


def _by_file_name(files: dict[str, bytes], suffix: str, vocabulary: Vocabulary, *, vector: bool) -> dict[str, Drawing]:
    keyed = {codepoint_key(Path(path).stem): data for path, data in files.items() if path.endswith(suffix)}
    return {key: Drawing(data=data, vector=vector) for key, data in keyed.items() if key in vocabulary.contents}


def _read_iconify(
    icon_set: IconSet, archive: Path, vocabulary: Vocabulary
) -> tuple[dict[str, Drawing], dict[str, str]]:
    files = read_members(archive, ("icons.json", "info.json", "chars.json").__contains__)
    collection, info, chars = (json.loads(files[name]) for name in ("icons.json", "info.json", "chars.json"))
    named = _keyed_names(chars, vocabulary) if chars else resolve_names(icon_set.name, collection, vocabulary)
    drawings = {
        codepoint: Drawing(data=icon_svg(collection, name).encode(), vector=True) for codepoint, name in named.items()
    }
    return drawings, {
        "author": info["author"]["name"],
        "source": info["author"]["url"],
        "licence": info["license"]["spdx"],
        "licence_url": info["license"]["url"],
    }


def _keyed_names(chars: dict[str, str], vocabulary: Vocabulary) -> dict[str, str]:
    named: dict[str, str] = {}
    for code in sorted(chars):
        key = codepoint_key(code)
        if key in vocabulary.contents:
            named.setdefault(key, chars[code])
    return named


def resolve_names(set_name: str, collection: dict, vocabulary: Vocabulary) -> dict[str, str]:
    """codepoint -> icon name, for a set that only carries names.

    An icon is looked up by the table of exceptions, its own name, its name without a variant's number, and only then
    by its aliases: those were gathered over the years and some now mean something else (`cricket`, once the game).
    Of several icons of one content the most direct name wins, then the one named like the content, then the alphabet.
    """
    aliases: dict[str, list[str]] = {}
    for alias, target in collection.get("aliases", {}).items():
        aliases.setdefault(target["parent"], []).append(alias)
    claims: dict[str, tuple[int, bool, str]] = {}
    for icon in collection["icons"]:
        tries = [icon, re.sub(r"-\d$", "", icon), *sorted(aliases.get(icon, []))]
        for rank, name in enumerate(tries):
            excepted, codepoint = _look_up(set_name, name, vocabulary)
            if codepoint is not None:
                renamed = squeeze(name) != squeeze(vocabulary.contents[codepoint].label)
                claim = (rank, renamed, icon)
                claims[codepoint] = min(claims.get(codepoint, claim), claim)
            if excepted or codepoint is not None:
                break
    return {codepoint: icon for codepoint, (_, _, icon) in claims.items()}


def _look_up(set_name: str, name: str, vocabulary: Vocabulary) -> tuple[bool, str | None]:
    """Whether the table of exceptions decides the name, and its codepoint if it has one."""
    for table in (_exceptions().get(set_name, {}), _exceptions()["*"]):
        if name in table:
            return True, table[name]
    if not name.startswith("flag-for-"):
        return False, vocabulary.names.get(squeeze(name))
    country = name.removeprefix("flag-for-").removeprefix("flag-")
    for spelling in (f"flag{country}", country):
        codepoint = vocabulary.names.get(squeeze(spelling))
        # A country's bare name may be a bird or a map: only flags count.
        if codepoint is not None and "flag" in vocabulary.contents[codepoint].subgroup:
            return False, codepoint
    return False, None


@cache
def _exceptions() -> dict[str, dict[str, str | None]]:
    """set (or `*`) -> icon name -> codepoint; null means that the icon shows no known content."""
    return json.loads(package_files("parasol.corpora").joinpath("names.json").read_text(encoding="utf-8"))


def icon_svg(collection: dict, name: str) -> str:
    """The icon as a square SVG document. Aliases are followed, with the flips and turns that they add."""
    turns = []
    entry = collection["aliases"][name] if name not in collection["icons"] else collection["icons"][name]
    while "parent" in entry:
        turns.append(entry)
        parent = entry["parent"]
        entry = collection["icons"].get(parent) or collection["aliases"][parent]
    box = {key: entry.get(key, collection.get(key, default)) for key, default in _BOX.items()}
    left, top, width, height = box["left"], box["top"], box["width"], box["height"]
    side = max(width, height)
    centre = f"{left + width / 2} {top + height / 2}"
    transform = "".join(_turn(turn) for turn in turns)
    # currentColor is black: a set of one colour is ink on whatever lies below.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="black" '
        f'width="{side}" height="{side}" '
        f'viewBox="{left - (side - width) / 2} {top - (side - height) / 2} {side} {side}">'
        f'<g transform="translate({centre}){transform} translate({_minus(centre)})">{entry["body"]}</g></svg>'
    )


_BOX = {"left": 0, "top": 0, "width": 16, "height": 16}


def _turn(entry: dict) -> str:
    flip = f"scale({-1 if entry.get('hFlip') else 1} {-1 if entry.get('vFlip') else 1})"
    return f" rotate({90 * entry.get('rotate', 0)}) {flip}"


def _minus(pair: str) -> str:
    return " ".join(str(-float(number)) for number in pair.split())
