#!/usr/bin/env bash
# A red card of 64 x 64 with one transparent slot of 56 x 12 is traced with vtracer's defaults, the slot in 23 places.
# One would guess: the slot is a hole in every drawing, or in none; where it lies does not matter.
# What happens: vtracer looks for transparency on five rows only (first, quarter, half, three quarters, last). If enough
# transparent pixels lie there, they are left out. If the slot falls between those rows it is traced as a shape, in the
# colour that the file holds below alpha 0: usually black, here also green, a colour that nobody has ever seen.
# The same slot two pixels further down is a hole again. Transparent round corners are too few pixels on those rows:
# the drawing gets four corner shapes in the hidden colour.
# What it costs: of a set of icons with holes or slots a few get black bars; and optimisers that clear the hidden colour
# change the drawing without changing a visible pixel.
# Way out: put the picture on a ground of its own before tracing, or draw the alpha channel as a mask.
# Versions: vtracer 0.6.15, pillow 13.0.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check vtracer==0.6.15 pillow==13.0.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import io
import re
import sys
from importlib.metadata import version

import vtracer
from PIL import Image, ImageDraw

RED = (220, 40, 40, 255)


def fills(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return re.findall(r'fill="([^"]*)"', vtracer.convert_raw_image_to_svg(data.getvalue(), img_format="png"))


def card(top, hidden):
    image = Image.new("RGBA", (64, 64), RED)
    image.paste((*hidden, 0), (4, top, 60, top + 12))
    return image


def rounded(radius, hidden):
    image = Image.new("RGBA", (64, 64), (*hidden, 0))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, 63, 63), radius, fill=RED)
    return image


print("vtracer", version("vtracer"))
tops = range(4, 50, 2)
black = [top for top in tops if fills(card(top, (0, 0, 0))) == ["#DC2828", "#000000"]]
green = [top for top in tops if fills(card(top, (0, 255, 0))) == ["#DC2828", "#00FF00"]]
holes = [top for top in tops if fills(card(top, (0, 0, 0))) == ["#DC2828"]]
print("slot is a hole at rows     ", holes)
print("slot is a black bar at rows", black)
print("slot is a green bar at rows", green, "(same picture, green below alpha 0)")
corners = {hidden: fills(rounded(8, hidden)) for hidden in ((220, 40, 40), (0, 0, 0), (0, 255, 0))}
for hidden, found in corners.items():
    print("round corners, hidden colour", hidden, "-> fill", found)
as_recorded = (
    black == green == [4, 18, 20, 34, 36]
    and len(holes) == len(tops) - len(black)
    and corners[(220, 40, 40)] == ["#DC2828"]
    and corners[(0, 0, 0)] == ["#DC2828"] + 4 * ["#000000"]
    and corners[(0, 255, 0)] == ["#DC2828"] + 4 * ["#00FF00"]
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
