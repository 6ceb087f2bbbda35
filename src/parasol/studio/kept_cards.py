"""Saved cards: styles, and mixes of several, under a name."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from parasol.cards import CardError, StyleCard
from parasol.conditions import Style
from parasol.studio.store import Store, moment, thumbnail


def keep_card(store: Store, name: str, style: StyleCard, thumb: bytes) -> str:
    """Keep a card, once; returns its id. Raises StoreFull."""
    text = style.text()
    key = hashlib.sha256(text.encode()).hexdigest()
    store.write("INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?, ?)", key, name, text, thumb, moment())
    return key


def card(store: Store, key: str) -> StyleCard:
    """A kept card. Raises CardError where it is not there."""
    rows = store.rows("SELECT card FROM cards WHERE id = ?", key)
    if not rows:
        raise CardError(f"the card {key[:12]} is not here any more: save it again")
    return StyleCard.parse(rows[0][0])


def taught_of(store: Store, model: str) -> Iterator[StyleCard]:
    """Every card that has taught the model of that identity."""
    for (text,) in store.rows("SELECT card FROM cards WHERE instr(card, ?) > 0", model):
        yield StyleCard.parse(text)


def all_cards(store: Store) -> list[dict[str, Any]]:
    """Every card, latest first."""
    return [{"id": key, "name": name} for key, name in store.rows("SELECT id, name FROM cards ORDER BY at DESC")]


def mosaic(style: Style) -> bytes:
    """A small WebP of a style's colours, for one that no picture stands for."""
    if style.colours is None:
        return b""
    drawn = np.random.default_rng(0).multivariate_normal(style.colours.mean, style.colours.covariance, (8, 8))
    return thumbnail(np.clip(np.kron(drawn, np.ones((16, 16, 1))), 0.0, 1.0).astype(np.float32))
