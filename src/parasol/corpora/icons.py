"""The recipe of the icon corpus: every openly licensed icon set of `icon_sets.json`, each look of a set a style.

A set's looks (`ph-thin`, `solar-bold`, `ic-twotone`) are styles of one family. What an icon shows is known by its name
alone: without the words of the look and a number it is the content's key, so that sets share contents loosely. The
split goes by that key; contents whose drawings are the very same at 32 px lie on one side of it.
"""

import hashlib
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
from PIL import Image

from parasol.corpora.attribution import attribution
from parasol.corpora.building import ATTRIBUTION_FILE, Progress, check_size, claim, finish, sha256
from parasol.corpora.corpus import CAPTIONS_FILE, CELLS_FILE, SKIPPED_FILE, Cell, Corpus, json_lines
from parasol.corpora.drawings import Credit, Drawing, icon_svg
from parasol.corpora.packages import Package, fetch, read_members
from parasol.corpora.render import encode, refusal, render
from parasol.corpora.split import SPLITS, split_of_name
from parasol.errors import ParasolError
from parasol.images import write_atomic

OPEN = re.compile(r"CC0-1\.0|CC-BY(-SA)?-\d\.\d|MIT|ISC|Apache-2\.0|Unlicense")
"""Licences of sets that may be built: ISC asks for what MIT asks for, Unlicense is the public domain."""

BRANDS = re.compile(r"(^|-)(brand|brands|logo|logos|logotype)(-|$)")
THUMBNAIL, LEVELS = 32, 4  # px and levels of grey at which two drawings are the same


@dataclass(frozen=True, kw_only=True)
class IconPackage:
    """One package of icons. kind: colour, duotone, line, solid or drawn. `suffixes` and `prefixes` of a name tell the
    look; `drop` is a pattern of names to leave out; `most`, where it is above 0, the icons of each look. `test`: its
    family is never trained on.
    """

    name: str
    version: str
    integrity: str
    kind: str
    family: str = ""
    suffixes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    drop: str = ""
    most: int = 0
    test: bool = False

    @property
    def package(self) -> Package:
        """Where it is fetched."""
        return Package(
            name=f"@iconify-json/{self.name}",
            version=self.version,
            integrity=f"sha512-{self.integrity.removeprefix('sha512-')}",
        )

    def look_of(self, icon: str) -> tuple[str, str]:
        """(style, what is left of the name) of an icon: `ph`, `acorn-thin` -> (`ph-thin`, `acorn`)."""
        for prefix in self.prefixes:
            if icon.startswith(f"{prefix}-"):
                return f"{self.name}-{prefix}", icon.removeprefix(f"{prefix}-")
        for suffix in self.suffixes:
            if icon.endswith(f"-{suffix}"):
                return f"{self.name}-{suffix}", icon.removesuffix(f"-{suffix}")
        return self.name, icon


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A cell to draw, and how it is drawn."""

    cell: Cell
    drawing: Drawing


@cache
def icon_packages() -> tuple[IconPackage, ...]:
    """The packages of the recipe, from `icon_sets.json`."""
    rows = json.loads(package_files("parasol.corpora").joinpath("icon_sets.json").read_text(encoding="utf-8"))
    many = ("suffixes", "prefixes")
    return tuple(IconPackage(**{**row, **{name: tuple(row.get(name, ())) for name in many}}) for row in rows)


def build(
    out: Path,
    *,
    size: int = 128,
    most: int = 900,
    packages: Path | None = None,
    recipe: Sequence[IconPackage] | None = None,
) -> Iterator[Progress]:
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    `size` is the side of every picture in px, straight alpha; a set of one colour is black. `most` is how many icons of
    each look are taken, those whose names hash lowest. `packages` is the folder that keeps the archives (by default
    `out/packages`). A set that the registry has no more, or whose licence is not open, is told in skipped.jsonl and
    left out, and so is a drawing that can't be rendered. Raises ValueError for settings out of range, when no set can
    be had, and when `out` holds a corpus built with other settings.
    """
    check_size(size)
    if most < 1:
        raise ParasolError(f"most is {most}; it must be 1 or more icons of each look")
    recipe = icon_packages() if recipe is None else recipe
    settings = {
        "recipe": "icons-1",
        "size": size,
        "most": most,
        "packages": {one.package.name: one.package.integrity for one in recipe},
    }
    claim(out, settings)
    archives = packages or out / "packages"
    plans: list[Plan] = []
    credits: list[Credit] = []
    skipped: list[dict[str, str]] = []
    for number, one in enumerate(recipe):
        yield Progress(stage="fetch", done=number, total=len(recipe), skipped=len(skipped), note=one.name)
        try:
            found, set_credits = read_icons(one, fetch(one.package, archives), most)
        except ValueError as error:
            skipped.append({"id": one.name, "label": one.name, "reason": str(error)})
            continue
        plans += found
        credits += set_credits
    if not plans:
        raise ParasolError(f"no icon set could be had: {skipped[0]['reason'] if skipped else 'the recipe names none'}")
    cells: list[Cell] = []
    prints: list[bytes] = []
    seconds, fresh = 0.0, 0
    for done, plan in enumerate(plans, 1):
        start, path = time.monotonic(), out / plan.cell.file
        try:
            drawn = path.is_file()  # and complete, for it was renamed into place
            data = path.read_bytes() if drawn else _drawn(plan.drawing, size)
        except ValueError as error:
            skipped.append({"id": plan.cell.id, "label": plan.cell.label, "reason": str(error)})
            continue
        if not drawn:
            write_atomic(path, data)
            seconds, fresh = seconds + time.monotonic() - start, fresh + 1
        cells.append(replace(plan.cell, sha256=sha256(data)))
        prints.append(_print(path))
        left = seconds / fresh * (len(plans) - done) if fresh else float("nan")
        yield Progress(
            stage="draw", done=done, total=len(plans), skipped=len(skipped), seconds_left=left, note=plan.cell.set
        )
    cells = split_alike(cells, prints)
    _finish(out, settings, cells, skipped, credits)
    yield Progress(stage="done", done=len(cells), total=len(plans), skipped=len(skipped), seconds_left=0.0)


def read_icons(one: IconPackage, archive: Path, most: int) -> tuple[list[Plan], list[Credit]]:
    """What is to be drawn of a package, look by look, and who is to be credited for each look.

    Raises ValueError where its own licence is not an open one.
    """
    files = read_members(archive, ("icons.json", "info.json").__contains__)
    collection, info = (json.loads(files[name]) for name in ("icons.json", "info.json"))
    licence = info["license"].get("spdx", info["license"].get("title", "none"))
    if not OPEN.fullmatch(licence):
        raise ParasolError(f"licence {licence} is not one that shipped weights may be trained on")
    looks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for icon in collection["icons"]:
        if collection["icons"][icon].get("hidden") or BRANDS.search(icon) or (one.drop and re.search(one.drop, icon)):
            continue
        look, name = one.look_of(icon)
        looks[look].append((icon, name))
    plans, credits = [], []
    for look in sorted(looks):
        chosen = sorted(looks[look], key=lambda pair: hashlib.sha256(pair[1].encode()).digest())
        for icon, name in sorted(chosen[: min(most, one.most or most)]):
            drawing = Drawing(data=icon_svg(collection, icon).encode(), vector=True)
            plans.append(Plan(cell=_cell(one, look, icon, name, licence), drawing=drawing))
        credits.append(
            Credit(
                set=look, author=info["author"]["name"], source=info["author"].get("url", ""), licence=licence,
                licence_url=info["license"].get("url", ""), package=one.package.name, version=one.version,
            )
        )  # fmt: skip
    return plans, credits


class Vectors:
    """The SVGs of a built icon corpus, from the packages that its build kept, each opened when first asked for.

    `packages` and `recipe` are those of the build.
    """

    def __init__(
        self, corpus: Corpus, packages: Path | None = None, recipe: Sequence[IconPackage] | None = None
    ) -> None:
        pinned = {one.package.name: one.package for one in recipe or icon_packages()}
        self._packages = {credit["set"]: pinned[credit["package"]] for credit in corpus.info["credits"]}
        self._folder = packages or corpus.folder / "packages"
        self._collection = cache(self._read)

    def svg(self, cell: Cell) -> str:
        """The drawing of a cell. Raises ValueError where its package can't be had."""
        return icon_svg(self._collection(self._packages[cell.set]), cell.codepoint)

    def _read(self, package: Package) -> dict:
        files = read_members(fetch(package, self._folder), ("icons.json",).__contains__)
        return json.loads(files["icons.json"])


def content_key(name: str) -> str:
    """What an icon shows, by its name without the look: lower case, no number behind it, singular words."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    return "-".join(word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word for word in words)


def split_alike(cells: Sequence[Cell], prints: Sequence[bytes]) -> list[Cell]:
    """The cells with contents that have a drawing in common on one side of the split, the most held out one.

    Two contents have a drawing in common where two sets draw the very same at 32 px; an icon set that a second one
    copied would teach what is tested otherwise.
    """
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    first: dict[bytes, str] = {}
    for cell, drawing in zip(cells, prints, strict=True):
        other = find(first.setdefault(drawing, cell.base))
        root[find(cell.base)] = other
    order = ("content-test", "content-val", "train")
    side: dict[str, str] = {}
    for cell in cells:
        if cell.split in order:
            key = find(cell.base)
            side[key] = min(side.get(key, "train"), cell.split, key=order.index)
    return [
        replace(cell, split=side[find(cell.base)]) if cell.split in ("content-val", "train") else cell for cell in cells
    ]


def _cell(one: IconPackage, look: str, icon: str, name: str, licence: str) -> Cell:
    key = content_key(name)
    return Cell(
        set=look,
        family=one.family or one.name,
        codepoint=icon,
        base=key,
        label=name.replace("-", " "),
        subgroup=one.kind,
        split=split_of_name(key, held_out=one.test),
        licence=licence,
        file=f"cells/{look}/{icon}.png",
        sha256="",
    )


def _drawn(drawing: Drawing, size: int) -> bytes:
    picture = render(drawing, size)
    reason = refusal(np.asarray(picture))
    if reason:
        raise ParasolError(reason)
    return encode(picture, background="alpha")


def _print(path: Path) -> bytes:
    """A drawing at 32 px in four levels of ink on white: the same for the very same shape, however it came to be."""
    with Image.open(path) as picture:
        rgba = picture.convert("RGBA")
    sheet = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("L")
    small = np.asarray(sheet.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32) / 255.0
    return np.rint(small * (LEVELS - 1)).astype(np.uint8).tobytes()


def _finish(
    out: Path, settings: dict, cells: Sequence[Cell], skipped: Sequence[dict[str, str]], credits: Sequence[Credit]
) -> None:
    """Write the tables."""
    words = {cell.codepoint: cell.label for cell in cells}
    captions = [
        {"codepoint": icon, "label": words[icon], "words": {"en": {"label": words[icon], "tags": []}}}
        for icon in sorted(words)
    ]
    per_set, per_split = Counter(cell.set for cell in cells), Counter(cell.split for cell in cells)
    used = [credit for credit in credits if per_set[credit.set]]
    tables = {
        CELLS_FILE: json_lines([asdict(cell) for cell in cells]),
        SKIPPED_FILE: json_lines(skipped),
        CAPTIONS_FILE: json_lines(captions),
        ATTRIBUTION_FILE: attribution(used, closing="They were rendered to pixels and not changed otherwise.").encode(),
    }
    kinds = {cell.set: cell.subgroup for cell in cells}
    summary = {
        **settings,
        "background": "alpha",
        "cells": {credit.set: per_set[credit.set] for credit in used},
        "kinds": kinds,
        "contents": len({cell.base for cell in cells}),
        "splits": {split: per_split[split] for split in SPLITS},
        "credits": [asdict(credit) for credit in used],
    }
    finish(out, tables, summary)
