"""Small pictures of what each dial of the studio does: python -m lab miniatures [--examples]

Each dial that the page shows is drawn at the ends and the middle of the page's range, or in each of its choices, all
else being as the model has it, and becomes one strip in studio/src/miniatures: three pictures for a slider, the first
and the last at its ends, and one for each choice in the middle of its part. `npm run build` in studio/ takes them in.
With --examples, those of the studio's own pictures instead, which lie ready beside them.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from lab.kinds.changes import on_white
from parasol.images import write_atomic
from parasol.pipeline import Parasol
from parasol.studio.dials import told_dials
from parasol.studio.library import AS_CONTENT, AS_STYLE, EXAMPLES, KNOWN_EXAMPLES, known_example

FOLDER = Path(__file__).parents[1] / "studio" / "src" / "miniatures"
SIDE, WIDE = 72, 288  # px, of a picture and of a strip
QUALITY = 60
FINISHES = ("auto", "none", "flat")
HAND = ("pictogram", "house.png", "crab.png")
PAINTED = ("painting", "windmill.jpg", "cafe.jpg")
"""Model, content and style: `texture` is of paintings, whose model alone has it of its own."""

VALUES = {"seed": (0, 1, 2), "size": (64, 128, 256)}
"""In place of the ends and the middle."""

BESIDE: dict[str, dict[str, Any]] = {
    "color_strength": {"color": "match"},
    "fresh": {"structure": 0.0},
    "neutral": {"structure": 0.4},
    "seed": {"fresh": True},
}
"""Without which a dial has no effect, or too small a one to be seen."""


def main(words: Sequence[str] | None = None) -> int:
    """Draw them all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m lab miniatures", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("names", nargs="*", metavar="DIAL", help="dials to draw; all if left out")
    parser.add_argument("--examples", action="store_true", help="the studio's own pictures instead")
    given = parser.parse_args(words)
    if given.examples:
        known = {name: known_example(name) for name in sorted({*AS_CONTENT, *AS_STYLE})}
        write_atomic(EXAMPLES / KNOWN_EXAMPLES, f"{json.dumps(known, indent=1)}\n".encode())
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, pictures, ends in strips(given.names):
        strip(pictures, ends=ends).save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
    print(f"{sum(file.stat().st_size for file in FOLDER.iterdir())} bytes in {FOLDER}")
    return 0


def strips(names: Sequence[str]) -> Iterator[tuple[str, list[Image.Image], bool]]:
    """A dial's name, its pictures, and whether these lie at the ends of a slider."""
    models = {name: Parasol.load(name) for name in (HAND[0], PAINTED[0])}

    def drawn(name: str, value: Any) -> Image.Image:
        model, content, style = PAINTED if name == "texture" else HAND
        given: dict[str, Any] = {"finish": "auto"} | BESIDE.get(name, {}) | {name: value}
        if name == "texture":
            given |= {"size": 160, "finish": "none"}
        made = on_white(models[model].stylize(EXAMPLES / content, EXAMPLES / style, **given).image.convert("RGBA"))
        if name == "size":  # a part of it: whole pictures are too small here to differ
            cut = made.width // 8
            made = made.crop((cut * 2, cut * 2, cut * 6, cut * 6))
        return made

    for dial in [*told_dials({}), {"name": "finish", "kind": "choice", "choices": FINISHES}]:
        name, kind = dial["name"], dial["kind"]
        if names and name not in names:
            continue
        if name == "count":
            several = [drawn("seed", seed) for seed in range(4)]
            yield name, [several[0], sheet(several)], False
        elif kind == "number":
            low, high = dial["low"], dial["high"]
            values = VALUES.get(name) or (low, type(dial["step"])((low + high) / 2), high)
            yield name, [drawn(name, value) for value in values], name not in VALUES
        else:
            values = dial.get("choices", (False, True))
            yield name, [drawn(name, value) for value in values], False


def strip(pictures: Sequence[Image.Image], *, ends: bool) -> Image.Image:
    """One row of them, WIDE px: spread from end to end, or each in the middle of its share."""
    row = Image.new("RGBA", (WIDE, SIDE))
    share = WIDE / len(pictures)
    for place, picture in enumerate(pictures):
        left = place * (WIDE - SIDE) / (len(pictures) - 1) if ends else place * share + (share - SIDE) / 2
        row.paste(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (round(left), 0))
    return row


def sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Four in a square."""
    side = pictures[0].width
    square = Image.new("RGB", (2 * side, 2 * side), "white")
    for place, picture in enumerate(pictures):
        square.paste(picture, (place % 2 * side, place // 2 * side))
    return square
