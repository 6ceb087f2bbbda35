#!/usr/bin/env bash
# A picture with soft edges is saved as an RGBA TIFF by Pillow or tifffile, which mark the alpha as "unassociated" (the
# colours are not multiplied by it), and read with cv2.imread(..., IMREAD_UNCHANGED).
# One would guess: unchanged means unchanged, as for a PNG of the same picture: the colours that were saved.
# What happens: with 8 bits per channel, OpenCV lets libtiff make a picture for display, and that multiplies the colours
# by alpha; the array is handed out as if it had not. With 16 bits the colours come as they are. An 8-bit TIFF that
# OpenCV wrote itself comes back right, since OpenCV leaves out the tag that says what the fourth channel is.
# The same fork decides over grey files whose 0 is white (some scanners and medical devices write them): 8 bits are
# turned over, 16 bits are not; and for one 16-bit file IMREAD_GRAYSCALE gives the negative of IMREAD_ANYDEPTH. Pillow
# too turns over 8 bits and leaves 16 as they are.
# What it costs: a white glyph with a soft edge gets a grey rim as soon as it is laid on anything; hidden colours become
# black; read with IMREAD_COLOR, TIFF and PNG of one picture differ. A set with both depths is half negatives. A test
# that writes and reads with OpenCV alone passes.
# Way out: read TIFF with tifffile, which hands out what is in the file together with its tags.
# Versions: opencv-python-headless 5.0.0.93, pillow 13.0.0, tifffile 2026.3.3, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
  opencv-python-headless==5.0.0.93 pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import os
import sys

os.environ["OPENCV_LOG_LEVEL"] = "ERROR"  # it warns of the missing tag in its own file, of nothing else here
import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("opencv", cv2.__version__, "pillow", PIL.__version__, "tifffile", tifffile.__version__, "numpy", np.__version__)
glyph = np.full((16, 16, 4), 255, np.uint8)
glyph[..., 3] = np.linspace(0, 255, 16).round()
glyph[..., 1] = 200
deep = glyph.astype(np.uint16) * 257


def read(name, flag=cv2.IMREAD_UNCHANGED):
    array = cv2.imread(name, flag)
    if array.ndim == 2:
        return array
    return cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def on_white(rgba):
    alpha = rgba[..., 3:] / 255
    return (rgba[..., :3] * alpha + 255 * (1 - alpha)).round()


Image.fromarray(glyph).save("pillow.tif")
Image.fromarray(glyph).save("pillow.png")
tifffile.imwrite("tifffile.tif", glyph, photometric="rgb", extrasamples=["unassalpha"])
tifffile.imwrite("deep.tif", deep, photometric="rgb", extrasamples=["unassalpha"])
cv2.imwrite("opencv.tif", cv2.cvtColor(glyph, cv2.COLOR_RGBA2BGRA))
names = ("pillow.tif", "tifffile.tif", "deep.tif", "opencv.tif")
tags = {name: [int(one) for one in tifffile.TiffFile(name).pages[0].extrasamples] for name in names}
print("what the tag says of the fourth channel (2 is unassociated):", tags)
same = {name: bool((read(name) == (deep if name == "deep.tif" else glyph)).all()) for name in (*names, "pillow.png")}
print("OpenCV hands out what was saved:", same)
others = all((one == glyph).all() for one in (tifffile.imread("pillow.tif"), np.asarray(Image.open("tifffile.tif"))))
print("tifffile reads Pillow's file right, and Pillow tifffile's:", others)
multiplied = np.abs(read("pillow.tif")[..., :3] - glyph[..., :3] * (glyph[..., 3:] / 255)).max()
print(f"off from colours times alpha: {multiplied:.2f} levels at most")
rim = int((on_white(glyph) - on_white(read("pillow.tif"))).max())
print("laid on white, too dark by up to", rim)
colours = [read(name, cv2.IMREAD_COLOR)[0, 7].tolist() for name in ("pillow.png", "pillow.tif")]
print("IMREAD_COLOR of one pixel, PNG and TIFF:", colours)

ramp = np.tile(np.arange(0, 256, 51, dtype=np.uint8), (4, 1))
grey = {}
for bits, array in ((8, ramp), (16, ramp.astype(np.uint16) * 257)):
    tifffile.imwrite("grey.tif", array, photometric="miniswhite")
    for flag in ("IMREAD_UNCHANGED", "IMREAD_ANYDEPTH", "IMREAD_GRAYSCALE"):
        grey[bits, flag] = read("grey.tif", getattr(cv2, flag))[0]
    grey[bits, "Pillow"] = np.asarray(Image.open("grey.tif"))[0]
turned = {}
for (bits, who), row in grey.items():
    print(f"0 is white, {bits} bits, {who}: {row.tolist()}")
    turned[bits, who] = bool(row[0] > row[-1])
as_recorded = (
    same == {"pillow.tif": False, "tifffile.tif": False, "deep.tif": True, "opencv.tif": True, "pillow.png": True}
    and tags == {"pillow.tif": [2], "tifffile.tif": [2], "deep.tif": [2], "opencv.tif": []}
    and others
    and multiplied < 1
    and rim > 60
    and colours[0] == [255, 200, 255] != colours[1]
    and turned == {(bits, who): bits == 8 or who == "IMREAD_GRAYSCALE" for bits, who in grey}
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
