"""Training of the two descriptor spaces.

Style A: positives are different contents in one style, negatives the same contents in other styles (ALADIN's weak
supervision by group with ALADIN-NST's correction), so content can't help. Content C: positives are the same content
drawn by other hands, negatives other contents in the same styles.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from parasol.corpora import Corpus
from parasol.training.draws import draws
from parasol.training.loop import Task
from parasol.training.losses import supervised_contrastive_loss
from parasol.training.networks.content_encoder import (
    TRUNK_CHANNELS,
    ContentEncoder,
    ContentEncoderConfig,
    Trunk,
    load_published_trunk,
)
from parasol.training.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.training.pictures import blocks, composite, rows_of, spread


def labels_of(corpus: Corpus, attribute: str) -> Int[np.ndarray, " N"]:
    """Whole-number labels of one attribute of the cells ('set', 'family', 'codepoint'), in corpus order."""
    return np.unique([getattr(cell, attribute) for cell in corpus.cells], return_inverse=True)[1].astype(np.int64)


def retrieval(
    descriptors: Float[np.ndarray, "N d"], same: Int[np.ndarray, " N"], apart: Int[np.ndarray, " N"]
) -> float:
    """Share of pictures whose nearest with another `apart` label has their `same` label, where there is such a one."""
    similarity = descriptors @ descriptors.T
    similarity[apart[:, None] == apart[None, :]] = -np.inf
    possible = ((same[:, None] == same[None, :]) & (apart[:, None] != apart[None, :])).any(1)
    return float((same[similarity.argmax(1)] == same)[possible].mean())


def recolour(
    pixels: Float[Tensor, "B 3 H W"], random: np.random.Generator, background: Float[Tensor, "3"]
) -> Float[Tensor, "B 3 H W"]:
    """One synthetic palette for a whole group: a random linear map of the colours about white, then another background.

    White goes to `background`, so that paper and drawing change together.
    """
    matrix = torch.from_numpy((np.eye(3) * 0.7 + 0.35 * random.normal(size=(3, 3))).astype(np.float32))
    moved = torch.einsum("ij,bjhw->bihw", matrix, pixels - 1.0)
    return (background.reshape(1, 3, 1, 1) + moved).clamp(0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class StyleTraining:
    """contents: contents a batch, each in every set. palettes: sets that appear again in a synthetic palette."""

    contents: int = 6
    palettes: int = 4
    temperature: float = 0.1
    seed: int = 0


class StyleTask(Task):
    """Contrastive training of A.

    The score is 1 - (nearest picture of another content is of the same set), on unseen contents.
    """

    def __init__(self, corpus: Corpus, network: StyleEncoderConfig, training: StyleTraining) -> None:
        self.model = StyleEncoder(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.training, self.pixels = training, corpus.rgba()
        self.sets, self.contents = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        cells: dict[int, list[int]] = defaultdict(list)
        for row in rows_of(corpus, "train"):
            cells[int(self.contents[row])].append(int(row))
        self.grid = [rows for rows in cells.values() if len(rows) >= 5]
        self.validation = spread(rows_of(corpus, "content-val"), 800)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        random = draws(self.training.seed, step)
        chosen = random.choice(len(self.grid), self.training.contents, replace=False)
        rows = np.concatenate([self.grid[c] for c in chosen])
        groups = self.sets[rows]
        pixels = [composite(self.pixels[rows])]
        labels = [groups]
        for palette, style in enumerate(random.choice(np.unique(groups), self.training.palettes, replace=False)):
            background = torch.from_numpy(random.random(3).astype(np.float32))
            pixels.append(recolour(pixels[0][torch.from_numpy(groups == style)], random, background))
            labels.append(np.full(len(pixels[-1]), self.sets.max() + 1 + palette))
        descriptors = model(torch.cat(pixels).contiguous(memory_format=torch.channels_last))
        target = torch.from_numpy(np.concatenate(labels))
        return supervised_contrastive_loss(descriptors, target, self.training.temperature), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        rows = self.validation
        found = torch.cat([model(composite(self.pixels[part])) for part in blocks(rows)]).numpy()
        style = retrieval(found, self.sets[rows], self.contents[rows])
        return {
            "score": 1.0 - style,
            "same_style": style,
            "leaked_content": retrieval(found, self.contents[rows], self.sets[rows]),
        }


@dataclass(frozen=True, kw_only=True)
class ContentTraining:
    """contents: contents a batch, each in up to `hands` sets."""

    contents: int = 128
    hands: int = 4
    temperature: float = 0.07
    seed: int = 0


class ContentTask(Task):
    """Contrastive training of C's head on features of the frozen trunk, computed once.

    The score is 1 - (nearest picture in another set shows the same content), unseen contents.
    """

    def __init__(self, corpus: Corpus, network: ContentEncoderConfig, training: ContentTraining) -> None:
        model = ContentEncoder(network)
        model.trunk.requires_grad_(False)
        load_published_trunk(model.trunk)
        self.model = model
        self.training = training
        self.sets, self.contents = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        self.validation = rows_of(corpus, "content-val")
        self.train = rows_of(corpus, "train")
        self.features = self._features(corpus, model.trunk)
        cells: dict[int, list[int]] = defaultdict(list)
        for row in self.train:
            cells[int(self.contents[row])].append(int(row))
        self.grid = [rows for rows in cells.values() if len(rows) >= 2]

    @torch.no_grad()
    def _features(self, corpus: Corpus, trunk: Trunk) -> Tensor:
        pixels = corpus.rgba()
        trunk.eval()
        rows = np.concatenate([self.train, self.validation])
        features = torch.zeros(len(pixels), 2 * TRUNK_CHANNELS)
        for part in blocks(rows):
            features[part] = trunk(composite(pixels[part]))
        return features

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, ContentEncoder)
        model.trunk.eval()
        random = draws(self.training.seed, step)
        torch.manual_seed(int(random.integers(2**62)))  # dropout draws from the global generator
        chosen = random.choice(len(self.grid), self.training.contents, replace=False)
        rows = np.concatenate([random.permutation(self.grid[c])[: self.training.hands] for c in chosen])
        descriptors = model.describe(self.features[rows])
        target = torch.from_numpy(self.contents[rows])
        return supervised_contrastive_loss(descriptors, target, self.training.temperature), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, ContentEncoder)
        rows = self.validation
        found = model.describe(self.features[rows]).numpy()
        content = retrieval(found, self.contents[rows], self.sets[rows])
        return {
            "score": 1.0 - content,
            "same_content": content,
            "leaked_style": retrieval(found, self.sets[rows], self.contents[rows]),
        }
