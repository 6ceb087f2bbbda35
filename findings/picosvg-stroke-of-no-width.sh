#!/usr/bin/env bash
# An icon whose shape has a stroke colour and stroke-width="0" (exports write that for a border that was switched off),
# made into filled paths by picosvg.
# One would guess: no width, no outline, as SVG has it; so the picture stays as it was.
# What happens: the whole inside of the shape is painted in the stroke's colour, above its fill. Skia's "stroke" of width
# 0 hands the path back as it is, meant for a hairline; skia-pathops passes that on, and picosvg fills it. At
# 0.001 the outline is thin and picosvg drops it, so the picture jumps from empty to full at 0.
# What it costs: a red square becomes a black one in a font, a data set or a sprite that was built from sound files, and
# an open line of no width, which draws nothing, becomes a filled area.
# Way out: set stroke="none" where stroke-width is 0 before picosvg sees the file; with pathops, do not stroke with 0.
# Versions: picosvg 0.23.0, skia-pathops 0.9.2, resvg-py 0.5.0, pillow 13.0.0, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    picosvg==0.23.0 skia-pathops==0.9.2 resvg-py==0.5.0 pillow==13.0.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import io
import sys
from importlib.metadata import version

import numpy as np
import pathops
import resvg_py
from picosvg.svg import SVG
from PIL import Image

SHAPES = {
    "square": '<path d="M4 4h16v16H4z" fill="#cc0000" stroke="#000000" stroke-width="{}"/>',
    "circle": '<circle cx="12" cy="12" r="8" fill="#cc0000" stroke="#000000" stroke-width="{}"/>',
    "open line": '<path d="M4 4h16v16" fill="none" stroke="#000000" stroke-width="{}"/>',
}
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'


def resvg(svg):
    return np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA"))


def black(picture):
    """How many pixels are full and black."""
    return int(((picture[..., :3].max(-1) < 32) & (picture[..., 3] > 224)).sum())


def made_plain(svg):
    result = SVG.fromstring(svg).topicosvg().tostring()
    return result.replace("<svg ", '<svg width="24" height="24" ', 1) if 'width="24"' not in result else result


print("picosvg", version("picosvg"), "- skia-pathops", version("skia-pathops"))
found = {}
for name, shape in SHAPES.items():
    for width in ("0", "0.001", "2"):
        svg = HEAD + shape.format(width) + "</svg>"
        found[name, width] = row = [black(resvg(one)) for one in (svg, made_plain(svg))]
        print(f"{name:9s} stroke-width {width:5s} black pixels drawn: {row[0]} of the file, {row[1]} of picosvg's")
print(made_plain(HEAD + SHAPES["square"].format("0") + "</svg>"))
areas = {}
for width in (2, 0.1, 0.001, 0):
    path = pathops.Path()
    pen = path.getPen()
    pen.moveTo((4, 4))
    for corner in ((20, 4), (20, 20), (4, 20)):
        pen.lineTo(corner)
    pen.closePath()
    path.stroke(width, pathops.LineCap.BUTT_CAP, pathops.LineJoin.MITER_JOIN, 4)
    path.simplify()
    areas[width] = abs(path.area)
print("area of a stroked square of side 16, by skia-pathops:", {width: round(area, 3) for width, area in areas.items()})
as_recorded = (
    all(found[name, "0.001"] == [0, 0] and found[name, "0"][0] == 0 for name in SHAPES)
    and found["square", "0"][1] == 256
    and all(found[name, "0"][1] > 90 for name in SHAPES)
    and all(min(found[name, "2"]) > 20 for name in SHAPES)
    and areas[0] == 256
    and areas[0.001] < 0.1
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
