"""Latents and descriptors of a whole corpus, computed once by frozen networks and kept beside the run."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn

from parasol.bundle import sha256
from parasol.corpora import Corpus
from parasol.corpora.gallery import Gallery
from parasol.training.checkpoint import BEST, load_record, save_tensors
from parasol.training.pictures import blocks


def load_best(network: nn.Module, run: Path) -> nn.Module:
    """Fill `network` with the best averaged weights of a run, frozen.

    Raises FileNotFoundError that names the recipe to train first.
    """
    path = run / BEST
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: train it first with  parasol train {run.name}")
    network.load_state_dict(load_file(path))
    return network.eval().requires_grad_(False)


def best_record(run: Path) -> dict[str, object]:
    """Recipe and figures of a run's best weights."""
    return load_record(run / BEST)


def key_of(corpus: Corpus | Gallery, network: nn.Module) -> str:
    """Names what a network makes of a corpus: a hash of its weights and of every picture."""
    digest = hashlib.sha256(b"".join(value.cpu().numpy().tobytes() for value in network.state_dict().values()))
    pictures = corpus.crops if isinstance(corpus, Gallery) else corpus.cells
    digest.update("".join(picture.sha256 for picture in pictures).encode())
    return digest.hexdigest()


def version_of(run: Path) -> str:
    """Name of the descriptor space of a run's best weights: descriptors of two trainings never mix.

    Weights that come from a bundle keep the name that they have there.
    """
    return str(best_record(run).get("version") or sha256(run / BEST)[:12])


def tables_of(corpus: Corpus, runs: Path) -> Path:
    """The folder for what is computed once of a corpus: each has its own, by the name of its folder."""
    return runs / "tables" / corpus.folder.resolve().name


def kept(path: Path, key: str, compute: Callable[[], Tensor]) -> Tensor:
    """The tensor in `path` where that has the same key; else it is computed and written there."""
    if path.exists() and load_record(path)["key"] == key:
        return load_file(path)["values"]
    values = compute().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(path, {"values": values}, {"key": key})
    return values


@torch.no_grad()
def table(
    rows: np.ndarray,
    view: Callable[[np.ndarray], Tensor],
    describe: Callable[[Tensor], Tensor],
    path: Path,
    key: str,
) -> Tensor:
    """describe(view(rows) [B,3,S,S]) of the given rows, on the CPU; read from `path` where that has the same key.

    Views lie where training takes place (`accelerator`), and so must the networks that describe them.
    """

    def compute() -> Tensor:
        return torch.cat([describe(view(part)).cpu() for part in blocks(rows)])

    return kept(path, key, compute)


@dataclass(frozen=True, kw_only=True)
class Table:
    """latents, maps: of the rows in `rows`, in that order. style, content: unit-norm descriptors of every cell.

    maps: what the content map measures, float16, where there is one. The first axis of all but the style is the view:
    as they are, then in a mirror, where that is wanted.
    """

    rows: np.ndarray
    latents: Float[Tensor, "V R C h w"]
    maps: Float[Tensor, "V R p c"] | None
    style: Float[Tensor, "N a"]
    content: Float[Tensor, "V N d"]

    def to(self, device: torch.device) -> "Table":
        """The same with every tensor on a device."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value.to(device) for name, value in own.items() if isinstance(value, Tensor)})
