"""Whether asked properties of a style come out: python -m lab hands --icons DIR --model M --finish auto --out FILE

Icons of test contents, as their set has them, in the style of one and of eight references, other test contents that a
held out procedural hand drew. One property of the hand runs over its range while all else stays; it is measured on the
result by an estimator that sees the picture alone. Told is Spearman's correlation of asked and measured within a
content, the mean over contents: of the true drawings first, since an estimator that fails there is no judge, then of
the results. A content whose true drawings don't show the property, such as the corners of a disc, is passed over and
counted.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy import ndimage
from skimage.measure import find_contours

from lab.unseen import on_white
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.corpora import Corpus
from parasol.corpora.hands import Hand, hand_of, oklab_of
from parasol.corpora.icons import Vectors
from parasol.corpora.redraw import draw
from parasol.finishing import FINISHES
from parasol.images import from_uint8, to_uint8
from parasol.metrics.statistics import spearman
from parasol.pipeline import Parasol
from parasol.types import Picture, Record

LOOKS = ("ic-sharp", "mdi", "material-symbols-sharp", "ri-fill", "ion-sharp", "fa7-solid")
"""Solid sets with corners, which training knows; their test contents it does not."""
REFERENCES = (1, 8)
FIRST_SEED = 2 * 10**6
SEEN_BY_TRUTH = 0.85
"""Correlation on its true drawings from which a content shows a property at all."""
ROUND = 6.5
"""Radius in px: that of the roundest corners that are asked for."""
DRAWN = 0.08  # distance from the ground in OKLab from which a pixel is drawn


@dataclass(frozen=True, kw_only=True)
class Property:
    """A number of a hand: what is asked, with what else of the hand, and how it is measured on a picture."""

    name: str
    values: tuple[float, ...]
    given: dict[str, object]
    measured: Callable[[Picture], float]


def outline_width(picture: Picture) -> float:
    """Width of dark lines in px: twice their area by the length of their edges."""
    dark = np.clip((0.72 - oklab_of(picture)[..., 0]) / 0.5, 0.0, 1.0)
    down, right = np.gradient(dark)
    edges = float(np.hypot(down, right).sum())
    return float(2.0 * dark.sum()) / edges if edges > 0.0 else 0.0


def saturation(picture: Picture) -> float:
    """Median chroma of what is drawn."""
    lab = oklab_of(picture)[seen(picture)]
    return float(np.median(np.hypot(lab[:, 1], lab[:, 2]))) if len(lab) else 0.0


def lightness(picture: Picture) -> float:
    """Median lightness of what is drawn."""
    lab = oklab_of(picture)[seen(picture)]
    return float(np.median(lab[:, 0])) if len(lab) else 1.0


def roundness(picture: Picture) -> float:
    """How little outlines bend beyond a radius of `ROUND` px: minus the mean of the curvature that is too much."""
    bends = [np.abs(_bend(line)) for line in find_contours(_coverage(picture), 0.5) if len(line) > 24]
    return -float(np.clip(np.concatenate(bends) - 1.0 / ROUND, 0.0, None).mean()) if bends else 0.0


def _bend(line: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " k"]:
    """Curvature along a closed line, 1/px."""
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.arange(0.0, steps[-1], 0.5)
    y, x = (ndimage.gaussian_filter1d(np.interp(at, steps, side), 2.0, mode="wrap") for side in line.T)
    dy, dx = np.gradient(y, 0.5), np.gradient(x, 0.5)
    return (dx * np.gradient(dy, 0.5) - dy * np.gradient(dx, 0.5)) / np.maximum((dx**2 + dy**2) ** 1.5, 1e-6)


def _coverage(picture: Picture) -> Float[np.ndarray, "H W"]:
    """How much of each pixel is drawn, by the colour that is farthest from the ground."""
    far = _distance(picture)
    return far / max(float(np.quantile(far, 0.97)), DRAWN)


def seen(picture: Picture) -> np.ndarray:
    """Pixels that are drawn, those at an edge left out where that leaves enough."""
    whole = _distance(picture) > DRAWN
    inside = np.asarray(ndimage.binary_erosion(whole, iterations=2))
    return inside if inside.sum() > 0.2 * whole.sum() else whole


def _distance(picture: Picture) -> Float[np.ndarray, "H W"]:
    lab = oklab_of(picture.astype(np.float64))
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    return np.linalg.norm(lab - np.median(border, axis=0), axis=-1)


PLAIN = {"ground": "white", "badge": "none", "shading": "none", "grid": 0, "jitter": 0.0, "roughness": 0.0}
FLAT = {**PLAIN, "fill": "flat", "outline": "none", "palette_size": 1, "lightness_spread": 0.0, "neutral": False,
        "simplify": 0.0, "weight": 0.0, "size": 0.95, "interiors": False, "corner": 0.0}  # fmt: skip
PROPERTIES = (
    Property(
        name="outline_width", values=(1.5, 2.3, 3.2, 4.4, 6.0), measured=outline_width,
        given={**FLAT, "outline": "shapes", "outline_own": False, "lightness": 0.88, "ink_tone": 0.12},
    ),
    Property(
        name="saturation", values=(0.1, 0.32, 0.55, 0.77, 1.0), measured=saturation, given={**FLAT, "lightness": 0.6}
    ),
    Property(
        name="lightness", values=(0.32, 0.45, 0.58, 0.7, 0.83), measured=lightness, given={**FLAT, "saturation": 0.6}
    ),
    Property(
        name="corner", values=(0.0, 1.2, 2.4, 3.6, 4.8), measured=roundness, given={**FLAT, "lightness": 0.5}
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """A content and the sources of the references beside it, in one held out hand."""

    content: str
    plain: Picture
    svg: str
    others: tuple[str, ...]
    hand: Hand


def cases(icons: Corpus) -> Iterator[Case]:
    """Test contents of `LOOKS` in turn, each with its own hand."""
    vectors, pixels, random = Vectors(icons), icons.rgba(), np.random.default_rng(21)
    rows = {
        look: random.permutation([
            row for row, cell in enumerate(icons.cells) if cell.set == look and cell.split == "content-test"
        ]).tolist()
        for look in LOOKS
    }  # fmt: skip
    for number in range(min(map(len, rows.values())) - max(REFERENCES)):
        for place, (look, members) in enumerate(rows.items()):
            row, *others = members[number : number + 1 + max(REFERENCES)]
            svgs = [vectors.svg(icons.cells[member]) for member in (row, *others)]
            yield Case(
                content=f"{look}/{icons.cells[row].base}", plain=on_white(pixels[row]), svg=svgs[0],
                others=tuple(svgs[1:]), hand=hand_of(FIRST_SEED + len(LOOKS) * number + place, held=True),
            )  # fmt: skip


def drawn(case: Case, attribute: Property, svgs: Sequence[str], size: int) -> list[list[Picture]]:
    """Some icons by the case's hand with each value of a property."""
    hands = [replace(case.hand, **{**attribute.given, attribute.name: value}) for value in attribute.values]  # type: ignore[arg-type]
    return [[from_uint8(draw(svg, hand, size)) for svg in svgs] for hand in hands]


def agreement(attribute: Property, pictures: Sequence[Picture]) -> float:
    """Spearman's correlation of what was asked and what is measured on the pictures."""
    return spearman(np.array(attribute.values), np.array([attribute.measured(picture) for picture in pictures]))


def measure(model: Parasol | None, icons: Corpus, count: int, dials: Record, sheet: Path | None) -> Record:
    """`count` contents of each property; without a model the estimators on true drawings alone."""
    record: Record = {}
    rows: list[Picture] = []
    progress = Progress("painting")
    for place, attribute in enumerate(PROPERTIES):
        truths: list[float] = []
        passed = 0
        results: dict[int, list[float]] = {references: [] for references in REFERENCES if model}
        for case in cases(icons):
            if len(truths) == count:
                break
            try:
                true = [pictures[0] for pictures in drawn(case, attribute, [case.svg], len(case.plain))]
                like = drawn(case, attribute, case.others, len(case.plain))
            except ValueError:
                continue
            truth = agreement(attribute, true)
            if truth < SEEN_BY_TRUTH:
                passed += 1
                continue
            truths.append(truth)
            for references, correlations in results.items():
                assert model is not None
                painted = [
                    model.stylize(case.plain, [(picture, 1.0) for picture in drawings[:references]], **dials).pixels
                    for drawings in like
                ]
                correlations.append(agreement(attribute, painted))
                if len(truths) == 1:
                    rows += [np.concatenate([case.plain, *line], axis=1) for line in (true, painted)]
            progress.update(place * count + len(truths), len(PROPERTIES) * count)
        record[attribute.name] = {
            "asked": attribute.values, "contents": len(truths), "passed_over": passed, "truth": _mean(truths),
            **{f"{references} references": _mean(values) for references, values in results.items()},
        }  # fmt: skip
    if sheet is not None and rows:
        Image.fromarray(to_uint8(np.concatenate(rows))).save(sheet)
    return record


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab hands", description=__doc__)
    parser.add_argument("--icons", type=Path, default=Path("data/icons"))
    parser.add_argument("--model", help="a bundle; without one the estimators alone are checked on true drawings")
    parser.add_argument("--count", type=int, default=4, help="contents of each property")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--finish", choices=FINISHES, default="none")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file; a sheet is written beside it")
    options = parser.parse_args(words)
    model = Parasol.load(options.model) if options.model else None
    dials: Record = {"steps": options.steps, "sampler": "dpm"}
    dials |= {} if options.finish == "none" else {"finish": options.finish}
    properties = measure(model, corpora.load(options.icons), options.count, dials, options.out.with_suffix(".png"))
    record = {"model_hash": model.bundle.identity if model else None, "dials": dials, "properties": properties}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))
    return 0
