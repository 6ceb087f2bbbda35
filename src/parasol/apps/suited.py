"""The model that a command takes where nobody names one."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parasol.cards import StyleCard

OF_PHOTOGRAPHS = "painting"


def suited(model: str | None, contents: Iterable[Any], looks: Iterable[Any]) -> str:
    """The model that is named; where none is, `painting` if the first content picture is a photograph, which is told.

    A style card goes with one model alone, so that the first card among `looks` decides where there is one. What cannot
    be read is passed over: it is told of where it is needed. Contents and looks are sources, as `Parasol` takes them.
    """
    from parasol.bundle import DEFAULT_MODEL
    from parasol.images import is_photograph, load

    if model is not None:
        return model
    card = next(_cards(looks), None)
    if card is not None:
        return _model_of(card)
    for content in contents:
        try:
            photograph = is_photograph(load(content))
        except ValueError:
            continue
        if photograph:
            print(f"parasol: a photograph, so --model {OF_PHOTOGRAPHS}", file=sys.stderr)
        return OF_PHOTOGRAPHS if photograph else DEFAULT_MODEL
    return DEFAULT_MODEL


def _cards(looks: Iterable[Any]) -> "Iterator[StyleCard]":
    from parasol.cards import StyleCard
    from parasol.images import read_bytes

    for look in looks:
        if isinstance(look, StyleCard):
            yield look
        elif isinstance(look, str) and Path(look).suffix.lower() == ".json":
            try:
                yield StyleCard.parse(read_bytes(look))
            except ValueError:
                continue


def _model_of(card: "StyleCard") -> str:
    """The installed model with a card's style encoder; where there is none the default, which then refuses the card."""
    from parasol.bundle import DEFAULT_MODEL, MODELS, installed

    for bundle in installed():
        own = bundle.manifest.style
        if (own.name, own.version) == (card.encoder.name, card.encoder.version):
            return bundle.folder.name if bundle.folder.parent == MODELS else str(bundle.folder)
    return DEFAULT_MODEL
