"""The recipe of the icon corpus: every openly licensed icon set of `icon_sets.json`, each look of a set a style.

A set's looks (`ph-thin`, `solar-bold`, `ic-twotone`) are styles of one family. What an icon shows is known by its name
alone: without the words of the look and a number it is the content's key, so that sets share contents loosely. The
split goes by that key; contents whose drawings are the very same at 32 px lie on one side of it.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
from PIL import Image

from parasol.corpora.attribution import attribution
from parasol.corpora.building import Grid, Plan, Progress, check_size, claim
from parasol.corpora.corpus import Cell, Corpus
from parasol.corpora.drawings import Credit, Drawing, icon_svg
from parasol.corpora.packages import Package, fetch, read_members
from parasol.corpora.render import cell_png
from parasol.corpora.split import split_of_name
from parasol.errors import ParasolError

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
        "packages": {pack.package.name: pack.package.integrity for pack in recipe},
    }
    claim(out, settings)
    archives = packages or out / "packages"
    grid, plans, credits = Grid(out), list[Plan](), list[Credit]()
    for number, pack in enumerate(recipe):
        yield Progress(stage="fetch", done=number, total=len(recipe), skipped=len(grid.skipped), note=pack.name)
        try:
            set_plans, set_credits = read_icons(pack, fetch(pack.package, archives), most, size)
        except ValueError as error:
            grid.skip(pack.name, pack.name, str(error))
            continue
        plans += set_plans
        credits += set_credits
    if not plans:
        why = grid.skipped[0]["reason"] if grid.skipped else "the recipe names none"
        raise ParasolError(f"no icon set could be had: {why}")
    prints: list[bytes] = []
    for progress in grid.draw(plans, len(plans)):
        if len(prints) < len(grid.cells):
            prints.append(_print(out / grid.cells[-1].file))
        yield progress
    grid.cells = split_alike(grid.cells, prints)
    labels = {cell.codepoint: cell.label for cell in grid.cells}
    drawn = {cell.set for cell in grid.cells}
    used = [credit for credit in credits if credit.set in drawn]
    yield grid.finish(
        {**settings, "background": "alpha"},
        {
            "kinds": {cell.set: cell.subgroup for cell in grid.cells},
            "contents": len({cell.base for cell in grid.cells}),
            "credits": [asdict(credit) for credit in used],
        },
        sets=[credit.set for credit in used],
        words=[
            {"codepoint": icon, "label": labels[icon], "words": {"en": {"label": labels[icon], "tags": []}}}
            for icon in sorted(labels)
        ],
        attribution=attribution(used, closing="They were rendered to pixels and not changed otherwise."),
    )


def read_icons(pack: IconPackage, archive: Path, most: int, size: int) -> tuple[list[Plan], list[Credit]]:
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
        if collection["icons"][icon].get("hidden") or BRANDS.search(icon) or (pack.drop and re.search(pack.drop, icon)):
            continue
        look, name = pack.look_of(icon)
        looks[look].append((icon, name))
    plans, credits = [], []
    for look in sorted(looks):
        chosen = sorted(looks[look], key=lambda pair: hashlib.sha256(pair[1].encode()).digest())
        for icon, name in sorted(chosen[: min(most, pack.most or most)]):
            drawing = Drawing(data=icon_svg(collection, icon).encode(), vector=True)
            plans.append(Plan(cell=_cell(pack, look, icon, name, licence), draw=partial(cell_png, drawing, size)))
        credits.append(
            Credit(
                set=look, author=info["author"]["name"], source=info["author"].get("url", ""), licence=licence,
                licence_url=info["license"].get("url", ""), package=pack.package.name, version=pack.version,
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
        pinned = {pack.package.name: pack.package for pack in recipe or icon_packages()}
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


def _cell(pack: IconPackage, look: str, icon: str, name: str, licence: str) -> Cell:
    key = content_key(name)
    return Cell(
        set=look,
        family=pack.family or pack.name,
        codepoint=icon,
        base=key,
        label=name.replace("-", " "),
        subgroup=pack.kind,
        split=split_of_name(key, held_out=pack.test),
        licence=licence,
        file=f"cells/{look}/{icon}.png",
        sha256="",
    )


def _print(path: Path) -> bytes:
    """A drawing at 32 px in four levels of ink on white: the same for the very same shape, however it came to be."""
    with Image.open(path) as picture:
        rgba = picture.convert("RGBA")
    sheet = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("L")
    small = np.asarray(sheet.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32) / 255.0
    return np.rint(small * (LEVELS - 1)).astype(np.uint8).tobytes()
