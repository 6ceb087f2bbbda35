"""What each set looks like, in words, in several paraphrases, some held out.

Sets of pictograms, networks and paintings were looked at and described; a synthetic medium is told from its parameters.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from parasol.corpora.corpus import Corpus
from parasol.corpora.repainted import STYLES_FILE, Style, read_styles


@dataclass(frozen=True, kw_only=True)
class Look:
    """One description of one set. `held_out` ones are for tests alone."""

    set: str
    language: str
    text: str
    held_out: bool


def looks_of(corpus: Corpus) -> tuple[Look, ...]:
    """Every description of the sets of a corpus, of media or of pictograms."""
    if (corpus.folder / STYLES_FILE).is_file():
        return tuple(look for style in read_styles(corpus.folder).values() for look in looks_of_style(style))
    return looks()


@cache
def looks() -> tuple[Look, ...]:
    """Every description in `styles.json`."""
    return tuple(
        Look(set=name, language=language, text=text, held_out=held_out)
        for name, described in _table("styles.json").items()
        for held_out, by_language in ((False, described["train"]), (True, described["test"]))
        for language, texts in by_language.items()
        for text in texts
    )


def described() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The words of `media_words.json`: of each medium, and of each style that a packaged network paints."""
    return _table("media_words.json")


def looks_of_style(style: Style) -> Iterator[Look]:
    """In English; of a medium with what stands out in its parameters, where anything does.

    None of a painting that nobody described.
    """
    names = described().get(style.name if style.example else style.medium, {"train": (), "test": ()})
    marks = style.marks
    for held_out, nouns in ((False, names["train"]), (True, names["test"])):
        for noun in nouns:
            texts = {", ".join([noun, *marks]), ", ".join([*reversed(marks), noun])}
            if marks:
                texts.add(f"{noun}: {' and '.join(marks)}")
            for text in sorted(texts):
                yield Look(set=style.name, language="en", text=text, held_out=held_out)


@cache
def _table(name: str) -> Mapping[str, Mapping]:
    return json.loads(files("parasol.corpora").joinpath(name).read_text(encoding="utf-8"))
