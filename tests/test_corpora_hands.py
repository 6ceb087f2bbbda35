"""Procedural hands: their parameters, what they make of an icon, and the groups of the pool that they draw."""

from dataclasses import replace

import numpy as np
import pytest

from parasol import corpora
from parasol.corpora.hands import HELD_OUT, Hand, hand_of, held_out, oklab_of
from parasol.corpora.icons import Vectors, build
from parasol.corpora.redraw import draw
from parasol.training.hand_groups import hand_group
from parasol.training.pool import icon_sets
from test_corpora_icons import DISC, RING, SQUARE, package

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
PERSON = f'{HEAD}<path d="M8 4h8v7H8zM3 13h18v8H3z"/></svg>'
"""A black icon of two parts in one path."""
LINES = f'{HEAD}<g fill="none" stroke="currentColor" stroke-width="2"><path d="M4 4h16v16H4z"/></g></svg>'
TWO = f'{HEAD}<path fill="#9cf" d="M3 3h18v18H3z"/><path fill="#036" d="M8 8h8v8H8z"/></svg>'
PLAIN = Hand(size=1.0, palette_size=3, hue_spread=0.5, saturation=0.8, lightness=0.7)


def colours(picture: np.ndarray, least: int = 40) -> set[tuple[int, ...]]:
    """The colours of at least so many pixels."""
    found, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(colour) for colour in found[counts >= least].tolist()}


def test_a_hand_is_a_function_of_its_seed_and_training_has_none_that_is_held_out() -> None:
    hands = [hand_of(seed) for seed in range(60)]
    assert hands == [hand_of(seed) for seed in range(60)]
    assert len({hand.fill for hand in hands}) >= 6
    assert not any(held_out(hand) for hand in hands)
    for hand in [hand_of(seed, held=True) for seed in range(20)]:
        assert any(low <= getattr(hand, name) <= high for name, (low, high) in HELD_OUT.items())


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"corner of a hand is 9; it must be 0.0 to 8.0"):
        Hand(corner=9)
    with pytest.raises(ValueError, match="needs outline 'shapes'"):
        Hand(fill="none")


def test_the_parts_of_a_black_icon_have_the_colours_of_the_hand_in_order_of_size() -> None:
    first, second = (tuple(round(255 * value) for value in colour) for colour in PLAIN.palette[:2])
    picture = draw(PERSON, PLAIN, 96)
    assert colours(picture) == {(255, 255, 255), first, second}
    assert tuple(picture[70, 48]) == first
    assert tuple(picture[30, 48]) == second


def test_colours_of_a_drawing_are_dealt_out_by_their_own_and_lines_are_filled() -> None:
    first = tuple(round(255 * value) for value in PLAIN.palette[0])
    assert tuple(draw(TWO, PLAIN, 96)[18, 18]) == first
    assert len(colours(draw(TWO, PLAIN, 96))) == 3
    inside = draw(LINES, replace(PLAIN, outline="shapes"), 96)[48, 48]
    assert tuple(inside) == first
    assert tuple(draw(LINES, replace(PLAIN, interiors=False), 96)[48, 48]) == (255, 255, 255)


@pytest.mark.parametrize("icon", [PERSON, LINES, TWO])
def test_outlines_are_as_wide_as_asked_on_every_icon(icon: str) -> None:
    wide = []
    for width in (2.0, 4.0, 6.0):
        hand = replace(PLAIN, outline="shapes", outline_width=width, lightness=0.9, ink_tone=0.1)
        row = oklab_of(draw(icon, hand, 200)[150] / 255.0)[:, 0] < 0.5
        wide.append(int(np.flatnonzero(~row[np.argmax(row) :])[0]))
    assert wide == pytest.approx([4, 8, 12], abs=2)


@pytest.mark.parametrize("seed", range(12))
def test_any_hand_draws_any_icon_and_the_same_every_time(seed: int) -> None:
    for icon in (PERSON, LINES, TWO):
        picture = draw(icon, hand_of(seed), 48)
        assert picture.shape == (48, 48, 3)
        assert picture.std() > 4
        assert (picture == draw(icon, hand_of(seed), 48)).all()


@pytest.mark.parametrize(
    ("svg", "why"),
    [
        ("<svg", "bell can't be redrawn: it is no XML"),
        (f"{HEAD}</svg>", "it shows no shape"),
        (f"{HEAD}<text>a</text></svg>", "it holds <text>"),
        (f'{HEAD}<path fill="wool" d="M0 0h9v9z"/></svg>', "its colour 'wool' is not known"),
    ],
)
def test_what_cannot_be_read_is_named(svg: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        draw(svg, PLAIN, 32, "bell")


def test_a_group_passes_over_icons_that_cannot_be_redrawn(tmp_path) -> None:
    bodies = [DISC, RING, SQUARE, '<path d="M3 20L16 4l13 16z"/>']
    icons = {f"thing {'abcdefghijklmn'[k]}": bodies[k % 4].replace("9", f"{9 - k / 4}") for k in range(14)}
    icons["word"] = '<text y="20">w</text><circle cx="9" cy="9" r="5"/>'
    recipe = [package(tmp_path / "packages", "ink", icons)]
    list(build(tmp_path / "out", recipe=recipe, packages=tmp_path / "packages", size=32))
    corpus = corpora.load(tmp_path / "out")
    vectors = Vectors(corpus, tmp_path / "packages", recipe)
    stock = icon_sets([corpus], lambda cell: True)
    for seed in range(3):
        group = hand_group(stock, seed, vectors)
        assert group.x.shape == group.y.shape == (12, 32, 32, 3)
        assert len(set(group.bases)) == 12
        assert "word" not in group.bases
        assert (group.x == hand_group(stock, seed, vectors).x).all()
