"""Corpus cells as training pixels: composited on a background, cropped, batched."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from parasol.corpora import Corpus
from parasol.training.devices import CPU, accelerator

WHITE = np.ones(3, np.float32)


def composite(
    rgba: UInt8[np.ndarray, "B H W 4"], background: Float[np.ndarray, "*B 3"] = WHITE
) -> Float[Tensor, "B 3 H W"]:
    """Straight-alpha uint8 pictures on a background colour (one, or one a picture) -> pixels in [0,1].

    They lie where training takes place (`accelerator`).
    """
    device = accelerator()
    pixels = torch.from_numpy(np.ascontiguousarray(rgba)).to(device).permute(0, 3, 1, 2).float().div_(255.0)
    alpha = pixels[:, 3:]
    colour = torch.from_numpy(np.asarray(background, np.float32)).to(device).reshape(-1, 3, 1, 1)
    return pixels[:, :3] * alpha + colour * (1.0 - alpha)


def on_white(corpus: Corpus) -> Callable[[np.ndarray], Float[Tensor, "B 3 S S"]]:
    """Rows of the corpus -> their pixels in [0,1] on white."""
    pixels = corpus.rgba()
    return lambda rows: composite(pixels[rows])


def stacked(pictures: Sequence[Float[np.ndarray, "S S 3"]]) -> Float[Tensor, "B 3 S S"]:
    """Pictures in 0..1 as one batch, where training takes place."""
    return torch.from_numpy(np.stack(pictures)).to(accelerator()).permute(0, 3, 1, 2).contiguous()


def rows_of(corpus: Corpus, split: str) -> np.ndarray:
    """Rows of the corpus in one split, in corpus order."""
    return np.array([row for row, cell in enumerate(corpus.cells) if cell.split == split], np.int64)


def spread(rows: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """A fixed sample of `count` rows (all of them where there are fewer), for validation."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))


def blocks(rows: np.ndarray) -> list[np.ndarray]:
    """`rows` in blocks: small ones for a CPU, where what they need stays in the cache, large ones for a GPU."""
    return np.array_split(rows, -(-len(rows) // (4 if accelerator() == CPU else 256)))
