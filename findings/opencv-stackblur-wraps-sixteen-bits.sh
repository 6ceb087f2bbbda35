#!/usr/bin/env bash
# cv2.stackBlur, OpenCV's fast blur that looks like a Gaussian, on 16-bit pictures; its documentation names CV_16U and
# CV_16S among the depths it takes, and asks of the size only that it be odd.
# One would guess: a flat picture stays flat, whatever its level, and a white one stays white, as with GaussianBlur.
# What happens: sums wrap around, as if they had too few bits, from a level on that depends on the size. White (65535)
# with size 23 comes out as 126, almost black, with size 31 as a middle grey. With size 7 a flat 60000 comes out as
# 39575, except for a few columns at the left and the right, which are still 60000. Sizes 3 and 15 are sound, size 5 is
# not; 30000 wraps from size 45 on; 4095 (12 bits) wraps with no size up to 79. Levels that do not wrap are up to 0.4%
# too high, by the size: size 5 lifts 30000 to 30116, sizes 7, 15 and 31 lift nothing. The same numbers as float32 come
# out right with every size.
# What it costs: depth maps, height maps, scans and 16-bit masks lose their bright half without a word. Pictures that
# use the low part of the range pass every test, and so do the sizes 3 and 15 with all pictures.
# Way out: picture.astype(np.float32) before, or GaussianBlur, which is right in 16 bits.
# Versions: opencv-python-headless 5.0.0.93 (seen in 4.12.0.88 as well), numpy 2.4.6. Seen on x86-64.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import cv2
import numpy as np

print("opencv", cv2.__version__, "numpy", np.__version__)
HIGH, WIDE = 100, 121


def flat(level, size, depth=np.uint16):
    return cv2.stackBlur(np.full((HIGH, WIDE), level, depth), (size, size))


def by_weights(picture, size):
    """The stack's weights 1, 2 ... 2, 1 in double, with the border repeated."""
    ramp = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1))
    weights = ramp / ramp.sum()
    padded = np.pad(picture.astype(float), size // 2, mode="edge")
    for axis in (0, 1):
        padded = np.apply_along_axis(np.convolve, axis, padded, weights, "valid")
    return padded


levels = (1000, 4095, 30000, 65535)
kept = {}
for size in (3, 5, 7, 15, 23, 31, 45):
    ranges = [(int(one.min()), int(one.max())) for one in (flat(level, size) for level in levels)]
    kept[size] = ranges
    print(f"size {size}: flat {levels} come out as", *ranges)
row = flat(60000, 7)[HIGH // 2]
print(f"flat 60000, size 7, one row: {row[:5].tolist()} ... {row[-12:].tolist()}")
signed = flat(32767, 31, np.int16)
print("int16, flat 32767, size 31:", np.unique(signed).tolist())

sizes = range(1, 80, 2)
exact = max(float(np.abs(flat(level, size, np.float32) / level - 1).max()) for level in levels for size in sizes)
gauss = all((cv2.GaussianBlur(np.full((HIGH, WIDE), level, np.uint16), (size, size), 0) == level).all()
            for level in levels for size in sizes)
wrapped = {level: [size for size in sizes if flat(level, size).min() < level * 0.99] for level in levels}
lifted = max(float(flat(level, size).max() / level - 1) for level in levels[:3] for size in sizes)
print(f"the same as float32: wrong by {exact:.1e} of the level at most; GaussianBlur in 16 bits keeps all: {gauss}")
print("smallest sizes that make a level darker:", {level: some[:1] for level, some in wrapped.items()})
print(f"most that a level is lifted by: {lifted:.2%}")

noise = np.random.default_rng(0).integers(45000, 65536, (HIGH, WIDE), dtype=np.uint16)
off = {}
for size in (7, 45):
    right, inner = by_weights(noise, size), (slice(size, -size), slice(size, -size))
    for name, one in (("uint16", noise), ("float32", noise.astype(np.float32))):
        off[size, name] = float(np.abs(cv2.stackBlur(one, (size, size))[inner] - right[inner]).max())
        print(f"bright noise, size {size}, {name}: {off[size, name]:.2f} of 65535 off the weights in double at most")
as_recorded = (
    kept[3] == kept[15] == [(level, level) for level in levels]
    and kept[7][:3] == kept[31][:3] == [(level, level) for level in levels[:3]]
    and kept[23][3] == (126, 65535)
    and kept[31][3] == (32767, 65535)
    and kept[5][2][1] == 30116
    and int(row[0]) == int(row[-1]) == 60000
    and int(row[WIDE // 2]) == 39575
    and signed.min() == -1
    and exact < 1e-5
    and gauss
    and not wrapped[1000] and not wrapped[4095] and wrapped[30000][0] == 45 and wrapped[65535][0] == 5
    and 0.003 < lifted < 0.005
    and off[7, "uint16"] > 5000 and off[45, "uint16"] > 20000
    and off[7, "float32"] < 1 and off[45, "float32"] < 1
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY
