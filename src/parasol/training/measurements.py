"""What the frozen parts of both encoders measure of a whole corpus, once: heads then train in minutes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from parasol.corpora import Corpus
from parasol.corpora.synthetic import COLOURLESS, look_of, restyle
from parasol.networks.palette import Palette
from parasol.networks.trunk import Trunk, load_published_trunk
from parasol.training.devices import accelerator
from parasol.training.pictures import on_white, rows_of, stacked
from parasol.training.tables import key_of, table
from parasol.training.views import altered

LOOKS, PICTURES = 100, 8  # synthetic styles of each set with colours, and its training cells in each


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is measured of some cells, in the order of `rows`."""

    rows: np.ndarray
    values: Float[Tensor, "R m"]

    def place(self, count: int) -> np.ndarray:
        """Row of the corpus -> row of `values`, -1 where there is none."""
        places = np.full(count, -1)
        places[self.rows] = np.arange(len(self.rows))
        return places


def measurements(corpus: Corpus, tables: Path) -> Float[Tensor, "N m"]:
    """Palette, layer statistics by the whole published trunk and its last map, of every cell on white; in `tables`."""
    return _measured(corpus, np.arange(len(corpus.cells)), on_white(corpus), tables / "measured.safetensors")


def altered_measurements(corpus: Corpus, tables: Path) -> Part:
    """The same of one altered view of every training and validation cell (`views`)."""
    rows, pixels = np.concatenate([rows_of(corpus, "train"), rows_of(corpus, "content-val")]), corpus.rgba()

    def view(part: np.ndarray) -> Tensor:
        return stacked([altered(pixels[row], np.random.default_rng([1, int(row)])) for row in part])

    return Part(rows=rows, values=_measured(corpus, rows, view, tables / "altered.safetensors"))


@dataclass(frozen=True, kw_only=True)
class Restyled:
    """Synthetic styles, each seen on several pictures of one set. looks: their parameters. sets: of each."""

    values: Float[Tensor, "S p m"]
    looks: Float[Tensor, "S 6"]
    sets: np.ndarray


def restyled_measurements(corpus: Corpus, tables: Path) -> Restyled:
    """The same of training cells in synthetic styles."""
    train = rows_of(corpus, "train")
    sets = np.array([corpus.cells[row].set for row in train])
    owners = np.repeat(sorted(set(sets) - COLOURLESS), LOOKS)
    looks = [look_of(2, style) for style in range(len(owners))]
    rows = np.stack(
        [np.random.default_rng([2, style]).choice(train[sets == owner], PICTURES) for style, owner in enumerate(owners)]
    )
    white = on_white(corpus)

    def view(places: np.ndarray) -> Tensor:
        pictures = white(rows.flat[places]).permute(0, 2, 3, 1).cpu().numpy()
        styles = places // PICTURES
        return stacked([restyle(picture, looks[style]) for picture, style in zip(pictures, styles, strict=True)])

    values = _measured(corpus, np.arange(rows.size), view, tables / "restyled.safetensors", f"{LOOKS} x {PICTURES}")
    return Restyled(values=values.reshape(*rows.shape, -1), looks=torch.from_numpy(np.stack(looks)), sets=owners)


def _measured(
    corpus: Corpus, rows: np.ndarray, view: Callable[[np.ndarray], Tensor], path: Path, scheme: str = ""
) -> Tensor:
    trunk, palette = Trunk(), Palette()
    load_published_trunk(trunk)
    trunk.eval().to(accelerator())
    palette.to(accelerator())

    def measure(pixels: Tensor) -> Tensor:
        moments, layout = trunk.read(pixels)
        return torch.cat([palette(pixels), moments, layout.flatten(1)], dim=1)

    return table(rows, view, measure, path, f"{key_of(corpus, trunk)} {palette} {scheme}".strip())
