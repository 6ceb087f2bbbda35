"""What each set looks like, in words: written while looking at its pictures, in several paraphrases, some held out."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Look:
    """One description of one set. `held_out` ones are for tests alone."""

    set: str
    language: str
    text: str
    held_out: bool


@cache
def looks() -> tuple[Look, ...]:
    """Every description in `styles.json`."""
    table = json.loads(files("parasol.corpora").joinpath("styles.json").read_text(encoding="utf-8"))
    return tuple(
        Look(set=name, language=language, text=text, held_out=held_out)
        for name, described in table.items()
        for held_out, by_language in ((False, described["train"]), (True, described["test"]))
        for language, texts in by_language.items()
        for text in texts
    )
