"""A styles x contents grid of descriptors with a known answer, and an index of it on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from parasol.bundle import EncoderCard
from parasol.index.store import FORMAT, Encoders, Entry, Index, Manifest
from parasol.triplets.descriptors import Descriptors, open_descriptors
from parasol.triplets.fixed_point import on_grid
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE, Roles


def planted(styles: int = 4, contents: int = 30, noise: float = 0.05, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Style and content descriptors, unit-norm on the grid, one centre a style and a content; then their labels."""
    random = np.random.default_rng(seed)
    style_of, content_of = np.divmod(np.arange(styles * contents), contents)

    def around(centres: int, label: np.ndarray) -> np.ndarray:
        at = random.normal(size=(centres, 32))[label] + noise * random.normal(size=(len(label), 32))
        return on_grid(at / np.linalg.norm(at, axis=1, keepdims=True))

    return around(styles, style_of), around(contents, content_of), style_of, content_of


def as_index(
    folder: Path,
    style: np.ndarray,
    content: np.ndarray,
    *,
    paths: Sequence[str] = (),
    pictures: Path = Path("/nowhere"),
    shard: int = 50,
) -> Descriptors:
    """An index with given descriptors, in shards of so many rows; its pictures need not exist."""
    cards = (
        EncoderCard(name=name, version="planted", dimension=space.shape[1], size=8)
        for name, space in (("style", style), ("content", content))
    )
    encoders = Encoders(**dict(zip(("style", "content"), cards, strict=True)))
    manifest = Manifest(format=FORMAT, pictures=str(pictures.resolve()), encoders=encoders, finished=True, shards=())
    index = Index(folder=folder, manifest=manifest)
    entries = [
        Entry(path=path, size=1, modified=1) for path in paths or [f"{row:05d}.png" for row in range(len(style))]
    ]
    rows = np.concatenate([style, content], axis=1).astype(np.float16)
    parts = [slice(at, at + shard) for at in range(0, len(rows), shard)]
    index.with_shards([index.write(entries[part], rows[part]) for part in parts], finished=True).save()
    return open_descriptors(folder)


def table(folder: Path, **grid: float) -> tuple[Descriptors, np.ndarray, np.ndarray]:
    """An index of the grid, and its labels."""
    style, content, style_of, content_of = planted(**grid)  # type: ignore[arg-type]
    return as_index(folder, style, content), style_of, content_of


def alternate(count: int) -> Roles:
    """Every picture gets a triplet; even rows are style pictures, odd ones content pictures."""
    return np.where(np.arange(count) % 2, QUERY + SEMANTICS, QUERY + STYLE).astype(np.uint8)
