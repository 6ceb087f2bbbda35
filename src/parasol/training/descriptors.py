"""Training of the two descriptor spaces.

Style A: positives are different contents in one style, negatives the same contents in other styles (ALADIN's weak
supervision by group with ALADIN-NST's correction), so content can't help; and between synthetic styles of one set,
descriptors are as far apart as the styles' parameters. Content C: positives are the same content drawn in other sets,
negatives other contents in the same styles. Half of the pictures are altered views (`views`), so that neither space
hangs on a background or a sharp edge.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from parasol.corpora import Corpus
from parasol.metrics.label_retrieval import retrieve
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.trunk import load_published_trunk
from parasol.training.draws import draws
from parasol.training.loop import Task
from parasol.training.losses import distance_loss, supervised_contrastive_loss
from parasol.training.measurements import altered_measurements, measurements, restyled_measurements
from parasol.training.pictures import rows_of, spread


def labels_of(corpus: Corpus, attribute: str) -> Int[np.ndarray, " N"]:
    """Whole-number labels of one attribute of the cells ('set', 'family', 'codepoint'), in corpus order."""
    return np.unique([getattr(cell, attribute) for cell in corpus.cells], return_inverse=True)[1].astype(np.int64)


def contents_by_set(corpus: Corpus, contents: Int[np.ndarray, " N"], least: int) -> list[np.ndarray]:
    """Rows of the training cells of each content that at least `least` sets draw."""
    cells: dict[int, list[int]] = defaultdict(list)
    for row in rows_of(corpus, "train"):
        cells[int(contents[row])].append(int(row))
    return [np.array(rows) for rows in cells.values() if len(rows) >= least]


SYNTHETIC_BATCH = 32  # styles of one set


@dataclass(frozen=True, kw_only=True)
class ContrastiveTraining:
    """contents: contents a batch, each in up to `hands` sets. temperature: of the loss. seed: of every draw.

    altered: share of the pictures that are altered views. emphasis: of negatives that share the other attribute (see
    `supervised_contrastive_loss`). metric: weight of the distances between synthetic styles.
    """

    contents: int
    hands: int
    temperature: float
    altered: float = 0.5
    emphasis: float = 1.0
    metric: float = 0.0
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
        self.measured, self.altered = measurements(corpus, tables), altered_measurements(corpus, tables)
        self.view = self.altered.place(len(corpus.cells))
        sets, contents = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        self.same, self.apart = (sets, contents) if isinstance(encoder, StyleEncoder) else (contents, sets)
        self.grid = contents_by_set(corpus, contents, least=min(5, training.hands))
        self.unseen = rows_of(corpus, "content-val")
        self.seen = spread(rows_of(corpus, "train"), 4_000)
        self.synthetic = Synthetic(corpus, tables) if training.metric else None

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, StyleEncoder | ContentEncoder)
        random = draws(self.training.seed, step)
        torch.manual_seed(int(random.integers(2**62)))  # dropout draws from the global generator
        chosen = random.choice(len(self.grid), self.training.contents, replace=False)
        rows = np.concatenate([random.permutation(self.grid[c])[: self.training.hands] for c in chosen])
        measured, changed = self.measured[rows], np.flatnonzero(random.random(len(rows)) < self.training.altered)
        measured[changed] = self.altered.values[self.view[rows[changed]]]
        groups = torch.from_numpy(self.same[rows])
        contrast = torch.zeros(())
        for part in model.parts(measured):
            contrast = contrast + supervised_contrastive_loss(
                part,
                groups,
                self.training.temperature,
                confounds=torch.from_numpy(self.apart[rows]),
                emphasis=self.training.emphasis,
            )
        if self.synthetic is None:
            return contrast, {}
        metric = self.synthetic.loss(model, random)
        return contrast + self.training.metric * metric, {"contrast": contrast.item(), "metric": metric.item()}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, StyleEncoder | ContentEncoder)
        right: dict[str, float] = {}
        for name, rows in (("unseen", self.unseen), ("seen", self.seen)):
            descriptors = model.describe(self.measured[rows]).numpy()
            same, apart = self.same[rows], self.apart[rows]
            right[name] = retrieve(descriptors, same=same, apart=apart).share()
            right[f"{name}_leak"] = retrieve(descriptors, same=apart, apart=same).share()
        right["altered"] = self._altered(model)
        if self.synthetic:
            right["metric"] = self.synthetic.spearman(model)
        return {"score": 1.0 - (right["unseen"] + right["seen"] + right["altered"]) / 3, **right}

    def _altered(self, model: StyleEncoder | ContentEncoder) -> float:
        """Retrieval of altered views of unseen contents among unaltered pictures."""
        rows = self.unseen
        gallery = model.describe(self.measured[rows])
        similarity = (model.describe(self.altered.values[self.view[rows]]) @ gallery.T).numpy()
        same, apart = self.same[rows], self.apart[rows]
        elsewhere = apart[:, None] != apart[None, :]
        possible = (elsewhere & (same[:, None] == same[None, :])).any(1)
        nearest = np.where(elsewhere, similarity, -np.inf).argmax(1)
        return float((same[nearest] == same)[possible].mean())


class Synthetic:
    """Synthetic styles and the distances between them. Every tenth is never trained on."""

    def __init__(self, corpus: Corpus, tables: Path) -> None:
        self.styles = restyled_measurements(corpus, tables)
        held = np.arange(len(self.styles.sets)) % 10 == 0
        names = sorted(set(self.styles.sets))
        self.trained, self.held = (
            [np.flatnonzero((self.styles.sets == name) & chosen) for name in names] for chosen in (~held, held)
        )

    def loss(self, model: StyleEncoder | ContentEncoder, random: np.random.Generator) -> Float[Tensor, ""]:
        """`distance_loss` among some styles of one set."""
        own = self.trained[random.integers(len(self.trained))]
        styles = random.permutation(own)[:SYNTHETIC_BATCH]
        return distance_loss(self._describe(model, styles), self.styles.looks[styles])

    def spearman(self, model: StyleEncoder | ContentEncoder) -> float:
        """Mean over sets of the rank correlation of descriptor distance and parameter distance, unseen styles."""
        correlations: list[float] = []
        for styles in self.held:
            apart, looks = torch.pdist(self._describe(model, styles)), torch.pdist(self.styles.looks[styles])
            ranks = torch.stack([apart.argsort().argsort(), looks.argsort().argsort()]).double()
            correlations.append(float(torch.corrcoef(ranks)[0, 1]))
        return sum(correlations) / len(correlations)

    def _describe(self, model: StyleEncoder | ContentEncoder, styles: np.ndarray) -> Float[Tensor, "S d"]:
        """A style's descriptor: the normalised mean over its pictures, which no single content decides."""
        values = self.styles.values[styles]
        descriptors = model.describe(values.flatten(0, 1)).reshape(*values.shape[:2], -1)
        return functional.normalize(descriptors.mean(1), dim=1)
