"""Training of the two descriptor spaces.

Style A: positives are different contents in one style, negatives the same contents in other styles (ALADIN's weak
supervision by group with ALADIN-NST's correction), so content can't help. Content C: positives are the same content
drawn by other hands, negatives other contents in the same styles.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from parasol.corpora import Corpus
from parasol.index.retrieval import retrieve
from parasol.training.draws import draws
from parasol.training.loop import Task
from parasol.training.losses import supervised_contrastive_loss
from parasol.training.networks.content_encoder import ContentEncoder
from parasol.training.networks.palette import Palette
from parasol.training.networks.style_encoder import StyleEncoder
from parasol.training.networks.trunk import Trunk, load_published_trunk
from parasol.training.pictures import rows_of, spread
from parasol.training.tables import key_of, table


def labels_of(corpus: Corpus, attribute: str) -> Int[np.ndarray, " N"]:
    """Whole-number labels of one attribute of the cells ('set', 'family', 'codepoint'), in corpus order."""
    return np.unique([getattr(cell, attribute) for cell in corpus.cells], return_inverse=True)[1].astype(np.int64)


def contents_by_hand(corpus: Corpus, contents: Int[np.ndarray, " N"], least: int) -> list[np.ndarray]:
    """Rows of the training cells of each content that at least `least` sets draw."""
    cells: dict[int, list[int]] = defaultdict(list)
    for row in rows_of(corpus, "train"):
        cells[int(contents[row])].append(int(row))
    return [np.array(rows) for rows in cells.values() if len(rows) >= least]


@dataclass(frozen=True, kw_only=True)
class ContrastiveTraining:
    """contents: contents a batch, each in up to `hands` sets. temperature: of the loss. seed: of every draw."""

    contents: int
    hands: int
    temperature: float
    seed: int = 0


class DescriptorTask(Task):
    """Contrastive training of an encoder's head on what its frozen parts measure, which is computed once.

    Retrieval: the nearest picture of another content is of the same set (style), or the nearest picture in another set
    shows the same content (content). The score is 1 - its mean over unseen contents and a sample of seen ones: users
    bring unseen ones, and triplets are mined among seen ones.
    """

    model: StyleEncoder | ContentEncoder

    def __init__(
        self, corpus: Corpus, tables: Path, encoder: StyleEncoder | ContentEncoder, training: ContrastiveTraining
    ) -> None:
        load_published_trunk(encoder.trunk)
        self.model, self.training = encoder, training
        self.measured = measurements(corpus, tables)
        sets, contents = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        self.same, self.apart = (sets, contents) if isinstance(encoder, StyleEncoder) else (contents, sets)
        self.grid = contents_by_hand(corpus, contents, least=min(5, training.hands))
        self.unseen = rows_of(corpus, "content-val")
        self.seen = spread(rows_of(corpus, "train"), 4_000)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, StyleEncoder | ContentEncoder)
        random = draws(self.training.seed, step)
        torch.manual_seed(int(random.integers(2**62)))  # dropout draws from the global generator
        chosen = random.choice(len(self.grid), self.training.contents, replace=False)
        rows = np.concatenate([random.permutation(self.grid[c])[: self.training.hands] for c in chosen])
        descriptors = model.describe(self.measured[rows])
        return supervised_contrastive_loss(
            descriptors, torch.from_numpy(self.same[rows]), self.training.temperature
        ), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, StyleEncoder | ContentEncoder)
        right: dict[str, float] = {}
        for name, rows in (("unseen", self.unseen), ("seen", self.seen)):
            found = model.describe(self.measured[rows]).numpy()
            same, apart = self.same[rows], self.apart[rows]
            right[name] = retrieve(found, same=same, apart=apart).share()
            right[f"{name}_leak"] = retrieve(found, same=apart, apart=same).share()
        return {"score": 1.0 - (right["unseen"] + right["seen"]) / 2, **right}


def measurements(corpus: Corpus, tables: Path) -> Float[Tensor, "N m"]:
    """Palette, layer statistics by the whole published trunk and its last map, of every cell on white; in `tables`."""
    trunk, palette = Trunk(), Palette()
    load_published_trunk(trunk)
    trunk.eval()

    def measure(pixels: Tensor) -> Tensor:
        moments, layout = trunk.read(pixels)
        return torch.cat([palette(pixels), moments, layout.flatten(1)], dim=1)

    key = f"{key_of(corpus, trunk)} {palette}"
    return table(corpus, np.arange(len(corpus.cells)), measure, tables / "measured.safetensors", key)
