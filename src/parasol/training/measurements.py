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
from parasol.training.networks.palette import Palette
from parasol.training.networks.trunk import Trunk, load_published_trunk
from parasol.training.pictures import on_white, rows_of, spread
from parasol.training.tables import key_of, table
from parasol.training.views import altered

RESTYLED = 6_000  # training cells that are shown in a synthetic style


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is measured of some cells, in the order of `rows`."""

    rows: np.ndarray
    values: Float[Tensor, "R m"]

    def place(self, count: int) -> np.ndarray:
        """Row of the corpus -> row of `values`, -1 where there is none."""
        found = np.full(count, -1)
        found[self.rows] = np.arange(len(self.rows))
        return found


def measurements(corpus: Corpus, tables: Path) -> Float[Tensor, "N m"]:
    """Palette, layer statistics by the whole published trunk and its last map, of every cell on white; in `tables`."""
    return _measured(corpus, np.arange(len(corpus.cells)), on_white(corpus), tables / "measured.safetensors")


def altered_measurements(corpus: Corpus, tables: Path) -> Part:
    """The same of one altered view of every training and validation cell (`views`)."""
    rows, pixels = np.concatenate([rows_of(corpus, "train"), rows_of(corpus, "content-val")]), corpus.rgba()

    def view(part: np.ndarray) -> Tensor:
        return _stacked([altered(pixels[row], np.random.default_rng([1, int(row)])) for row in part])

    return Part(rows=rows, values=_measured(corpus, rows, view, tables / "altered.safetensors"))


def restyled_measurements(corpus: Corpus, tables: Path) -> tuple[Part, Float[Tensor, "R 6"]]:
    """The same of training cells in synthetic styles, and the look of each."""
    train = rows_of(corpus, "train")
    rows = spread(train[[corpus.cells[row].set not in COLOURLESS for row in train]], RESTYLED)
    white = on_white(corpus)
    looks = {int(row): look_of(2, int(row)) for row in rows}

    def view(part: np.ndarray) -> Tensor:
        pictures = white(part).permute(0, 2, 3, 1).numpy()
        return _stacked([restyle(picture, looks[int(row)]) for picture, row in zip(pictures, part, strict=True)])

    part = Part(rows=rows, values=_measured(corpus, rows, view, tables / "restyled.safetensors"))
    return part, torch.from_numpy(np.stack(list(looks.values())))


def _measured(corpus: Corpus, rows: np.ndarray, view: Callable[[np.ndarray], Tensor], path: Path) -> Tensor:
    trunk, palette = Trunk(), Palette()
    load_published_trunk(trunk)
    trunk.eval()

    def measure(pixels: Tensor) -> Tensor:
        moments, layout = trunk.read(pixels)
        return torch.cat([palette(pixels), moments, layout.flatten(1)], dim=1)

    return table(rows, view, measure, path, f"{key_of(corpus, trunk)} {palette}")


def _stacked(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
