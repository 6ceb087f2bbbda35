"""Which model draws, measured: python -m lab kinds --photographs DIR --drawings DIR [DIR ...].

Photographs are those of a corpus of paintings, drawings those of icons and pictograms; only cells of test splits are
looked at. Every picture is changed in ten ways and more, as people meet them: a row says how many of each kind were
taken for the other without a word, and of how many it was said that they might be either. Each odds is stored, so that
another limit of doubt needs no other run. With --fit, the splits that train are looked at instead, and the coefficients
of `parasol.images.kind` are fitted to them and printed.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from parasol.images import PictureError, load, write_atomic
from parasol.images.kind import MOST, UNSURE, photograph_odds, traits

LARGEST = 256  # px; the rule looks at fewer
WHITE = (255, 255, 255)
SHEET = 128  # px, at which blur and noise are told
TRAINING, TEST = ("train", "gpl"), ("test", "content-test", "style-test", "cell-test")
RIDGE, NEWTON = 0.1, 30

Change = Callable[[Image.Image, np.random.Generator, bool], Image.Image]
"""(RGBA, randomness, whether it is a photograph) -> the changed picture, RGB or RGBA."""


def on_white(picture: Image.Image) -> Image.Image:
    """RGB, what is transparent in white."""
    sheet = Image.new("RGB", picture.size, WHITE)
    sheet.paste(picture, mask=picture.getchannel("A"))
    return sheet


def toned(picture: Image.Image, tone: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Other colours, the same alpha."""
    changed = tone(picture.convert("RGB")).convert("RGBA")
    changed.putalpha(picture.getchannel("A"))
    return changed


def plain(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """As it is."""
    return picture


def grey(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Without colours."""
    return toned(picture, lambda rgb: rgb.convert("L"))


def dark(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A sixth to two fifths of the light."""
    return ImageEnhance.Brightness(on_white(picture)).enhance(random.uniform(0.15, 0.4))


def pale(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A quarter to half of the contrast, under a veil of white."""
    weak = ImageEnhance.Contrast(on_white(picture)).enhance(random.uniform(0.25, 0.5))
    return Image.blend(weak, Image.new("RGB", picture.size, WHITE), random.uniform(0, 0.4))


def letterboxed(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Between two bars of black, white or grey."""
    width, height = picture.size
    longer = random.uniform(1.2, 1.6)
    size = (width, int(height * longer)) if random.random() < 0.5 else (int(width * longer), height)
    sheet = Image.new("RGB", size, [(0, 0, 0), WHITE, (30, 30, 30)][random.integers(3)])
    sheet.paste(on_white(picture), ((size[0] - width) // 2, (size[1] - height) // 2))
    return sheet


def cut_out(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """An oval or a rounded rectangle of it, on transparency."""
    width, height = picture.size
    mask, (x, y) = Image.new("L", picture.size, 0), random.uniform(0.02, 0.2, 2)
    box = (width * x, height * y, width * (1 - x), height * (1 - y))
    if random.random() < 0.6:
        ImageDraw.Draw(mask).ellipse(box, fill=255)
    else:
        ImageDraw.Draw(mask).rounded_rectangle(box, radius=min(picture.size) * 0.2, fill=255)
    cut = picture.copy()
    cut.putalpha(Image.fromarray(np.minimum(np.asarray(mask), np.asarray(picture.getchannel("A")))))
    return cut


def compressed(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A JPEG of quality 8 to 35."""
    return _jpeg(on_white(picture), int(random.integers(8, 36)))


def scanned(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Printed and scanned: turned a little, soft, on paper under uneven light, with noise, as a JPEG."""
    turned = on_white(picture).rotate(random.uniform(-4, 4), Image.Resampling.BICUBIC, fillcolor=WHITE)
    soft = turned.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.9) * max(picture.size) / SHEET))
    values = np.asarray(soft).astype(float) / 255
    height, width = values.shape[:2]
    light = 1 - random.uniform(0.05, 0.25) * _ramp(picture.size, random)
    paper = np.array([1, random.uniform(0.95, 1), random.uniform(0.85, 1)])
    values = values * paper * light[..., None] * random.uniform(0.85, 1)
    values += random.normal(0, random.uniform(0.005, 0.02), (height, width, 1))
    values += random.normal(0, 0.006, values.shape)
    return _jpeg(_image(values * 255), int(random.integers(60, 91)))


def app_icon(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A drawing, often in white, on a ramp of two colours with round corners; a photograph tinted and cut so."""
    width, height = picture.size
    part, (first, last) = _ramp(picture.size, random)[..., None], random.uniform(0, 255, (2, 3))
    ramp = _image(first * (1 - part) + last * part)
    mask = Image.new("L", (2 * width, 2 * height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), min(picture.size) * 0.45, fill=255)
    mask = mask.resize(picture.size)
    if photograph:
        icon = Image.blend(on_white(picture), ramp, 0.35).convert("RGBA")
    else:
        icon, shape = ramp.convert("RGBA"), picture.resize((int(width * 0.62), int(height * 0.62)))
        if random.random() < 0.6:
            alpha, shape = shape.getchannel("A"), Image.new("RGBA", shape.size, WHITE)
            shape.putalpha(alpha)
        icon.alpha_composite(shape, (int(width * 0.19), int(height * 0.19)))
    icon.putalpha(mask)
    return icon


def blurred(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """By 0.8 to 2.5 px of 128."""
    return on_white(picture).filter(ImageFilter.GaussianBlur(random.uniform(0.8, 2.5) * max(picture.size) / SHEET))


def noisy(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """5 to 20 levels of noise at 128 px."""
    values = np.asarray(on_white(picture)).astype(float)
    larger = max(1.0, 0.7 * max(picture.size) / SHEET)
    return _image(values + random.normal(0, random.uniform(5, 20) * larger, values.shape))


def recoloured(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Other hues, weaker at times, and light for dark in three of ten."""

    def tone(rgb: Image.Image) -> Image.Image:
        values = np.array(rgb.convert("HSV"))
        values[..., 0] += np.uint8(random.integers(30, 226))
        values[..., 1] = values[..., 1] * random.uniform(0.5, 1)
        changed = np.asarray(Image.fromarray(values, "HSV").convert("RGB"))
        return Image.fromarray(255 - changed if random.random() < 0.3 else changed)

    return toned(picture, tone)


def small(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """24 to 64 px."""
    scale = random.uniform(24, 64) / max(picture.size)
    return on_white(picture).resize((max(8, int(picture.width * scale)), max(8, int(picture.height * scale))))


CHANGES: dict[str, Change] = {
    change.__name__.replace("_", " "): change
    for change in (plain, grey, dark, pale, letterboxed, cut_out, scanned, compressed, app_icon, blurred, noisy)
} | {"recoloured": recoloured, "small": small}


def _ramp(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """From 0 to 1 in some direction, or outwards."""
    y, x = np.mgrid[0 : 1 : size[1] * 1j, 0 : 1 : size[0] * 1j]
    turn = random.uniform(0, 2 * np.pi)
    if random.random() < 0.3:
        return (np.hypot(x - 0.3, y - 0.3) / 1.2).clip(0, 1)
    return ((np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) / 1.2 + 0.5).clip(0, 1)


def _image(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def photographs_in(corpus: Path, splits: Sequence[str], count: int) -> list[Path]:
    """Whole pictures first, then their largest crops, by a seed."""
    whole = [record["file"] for record in _records(corpus / "pictures.jsonl") if record["split"] in splits]
    crops = [
        record["file"]
        for record in _records(corpus / "cells.jsonl")
        if record["split"] in splits and record["level"] < 2
    ]
    random = np.random.default_rng(0)
    for files in (whole, crops):
        random.shuffle(files)
    return [corpus / file for file in (*whole, *crops)[:count]]


def drawings_in(corpora: Sequence[Path], splits: Sequence[str], count: int) -> list[Path]:
    """The same number of every set, as far as it has so many, by a seed."""
    sets: dict[str, list[Path]] = {}
    for corpus in corpora:
        for record in _records(corpus / "cells.jsonl"):
            if record["split"] in splits:
                sets.setdefault(record["set"], []).append(corpus / record["file"])
    random = np.random.default_rng(0)
    for files in sets.values():
        random.shuffle(files)  # pyright: ignore[reportArgumentType]
    turns = (files[turn] for turn in range(count) for files in sets.values() if turn < len(files))
    return [file for _, file in zip(range(count), turns, strict=False)]


def _records(file: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in file.read_text().splitlines())


def variants(file: Path, photograph: bool) -> Iterator[tuple[str, np.ndarray]]:
    """(change, pixels) of one picture; what is blank after a change is left out."""
    picture = Image.open(file).convert("RGBA")
    picture.thumbnail((LARGEST, LARGEST))
    random = np.random.default_rng(np.frombuffer(file.name.encode(), np.uint8))
    for name, change in CHANGES.items():
        try:
            yield name, load(change(picture, random, photograph))
        except PictureError:
            continue


def fitted(photographs: Sequence[Path], drawings: Sequence[Path]) -> str:
    """The coefficients as they stand in the code, by Newton's method; both kinds have the same say."""
    rows = [
        (traits(pixels), float(kind))
        for kind, files in ((True, photographs), (False, drawings))
        for file in files
        for _, pixels in variants(file, kind)
    ]
    values, kinds = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    mean, spread = values.mean(axis=0).round(3), values.std(axis=0).round(3)
    scaled = ((values - mean) / spread).clip(-MOST, MOST)
    inputs = np.column_stack([scaled, scaled**2, np.ones(len(kinds))])
    say = np.where(kinds == 1, 0.5 / kinds.mean(), 0.5 / (1 - kinds.mean()))
    weights = np.zeros(inputs.shape[1])
    ridge = RIDGE * np.eye(len(weights))
    for _ in range(NEWTON):
        odds = 1 / (1 + np.exp(-(inputs @ weights).clip(-30, 30)))
        slope = inputs.T @ (say * (kinds - odds)) - ridge @ weights
        weights += np.linalg.solve((inputs * (say * odds * (1 - odds))[:, None]).T @ inputs + ridge, slope)
    half = len(mean)
    named = {"MEAN": mean, "SPREAD": spread, "LINEAR": weights[:half], "SQUARE": weights[half:-1]}
    lines = [f"{name} = np.array([{', '.join(f'{value:.3f}' for value in part)}])" for name, part in named.items()]
    return "\n".join([*lines, f"BIAS = {weights[-1]:.3f}"])


def counted(odds: Sequence[float], photographs: bool) -> tuple[int, int]:
    """(taken for the other kind without a word, said to be perhaps either) of pictures of one kind, by their odds."""
    values = np.array(odds)
    unsure = np.abs(values) < UNSURE
    return int((((values > 0) != photographs) & ~unsure).sum()), int(unsure.sum())


def table(record: dict[str, Any]) -> str:
    """The errors and the doubts by change as Markdown, for both kinds."""
    lines = [
        "| change | photographs taken for drawings | said to be perhaps either | drawings taken for photographs "
        "| said to be perhaps either |",
        "|---|---|---|---|---|",
    ]
    for change in [*CHANGES, "all"]:
        cells = []
        for kind in ("photographs", "drawings"):
            odds = record[kind]["odds"]
            rows = [odd for values in odds.values() for odd in values] if change == "all" else odds.get(change, [])
            cells += [
                f"{part} of {len(rows)} ({100 * part / max(1, len(rows)):.1f} %)"
                for part in counted(rows, kind == "photographs")
            ]
        lines.append(f"| {change} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write the odds where --out says; or fit, and print the coefficients."""
    parser = argparse.ArgumentParser(prog="python -m lab kinds", description=__doc__)
    parser.add_argument("--photographs", type=Path, default=Path("data/paintings"), metavar="DIR")
    parser.add_argument(
        "--drawings", type=Path, nargs="+", default=[Path("data/icons"), Path("data/pictograms")], metavar="DIR"
    )
    parser.add_argument("--most", type=int, nargs=2, default=(300, 2000), metavar=("PHOTOGRAPHS", "DRAWINGS"))
    parser.add_argument("--training", action="store_true", help="the splits that train, to choose the limit of doubt")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("lab/results/kinds.json"), metavar="FILE")
    options = parser.parse_args(words)
    splits = TRAINING if options.fit or options.training else TEST
    photographs = photographs_in(options.photographs, splits, options.most[0])
    drawings = drawings_in(options.drawings, splits, options.most[1])
    if options.fit:
        print(fitted(photographs, drawings))
        return 0
    record: dict[str, Any] = {name: {"pictures": 0, "odds": {}} for name in ("photographs", "drawings")}
    for name, files in (("photographs", photographs), ("drawings", drawings)):
        odds: dict[str, list[float]] = {change: [] for change in CHANGES}
        for done, file in enumerate(files, start=1):
            for change, pixels in variants(file, name == "photographs"):
                odds[change].append(round(photograph_odds(pixels), 2))
            record[name] = {"pictures": done, "odds": odds}
            if done % 25 == 0 or done == len(files):  # so that a run that is stopped has counted what it has seen
                write_atomic(options.out, f"{json.dumps(record)}\n".encode())
                print(f"{name}: {done} of {len(files)}", file=sys.stderr, flush=True)
    print(table(record))
    return 0
