"""Tracing measured, python -m lab tracing --results DIR: SVGs drawn again, against the pictures.

Parasol's tracer stands beside others at their defaults.

For each tracer the medians of PSNR in dB (drawn by resvg on white), of the elements that paint, and of bytes. Tracers
that are not installed are left out and named.
"""

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from parasol.images import load, to_uint8, write_atomic
from parasol.maths.distances import psnr
from parasol.metrics.statistics import decibel
from parasol.types import Picture
from parasol.vector import TraceError, trace

PAINTING = re.compile(r"<(path|circle|ellipse|rect|line|polygon|polyline)\b")


def parasol(picture: Picture) -> str:
    """Ours, colours chosen."""
    return trace(picture).drawing.svg()


def vtracer(picture: Picture) -> str:
    """The package vtracer at its defaults."""
    import vtracer as package  # type: ignore[import-not-found]  (where it is installed)

    pixels = to_uint8(np.dstack([picture, np.ones(picture.shape[:2], np.float32)])).reshape(-1, 4).tolist()
    text = package.convert_pixels_to_svg([tuple(one) for one in pixels], size=picture.shape[1::-1])
    return _boxed(text, picture)


def potracer(picture: Picture) -> str:
    """The package potracer at its defaults, on what is darker than the middle."""
    import potrace as package  # type: ignore[import-not-found]  (where it is installed)

    bitmap = package.Bitmap(Image.fromarray(to_uint8(picture)).convert("L"), blacklevel=0.5)
    data = "".join(_potraced(curve) for curve in bitmap.trace())
    height, width = picture.shape[:2]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><path d="{data}"/></svg>'


def potrace(picture: Picture) -> str:
    """The program potrace at its defaults, on a bitmap in Pillow's grey levels."""
    return _program(["potrace", "--svg", "-o", "-"], picture, "bmp", "1")


def autotrace(picture: Picture) -> str:
    """The program autotrace at its defaults."""
    return _program(["autotrace", "--output-format", "svg"], picture, "ppm", "RGB")


TRACERS: dict[str, Callable[[Picture], str]] = {
    one.__name__: one for one in (parasol, vtracer, potracer, potrace, autotrace)
}


def drawn(svg: str, height: int, width: int) -> Picture:
    """An SVG drawn by resvg on white."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg, width=width, height=height, background="white", dpi=96.0)
    return load(png)


def measured(tracer: Callable[[Picture], str], pictures: dict[str, Picture]) -> dict[str, list[float]]:
    """By picture: PSNR, elements, bytes; a picture that is refused is left out."""
    rows = dict[str, list[float]]()
    for name, picture in pictures.items():
        try:
            svg = tracer(picture)
        except TraceError:
            continue
        again = drawn(svg, *picture.shape[:2])
        rows[name] = [decibel(psnr(again, picture)), len(PAINTING.findall(svg)), len(svg.encode())]
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure every tracer on every PNG of a folder, print the medians, and write all of it where --out says."""
    parser = argparse.ArgumentParser(prog="python -m lab tracing", description=__doc__)
    parser.add_argument("--results", type=Path, required=True, metavar="DIR", help="PNGs, such as results of a model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON with every row")
    options = parser.parse_args(words)
    pictures = {path.stem: load(path) for path in sorted(options.results.glob("*.png"))}
    if not pictures:
        print(f"lab: error: {str(options.results)!r} has no PNG in it: give the folder of the results", file=sys.stderr)
        return 2
    found = dict[str, dict[str, list[float]]]()
    for name, tracer in TRACERS.items():
        try:
            found[name] = measured(tracer, pictures)
        except (ModuleNotFoundError, FileNotFoundError):
            print(f"{name:10} is not installed")
            continue
        middle = np.median(list(found[name].values()), axis=0)
        line = f"{middle[0]:6.2f} dB {middle[1]:6.1f} elements {middle[2] / 1000:7.2f} kB"
        print(f"{name:10} {line}  ({len(found[name])} of {len(pictures)})", flush=True)
    if options.out:
        write_atomic(options.out, json.dumps(found, indent=1).encode())
    return 0


def _boxed(svg: str, picture: Picture) -> str:
    height, width = picture.shape[:2]
    return re.sub(r"<svg [^>]*>", f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">', svg)


def _potraced(curve: object) -> str:
    start = curve.start_point  # pyright: ignore[reportAttributeAccessIssue]
    text = f"M{start.x:.1f} {start.y:.1f}"
    for part in curve.segments:  # pyright: ignore[reportAttributeAccessIssue]
        points = [part.c, part.end_point] if part.is_corner else [part.c1, part.c2, part.end_point]
        text += ("L" if part.is_corner else "C") + " ".join(f"{point.x:.1f} {point.y:.1f}" for point in points)
    return text + "Z"


def _program(command: list[str], picture: Picture, suffix: str, mode: str) -> str:
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(command[0])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"picture.{suffix}"
        file = io.BytesIO()
        Image.fromarray(to_uint8(picture)).convert(mode).save(file, suffix.upper())
        source.write_bytes(file.getvalue())
        done = subprocess.run([*command, str(source)], capture_output=True, check=True, timeout=60)
    return done.stdout.decode()
