#!/usr/bin/env bash
# An edge moved by fractions of a pixel with OpenCV's warpAffine, warpPerspective and remap: how many places are told
# apart within a pixel?
# One would guess: the geometry is one question and the number of channels another; double is at least as exact as
# float, and a higher order of interpolation at least as exact as a lower one.
# What happens in 5.0.0: places are exact for 1, 3 and 4 channels, and rounded to 1/32 of a pixel for 2 channels (and 5
# and more). Float64 is rounded where bytes are exact. INTER_CUBIC is exact for all of them, INTER_LANCZOS4, the
# dearest, is rounded for all. All three functions agree in it. In 4.12 everything was rounded alike.
# What it costs: a grey picture with its alpha, a flow field or a pair of colour channels (a and b of Lab) moves by up
# to 1/64 pixel beside the same planes warped one by one: 4 levels of 255 at a sharp edge, a fringe where planes meet.
# A shift below 1/64 does nothing at all, so a search by small steps sees no slope. Turning float into double to be on
# the safe side makes it worse.
# Way out: split the planes, or add a third channel; float32 instead of float64; INTER_CUBIC.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 opencv-python-headless==5.0.0.93
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import cv2
import numpy as np

SIDE, PARTS = 64, 64
x, y = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))


def affine(picture, shift, how):
    matrix = np.array([[1, 0, shift], [0, 1, 0]], float)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=how | cv2.WARP_INVERSE_MAP)


def perspective(picture, shift, how):
    matrix = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1]], float)
    return cv2.warpPerspective(picture, matrix, (SIDE, SIDE), flags=how | cv2.WARP_INVERSE_MAP)


def remap(picture, shift, how):
    return cv2.remap(picture, x + np.float32(shift), y, how)


def places(dtype, channels, how):
    """How many of 64 shifts within a pixel give a value of their own beside an edge from 0 to 255; one of each function."""
    picture = np.repeat(np.where(x < SIDE // 2, 0, 255).astype(dtype)[..., None], channels, 2)
    shifts = np.arange(PARTS) / PARTS
    return {
        len({float(warp(picture, shift, how).reshape(SIDE, SIDE, channels)[20, SIDE // 2 - 1, 0]) for shift in shifts})
        for warp in (affine, perspective, remap)
    }


print("opencv", cv2.__version__)
kinds = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos4": cv2.INTER_LANCZOS4}
found = {}
for name, how in kinds.items():
    for dtype in (np.uint8, np.uint16, np.float32, np.float64):
        row = {channels: places(dtype, channels, how) for channels in (1, 2, 3, 4)}
        found[name, np.dtype(dtype).name] = {channels: next(iter(one)) if len(one) == 1 else -1 for channels, one in row.items()}
        print(f"{name:8s} {np.dtype(dtype).name:8s} places told apart, by channels:", found[name, np.dtype(dtype).name])
found["linear", "float32"][5] = places(np.float32, 5, cv2.INTER_LINEAR).pop()
print("linear   float32  with 5 channels:", found["linear", "float32"][5])
plane = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
alone, pair = affine(plane, 0.3, cv2.INTER_LINEAR), affine(np.dstack([plane, plane]), 0.3, cv2.INTER_LINEAR)[..., 0]
apart = int(np.abs(alone.astype(int) - pair).max())
still = np.array_equal(affine(np.dstack([plane, plane]), 0.015, cv2.INTER_LINEAR)[..., 0], plane)
moved = int(np.abs(affine(plane, 0.015, cv2.INTER_LINEAR).astype(int) - plane).max())
print(f"a plane alone and as one of two, moved by 0.3 pixels: {apart} levels apart")
print(f"moved by 0.015 pixels: alone it changes by {moved} levels, as one of two it stays as it was: {still}")
exact, rounded = PARTS, 33
as_recorded = (
    all(
        [found["linear", dtype][channels] for channels in (1, 2, 3, 4)] == [exact, rounded, exact, exact]
        for dtype in ("uint8", "uint16", "float32")
    )
    and found["linear", "float32"][5] == rounded
    and set(found["linear", "float64"].values()) == {rounded}
    and all(set(found["cubic", dtype].values()) == {exact} for dtype in ("uint8", "uint16", "float32", "float64"))
    and all(set(found["lanczos4", dtype].values()) == {rounded} for dtype in ("uint8", "uint16", "float32", "float64"))
    and apart >= 2
    and moved >= 2
    and still
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
