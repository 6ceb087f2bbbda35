"""The model that draws or describes where nobody names one: cards and indexes go with their encoders, photographs with
a model of their own."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from parasol.bundle import DEFAULT_MODEL, MODELS, installed
from parasol.cards import StyleCard
from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.images import UNSURE, load, photograph_odds, read_bytes

PHOTOGRAPHS = "painting"
"""The model for photographs and paintings; the default is for all else."""

SAMPLE = 15  # pictures of a folder that are looked at


def model_for(
    contents: Iterable[Any] = (),
    styles: Iterable[Any] = (),
    *,
    photograph: Callable[[], object] = lambda: None,
    doubt: Callable[[str], object] = lambda _: None,
) -> str:
    """The model for what is to be shown, and for the styles that it is to be shown in.

    The first card among the styles decides, for it goes with one encoder alone; else the first content picture, by
    whether it is a photograph; where it surely is, `photograph` is called, and where it may be either, `doubt` with the
    model that was taken. What cannot be read is passed over: it is told of
    where it is needed. Contents and styles are sources, as `Parasol` takes them; words among them say nothing.
    """
    for style in styles:
        card = _card(style)
        if card is not None:
            return model_with(card.encoder)
    for content in contents:
        odds = _photograph_odds(content)
        if odds is not None:
            model = PHOTOGRAPHS if odds > 0 else DEFAULT_MODEL
            if abs(odds) < UNSURE:
                doubt(model)
            elif odds > 0:
                photograph()
            return model
    return DEFAULT_MODEL


def model_for_folder(pictures: Sequence[Any]) -> str:
    """The model that describes many pictures: the one for photographs where most of some of them are such."""
    step = max(1, len(pictures) // SAMPLE)
    photographs = [odds > 0 for odds in map(_photograph_odds, pictures[::step]) if odds is not None]
    return PHOTOGRAPHS if 2 * sum(photographs) > len(photographs) else DEFAULT_MODEL


def model_with(style: Any, content: Any = None) -> str:
    """The installed model with such encoders (`name` and `version`); the default, which refuses them, if there is none.

    Of a bundled model that is its name, of any other its folder.
    """
    for bundle in installed():
        pairs = ((style, bundle.manifest.style), (content, bundle.manifest.content))
        if all(wanted is None or (wanted.name, wanted.version) == (own.name, own.version) for wanted, own in pairs):
            return bundle.folder.name if bundle.folder.parent == MODELS else str(bundle.folder)
    return DEFAULT_MODEL


def _card(style: Any) -> StyleCard | None:
    if isinstance(style, StyleCard):
        return style
    if not isinstance(style, str | Path) or Path(style).suffix.lower() != ".json":
        return None
    try:
        return StyleCard.parse(read_bytes(style))
    except ParasolError:
        return None


def _photograph_odds(content: Any) -> float | None:
    """None for words, for cards, and for what cannot be read."""
    if isinstance(content, Words | StyleCard) or (isinstance(content, str) and content == "-"):  # read once, elsewhere
        return None
    try:
        return photograph_odds(load(content))
    except ParasolError:
        return None
