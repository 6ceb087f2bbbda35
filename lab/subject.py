"""What the workshop asks of a subject beyond what the package does: pairs of paintings, pictures rebuilt, keys."""

import hashlib

import numpy as np

from parasol.bundle import WORDS
from parasol.corpora import Cell
from parasol.corpora.gallery import Gallery
from parasol.held_out import PAINTINGS, Subject, chosen, subject_of
from parasol.images import from_uint8
from parasol.pipeline import Parasol
from parasol.types import Picture, Record


def paintings_subject(model: Parasol, pictures: Gallery, count: int, size: int | None) -> Subject:
    """A model on `count` pairs of held-out photographs and paintings, for what needs no content x style grid.

    Photographs go by in their order, each with the next of the paintings. Raises ValueError as `chosen` does.
    """
    contents = chosen(pictures, "photograph", count)
    styles = chosen(pictures, "painting", min(count, PAINTINGS))
    return subject_of(model, pictures, contents, styles, size)


def through_autoencoder(subject: Subject, cell: Cell) -> Picture:
    """What the autoencoder makes of a cell on white, in 8 bits."""
    return from_uint8(np.asarray(subject.model.reconstruct(subject.file(cell), size=subject.side)))


def descriptors_key(subject: Subject) -> Record:
    """As `Subject.key`, for figures that know of the descriptors alone: the very weights that make them."""
    bundle, digest = subject.model.bundle, hashlib.sha256()
    for component in ("style", "content", *(WORDS if bundle.manifest.words else ())):
        for name, values in sorted(bundle.weights(component).items()):
            digest.update(name.encode() + values.tobytes())
    return {
        "style": bundle.manifest.style.version,
        "content": bundle.manifest.content.version,
        "weights_hash": digest.hexdigest(),
        "corpus_hash": subject.corpus_hash,
    }


def strength_key(subject: Subject) -> Record:
    """As `Subject.key`, for figures that know of the dial `strength`: where its stops are."""
    return subject.key() | {"strength": [stop.model_dump() for stop in subject.model.bundle.manifest.strength]}
