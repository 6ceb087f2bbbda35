"""Drawings checked, python -m lab drawings: exact shapes found again, and SVGs drawn alike by two programs.

Without --svgs: 40 geometric icons (discs, squares sharp, round and turned, straight strokes, pairs of them) are drawn,
traced, and the circles, rectangles and lines of the tracing counted against those that are there. With --svgs: the
drawings of a folder, by headless Chromium and by resvg, and the mean difference of each in levels.
"""

import argparse
import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab import takeaway
from lab.tracing import drawn
from parasol.images import load, to_uint8
from parasol.types import Picture
from parasol.vector import trace

ICONS, SIDE = 40, 128
KINDS = ("circle", "rect", "line")
ALIKE = 1.5  # levels
MOST = 50
BARS = 200  # px of a window that its bars may take
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def geometric(number: int) -> tuple[str, Counter[str]]:
    """The SVG of one geometric icon on a grid of 24, and how many shapes of each kind it has."""
    random = np.random.default_rng([25, number])
    kinds = [KINDS[number % 3]] if number % 4 else [KINDS[number % 3], KINDS[(number // 4) % 3]]
    places = [(12.0, 12.0)] if len(kinds) == 1 else [(6.5, 12.0), (17.5, 12.0)]
    reach = 9.0 if len(kinds) == 1 else 4.5
    body = "".join(_shape(kind, place, reach, random) for kind, place in zip(kinds, places, strict=True))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{body}</svg>', Counter(kinds)


def _shape(kind: str, place: tuple[float, float], reach: float, random: np.random.Generator) -> str:
    x, y = place
    size = round(float(random.uniform(0.6, 1.0)) * reach, 1)
    if kind == "circle":
        return f'<circle cx="{x}" cy="{y}" r="{size}"/>'
    if kind == "rect":
        side, turn = round(1.4 * size, 1), float(random.choice([0, 0, 15, 45]))
        corner = float(random.choice([0, 0, 1, 2]))
        place_ = f'x="{x - side / 2:.2f}" y="{y - side / 2:.2f}" width="{side}" height="{side}" rx="{corner}"'
        return f'<rect {place_} transform="rotate({turn} {x} {y})"/>'
    angle = np.radians(float(random.choice([0, 90, 45, 30, 70, 135])))
    dx, dy = size * np.cos(angle), size * np.sin(angle)
    ends = f'x1="{x - dx:.2f}" y1="{y - dy:.2f}" x2="{x + dx:.2f}" y2="{y + dy:.2f}"'
    return f'<line {ends} stroke="#000" stroke-width="{random.choice([1.5, 2.0])}" stroke-linecap="round"/>'


def recognised() -> dict[str, tuple[int, int]]:
    """By kind: how many of the geometric icons' shapes are found again, and how many there are."""
    recovered, there = Counter[str](), Counter[str]()
    for number in range(ICONS):
        svg, wanted = geometric(number)
        traced = trace(drawn(svg, SIDE, SIDE), count=2).drawing.svg()
        kinds = Counter(re.findall(r"<(circle|rect|line)\b", traced))
        kinds["rect"] -= 1  # the ground
        recovered.update({kind: min(max(kinds[kind], 0), count) for kind, count in wanted.items()})
        there.update(wanted)
    return {kind: (recovered[kind], there[kind]) for kind in KINDS}


def by_browser(svgs: Sequence[str]) -> list[Picture]:
    """Drawings by headless Chromium on white, SIDE px each. Raises FileNotFoundError where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise FileNotFoundError("chromium")
    images = "".join(
        f'<img style="position:absolute;top:0;left:{number * SIDE}px" width="{SIDE}" height="{SIDE}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'
        for number, svg in enumerate(svgs)
    )
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        page.write_text(f'<body style="margin:0;background:white">{images}</body>')
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--force-device-scale-factor=1", f"--user-data-dir={folder}/profile",
            f"--window-size={SIDE * len(svgs)},{SIDE + BARS}", f"--screenshot={shot}", page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, capture_output=True, check=True, timeout=300)
        whole = load(shot)
    return [whole[:SIDE, number * SIDE : (number + 1) * SIDE] for number in range(len(svgs))]


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m lab drawings", description=__doc__)
    parser.add_argument("--svgs", type=Path, metavar="DIR", help=f"SVGs to draw twice, the first {MOST}")
    options = parser.parse_args(words)
    if options.svgs is None:
        counts = recognised()
        for kind, (recovered, there) in counts.items():
            print(f"{kind:8} {recovered} of {there}")
        share = sum(recovered for recovered, _ in counts.values()) / sum(there for _, there in counts.values())
        takeaway.store("shapes", {"icons": ICONS, "by_kind": counts})
        print(f"{share:.0%} of the shapes of {ICONS} icons are found again")
        return int(share < 0.9)
    svgs = [path.read_text() for path in sorted(options.svgs.rglob("*.svg"))[:MOST]]
    if not svgs:
        print(f"lab: error: {str(options.svgs)!r} has no SVG in it: give a folder of drawings", file=sys.stderr)
        return 2
    # A screen has no room for all in one row.
    shown = [raster for start in range(0, len(svgs), 10) for raster in by_browser(svgs[start : start + 10])]
    ours = [drawn(svg, SIDE, SIDE) for svg in svgs]
    off = [
        float(np.abs(to_uint8(raster).astype(int) - to_uint8(other).astype(int)).mean())
        for raster, other in zip(shown, ours, strict=True)
    ]
    takeaway.store("browsers", {"drawings": len(off), "mean": float(np.mean(off)), "most": max(off)})
    print(f"{len(off)} drawings: mean difference {np.mean(off):.2f} levels, most {max(off):.2f}")
    return int(max(off) > ALIKE)
