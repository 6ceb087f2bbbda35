"""The fonts that stand in for the families of a drawing's words."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
# By preference: a file that comes with the family, and the family.
SANS = (
    ("LiberationSans-Regular", "Liberation Sans"), ("Arimo-Regular", "Arimo"), ("DejaVuSans", "DejaVu Sans"),
    ("NotoSans-Regular", "Noto Sans"), ("FreeSans", "FreeSans"), ("NimbusSans-Regular", "Nimbus Sans"),
    ("Ubuntu-R", "Ubuntu"), ("Cantarell-Regular", "Cantarell"), ("Roboto-Regular", "Roboto"),
)  # fmt: skip
SERIF = (
    ("LiberationSerif-Regular", "Liberation Serif"), ("Tinos-Regular", "Tinos"), ("DejaVuSerif", "DejaVu Serif"),
    ("NotoSerif-Regular", "Noto Serif"), ("FreeSerif", "FreeSerif"), ("NimbusRoman-Regular", "Nimbus Roman"),
)  # fmt: skip
MONOSPACE = (
    ("LiberationMono-Regular", "Liberation Mono"), ("Cousine-Regular", "Cousine"),
    ("DejaVuSansMono", "DejaVu Sans Mono"),
    ("NotoSansMono-Regular", "Noto Sans Mono"), ("FreeMono", "FreeMono"), ("NimbusMonoPS-Regular", "Nimbus Mono PS"),
)  # fmt: skip
# Families of other makers that are drawn in ours, as fontconfig does.
ALIKE = {"arial": "sans-serif", "helvetica": "sans-serif", "times new roman": "serif", "times": "serif",
         "courier new": "monospace", "courier": "monospace", "system-ui": "sans-serif"}  # fmt: skip


def fonts(drawing: str) -> dict[str, Any]:
    """What resvg is to be told of fonts. They are looked for only where there are words: it takes long."""
    if "<text" not in drawing:
        return {"skip_system_fonts": True}
    if sys.platform in ("win32", "darwin"):
        return {}  # resvg's own choices are installed there
    names = _installed()
    sans, serif, mono = (_first(kinds, names) for kinds in (SANS, SERIF, MONOSPACE))
    return {
        "sans_serif_family": sans or serif,
        "serif_family": serif or sans,
        "monospace_family": mono or sans,
        "cursive_family": sans or serif,
        "fantasy_family": sans or serif,
        "font_family": serif or sans,
    }


def alike(families: str) -> str:
    """A list of families with the generic one behind each that is often missing."""
    names = [name.strip() for name in families.split(",")]
    generics = [(name, ALIKE.get(name.strip("'\"").lower())) for name in names]
    return ", ".join(f"{name}, {generic}" if generic else name for name, generic in generics)


@cache
def _installed() -> frozenset[str]:
    """Names of font files, without their endings."""
    return frozenset(file.stem for folder in FOLDERS for file in Path(folder).expanduser().rglob("*.[to]t[fc]"))


def _first(kinds: tuple[tuple[str, str], ...], names: frozenset[str]) -> str | None:
    return next((family for file, family in kinds if file in names), None)
