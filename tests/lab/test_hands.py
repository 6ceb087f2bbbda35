"""What `lab hands` measures, on drawings whose properties are known."""

from dataclasses import replace

import pytest

from lab.hands import PROPERTIES, Property, agreement
from parasol.corpora.hands import Hand
from parasol.corpora.redraw import draw
from parasol.images import from_uint8

HOUSE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path d="M2 9L12 2l10 7v13H2zM8 13h8v9H8zM20 2h3v5h-3z" fill-rule="evenodd"/></svg>'
)


@pytest.mark.parametrize("one", PROPERTIES, ids=lambda one: one.name)
def test_every_property_is_measured_on_true_drawings_as_it_was_asked_for(one: Property) -> None:
    hands = [replace(Hand(hue=0.4), **{**one.given, one.name: value}) for value in one.values]  # type: ignore[arg-type]
    assert agreement(one, [from_uint8(draw(HOUSE, hand, 128)) for hand in hands]) == 1.0
