"""Every recipe by the name that `parasol train` knows it by."""

from collections.abc import Callable

from parasol.training.recipes import (
    Recipe,
    painting_content,
    painting_decoder,
    painting_diffusion,
    painting_refined,
    painting_style,
    painting_words,
    pictogram_autoencoder,
    pictogram_content,
    pictogram_decoder,
    pictogram_diffusion,
    pictogram_refined,
    pictogram_style,
    pictogram_words,
)
from parasol.training.recipes_backbone import BACKBONES
from parasol.training.recipes_baselines import BASELINES
from parasol.training.recipes_guides import GUIDES
from parasol.training.recipes_guised import GUISED
from parasol.training.recipes_painted import PAINTED

RECIPES: dict[str, Callable[[], Recipe]] = {
    "pictogram-autoencoder": pictogram_autoencoder,
    "pictogram-decoder": pictogram_decoder,
    "pictogram-refined": pictogram_refined,
    "pictogram-style": pictogram_style,
    "pictogram-content": pictogram_content,
    "pictogram-words": pictogram_words,
    "pictogram-diffusion": pictogram_diffusion,
    "painting-decoder": painting_decoder,
    "painting-refined": painting_refined,
    "painting-style": painting_style,
    "painting-content": painting_content,
    "painting-words": painting_words,
    "painting-diffusion": painting_diffusion,
    **BASELINES,
    **GUISED,
    **GUIDES,
    **PAINTED,
    **BACKBONES,
}
