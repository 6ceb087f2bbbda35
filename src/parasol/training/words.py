"""Training of the heads for words: from sentence vectors to the descriptors that the two encoders give to pictures.

A content is named by its CLDR label or by some of its tags, in any of the languages; its target is the mean content
descriptor of its training pictures. A set is described by a caption; its target is the set's mean style descriptor.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from parasol.corpora import Corpus
from parasol.corpora.looks import looks_of
from parasol.encoders.text import SENTENCES, sentences
from parasol.errors import ParasolError
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.words import WordsConfig, WordsHeads
from parasol.training.draws import draws
from parasol.training.loop import Task
from parasol.training.measurements import measurements
from parasol.training.pictures import blocks, on_white, rows_of, spread
from parasol.training.tables import kept, load_best, tables_of, version_of

LONGEST = 16  # tags of one content that count


@dataclass(frozen=True, kw_only=True)
class WordsTraining:
    """languages: of labels and tags. contents: a batch. labels: share of the batch that is named by its label.

    temperature: of the contrastive loss. alike: temperature of its targets, by which contents that look alike share
    the mass. noise: added to the sentence vectors of captions, in their standard deviations. seed: of every draw.
    style, content, style_run, content_run: the encoders whose spaces the heads lead into.
    """

    languages: tuple[str, ...]
    contents: int = 512
    labels: float = 0.5
    temperature: float = 0.05
    alike: float = 0.05
    noise: float = 0.3
    seed: int = 0
    style: StyleEncoderConfig
    content: ContentEncoderConfig
    style_run: str
    content_run: str


@dataclass(frozen=True, kw_only=True)
class Named:
    """Words of all contents in all languages, as rows of `vectors`; -1 where there is no tag."""

    vectors: Float[Tensor, "T s"]
    label: Int[np.ndarray, "L N"]
    tags: Int[np.ndarray, "L N K"]


@dataclass(frozen=True, kw_only=True)
class Targets:
    """contents: unit-norm mean descriptor of each codepoint's pictures. split: 'train', 'content-val' or neither."""

    codepoints: list[str]
    contents: Float[Tensor, "N d"]
    split: list[str]
    sets: list[str]
    styles: Float[Tensor, "S a"]


class WordsTask(Task):
    """Both heads at once. The score is 1 - the share of unseen contents found in the top 5, by label and by tags."""

    model: WordsHeads

    def __init__(self, corpus: Corpus, runs: Path, network: WordsConfig, training: WordsTraining) -> None:
        self.model, self.training = WordsHeads(network), training
        self.spaces = spaces_of(runs / training.style_run, runs / training.content_run)
        self.model.spaces.copy_(self.spaces)
        self.targets = targets_of(corpus, runs, training)
        self.named = named(corpus, self.targets.codepoints, training.languages, tables_of(corpus, runs) / "sentences")
        self.train = np.array([place for place, split in enumerate(self.targets.split) if split == "train"])
        self.held = np.array([place for place, split in enumerate(self.targets.split) if split == "content-val"])
        captions = [look for look in looks_of(corpus) if not look.held_out and look.set in self.targets.sets]
        self.captions = torch.from_numpy(sentences([look.text for look in captions]))
        self.caption_set = torch.tensor([self.targets.sets.index(look.set) for look in captions])

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, WordsHeads)
        random = draws(self.training.seed, step)
        torch.manual_seed(int(random.integers(2**62)))  # dropout and noise draw from the global generator
        chosen = random.choice(self.train, min(self.training.contents, len(self.train)), replace=False)
        target = self.targets.contents[chosen]
        alike = (target @ target.T / self.training.alike).softmax(1)
        predicted = model.content(self._words(chosen, random))
        content = _cross_entropy(predicted @ target.T / self.training.temperature, alike) + _apart(predicted, target)
        noise = self.captions.std(0) * self.training.noise * torch.randn_like(self.captions)
        predicted_style = model.style(self.captions + noise)
        labels = functional.one_hot(self.caption_set, len(self.targets.sets)).float()
        style = _cross_entropy(predicted_style @ self.targets.styles.T / self.training.temperature, labels)
        style = style + _apart(predicted_style, self.targets.styles[self.caption_set])
        return content + style, {"content": content.item(), "style": style.item()}

    def _words(self, chosen: Int[np.ndarray, " B"], random: np.random.Generator) -> Float[Tensor, "B s"]:
        """Each content's label, or the mean of some of its tags, in a language of its own."""
        language = random.integers(len(self.training.languages), size=len(chosen))
        tags = self.named.tags[language, chosen]
        kept = (tags >= 0) & (random.random(tags.shape) < random.random((len(chosen), 1)))
        by_tags = kept.any(1) & (random.random(len(chosen)) >= self.training.labels)
        labels = self.named.vectors[self.named.label[language, chosen]]
        return torch.where(torch.from_numpy(by_tags)[:, None], mean_of(self.named.vectors, tags, kept), labels)

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, WordsHeads)
        self._require_own(model)
        gallery, right = self.targets.contents[self.held], {}
        for place, language in enumerate(self.training.languages):
            tags = self.named.tags[place, self.held]
            known = tags >= 0
            words = {
                "label": (self.named.vectors[self.named.label[place, self.held]], np.ones(len(tags), bool)),
                "tags": (mean_of(self.named.vectors, tags, known), known.any(1)),
            }
            for kind, (vectors, possible) in words.items():
                ranks = rank_of_own(model.content(vectors) @ gallery.T)
                if possible.any():
                    right[f"{language}_{kind}"] = float((ranks < 5)[possible].mean())
        predicted = (model.style(self.captions) @ self.targets.styles.T).argmax(1)
        captions = float((predicted == self.caption_set).float().mean())
        return {"score": 1.0 - sum(right.values()) / len(right), "captions": captions, **right}

    def _require_own(self, model: WordsHeads) -> None:
        """A run that goes on has the spaces that it began with."""
        if not torch.equal(model.spaces, self.spaces):
            raise ParasolError(
                "the encoders were trained anew since this run began: remove its folder and train it again"
            )


class StyleWordsTask(Task):
    """The head for styles alone, into another style space; the head for contents stays as it was trained.

    The score is 1 - the share of captions that find their set.
    """

    model: WordsHeads

    def __init__(
        self, corpus: Corpus, runs: Path, network: WordsConfig, training: WordsTraining, before: WordsHeads
    ) -> None:
        self.model, self.training = WordsHeads(network), training
        self.model.content.load_state_dict(before.content.state_dict())
        self.model.content.requires_grad_(False)
        self.model.spaces.copy_(spaces_of(runs / training.style_run, runs / training.content_run))
        style = load_best(StyleEncoder(training.style), runs / training.style_run)
        assert isinstance(style, StyleEncoder)
        self.sets, self.styles = mean_styles(corpus, style)
        captions = [look for look in looks_of(corpus) if look.set in self.sets]
        vectors = torch.from_numpy(sentences([look.text for look in captions]))
        held = torch.tensor([look.held_out for look in captions])
        numbers = torch.tensor([self.sets.index(look.set) for look in captions])
        self.captions, self.caption_set = vectors[~held], numbers[~held]
        self.held, self.held_set = vectors[held], numbers[held]

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, WordsHeads)
        model.content.eval()  # the norm's statistics are its own training's
        torch.manual_seed(int(draws(self.training.seed, step).integers(2**62)))
        noise = self.captions.std(0) * self.training.noise * torch.randn_like(self.captions)
        predicted = model.style(self.captions + noise)
        labels = functional.one_hot(self.caption_set, len(self.sets)).float()
        loss = _cross_entropy(predicted @ self.styles.T / self.training.temperature, labels)
        return loss + _apart(predicted, self.styles[self.caption_set]), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, WordsHeads)
        predicted = (model.style(self.held) @ self.styles.T).argmax(1)
        right = float((predicted == self.held_set).float().mean())
        return {"score": 1.0 - right, "captions": right}


@torch.no_grad()
def mean_styles(corpus: Corpus, style: StyleEncoder, most: int = 64) -> tuple[list[str], Float[Tensor, "S a"]]:
    """The sets of a corpus that are trained on, and the mean descriptor of some training cells of each."""
    white, means = on_white(corpus), dict[str, Tensor]()
    rows: dict[str, list[int]] = {}
    for row in rows_of(corpus, "train"):
        rows.setdefault(corpus.cells[row].set, []).append(int(row))
    for name, members in rows.items():
        pictures = torch.cat([style(white(part).cpu()) for part in blocks(spread(np.array(members), most))])
        means[name] = functional.normalize(pictures.mean(0), dim=0)
    return list(means), torch.stack(list(means.values()))


def targets_of(corpus: Corpus, runs: Path, training: WordsTraining) -> Targets:
    """Mean descriptors of contents (over training cells, or all cells of a validation content) and of training sets."""
    style = load_best(StyleEncoder(training.style), runs / training.style_run)
    content = load_best(ContentEncoder(training.content), runs / training.content_run)
    assert isinstance(style, StyleEncoder)
    assert isinstance(content, ContentEncoder)
    measured = measurements(corpus, tables_of(corpus, runs))
    with torch.no_grad():
        shown, drawn = content.describe(measured), style.describe(measured)
    rows: dict[str, list[int]] = {}
    by_set: dict[str, list[int]] = {}
    for row, cell in enumerate(corpus.cells):
        if cell.split in ("train", "content-val"):
            rows.setdefault(cell.codepoint, []).append(row)
        if cell.split == "train":
            by_set.setdefault(cell.set, []).append(row)
    return Targets(
        codepoints=list(rows),
        contents=torch.stack([functional.normalize(shown[members].mean(0), dim=0) for members in rows.values()]),
        split=[corpus.cells[members[0]].split for members in rows.values()],
        sets=list(by_set),
        styles=torch.stack([functional.normalize(drawn[members].mean(0), dim=0) for members in by_set.values()]),
    )


def named(corpus: Corpus, codepoints: Sequence[str], languages: Sequence[str], folder: Path) -> Named:
    """The words of contents as sentence vectors, one table a language, computed once."""
    vectors, label, tags, start = [], [], [], 0
    for language in languages:
        captions = [corpus.captions[codepoint][language] for codepoint in codepoints]
        known = corpus.captions.values()
        texts = sorted({text for words in known for text in (words[language].label, *words[language].tags)})
        place = {text: start + row for row, text in enumerate(texts)}
        vectors.append(sentence_table(texts, folder / f"{language}.safetensors"))
        label.append([place[caption.label] for caption in captions])
        rows = [[place[tag] for tag in caption.tags[:LONGEST]] for caption in captions]
        tags.append([row + [-1] * (LONGEST - len(row)) for row in rows])
        start += len(texts)
    return Named(vectors=torch.cat(vectors), label=np.array(label), tags=np.array(tags))


def sentence_table(texts: Sequence[str], path: Path) -> Float[Tensor, "n s"]:
    """Sentence vectors of texts, float32; read from `path` where that has the very same texts."""
    key = hashlib.sha256(json.dumps([SENTENCES, *texts]).encode()).hexdigest()

    def compute() -> Tensor:
        parts = [sentences(list(texts[start : start + 64])) for start in range(0, len(texts), 64)]
        return torch.from_numpy(np.concatenate(parts)).half()

    return kept(path, key, compute).float()


def mean_of(
    vectors: Float[Tensor, "T s"], rows: Int[np.ndarray, "B K"], kept: Bool[np.ndarray, "B K"]
) -> Float[Tensor, "B s"]:
    """Unit-norm mean of the kept rows of each line, as `encoders.text.meaning` makes it; 0 where none is kept."""
    weight = torch.from_numpy(kept.astype(np.float32))
    return functional.normalize((vectors[np.maximum(rows, 0)] * weight[:, :, None]).sum(1), dim=1)


def rank_of_own(similarity: Float[Tensor, "N N"]) -> Int[np.ndarray, " N"]:
    """How many columns are more similar to each row than its own."""
    return (similarity > similarity.diagonal()[:, None]).sum(1).numpy()


def spaces_of(style_run: Path, content_run: Path) -> Int[Tensor, "2"]:
    """Versions of the two descriptor spaces, as a bundle names them: the first 12 hexadecimal digits of a hash."""
    return torch.tensor([int(version_of(run), 16) for run in (style_run, content_run)])


def _cross_entropy(logits: Float[Tensor, "B n"], shares: Float[Tensor, "B n"]) -> Float[Tensor, ""]:
    return -(shares * logits.log_softmax(1)).sum(1).mean()


def _apart(predicted: Float[Tensor, "B d"], target: Float[Tensor, "B d"]) -> Float[Tensor, ""]:
    """Mean cosine distance: the contrast alone would leave the descriptor's place open."""
    return (1.0 - (predicted * target).sum(1)).mean()
