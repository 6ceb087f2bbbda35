"""The page of the public Python API, from the docstrings of what `parasol.__all__` names: python -m lab api"""

import argparse
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import parasol
from parasol.dials import asked

PAGE = Path("docs/api.md")
HEAD = """# Python

What `from parasol import ...` gives is public; everything else may move in any release (`docs/support.md`). This page
is written by `python -m lab api` from the docstrings, and a test fails when the two differ.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([HEAD, *(part for name in parasol.__all__ if name[0] != "_" for part in _of(name))])


def _of(name: str) -> Iterator[str]:
    value = getattr(parasol, name)
    yield f"## {name}\n\n{_text(value)}\n"
    if issubclass(value, Exception):
        return
    if value is parasol.DialKeywords:
        yield from (f"`{dial.name}`: {dial.explained()}\n" for dial in asked())
    for word, member in sorted(vars(value).items()):
        plain = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if word[0] == "_" or not getattr(plain, "__doc__", None):
            continue
        if isinstance(plain, property):
            yield f"`.{word}`: {_first(plain)}\n"
        elif callable(plain):
            yield f"`{_called(name if plain is not member else '', word, plain)}`\n\n{_first(plain)}\n"


def _called(owner: str, word: str, function: Callable[..., object]) -> str:
    """How it is called: parameters with what stands for them if left out, without types, which editors show."""
    parts, named = [], False
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not named:
            parts.append("*")
            named = True
        parts.append(str(parameter.replace(annotation=parameter.empty)))
    return f"{owner}.{word}({', '.join(parts)})"


def _text(value: object) -> str:
    return re.sub(r"\n +", "\n", inspect.getdoc(value) or "")


def _first(value: object) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab api", description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args(words)
    options.out.write_text(page(), encoding="utf-8")
    print(options.out)
    return 0
