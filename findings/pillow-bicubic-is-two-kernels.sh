#!/usr/bin/env bash
# Image.Resampling.BICUBIC of Pillow, in resize() and in transform() or rotate(): a picture moved by part of a pixel.
# One would guess: one name, one kernel. Both can move a picture by half a pixel (resize by its box), so they agree.
# What happens: resize has the cubic of parameter -0.5, transform and rotate that of -1: an overshoot twice as high, and
# weights that do not carry a slope. A ramp of 10 levels per pixel moved by a quarter of a pixel comes out 0.9 levels too
# high, moved by three quarters 0.9 too low, where resize and even BILINEAR are right.
# What it costs: beside an edge from 55 to 200, a picture turned or moved has a rim 19 levels deep where a resized one has
# 9; a turned gradient has waves that BILINEAR does not have; and augmentation by transform() sharpens what it should
# only move: four moves of half a pixel, to and fro, make waves of five pixels 40% higher.
# Way out: resize(box=...) for a move; for turns, BILINEAR at twice the size and resize() down.
# Versions: pillow 13.0.0 (seen in 11.3.0 as well), numpy 2.4.6.
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

WIDE, HIGH = 33, 9
BICUBIC, BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR


def rows(values, mode=np.float32):
    return Image.fromarray(np.tile(np.asarray(values, mode), (HIGH, 1)))


def resized(picture, shift):
    return np.asarray(picture.resize((WIDE - 1, HIGH), BICUBIC, box=(shift, 0, WIDE - 1 + shift, HIGH)), float)[HIGH // 2]


def transformed(picture, shift, how=BICUBIC):
    affine = Image.Transform.AFFINE
    return np.asarray(picture.transform((WIDE, HIGH), affine, (1, 0, shift, 0, 1, 0), how), float)[HIGH // 2]


print("pillow", PIL.__version__)
dot = rows(np.arange(WIDE) == 16)
kernels = {one.__name__: one(dot, 0.5)[14:18].tolist() for one in (resized, transformed)}
print("weights half way between two pixels:", kernels)
ramp, inner = rows(np.arange(WIDE) * 10), slice(4, 28)
wrong = {}
for shift in (0.25, 0.5, 0.75):
    right = (np.arange(WIDE) + shift)[inner] * 10
    wrong[shift] = [
        float(np.abs(one[inner] - right).max())
        for one in (resized(ramp, shift), transformed(ramp, shift), transformed(ramp, shift, BILINEAR))
    ]
    print(f"ramp moved by {shift}: wrong by {wrong[shift][0]:.2f} resized, {wrong[shift][1]:.2f} transformed,"
          f" {wrong[shift][2]:.2f} transformed with BILINEAR")
edge = rows(np.where(np.arange(WIDE) < 16, 55, 200), np.uint8)
rims = {one.__name__: 55 - int(one(edge, 0.5)[4:28].min()) for one in (resized, transformed)}
print("depth of the rim beside an edge from 55 to 200:", rims)
wave = rows(128 + 20 * np.cos(np.arange(WIDE) * np.pi / 2.5))
turned = wave
for shift in (0.5, -0.5, 0.5, -0.5):
    turned = rows(transformed(turned, shift))
gain = (np.asarray(turned, float)[0][10:24].std() / np.asarray(wave, float)[0][10:24].std()).item()
print(f"waves of 5 pixels, moved by half a pixel four times: {gain:.2f} of their height")
square = Image.fromarray(np.tile(np.arange(65, dtype=np.float32) * 10, (65, 1)))
waves = []
for how in (BICUBIC, BILINEAR):
    along = np.asarray(square.rotate(10, how), float)[32, 4:61]
    straight = np.polynomial.Polynomial.fit(np.arange(len(along)), along, 1)(np.arange(len(along)))
    waves.append(float(np.ptp(along - straight)))
print(f"ramp turned by 10 degrees, waves along a row: {waves[0]:.2f} BICUBIC, {waves[1]:.2f} BILINEAR")
as_recorded = (
    kernels == {"resized": [-0.0625, 0.5625, 0.5625, -0.0625], "transformed": [-0.125, 0.625, 0.625, -0.125]}
    and all(one[0] < 1e-3 and one[2] < 1e-3 for one in wrong.values())
    and wrong[0.25][1] > 0.9 and wrong[0.75][1] > 0.9
    and rims["transformed"] > 1.8 * rims["resized"]
    and gain > 1.3
    and waves[0] > 0.5 > 1e-2 > waves[1]
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
