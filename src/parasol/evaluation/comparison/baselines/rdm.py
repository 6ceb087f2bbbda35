"""Retrieval-augmented diffusion (Blattmann et al. 2022), RDM-style: neighbours in place of a style descriptor.

RDM conditions a diffusion model on nothing but general image descriptors, those of a database's pictures near the
query; to stylise, the pictures are taken from near the style. Here the descriptors are the content encoder's, the
database are the training cells of a corpus, and the network is the model's own U-Net, whose attention takes any number
of tokens. It is **not trained anew**: it saw one content descriptor at a time, and a style descriptor beside it, where
RDM's saw four neighbours from the start. So this is what conditioning by retrieval gives without the style token, not
the best that an RDM of this size could do.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol import corpora
from parasol.evaluation.comparison.method import AnyPicture, Method, of_model, require, settings
from parasol.evaluation.figure import Record
from parasol.images import pad_to_multiple
from parasol.index.exact import nearest
from parasol.index.store import Encoders
from parasol.maths.guidance import combine
from parasol.painting import FRESH_ETA
from parasol.pipeline import Parasol
from parasol.runtime import Components
from parasol.sampling.sampler import sample_fresh
from parasol.triplets.descriptors import open_descriptors
from parasol.types import EpsFn, Picture

BUILD = "parasol index build CORPUS/cells -o INDEX"

Tokens = Float[np.ndarray, "1 n d"]


def rdm(given: Mapping[str, str], model: str | None) -> Method:
    """RDM-style at this scale (see the module): content and neighbours of the style as conditions, from new noise.

    index: of the cells of a corpus; its training cells are the database. neighbours: k, of the style picture, by the
    content descriptor. scale: of guidance, as in Parasol: 0 ignores the conditions, 1 is plain. steps, seed: of DDIM.
    """
    loaded = Parasol.load(model, runtime="torch")  # the graphs of some bundles are cut for two tokens
    own = loaded.bundle.manifest.dials
    chosen = settings(
        "rdm", given, {"index": "", "neighbours": 4, "scale": own.content_scale, "steps": own.steps, "seed": 0}
    )
    require("rdm", chosen, "scale", 0.0, 100.0, "0 ignores the conditions, 1 is plain, more is emphasis")
    database = training_cells(chosen.pop("index"), loaded)
    require("rdm", chosen, "neighbours", 1, len(database), "the database has no more")
    steps = loaded.bundle.manifest.schedule.steps(chosen["steps"])

    def paint(content: Picture, style: AnyPicture) -> Picture:
        padded, box = pad_to_multiple(content, loaded.bundle.manifest.stride)
        near, _ = nearest(loaded.embed_content(style)[None], database, chosen["neighbours"])
        tokens = np.stack([loaded.embed_content(content), *database[near[0]]])[None]
        z = loaded.painter.encode(padded)
        z_T = np.random.default_rng(chosen["seed"]).standard_normal(z.shape, dtype=np.float32)
        predictor = conditioned(loaded.components, tokens, chosen["scale"])
        for _, z in sample_fresh(predictor, z_T, steps, eta=FRESH_ETA):  # noqa: B007 (the last z is the picture)
            pass
        return loaded.painter.decode(z, box)

    return Method(settings={**of_model(loaded), "database": _told(database), **chosen}, paint=paint)


def training_cells(index: str, model: Parasol) -> Float[np.ndarray, "N d"]:
    """Content descriptors of a corpus' training cells, from an index of its cells by the model's own encoders.

    Raises:
        ValueError: no index is named, it is not finished, of other encoders, or not of a corpus' cells.
    """
    if not index:
        raise ValueError(f"rdm needs a database: build one with  {BUILD}  and name it, rdm:index=INDEX")
    descriptors = open_descriptors(Path(index))
    descriptors.index.require(Encoders.of(model.bundle.manifest))
    pictures = Path(descriptors.index.manifest.pictures)
    try:
        corpus = corpora.load(pictures.parent)
    except ValueError as error:
        raise ValueError(f"the index {index!r} is not of a corpus' cells ({error}): {BUILD}") from error
    train = {cell.file for cell in corpus.cells if cell.split == "train"}
    below = [(pictures / path).relative_to(corpus.folder).as_posix() for path in descriptors.paths]
    rows = np.array([row for row, file in enumerate(below) if file in train], np.int64)
    if not len(rows):
        raise ValueError(f"the index {index!r} holds no training cell of the corpus {str(corpus.folder)!r}: {BUILD}")
    return descriptors.content.take(rows).astype(np.float32)


def conditioned(components: Components, tokens: Tokens, scale: float) -> EpsFn[np.ndarray]:
    """eps_null + scale (eps_tokens - eps_null), where null is zeros in the place of every token."""
    branches = np.concatenate([tokens, np.zeros_like(tokens)]).astype(np.float32)

    def eps_fn(z: Float[np.ndarray, "1 C h w"], t: int) -> Float[np.ndarray, "1 C h w"]:
        eps = components.denoise(np.repeat(z, 2, axis=0), t, branches)
        return combine([(scale, eps[:1]), (1.0 - scale, eps[1:])])

    return eps_fn


def _told(database: Float[np.ndarray, "N d"]) -> Record:
    digest = hashlib.sha256(np.ascontiguousarray(database).tobytes()).hexdigest()
    return {"training_cells": len(database), "descriptors_hash": digest[:12]}
