"""The text that names every author and licence of a corpus; it travels with whatever is trained on it."""

from collections.abc import Sequence

from parasol.corpora.drawings import Credit
from parasol.corpora.vocabulary import EMOJIBASE

CAPTIONS_CREDIT = (
    "They were rendered to pixels and not changed otherwise. Words in captions.jsonl: Unicode CLDR, by way of\n"
    f"{EMOJIBASE.name} {EMOJIBASE.version} (MIT)."
)
"""What is to be said of pictograms besides."""


def attribution(
    credits: Sequence[Credit], *, opening: str = "The pictures of this corpus were drawn by:", closing: str
) -> str:
    """Author, source, licence and package of every set, from the packages' own data."""
    lines = [opening, ""]
    for credit in credits:
        licence = f"{credit.licence} <{credit.licence_url}>" if credit.licence_url else credit.licence
        lines += [
            credit.set,
            f"  author:  {credit.author}",
            f"  source:  {credit.source}",
            f"  licence: {licence}",
            f"  package: {credit.package} {credit.version}",
            "",
        ]
    return "\n".join([*lines, closing, ""])
