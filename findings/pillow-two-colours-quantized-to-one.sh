#!/usr/bin/env bash
# Image.quantize of Pillow with 256 colours, on icons with alpha that have far fewer.
# One would guess: fewer colours than slots, so each keeps a slot of its own and the picture stays as it was. For mode
# RGB that is so.
# What happens: an RGBA picture goes to the fast octree (the default there, and the only method for it in the wheels).
# Its finest cells are 32 levels wide in red, blue and alpha and 16 in green; two colours in one cell become one slot
# with their mean, which is neither of them, however many slots are empty. (200, 30, 30) beside (206, 30, 30) comes out
# as (203, 30, 30); 127 beside 128 keep a slot each, since a border lies between them. Alphas fall into the same cells:
# a disc of one colour with a soft edge goes from 36 alphas to 8, and its opaque inside comes out at 254 of 255.
# What it costs: two tones of a hue, base and shade, melt into one flat area, by where the pair lies and not by how far
# apart it is; a palette read from the result holds colours that no pixel had; "is it opaque" turns false.
# Way out: count with getcolors() first; if there are 256 or fewer, build the palette from that list.
# Versions: pillow 13.0.0, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
import PIL
from PIL import Image


def kept(first, second, mode="RGBA", slots=256):
    """The colours that a picture of two flat halves has after quantize."""
    picture = np.zeros((16, 16, 4), np.uint8)
    picture[:8], picture[8:] = first, second
    result = Image.fromarray(picture).convert(mode).quantize(slots, dither=Image.Dither.NONE).convert("RGBA")
    return sorted({tuple(one) for one in np.asarray(result).reshape(-1, 4).tolist()})


def parted(channel):
    """The levels v of a channel for which v and v + 1 keep a slot each."""
    pairs = []
    for level in range(255):
        first, second = [128, 128, 128, 255], [128, 128, 128, 255]
        first[channel], second[channel] = level, level + 1
        pairs += [level] if len(kept(first, second)) == 2 else []
    return pairs


def disc(side):
    """A red disc with a soft edge on nothing."""
    y, x = (np.mgrid[: side * 8, : side * 8] + 0.5) / 8
    covered = (np.hypot(x - side / 2, y - side / 2) < 0.4 * side).reshape(side, 8, side, 8).mean((1, 3))
    return np.dstack([np.full((side, side, 3), (200, 30, 30)), np.round(covered * 255)]).astype(np.uint8)


print("pillow", PIL.__version__)
base, shade = (200, 30, 30, 255), (206, 30, 30, 255)
pair = {mode: kept(base, shade, mode) for mode in ("RGBA", "RGB")}
print(base[:3], "beside", shade[:3], "quantized to 256:", pair)
borders = {name: parted(channel) for channel, name in enumerate(("red", "green", "blue", "alpha"))}
for name, levels in borders.items():
    print(f"neighbouring levels of {name} that stay apart: v and v + 1 for v in {levels}")
before = Image.fromarray(disc(128))
after = before.quantize(256).convert("RGBA")
counts = [len(one.getcolors(1000)) for one in (before, after)]
inside = [one.getpixel((64, 64))[3] for one in (before, after)]
print(f"disc with a soft edge: {counts[0]} colours become {counts[1]}; alpha of its inside {inside[0]} becomes {inside[1]}")
wide, narrow = list(range(31, 255, 32)), list(range(15, 255, 16))
as_recorded = (
    pair == {"RGBA": [(203, 30, 30, 255)], "RGB": [base, shade]}
    and borders == {"red": wide, "green": narrow, "blue": wide, "alpha": wide}
    and counts == [36, 8]
    and inside == [255, 254]
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
