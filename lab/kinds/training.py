"""Train what tells photographs from drawings: python -m lab kinds-training --photographs DIR --drawings DIR --icons DIR

Starts from the first blocks of the published EfficientNet-Lite0 and goes on with the later of them, on pictures of the
splits that train alone and openly licensed alone, changed in one way or two. Photographs are whole, parts, in the
shapes of icons, and painted in synthetic media; drawings are cells, cells in guises, scenes of several, and icons
redrawn by procedural hands. A tenth of the photographs and the validation contents choose nothing but are told of.
Writes the weights into the package, every batch norm folded into its convolution, in 16 bits.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from safetensors.numpy import save
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as F

from lab.kinds import take_corpora
from lab.kinds.changes import CHANGES, MORE, image_of, ramp_of
from parasol import corpora
from parasol.corpora.hands import hand_of
from parasol.corpora.icons import Vectors
from parasol.corpora.media import MEDIA, paint
from parasol.corpora.redraw import draw
from parasol.images import PictureError, load, to_uint8, write_atomic
from parasol.images.ground import shows_nothing
from parasol.images.kind import STRIDES, WEIGHTS, seen
from parasol.networks.trunk import InvertedBottleneck, Trunk, load_published_trunk
from parasol.training.guises import Guise, dress

LARGEST = 400  # px, longer side of a photograph
SMALLEST_PART = 0.35  # of a side
LEAST_SHAPE = 0.3  # of the sheet; through less, nobody tells a photograph
SIDES = (64, 256)  # px, longer side, before a picture is changed
TWICE = 0.35  # of the pictures are changed in two ways
VALIDATION = 10  # every so manyth photograph
HIDDEN = 16
RATE, WARM = 2e-3, 100  # steps over which the rate rises
BATCH = 32
KEPT = 4  # layers of the trunk that stay as published: their maps are large, and see edges and colours alone
CERTAIN = 0.99  # what a photograph's odds are taught to say
COLOURED = 3  # times as often as another set: pictograms, which shade and colour most

Source = Callable[[np.random.Generator], Image.Image]
"""An unchanged picture, RGBA."""


class Examples(NamedTuple):
    """What the network sees, and whether each is a photograph."""

    pictures: UInt8[np.ndarray, "n 96 96 3"]
    photographs: Float[np.ndarray, " n"]


def photographs_of(folder: Path, shapes: Source, painted: int, *, validation: bool) -> Source:
    """Photographs and paintings that are openly licensed, whole or a part, some painted, some in a shape."""
    lines = (folder / "pictures.jsonl").read_text().splitlines()
    files = [record["file"] for record in map(json.loads, lines) if record["split"] == "train"]
    files = [file for number, file in enumerate(files) if (number % VALIDATION == 0) == validation]
    pictures = [_opened(folder / file, LARGEST) for file in files]
    random = np.random.default_rng(1)
    for _ in range(painted):
        small = pictures[random.integers(len(files))].convert("RGB")
        small.thumbnail((192, 192))
        medium = list(MEDIA)[random.integers(len(MEDIA))]
        values = np.asarray(small).astype(np.float32) / 255
        dials = random.random(len(MEDIA[medium].words))
        pictures.append(image_of(paint(medium, values, dials, int(random.integers(1000))) * 255).convert("RGBA"))

    def photograph(random: np.random.Generator) -> Image.Image:
        picture = pictures[random.integers(len(pictures))]
        if random.random() < 0.6:
            sides = [max(min(side, 48), int(side * random.uniform(SMALLEST_PART, 1))) for side in picture.size]
            left, top = (
                int(random.integers(0, side - part + 1)) for side, part in zip(picture.size, sides, strict=True)
            )
            picture = picture.crop((left, top, left + sides[0], top + sides[1]))
        if random.random() < 0.25:
            shape = np.asarray(ndimage.binary_fill_holes(np.asarray(shapes(random).getchannel("A")) > 127))
            if shape.mean() > LEAST_SHAPE:
                picture = picture.copy()
                picture.putalpha(Image.fromarray(shape).convert("L").resize(picture.size))
        return picture

    return photograph


def drawings_of(folders: Sequence[Path], icons: Path, redrawn: int, *, validation: bool) -> tuple[Source, Source]:
    """(drawings of all sorts, cells alone); as many of every set."""
    split = "content-val" if validation else "train"
    sets: dict[str, list[Path]] = {}
    for folder in folders:
        for line in (folder / "cells.jsonl").read_text().splitlines():
            record = json.loads(line)
            if record["split"] == split:
                sets.setdefault(record["set"], []).append(folder / record["file"])
    names = [name for name in sets for _ in range(COLOURED if "pictograms" in str(sets[name][0]) else 1)]
    hands = list(_hands(icons, split, redrawn))

    def cell(random: np.random.Generator) -> Image.Image:
        files = sets[names[random.integers(len(names))]]
        return _opened(files[random.integers(len(files))], LARGEST)

    def guised(random: np.random.Generator) -> Image.Image:
        icon = np.asarray(cell(random))
        guise = Guise(look="", colour=bool(np.ptp(icon[..., :3], axis=-1).max() > 40), seed=int(random.integers(10**6)))
        return Image.fromarray(dress(icon[None], guise)[0]).convert("RGBA")

    def scene(random: np.random.Generator) -> Image.Image:
        size = tuple(random.integers(96, 257, 2).tolist())
        part, (first, last) = ramp_of(size, random)[..., None], random.uniform(0, 255, (2, 3))
        last = first if random.random() < 0.5 else last
        sheet = image_of(first * (1 - part) + last * part).convert("RGBA")
        for _ in range(random.integers(2, 9)):
            piece, side = cell(random), int(random.uniform(0.2, 1) * min(size))
            piece = piece.resize((side, side))
            sheet.alpha_composite(piece, tuple(int(random.integers(0, max(1, room - side // 2))) for room in size))
        return sheet

    def drawing(random: np.random.Generator) -> Image.Image:
        sort = random.random()
        if sort < 0.15:
            return hands[random.integers(len(hands))]
        return (guised if sort < 0.27 else scene if sort < 0.4 else cell)(random)

    return drawing, cell


def _hands(icons: Path, split: str, count: int) -> Iterator[Image.Image]:
    corpus = corpora.load(icons)
    vectors, random = Vectors(corpus), np.random.default_rng(2)
    cells = [cell for cell in corpus.cells if cell.split == split]
    while count:
        try:
            pixels = draw(vectors.svg(cells[random.integers(len(cells))]), hand_of(int(random.integers(10**6))), 160)
        except ValueError:
            continue
        count -= 1
        yield Image.fromarray(pixels).convert("RGBA")


def _opened(file: Path, largest: int) -> Image.Image:
    picture = Image.open(file).convert("RGBA")
    picture.thumbnail((largest, largest))
    return picture


def changed(source: Source, random: np.random.Generator, photograph: bool) -> Iterator[UInt8[np.ndarray, "96 96 3"]]:
    """What the network sees of pictures at any size, changed; without end."""
    changes = list((CHANGES | MORE).values())
    while True:
        picture = source(random)
        scale = np.exp(random.uniform(*np.log(SIDES))) / max(picture.size)
        picture = picture.resize((max(8, int(picture.width * scale)), max(8, int(picture.height * scale))))
        try:
            for _ in range(1 + (random.random() < TWICE)):
                picture = changes[random.integers(len(changes))](picture.convert("RGBA"), random, photograph)
            pixels = load(picture)
        except PictureError:
            continue
        if not shows_nothing(pixels):
            yield to_uint8(seen(pixels))


def examples_of(options: argparse.Namespace, *, validation: bool) -> Examples:
    """As many photographs as drawings, a fixed sequence of them."""
    share = 0.1 if validation else 1.0
    drawings, cells = drawings_of(options.drawings, options.icons, int(share * options.redrawn), validation=validation)
    photographs = photographs_of(options.photographs, cells, int(share * options.painted), validation=validation)
    rows: list[UInt8[np.ndarray, "96 96 3"]] = []
    count = int(share * options.examples) // 2
    for kind, source in ((True, photographs), (False, drawings)):
        for row in islice(changed(source, np.random.default_rng([3, kind, validation]), kind), count):
            rows.append(row)
            if len(rows) % 1000 == 0:
                print(f"{len(rows)} examples, {time.process_time():.0f} CPU-s", file=sys.stderr, flush=True)
    return Examples(np.stack(rows), np.repeat(np.array([1, 0], np.float32), count))


class Network(nn.Module):
    """The first blocks of Lite0 and two layers on the statistics of all of them; `fold` is what the package reads."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(blocks=len(STRIDES))
        load_published_trunk(self.trunk)
        self.learning = self.trunk.layers[KEPT:].requires_grad_(True)
        self.scale = nn.BatchNorm1d(self.trunk.dimension, affine=False)
        self.hidden, self.odds = nn.Linear(self.trunk.dimension, HIDDEN), nn.Linear(HIDDEN, 1)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, " B"]:
        hidden = F.relu(self.hidden(F.dropout(self.scale(self.trunk(pixels)), 0.1, self.training)))
        return self.odds(hidden)[:, 0]

    def train(self, mode: bool = True) -> "Network":
        """As of every network; what is kept stays as published, its batch norms too."""
        super().train(mode)
        self.trunk.layers[:KEPT].eval()
        return self

    def fold(self) -> dict[str, np.ndarray]:
        """Weights by the names of `parasol.images.kind`, channels last."""
        tensors = _folded("stem", self.trunk.layers[0])
        for number, block in enumerate(layer for layer in self.trunk.layers if isinstance(layer, InvertedBottleneck)):
            parts = [part for part in block.layers if isinstance(part, nn.Sequential)]
            names = ("expand", "depthwise", "project")[-len(parts) :]
            for name, part in zip(names, parts, strict=True):
                tensors |= _folded(f"{number}.{name}", part)
        mean, spread = self.scale.running_mean, self.scale.running_var
        assert mean is not None
        assert spread is not None
        scale = (spread + self.scale.eps) ** -0.5
        tensors["hidden.weight"] = (self.hidden.weight * scale).T
        tensors["hidden.bias"] = self.hidden.bias - self.hidden.weight @ (mean * scale)
        tensors["odds.weight"], tensors["odds.bias"] = self.odds.weight.T, self.odds.bias
        return {name: tensor.detach().half().contiguous().numpy() for name, tensor in tensors.items()}


def _folded(name: str, layer: Any) -> dict[str, Tensor]:
    """A padded convolution and its batch norm as one; 1x1 as a matrix, depthwise without the channel of one."""
    _, convolution, norm = layer
    scale = norm.weight * (norm.running_var + norm.eps) ** -0.5
    weight = (convolution.weight * scale[:, None, None, None]).permute(2, 3, 1, 0)
    if convolution.groups > 1:
        weight = weight[:, :, 0]
    elif weight.shape[:2] == (1, 1):
        weight = weight[0, 0]
    return {f"{name}.weight": weight, f"{name}.bias": norm.bias - norm.running_mean * scale}


def trained(examples: Examples, steps: int, report: Callable[[int, float, Network], None]) -> Network:
    """Train for so many steps; `report` is called ten times with the step, the loss and the network."""
    torch.manual_seed(0)
    random = np.random.default_rng(4)
    network = Network().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(
        [
            {"params": network.learning.parameters(), "share": 0.5},
            {"params": [*network.hidden.parameters(), *network.odds.parameters()], "share": 1.0},
        ],
        weight_decay=1e-2,
    )
    losses = list[float]()
    kinds = [np.flatnonzero(examples.photographs == kind) for kind in (1, 0)]
    for step in range(steps):
        rate = RATE * min(1, (step + 1) / WARM) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        rows = np.concatenate([random.choice(kind, BATCH // 2) for kind in kinds])
        pixels = torch.from_numpy(examples.pictures[rows]).permute(0, 3, 1, 2).float() / 255
        loss = F.binary_cross_entropy_with_logits(
            network(_turned(pixels, random)),
            torch.from_numpy(examples.photographs[rows]).float() * (2 * CERTAIN - 1) + (1 - CERTAIN),
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) * 10 // steps > step * 10 // steps:
            report(step + 1, float(np.mean(losses[-100:])), network)
    return network.eval()


def _turned(pixels: Float[Tensor, "B 3 S S"], random: np.random.Generator) -> Float[Tensor, "B 3 S S"]:
    """Flipped, on its side, with its colours exchanged, a part of them each time; light for dark now and then."""
    for row in range(len(pixels)):
        flips = random.random(5) < (0.5, 0.1, 0.1, 0.3, 0.05)
        if flips[0]:
            pixels[row] = pixels[row].flip(2)
        if flips[1]:
            pixels[row] = pixels[row].flip(1)
        if flips[2]:
            pixels[row] = pixels[row].transpose(1, 2).clone()
        if flips[3]:
            pixels[row] = pixels[row][torch.from_numpy(random.permutation(3))]
        if flips[4]:
            pixels[row] = 1 - pixels[row]
    return pixels.contiguous(memory_format=torch.channels_last)


def odds_of(network: Network, examples: Examples) -> Float[np.ndarray, " n"]:
    """The network's odds for pictures that it does not learn from."""
    network.eval()
    with torch.inference_mode():
        parts = torch.from_numpy(examples.pictures).permute(0, 3, 1, 2).split(200)
        odds = torch.cat(
            [network((part.float() / 255).contiguous(memory_format=torch.channels_last)) for part in parts]
        )
    network.train()
    return odds.numpy()


def main(words: Sequence[str] | None = None) -> int:
    """Make the examples, or take those that --kept has, train, tell how validation goes, and write."""
    parser = argparse.ArgumentParser(prog="python -m lab kinds-training", description=__doc__)
    take_corpora(parser)
    parser.add_argument("--examples", type=int, default=26_000)
    parser.add_argument("--painted", type=int, default=150)
    parser.add_argument("--redrawn", type=int, default=500)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--kept", type=Path, help="file that keeps the examples for another run", metavar="FILE")
    parser.add_argument("--out", type=Path, default=WEIGHTS, metavar="FILE")
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    if options.kept and options.kept.is_file():
        kept = np.load(options.kept)
        sets = [Examples(kept[f"{part}_pictures"], kept[f"{part}_photographs"]) for part in ("training", "validation")]
    else:
        sets = [examples_of(options, validation=validation) for validation in (False, True)]
        if options.kept:
            named = {
                f"{part}_{field}": value
                for part, examples in zip(("training", "validation"), sets, strict=True)
                for field, value in examples._asdict().items()
            }
            np.savez(options.kept, **named)
    training, validation = sets

    def report(step: int, loss: float, network: Network) -> None:
        odds, photographs = odds_of(network, validation), validation.photographs == 1
        wrong = [100 * ((odds > 0) != kind)[photographs == kind].mean() for kind in (True, False)]
        print(
            f"{step} steps: loss {loss:.4f}; wrong of validation: {wrong[0]:.2f} % of photographs, {wrong[1]:.2f} % of "
            "drawings",
            flush=True,
        )

    write_atomic(options.out, save(trained(training, options.steps, report).fold()))
    return 0
