"""Whose a picture is and on which terms, from the package's own notices: debian/copyright, and README files like it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

OPEN = re.compile(r"public-domain|CC0-1\.0|CC-BY(-SA)?-\d\.\d|MIT|Apache-2\.0")
GPL = re.compile(r"GPL-\d\.\d-(only|or-later)")
"""Openly licensed, but shipped weights are not trained on it."""

_FILE = re.compile(r"\S+\.[a-z]{3,4}")
_KEY = re.compile(r"(Files|Copyright|License|Source|Comments?): *(.*)")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Author and licence of one file. `source` is an address of the original, `note` whatever else is said of it."""

    author: str
    licence: str
    source: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """One paragraph of a notice: file name patterns, and what holds for them."""

    patterns: tuple[str, ...]
    notice: Notice


def read_stanzas(text: str) -> list[Stanza]:
    """The paragraphs of a debian/copyright, or of a README in the same manner, that name files."""
    stanzas = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, list[str]] = {}
        current: list[str] = []
        for line in paragraph.splitlines():
            key = _KEY.match(line)
            if key:
                current = fields.setdefault(key[1].removesuffix("s") if key[1] == "Comments" else key[1], [])
                line = key[2]
            if line.strip():
                current.append(line.strip())
        if "Files" not in fields and "Copyright" in fields:  # a README that forgot the key before its file names
            licence, *rest = fields.get("License", [""])
            fields |= {"License": [licence], "Files": [line for line in rest if _FILE.fullmatch(line)]}
        if fields.get("Files"):
            stanzas.append(Stanza(patterns=tuple(" ".join(fields["Files"]).split()), notice=_notice(fields)))
    return stanzas


def _notice(fields: dict[str, list[str]]) -> Notice:
    licence, *terms = fields.get("License", [""])
    author = "; ".join(re.sub(r"^Copyright:? |^© ", "", line) for line in fields.get("Copyright", []))
    note = " ".join(terms + fields.get("Comment", []))
    original = re.search(r"source at (\S+)", note)
    source = " ".join(fields.get("Source", [])) or (original[1] if original else "")
    return Notice(author=author, licence=licence_name(licence), source=source, note=note)


def licence_name(text: str) -> str:
    """The SPDX identifier of a licence as it is spelt in notices, or `public-domain`; what is not known stays."""
    name = "-".join(text.split())
    if name.lower() == "public-domain":
        return "public-domain"
    gpl = re.fullmatch(r"GPL-?v?(\d)(\.0)?(\+|-or-later)?", name)
    return f"GPL-{gpl[1]}.0-{'or-later' if gpl[3] else 'only'}" if gpl else name


def notice_of(path: str, stanzas: Sequence[Stanza]) -> Notice | None:
    """What holds for one file.

    Patterns that name files go before patterns of whole folders, of which the last counts. Where several name the
    file (`mountain1*` means mountain1.jpg, and meets mountain10-sfiera.jpg), it may not be known whose it is: all
    authors are named, and the licence that asks most of us is kept.
    """
    matching = [
        (pattern, stanza.notice) for stanza in stanzas for pattern in stanza.patterns if fnmatchcase(path, pattern)
    ]
    named = [notice for pattern, notice in matching if not pattern.endswith("/*") and pattern != "*"]
    if not named:
        return matching[-1][1] if matching else None
    strictest = max(named, key=lambda notice: _demands(notice.licence))
    return Notice(
        author="; ".join(dict.fromkeys(notice.author for notice in named)),
        licence=strictest.licence,
        source=strictest.source,
        note=strictest.note,
    )


def _demands(licence: str) -> tuple[int, str]:
    """A rank of what a licence asks for: nothing, the name, the same licence, or terms that aren't ours to judge."""
    order = (r"public-domain|CC0.*", r"MIT|Apache.*|CC-BY-\d.*", r"CC-BY-SA-\d.*")
    ranks = [rank for rank, pattern in enumerate(order) if re.fullmatch(pattern, licence)]
    return (ranks[0] if ranks else len(order), licence)


def objection(notice: Notice | None) -> str:
    """Why a picture under this notice can't be in a corpus, or an empty string."""
    if notice is None or not notice.licence:
        return "no licence: the package's notices don't name the file"
    if not (OPEN.fullmatch(notice.licence) or GPL.fullmatch(notice.licence)):
        return f"licence {notice.licence} is not one of the open ones"
    return ""
