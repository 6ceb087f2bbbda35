"""Retrieval-augmented diffusion (Blattmann et al. 2022), RDM-style: neighbours in place of a style descriptor.

RDM conditions a diffusion model on nothing but general image descriptors, those of a database's pictures near the
query; to stylise, the pictures are taken from near the style. Here the descriptors are the content encoder's, the
database are the training cells of a corpus, and the network is a U-Net of the model's own shape that was trained to
hear the content descriptors of x's partners and nothing else (`parasol train NAME-rdm`, from the model's U-Net).
It has two tokens, so the neighbours go in as one, their mean at unit norm, where RDM's go in one by one.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydantic import TypeAdapter

from parasol import corpora
from parasol.comparison.baselines.runs import weights_of
from parasol.comparison.method import AnyPicture, Method, of_model, require, settings
from parasol.errors import ParasolError
from parasol.images import pad_to_multiple
from parasol.index.exact import nearest
from parasol.index.store import Encoders
from parasol.maths.distances import unit
from parasol.pipeline import Parasol
from parasol.sampling.guided import guided
from parasol.sampling.sampler import FRESH_ETA, sample_fresh
from parasol.triplets.descriptors import open_descriptors
from parasol.types import Condition, DenoiseFn, Picture, Record

TRAIN = "parasol train pictogram-rdm --warm-start MODEL"
BUILD = "parasol index build CORPUS/cells -o INDEX"


def rdm(given: Mapping[str, str], model: str | None) -> Method:
    """RDM-style at this scale (see the module): content and neighbours of the style as conditions, from new noise.

    run: folder of the trained network, whose best weights are taken. index: of the cells of a corpus; its training
    cells are the database. neighbours: k, of the style picture, by the content descriptor. scale: of guidance, as in
    Parasol: 0 ignores the conditions, 1 is plain. steps, seed: of DDIM.
    """
    loaded = Parasol.load(model)
    own = loaded.bundle.manifest.dials
    known = {"run": "", "index": "", "neighbours": 4, "scale": own.content_scale, "steps": own.steps, "seed": 0}
    chosen = settings("rdm", given, known)
    require("rdm", chosen, "scale", 0.0, 100.0, "0 ignores the conditions, 1 is plain, more is emphasis")
    denoise, weights = trained(chosen.pop("run"), loaded)
    database = training_cells(chosen.pop("index"), loaded)
    require("rdm", chosen, "neighbours", 1, len(database), "the database has no more")
    steps = loaded.bundle.manifest.schedule.steps(chosen["steps"])

    def paint(content: Picture, style: AnyPicture) -> Picture:
        padded, box = pad_to_multiple(content, loaded.bundle.manifest.stride)
        near, _ = nearest(loaded.embed_content(style)[None], database, chosen["neighbours"])
        neighbours = unit(database[near[0]].mean(0, keepdims=True)).astype(np.float32)
        wanted = Condition(style=neighbours, content=loaded.embed_content(content)[None])
        z = loaded.painter.encode(padded)
        z_T = np.random.default_rng(chosen["seed"]).standard_normal(z.shape, dtype=np.float32)
        predictor = guided(denoise, wanted, g_s=chosen["scale"], g_y=chosen["scale"], joint=True)
        for _, z in sample_fresh(predictor, z_T, steps, eta=FRESH_ETA):  # noqa: B007 (the last z is the picture)
            pass
        return loaded.painter.decode(z, box)

    return Method(settings={**of_model(loaded), "weights": weights, "database": _told(database), **chosen}, paint=paint)


def trained(run: str, model: Parasol) -> tuple[DenoiseFn[np.ndarray], str]:
    """The network of a run, which predicts the noise, and the first digits of its weights' hash.

    Raises:
        ValueError: no run is named, it has no weights yet or those of another recipe, or its content descriptors are
            of another space than the model's.
    """
    import torch

    from parasol.networks.projector import ProjectorConfig
    from parasol.networks.unet import UNetConfig
    from parasol.training.diffusion import Denoiser
    from parasol.training.tables import load_best, version_of

    record, weights = weights_of("rdm", run, TRAIN, model.bundle.manifest)
    space, own = version_of(Path(run).parent / record["frozen"]["content_run"]), model.bundle.manifest.content.version
    if space != own:
        raise ParasolError(
            f"the run {run!r} stands on the content space {space} and the model's is {own}: train it for the model"
        )
    unet = TypeAdapter(UNetConfig).validate_python(record["unet"])
    network = Denoiser(unet, TypeAdapter(ProjectorConfig).validate_python(record["projector"]))
    load_best(network, Path(run))

    def denoise(
        z: Float[np.ndarray, "N C h w"], t: int, tokens: Float[np.ndarray, "N 2 d"]
    ) -> Float[np.ndarray, "N C h w"]:
        with torch.inference_mode():
            times = torch.full((len(z),), t)
            return network.predict(torch.from_numpy(z), times, torch.from_numpy(tokens)).numpy()

    return denoise, weights


def training_cells(index: str, model: Parasol) -> Float[np.ndarray, "N d"]:
    """Content descriptors of a corpus' training cells, from an index of its cells by the model's own encoders.

    Raises:
        ValueError: no index is named, it is not finished, of other encoders, or not of a corpus' cells.
    """
    if not index:
        raise ParasolError(f"rdm needs a database: build one with  {BUILD}  and name it, rdm:index=INDEX")
    descriptors = open_descriptors(Path(index))
    descriptors.index.require(Encoders.of(model.bundle.manifest))
    pictures = Path(descriptors.index.manifest.pictures)
    try:
        corpus = corpora.load(pictures.parent)
    except ValueError as error:
        raise ParasolError(f"the index {index!r} is not of a corpus' cells ({error}): {BUILD}") from error
    train = {cell.file for cell in corpus.cells if cell.split == "train"}
    below = [(pictures / path).relative_to(corpus.folder).as_posix() for path in descriptors.paths]
    rows = np.array([row for row, file in enumerate(below) if file in train], np.int64)
    if not len(rows):
        raise ParasolError(f"the index {index!r} holds no training cell of the corpus {str(corpus.folder)!r}: {BUILD}")
    return descriptors.content.take(rows).astype(np.float32)


def _told(database: Float[np.ndarray, "N d"]) -> Record:
    digest = hashlib.sha256(np.ascontiguousarray(database).tobytes()).hexdigest()
    return {"training_cells": len(database), "descriptors_hash": digest[:12]}
