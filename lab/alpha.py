"""Transparency measured, python -m lab alpha --icons DIR: results that are the content itself, on four grounds.

With --structure 1 a result is what the autoencoder makes of the content picture, so that the truth is known: the
content's own alpha, and colours on any ground. For white, black, green and a photograph: the PSNR in dB at edges (where
alpha lies between 0 and 1), over all icons, and what the autoencoder alone leaves of it on the ground that the model
saw; the largest difference of alpha from 1 inside and from 0 outside, in levels; how many icons came out blank; and of
five icons, how many different results and content descriptors they have.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lab import takeaway
from parasol import Parasol
from parasol.apps.progress import Progress
from parasol.images import SUFFIXES, fit, from_uint8, load, load_rgba, to_uint8, write_atomic
from parasol.result import Result
from parasol.types import Picture, Record
from parasol.vector import laid
from parasol.vector.ground import RGBA, unlaid

WHITE, BLACK, GREEN = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0)
INNER, OUTER = 0.999, 0.001  # of alpha
FIRST = 5  # icons that are compared with each other
UNLIKE = 2 / 255


def truth_of(picture: RGBA, size: int) -> RGBA:
    """A content picture at the size of the result: as it is fitted on white and on black."""
    on_white = fit(laid(picture, WHITE), size)
    alpha = fit(np.repeat(picture[..., 3:], 3, axis=2), size)[..., 0]
    return unlaid(on_white, alpha, WHITE)


def over(picture: RGBA, ground: Picture) -> Picture:
    """A picture with alpha on another of its size."""
    return (picture[..., :3] * picture[..., 3:] + ground * (1 - picture[..., 3:])).astype(np.float32)


def grounds(photograph: Picture, size: int) -> dict[str, Picture]:
    """The four that results are laid on, size x size px."""
    plain = {"white": WHITE, "black": BLACK, "green": GREEN}
    by_name = {name: np.broadcast_to(np.asarray(colour, np.float32), (size, size, 3)) for name, colour in plain.items()}
    height, width = photograph.shape[:2]
    side = min(height, width)
    return by_name | {"photograph": fit(photograph[:side, :side], size)}


def restyled(model: Parasol, picture: RGBA, like: RGBA) -> Result:
    """An icon in the style of another, at a structure that leaves it as it is."""
    style = model.style(np.where(like[..., 3:] > 0.5, like[..., :3], 1.0))
    return model.paint(model.recipe(picture, style, model.dials(structure=1.0, steps=2)))


def different(results: Sequence[Result]) -> tuple[int, int]:
    """How many results are unlike all before them (by over two levels on average), and how many descriptors."""
    distinct = list[RGBA]()
    for result in results:
        picture = result.rgba
        if picture is not None and all(np.abs(picture - earlier).mean() > UNLIKE for earlier in distinct):
            distinct.append(picture)
    return len(distinct), len({result.recipe.content.descriptor_hash for result in results})


def measured(result: Result, picture: RGBA, photograph: Picture) -> dict[str, float]:
    """One icon: squared errors at edges on each ground, and the largest faults of alpha in levels."""
    size = max(result.pixels.shape[:2])
    truth, rgba = truth_of(picture, size), result.rgba
    if rgba is None:
        raise ValueError("the icon is opaque: give icons on transparency")
    edge = (truth[..., 3] > OUTER) & (truth[..., 3] < INNER)
    shown = result.recipe.picture()
    rows = {"autoencoder": float(((result.pixels - shown)[edge] ** 2).mean())}
    for name, ground in grounds(photograph, size).items():
        rows[name] = float(((over(rgba, ground) - over(truth, ground))[edge] ** 2).mean())
    off = np.abs(to_uint8(rgba[..., 3]).astype(int) - to_uint8(truth[..., 3]).astype(int))
    inside, outside = truth[..., 3] >= INNER, truth[..., 3] <= OUTER
    rows["inside"] = float(off[inside].max(initial=0))
    rows["outside"] = float(off[outside].max(initial=0))
    rows["off inside"], rows["off outside"] = float((off[inside] > 1).mean()), float((off[outside] > 1).mean())
    rows["blank"] = float((rgba[..., 3] < 0.5).all())
    rows["edge"] = float(edge.sum())
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure every icon of a folder, print the means, and write all rows where --out says."""
    parser = argparse.ArgumentParser(prog="python -m lab alpha", description=__doc__)
    parser.add_argument("--icons", type=Path, required=True, metavar="DIR", help="icons on transparency")
    parser.add_argument("--photograph", type=Path, default=Path("examples/photograph.jpg"), metavar="FILE")
    parser.add_argument("--most", type=int, default=40, metavar="COUNT", help="icons, evenly spread over the names")
    parser.add_argument("--white", action="store_true", help="their shapes in white, as for dark themes")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON with every row")
    options = parser.parse_args(words)
    model, photograph = Parasol.load(), load(options.photograph)
    results = list[Result]()
    rows = dict(_rows(model, _chosen(options.icons, options.most), photograph, results, white=options.white))
    record: Record = {"icons": len(rows)}
    for name in ("autoencoder", "white", "black", "green", "photograph"):
        errors = np.array([row[name] for row in rows.values()])
        decibels = -10 * np.log10(np.maximum(errors, 1e-10))
        record[name] = {"median": round(float(np.median(decibels)), 2), "lowest": round(float(decibels.min()), 2)}
        print(f"{name:12} edges: median {np.median(decibels):5.1f} dB, lowest {decibels.min():5.1f} dB")
    for name in ("inside", "outside", "off inside", "off outside", "blank"):
        values = [row[name] for row in rows.values()]
        record[name] = {"mean": float(np.mean(values)), "most": max(values)}
        print(f"{name:12} mean {np.mean(values):.4f}, most {max(values):.4f}")
    record["results"], record["descriptors"] = different(results)
    record["compared"] = len(results)
    print(f"of {len(results)} icons: {record['results']} results and {record['descriptors']} descriptors differ")
    takeaway.store("alpha-white" if options.white else "alpha", record)
    if options.out:
        write_atomic(options.out, json.dumps(rows, indent=1).encode())
    return 0


def _chosen(folder: Path, most: int) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [files[int(at)] for at in np.unique(np.linspace(0, len(files) - 1, min(most, len(files))).round())]


def _rows(
    model: Parasol, files: list[Path], photograph: Picture, results: list[Result], *, white: bool
) -> Iterator[tuple[str, dict[str, float]]]:
    progress = Progress("icons")
    for number, path in enumerate(files):
        picture = like = load_rgba(path)
        if white:
            picture = np.dstack([np.ones_like(picture[..., :3]), picture[..., 3]])
        picture = from_uint8(to_uint8(picture))
        result = restyled(model, picture, like)
        results += [result] if len(results) < FIRST else []
        yield str(path.name), measured(result, picture, photograph)
        progress.update(number + 1, len(files))
