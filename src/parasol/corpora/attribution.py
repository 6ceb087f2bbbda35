"""The text that names every author and licence of a corpus; it travels with whatever is trained on it."""

from collections.abc import Sequence

from parasol.corpora.drawings import Credit
from parasol.corpora.words import EMOJIBASE


def attribution(credits: Sequence[Credit]) -> str:
    """Author, source, licence and package of every set, from the packages' own data."""
    lines = ["The pictures of this corpus were drawn by:", ""]
    for credit in credits:
        lines += [
            credit.set,
            f"  author:  {credit.author}",
            f"  source:  {credit.source}",
            f"  licence: {credit.licence} <{credit.licence_url}>",
            f"  package: {credit.package} {credit.version}",
            "",
        ]
    lines += [
        "They were rendered to pixels and not changed otherwise. Words in captions.jsonl: Unicode CLDR, by way of",
        f"{EMOJIBASE.name} {EMOJIBASE.version} (MIT).",
        "",
    ]
    return "\n".join(lines)
