"""Directions of the space of styles: python -m lab directions --icons DIR --pool DIR... --held DIR... --out FILE

A direction is the mean difference of the style descriptors of icons that a procedural hand drew with one property at
both ends of its range, all else the same; hands and contents of training. Centres of the training styles and the cosine
below which a style is far come from the descriptors of pools (`parasol train pool`): the twentieth of held styles that
lies farthest is called far. Both are written where the package reads them.

Then the proof: held out contents in the style of one picture by a held out hand, moved along a direction by -1 to 1.
Told is Spearman's correlation of what was asked and what is measured on the result, the mean over contents; contents
whose true drawings do not show the property are passed over. A direction that stays below 0.8 is not written.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from lab.hands import PLAIN, lightness, roundness, saturation, seen
from lab.hands import Property as Measured
from lab.unseen import on_white
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.corpora import Corpus
from parasol.corpora.hands import hand_of, oklab_of
from parasol.corpora.icons import Vectors
from parasol.corpora.redraw import draw
from parasol.directions import FOLDER, PREFIX
from parasol.images import from_uint8, to_uint8
from parasol.maths.distances import unit
from parasol.metrics.statistics import spearman
from parasol.pipeline import Parasol
from parasol.runtime.torch import load_networks
from parasol.types import Picture, Record

SOLID = ("ic-sharp", "mdi", "ri-fill", "fa7-solid")
PARTS = (
    "streamline-color-flat",
    "streamline-flex-color-flat",
    "streamline-sharp-color-flat",
    "streamline-ultimate-color",
)
PAIRS, CENTRES, FAR = 48, 256, 0.05
SHARES = (-1.0, -0.5, 0.0, 0.5, 1.0)
LEAST = 0.8


def rim(picture: Picture) -> float:
    """How much darker what is drawn is at its border than within, in OKLab lightness: outlines make it so."""
    drawn, tone = seen(picture), oklab_of(picture.astype(np.float64))[..., 0]
    inside = np.asarray(ndimage.binary_erosion(drawn, iterations=7), bool)
    within = np.asarray(ndimage.binary_erosion(drawn, iterations=5), bool)
    edge = np.asarray(ndimage.binary_erosion(drawn), bool) & ~within
    return float(np.mean(tone[inside])) - float(np.mean(tone[edge])) if inside.any() and edge.any() else 0.0


def softness(picture: Picture) -> float:
    """Mean gradient of lightness within areas, steps between them left out."""
    tone = oklab_of(picture.astype(np.float64))[..., 0]
    down, right = np.gradient(ndimage.gaussian_filter(tone, 1.0))
    slope = np.hypot(down, right)
    slow = seen(picture) & (np.asarray(ndimage.maximum_filter(slope, 5)) < 0.04)
    return float(slope[slow].mean()) if slow.any() else 0.0


def colours(picture: Picture) -> float:
    """How many colours there are, in effect: exp of the entropy of OKLab in cells of 0.08."""
    cells = np.floor(oklab_of(picture[seen(picture)].astype(np.float64)) / 0.08)
    shares = np.unique(cells, axis=0, return_counts=True)[1] / max(len(cells), 1)
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0


FILLED = {**PLAIN, "fill": "flat"}
LINES = {**FILLED, "outline": "shapes", "outline_own": False, "lightness": 0.8, "ink_tone": 0.14, "interiors": True}
PROPERTIES = (
    Measured(name="outline_width", values=(0.8, 1.6, 2.8, 4.4, 6.0), given=LINES, measured=rim),
    Measured(name="saturation", values=(0.0, 0.25, 0.5, 0.75, 1.0), given=FILLED, measured=saturation),
    Measured(name="lightness", values=(0.35, 0.48, 0.6, 0.72, 0.85), given=FILLED, measured=lightness),
    Measured(
        name="fill_strength", values=(0.0, 0.25, 0.5, 0.75, 1.0), given={**PLAIN, "fill": "linear"}, measured=softness
    ),
    Measured(
        name="corner", values=(0.0, 1.2, 2.4, 3.6, 4.8), measured=roundness,
        given={**FILLED, "outline": "none", "interiors": False, "simplify": 0.0, "weight": 0.0},
    ),
    Measured(
        name="palette_size", values=(1, 2, 3, 4, 6), measured=colours,
        given={**FILLED, "outline": "none", "hue_spread": 0.9, "saturation": 0.8, "lightness_spread": 0.3},
    ),
)  # fmt: skip
NAMES = dict(zip((attribute.name for attribute in PROPERTIES),
                 ("outline", "saturation", "lightness", "shading", "corner", "palette"),
                 strict=True))  # fmt: skip
GAINS = {"corner": 3.0, "palette_size": 2.0}
"""How far 1 goes, in ranges of the property, where that is more than one: the encoder hardly sees these."""


@dataclass(frozen=True, kw_only=True)
class Icon:
    """An icon, on white and as its SVG."""

    plain: Picture
    svg: str


def icons_of(icons: Corpus, split: str, looks: Sequence[str]) -> Iterator[Icon]:
    """Icons of sets in turn."""
    vectors, pixels, random = Vectors(icons), icons.rgba(), np.random.default_rng(33)
    rows = [
        random.permutation([row for row, cell in enumerate(icons.cells) if cell.set == look and cell.split == split])
        for look in looks
    ]
    for number in range(min(map(len, rows))):
        for members in rows:
            cell = icons.cells[int(members[number])]
            yield Icon(plain=on_white(pixels[int(members[number])]), svg=vectors.svg(cell))


def drawn(svg: str, seed: int, attribute: Measured, values: Sequence[float], size: int, *, held: bool) -> list[Picture]:
    """An icon by one hand with each value of a property."""
    hand = replace(hand_of(seed, held=held), **attribute.given)  # type: ignore[arg-type]
    return [from_uint8(draw(svg, replace(hand, **{attribute.name: value}), size)) for value in values]  # type: ignore[arg-type]


def direction(model: Parasol, attribute: Measured, icons: Corpus) -> Float[np.ndarray, " a"]:
    """What going through the range of a property adds to a descriptor, in the mean."""
    differences: list[np.ndarray] = []
    looks = SOLID if attribute.name == "corner" else (*SOLID, *PARTS)
    for seed, icon in enumerate(icons_of(icons, "train", looks)):
        try:
            low, high = drawn(icon.svg, seed, attribute, (attribute.values[0], attribute.values[-1]), 128, held=False)
            differences.append(model.embed_style(to_uint8(high)) - model.embed_style(to_uint8(low)))
        except ValueError:
            continue
        if len(differences) == PAIRS:
            break
    return (GAINS.get(attribute.name, 1.0) * np.mean(differences, axis=0)).astype(np.float32)


def described(model: Parasol, pools: Sequence[Path]) -> Float[np.ndarray, "n a"]:
    """Style descriptors of all pictures of pools."""
    style, descriptors = load_networks(model.bundle).style, []
    for file in sorted(path for pool in pools for path in pool.glob("*.safetensors")):
        with safe_open(file, "pt") as shard, torch.no_grad():
            descriptors.append(style.describe(shard.get_tensor("measured").float()).numpy())
    return np.concatenate(descriptors)


def centres(rows: Float[np.ndarray, "n a"], held: Float[np.ndarray, "h a"]) -> tuple[np.ndarray, float]:
    """Centres of the training styles, and the cosine below which a style is far."""
    means, _ = kmeans2(rows[::5].astype(np.float64), CENTRES, minit="++", rng=np.random.default_rng(0), iter=12)
    known = unit(means.astype(np.float32)).astype(np.float16)
    return known, float(np.quantile((held @ known.astype(np.float32).T).max(axis=1), FAR))


def proven(
    model: Parasol, attribute: Measured, way: np.ndarray, icons: Corpus, count: int
) -> tuple[Record, list[np.ndarray]]:
    """How well results follow a direction, and rows of pictures: the reference, then the results."""
    looks = SOLID if attribute.name == "corner" else PARTS if attribute.name == "palette_size" else (*PARTS, *SOLID)
    result: Record = {"contents": 0, "passed_over": 0, "truth": [], "results": []}
    rows: list[np.ndarray] = []
    pairs = icons_of(icons, "content-test", looks)
    for seed, (icon, other) in enumerate(zip(pairs, pairs, strict=False)):
        if len(result["results"]) == count:
            break
        try:
            true = drawn(icon.svg, 3_000_000 + seed, attribute, attribute.values, 128, held=True)
            middle = drawn(other.svg, 3_000_000 + seed, attribute, (attribute.values[2],), 128, held=True)[0]
        except ValueError:
            continue
        truth = spearman(np.array(attribute.values), np.array([attribute.measured(picture) for picture in true]))
        if truth < LEAST:
            result["passed_over"] += 1
            continue
        style = model.style(to_uint8(middle))
        dials = model.dials(steps=10, sampler="dpm")
        recipe = model.recipe(to_uint8(icon.plain), style, dials)
        painted = []
        for share in SHARES:
            moved = unit(style.descriptor + share * way).astype(np.float32)
            painted.append(model.paint(recipe.changed(style=replace(style, descriptor=moved))).pixels)
        measured = [attribute.measured(picture) for picture in painted]
        result["truth"].append(round(truth, 3))
        result["results"].append(round(spearman(np.array(SHARES), np.array(measured)), 3))
        rows.append(np.concatenate([icon.plain, middle, *painted], axis=1))
    return result | {"contents": len(result["results"]), "mean": round(float(np.mean(result["results"])), 3)}, rows


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab directions", description=__doc__)
    parser.add_argument("--icons", type=Path, default=Path("data/icons"))
    parser.add_argument("--pool", type=Path, nargs="+", default=[])
    parser.add_argument("--held", type=Path, nargs="+", default=[])
    parser.add_argument("--count", type=int, default=6, help="contents of each direction")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file; a sheet is written beside it")
    options = parser.parse_args(words)
    model, icons = Parasol.load("pictogram"), corpora.load(options.icons)
    progress, results, directions = Progress("measuring"), {}, {}
    for place, attribute in enumerate(PROPERTIES):
        way = direction(model, attribute, icons)
        results[NAMES[attribute.name]], rows = proven(model, attribute, way, icons, options.count)
        results[NAMES[attribute.name]]["length"] = round(float(np.linalg.norm(way)), 3)
        Image.fromarray(to_uint8(np.concatenate(rows))).save(options.out.with_suffix(f".{NAMES[attribute.name]}.png"))
        if results[NAMES[attribute.name]]["mean"] >= LEAST:
            directions[NAMES[attribute.name]] = way
        print(NAMES[attribute.name], results[NAMES[attribute.name]], flush=True)
        progress.update(place + 1, len(PROPERTIES))
    known, near = centres(described(model, options.pool), described(model, options.held))
    encoder = model.bundle.manifest.style
    save_file(
        {**directions, "known": known, "near": np.array([near], np.float32)},
        FOLDER / f"{PREFIX}-{encoder.name}-{encoder.version}.safetensors",
        metadata={"encoder": f"{encoder.name} {encoder.version}", "model": model.bundle.identity},
    )
    record = {"model_hash": model.bundle.identity, "near": round(near, 4), "far": FAR, "directions": results}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    return 0
