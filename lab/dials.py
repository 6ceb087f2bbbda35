"""What is written from the record of dials: Python's keywords, and the tables of the pages. python -m lab dials"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from parasol.bundle import MODELS, Bundle, available_models
from parasol.dials import Dials, NamedDial, asked

ROOT = Path(__file__).parents[1]
KEYWORDS, PAGE, README = "src/parasol/dials/keywords.py", "docs/dials.md", "README.md"
BEGIN, END = "<!-- written by `python -m lab dials` -->\n", "<!-- to here -->\n"
HEAD = '''"""The dials as keywords, written by `python -m lab dials` from the record, for editors."""

from typing import Literal, TypedDict


class DialKeywords(TypedDict, total=False):
    """Every dial that `stylize` and its like take; what is left out, or None, is as told here.

    Raises:
        TypeError: there is no dial of a name.
        ParasolError: one is out of its range.
    """
'''


def keywords(record: type[Dials] = Dials) -> str:
    """The module of keywords."""
    parts = [HEAD]
    for dial in asked(record):
        quoted = ", ".join(f'"{choice}"' for choice in dial.choices)
        hint = f"Literal[{quoted}]" if quoted else dial.sort.__name__
        docstring = fill(f'"""{dial.explained()}', 116, initial_indent="    ", subsequent_indent="    ")
        docstring += '\n    """' if "\n" in docstring else '"""'
        parts.append(f"    {dial.name}: {hint} | None\n{docstring}\n")
    return "\n".join(parts)


def table(record: type[Dials] = Dials) -> str:
    """The table of all dials, with what the bundled models have where they are left out."""
    models = {name: Bundle.open(MODELS / name).manifest.dials for name in reversed(available_models())}
    lines = [f"| dial | meaning | {' | '.join(models)} |", f"|---|---|{'---|' * len(models)}"]
    for dial in asked(record):
        own = [getattr(values, dial.name, dial.default) for values in models.values()]
        cells = ["" if value is None else dial.written(value) for value in own]
        more = f" {dial.dial.more}" if dial.dial.more else ""
        lines.append(f"| {_shown(dial)} | {dial.dial.help}{more} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def written(record: type[Dials] = Dials) -> dict[str, str]:
    """Every file that is written from the record, by its path below the repository's root."""
    before, rest = (ROOT / PAGE).read_text(encoding="utf-8").split(BEGIN)
    readme = (ROOT / README).read_text(encoding="utf-8")
    for dial in asked(record):
        row = f"| {_shown(dial)} | {dial.dial.help[0].lower()}{dial.dial.help[1:-1]} |"
        readme = re.sub(rf"(?m)^\| `--{dial.option}`.*$", row.replace("\\", r"\\"), readme)
    page = f"{before}{BEGIN}\n{table(record)}\n{END}{rest.split(END)[1]}"
    return {KEYWORDS: keywords(record), PAGE: page, README: readme}


def _shown(dial: NamedDial) -> str:
    if dial.sort is bool and dial.dial.own is not None:
        return f"`--{dial.option}`, `--no-{dial.option}`"
    takes = ", ".join(f"`{choice}`" for choice in dial.choices) or dial.takes.removesuffix("NUMBER")
    return f"`--{dial.option}` {takes}".strip()


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    argparse.ArgumentParser(prog="python -m lab dials", description=__doc__).parse_args(words)
    for path, text in written().items():
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    return 0
