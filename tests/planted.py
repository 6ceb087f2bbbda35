"""A styles x contents grid of descriptors with a known answer, and tables of it on disk."""

from pathlib import Path

import numpy as np

from parasol.triplets.descriptors import Descriptors, write_descriptors
from parasol.triplets.grid import on_grid
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE, Roles


def planted(styles: int = 4, contents: int = 30, noise: float = 0.05, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Style and content descriptors, unit-norm on the grid, one centre a style and a content; then their labels."""
    random = np.random.default_rng(seed)
    style_of, content_of = np.divmod(np.arange(styles * contents), contents)

    def around(centres: int, label: np.ndarray) -> np.ndarray:
        at = random.normal(size=(centres, 32))[label] + noise * random.normal(size=(len(label), 32))
        return on_grid(at / np.linalg.norm(at, axis=1, keepdims=True))

    return around(styles, style_of), around(contents, content_of), style_of, content_of


def ids_of(style_of: np.ndarray, content_of: np.ndarray) -> list[str]:
    return [f"set{style}/{content:x}" for style, content in zip(style_of, content_of, strict=True)]


def table(folder: Path, *, shard: int = 50, **grid: float) -> tuple[Descriptors, np.ndarray, np.ndarray]:
    """A table of the grid in several shards, and its labels."""
    style, content, style_of, content_of = planted(**grid)  # type: ignore[arg-type]
    return write_descriptors(folder, style, content, ids_of(style_of, content_of), shard=shard), style_of, content_of


def alternate(count: int) -> Roles:
    """Every picture gets a triplet; even rows are style pictures, odd ones content pictures."""
    return np.where(np.arange(count) % 2, QUERY + SEMANTICS, QUERY + STYLE).astype(np.uint8)
