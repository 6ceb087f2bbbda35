"""Tracing measured, python -m lab tracing --results DIR --sources DIR: SVGs drawn again, against the pictures.

Parasol's tracer stands beside others at their defaults. For each the medians of PSNR in dB (drawn by resvg on white),
of the elements that paint, of bytes, and of how far the drawing looks from the picture to EfficientNet-Lite2, which no
model of ours was trained with (LPIPS's formula on its layers, under its own name: `lite2-perceptual`). The sources are
the SVGs of the set that the results are like, as its own hand made them, whose elements and bytes are counted. Tracers
that are not installed (`pip install vtracer potracer pyautotrace`, `apt install potrace`) are left out and named.
"""

import argparse
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

from lab import takeaway
from parasol.comparison.lite2 import Lite2
from parasol.images import load, to_uint8
from parasol.maths.distances import psnr
from parasol.metrics.perceptual import perceptual_distance
from parasol.metrics.statistics import decibel
from parasol.types import Picture, Record
from parasol.vector import TraceError, trace

Seen = Callable[[Picture], list[np.ndarray]]
"""What a network makes of a picture: a map a layer."""

PAINTING = re.compile(r"<(path|circle|ellipse|rect|line|polygon|polyline)\b")


def parasol(picture: Picture) -> str:
    """Ours, colours chosen."""
    return trace(picture).drawing.svg()


def vtracer(picture: Picture) -> str:
    """The package vtracer at its defaults."""
    import vtracer as package  # type: ignore[import-not-found]  (where it is installed)

    pixels = to_uint8(np.dstack([picture, np.ones(picture.shape[:2], np.float32)])).reshape(-1, 4).tolist()
    text = package.convert_pixels_to_svg([tuple(pixel) for pixel in pixels], size=picture.shape[1::-1])
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
    if shutil.which("potrace") is None:
        raise FileNotFoundError("potrace")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "picture.bmp"
        Image.fromarray(to_uint8(picture)).convert("1").save(source)
        command = ["potrace", "--svg", "-o", "-", str(source)]
        return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()


def autotrace(picture: Picture) -> str:
    """The package pyautotrace, which is the program autotrace, at its defaults."""
    import autotrace as package  # type: ignore[import-not-found]  (where it is installed)

    return package.Bitmap(to_uint8(picture)).trace().encode(package.VectorFormat.SVG).decode()


TRACERS: dict[str, Callable[[Picture], str]] = {
    tracer.__name__: tracer for tracer in (parasol, vtracer, potracer, potrace, autotrace)
}


def drawn(svg: str, height: int, width: int) -> Picture:
    """An SVG drawn by resvg on white."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg, width=width, height=height, background="white", dpi=96.0)
    return load(png)


def measured(tracer: Callable[[Picture], str], pictures: dict[str, Picture], maps_of: Seen) -> dict[str, list[float]]:
    """By picture: PSNR, elements, bytes, perceptual distance; a picture that is refused is left out."""
    rows = dict[str, list[float]]()
    for name, picture in pictures.items():
        try:
            svg = tracer(picture)
        except TraceError:
            continue
        again = drawn(svg, *picture.shape[:2])
        away = perceptual_distance(maps_of(picture), maps_of(again))
        rows[name] = [decibel(psnr(again, picture)), *_size(svg), away]
    return rows


def _whole(file: Path, picture: Picture) -> str:
    """An SVG of a set without the set's frame, so that it lies on the picture that it was traced from."""
    height, width = picture.shape[:2]
    return re.sub(r'viewBox="[^"]*"', f'viewBox="0 0 {width} {height}"', file.read_text("utf-8"), count=1)


def summed(rows: dict[str, list[float]], sources: Sequence[str]) -> Record:
    """Medians of one tracer's rows, and its elements beside those of the sources."""
    decibels, elements, size, away = np.median(list(rows.values()), axis=0)
    own = float(np.median([_size(svg)[0] for svg in sources])) if sources else None
    return {
        "pictures": len(rows),
        "psnr": round(float(decibels), 2),
        "elements": float(elements),
        "of_sources": None if own is None else round(float(elements) / own, 2),
        "bytes": float(size),
        "lite2-perceptual": round(float(away), 3),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Measure every tracer on every PNG of a folder, print the medians, and write all of it where --out says."""
    parser = argparse.ArgumentParser(prog="python -m lab tracing", description=__doc__)
    parser.add_argument("--results", type=Path, required=True, metavar="DIR", help="PNGs, such as results of a model")
    parser.add_argument("--sources", type=Path, metavar="DIR", help="SVGs of the set that the results are like")
    parser.add_argument("--most", type=int, default=100, metavar="COUNT", help="results, the first by name")
    parser.add_argument("--written", type=Path, metavar="DIR", help="SVGs that the command wrote of these results")
    options = parser.parse_args(words)
    pictures = {path.stem: load(path) for path in sorted(options.results.glob("*.png"))[: options.most]}
    if not pictures:
        print(f"lab: error: {str(options.results)!r} has no PNG in it: give the folder of the results", file=sys.stderr)
        return 2
    sources = [path.read_text("utf-8") for path in sorted(options.sources.glob("*.svg"))] if options.sources else []
    network, results = Lite2(), dict[str, Record]()

    def maps_of(picture: Picture) -> list[np.ndarray]:
        return list(network.read(picture).maps.values())

    tracers = dict(TRACERS)
    if options.written:  # what is taken away, and beside it what a raster alone gives
        missing = [stem for stem in pictures if not (options.written / f"{stem}.svg").is_file()]
        if missing:
            print(f"lab: error: {str(options.written)!r} has no {missing[0]}.svg: give the set's svg/", file=sys.stderr)
            return 2
        given = {id(picture): _whole(options.written / f"{stem}.svg", picture) for stem, picture in pictures.items()}
        tracers = tracers | {"parasol": lambda picture: given[id(picture)], "vectorize": parasol}
    for name, tracer in tracers.items():
        try:
            rows = measured(tracer, pictures, maps_of)
        except (ModuleNotFoundError, FileNotFoundError):
            print(f"{name:10} is not installed")
            continue
        results[name] = summed(rows, sources)
        print(name, json.dumps(results[name]), flush=True)
    sizes = [_size(svg) for svg in sources]
    middle = [float(value) for value in np.median(sizes, axis=0)] if sizes else None
    takeaway.store("tracing", {"tracers": results, "sources": middle, "count": len(sources)})
    return 0


def _size(svg: str) -> tuple[int, int]:
    """Elements that paint, and bytes."""
    return len(PAINTING.findall(svg)), len(svg.encode())


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
