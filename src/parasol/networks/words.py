"""Heads from sentence vectors into both descriptor spaces."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class WordsConfig:
    """sentences: length of a sentence vector. hidden: width. style, content: length of the descriptors."""

    sentences: int = 384
    hidden: int = 1024
    style: int = 128
    content: int = 256


class WordsHead(nn.Module):
    """Sentence vector [B, sentences] -> unit-norm descriptor [B, d]."""

    def __init__(self, sentences: int, hidden: int, dimension: int) -> None:
        super().__init__()
        # Sentence vectors share a large mean, which the norm takes away.
        self.norm = nn.BatchNorm1d(sentences, affine=False)
        self.layers = nn.Sequential(
            nn.Linear(sentences, hidden), nn.GELU(), nn.Dropout(0.3), nn.Linear(hidden, dimension)
        )

    def forward(self, sentence: Float[Tensor, "B s"]) -> Float[Tensor, "B d"]:
        return functional.normalize(self.layers(self.norm(sentence)), dim=1)


class WordsHeads(nn.Module):
    """Both heads, trained together, exported one by one.

    `spaces` are the versions (12 hexadecimal digits) of the style and the content space that they lead into.
    """

    spaces: Tensor

    def __init__(self, config: WordsConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("spaces", torch.zeros(2, dtype=torch.int64))
        self.style = WordsHead(config.sentences, config.hidden, config.style)
        self.content = WordsHead(config.sentences, config.hidden, config.content)
