"""Small npm archives in the layouts of the real ones, so that the corpus is built for real without a network."""

import gzip
import io
import json
import tarfile
from pathlib import Path

from PIL import Image

from parasol.corpora.packages import Package, integrity_of
from parasol.corpora.pictogram_sets import IconSet
from parasol.corpora.pictograms import Recipe

LABELS = {
    "1F436": "dog face",
    "1F415": "dog",
    "1F34E": "red apple",
    "26BD": "soccer ball",
    "0023-FE0F-20E3": "keycap: #",
    "1F1EB-1F1F7": "flag: France",
    "1F9D1-200D-1F373": "cook",
    "1F468-200D-1F373": "man cook",
    "1F448": "backhand index pointing left",
    "1F449": "backhand index pointing right",
}
SHORTCODES = {"1F436": ["dog"], "1F415": "dog2", "1F34E": "apple", "26BD": "soccer", "1F1EB-1F1F7": ["fr", "france"]}
LICENCE = {"title": "CC BY 4.0", "spdx": "CC-BY-4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}
RED, INK, NOTHING = '<path fill="red" d="M4 4h8v24H4z"/>', '<circle cx="16" cy="16" r="9" fill="currentColor"/>', "<g/>"
BROKEN, PLAIN = "<path d=", '<path fill="lime" d="M-9-9h99v99h-99z"/>'


def pack(folder: Path, name: str, files: dict[str, bytes]) -> Package:
    """Write an npm archive, the same bytes each time, and pin it."""
    draft = Package(name=name, version="1.0.0", integrity="")
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    (folder / draft.archive).write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return Package(name=name, version="1.0.0", integrity=integrity_of(folder / draft.archive))


def words(folder: Path) -> Package:
    """The words of `LABELS` in English and German."""
    entries = [{"hexcode": code, "label": label, "tags": ["tag"], "subgroup": 0} for code, label in LABELS.items()]
    entries[5]["subgroup"] = 1
    files = {
        "en/data.json": entries,
        "de/data.json": [{**entry, "label": f"{entry['label']} (de)"} for entry in entries],
        "meta/groups.json": {"subgroups": {"0": "thing", "1": "country-flag"}},
        "meta/unicode-names.json": {"1F34E": "RED APPLE", "26BD": "SOCCER BALL"},
    }
    for source in ("cldr", "emojibase", "github", "iamcal", "joypixels", "emojibase-legacy"):
        files[f"en/shortcodes/{source}.json"] = SHORTCODES
    return pack(folder, "words", {path: json.dumps(value).encode() for path, value in files.items()})


def iconify(folder: Path, name: str, icons: dict[str, str], *, aliases: dict | None = None, chars: dict | None = None):
    """An Iconify set: icon name -> SVG body."""
    collection = {"icons": {icon: {"body": body} for icon, body in icons.items()}, "aliases": aliases or {}}
    collection |= {"width": 32, "height": 32}
    info = {"author": {"name": f"{name}'s hand", "url": "https://example.org"}, "license": LICENCE}
    files = {"icons.json": collection, "info.json": info, "chars.json": chars or {}}
    package = pack(folder, f"@icons/{name}", {path: json.dumps(value).encode() for path, value in files.items()})
    return IconSet(name=name, family=name, layout="icons", package=package)


def webp(folder: Path) -> IconSet:
    """A set of WebP pictures that aren't square."""
    buffer = io.BytesIO()
    Image.new("RGBA", (60, 30), (0, 0, 255, 255)).save(buffer, "WEBP", lossless=True)
    about = {"author": "A packer", "homepage": "https://example.org", "license": "MIT"}
    files = {"package.json": json.dumps(about).encode(), "assets/1f34e.webp": buffer.getvalue()}
    files["assets/26bd.webp"] = b"RIFF, and nothing more"
    return IconSet(name="wide", family="wide", layout="webp", package=pack(folder, "wide", files))


def openmoji(folder: Path) -> IconSet:
    """A set of SVG files with its authors in a table."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{INK}</svg>'
    about = {"homepage": "https://example.org", "license": "CC-BY-SA-4.0"}
    files = {
        "package.json": json.dumps(about).encode(),
        "data/openmoji.json": json.dumps([{"openmoji_author": " Ada"}, {"openmoji_author": ""}]).encode(),
        "black/svg/1F34E.svg": svg.encode(),
        "black/svg/0023-FE0F-20E3.svg": svg.encode(),
        "black/svg/1F34E-1F3FB.svg": svg.encode(),
    }
    return IconSet(name="lines", family="lines", layout="svg", package=pack(folder, "lines", files))


def recipe(folder: Path) -> Recipe:
    """Four sets in every layout; `keyed` holds a blank, a plain and a broken drawing."""
    keyed = iconify(
        folder,
        "keyed",
        {"apple": RED, "ball": INK, "gone": NOTHING, "plain": PLAIN, "broken": BROKEN, "left": RED},
        aliases={"right": {"parent": "left", "hFlip": True}},
        chars={
            "1f34e": "apple",
            "26bd": "ball",
            "1f436": "gone",
            "1f415": "plain",
            "23-20e3": "broken",
            "1f448": "left",
            "1f449": "right",
            "1f34e-1f3fb": "apple",
        },
    )
    named = iconify(folder, "named", {"apple": INK, "man-cook": RED, "cook": RED, "flag-for-france": RED})
    return Recipe(name="tiny-1", sets=(keyed, named, webp(folder), openmoji(folder)), words=words(folder))
