"""What each content is called: CLDR labels and tags in every language, and the many names that icon sets use."""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from parasol.corpora.packages import Package, read_members

EMOJIBASE = Package(
    name="emojibase-data",
    version="17.0.0",
    integrity="sha512-Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==",
)
SHORTCODES = ("cldr", "emojibase", "github", "iamcal", "joypixels", "emojibase-legacy")

_JOINER = "-200d-"
_GENDER_SIGNS = ("-200d-2640", "-200d-2642")
_SKIN_TONES = frozenset(f"1f3f{digit}" for digit in "bcdef")
# Men, women, boys, girls and pairs with a codepoint of their own, and the neutral content they belong under.
_NEUTRAL = {
    "1f468": "1f9d1",
    "1f469": "1f9d1",
    "1f466": "1f9d2",
    "1f467": "1f9d2",
    "1f474": "1f9d3",
    "1f475": "1f9d3",
    "1f46b": "1f9d1-200d-1f91d-200d-1f9d1",
    "1f46c": "1f9d1-200d-1f91d-200d-1f9d1",
    "1f46d": "1f9d1-200d-1f91d-200d-1f9d1",
}


@dataclass(frozen=True, kw_only=True)
class Content:
    """One thing to draw: an emoji without skin tone. `base` is the same thing without gender."""

    codepoint: str
    base: str
    label: str
    subgroup: str


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """All contents by codepoint, and every squeezed English name with the codepoint that it means."""

    contents: dict[str, Content]
    names: dict[str, str]


def codepoint_key(text: str) -> str:
    """Lower-case hex joined by `-`, no leading zeros, variation selectors dropped (`0023-FE0F-20E3` -> `23-20e3`)."""
    parts = (part.lstrip("0") for part in re.split("[-_ ]", text.lower()))
    return "-".join(part for part in parts if part not in ("fe0f", "fe0e"))


def base_of(codepoint: str, known: frozenset[str]) -> str:
    """The content without skin tone and gender, if that is a content of its own; else the codepoint itself."""
    plain = "-".join(part for part in codepoint.split("-") if part not in _SKIN_TONES)
    for sign in _GENDER_SIGNS:
        plain = plain.removesuffix(sign)
    head, joiner, tail = plain.partition(_JOINER)
    if head in ("1f468", "1f469") and joiner:
        if "2764" in tail:
            plain = "1f48f" if "1f48b" in tail else "1f491"  # a kiss, a couple with heart
        elif "1f466" in tail or "1f467" in tail:
            plain = "1f46a"  # a family
        else:
            plain = f"1f9d1{_JOINER}{tail}"  # an occupation, hair, a wheelchair
    neutral = _NEUTRAL.get(plain, plain)
    return neutral if neutral in known else codepoint


def squeeze(name: str) -> str:
    """A name reduced to its letters and digits, so that `Dog Face`, `dog-face` and `dogface` meet."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("&", "and").replace("*", "asterisk"))
    return re.sub("[^a-z0-9]", "", letters)


def read_vocabulary(archive: Path) -> Vocabulary:
    """Read contents and English names from the emojibase archive."""
    wanted = {"en/data.json", "meta/groups.json", "meta/unicode-names.json"}
    wanted |= {f"en/shortcodes/{source}.json" for source in SHORTCODES}
    files = {path: json.loads(data) for path, data in read_members(archive, wanted.__contains__).items()}
    contents = _contents(files["en/data.json"], files["meta/groups.json"]["subgroups"])
    # The first source to claim a name keeps it: CLDR labels, then old Unicode names, then shortcodes.
    claims = [(content.label, content.codepoint) for content in contents.values()]
    claims += [(name, codepoint_key(code)) for code, name in files["meta/unicode-names.json"].items()]
    for source in SHORTCODES:
        for code, given in files[f"en/shortcodes/{source}.json"].items():
            claims += [(name, codepoint_key(code)) for name in ([given] if isinstance(given, str) else given)]
    names: dict[str, str] = {}
    for name, codepoint in claims:
        if codepoint in contents:
            names.setdefault(squeeze(name), codepoint)
    return Vocabulary(contents=contents, names=names)


def _contents(entries: list[dict], subgroups: dict[str, str]) -> dict[str, Content]:
    known = frozenset(codepoint_key(entry["hexcode"]) for entry in entries)
    contents = {}
    for entry in entries:
        codepoint = codepoint_key(entry["hexcode"])
        # Regional indicators, the letters that flags are spelt with, belong to no subgroup in Unicode's own list.
        subgroup = subgroups[str(entry["subgroup"])] if "subgroup" in entry else "letter"
        contents[codepoint] = Content(
            codepoint=codepoint, base=base_of(codepoint, known), label=entry["label"], subgroup=subgroup
        )
    return contents


def read_captions(archive: Path) -> dict[str, dict[str, dict]]:
    """codepoint -> language -> {label, tags} for every language of the emojibase archive."""
    captions: dict[str, dict[str, dict]] = {}
    files = read_members(archive, lambda path: re.fullmatch("[a-z-]+/data.json", path) is not None)
    for path in sorted(files):
        language = path.partition("/")[0]
        for entry in json.loads(files[path]):
            words = {"label": entry["label"], "tags": entry.get("tags", [])}
            captions.setdefault(codepoint_key(entry["hexcode"]), {})[language] = words
    return captions
