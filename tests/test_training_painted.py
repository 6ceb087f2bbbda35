"""Groups of photographs painted in made up styles, and the recipe that learns from them."""

from pathlib import Path

import numpy as np
import pytest

from parasol.corpora import gallery
from parasol.corpora.gallery import Gallery
from parasol.maths.colour import colour_statistics
from parasol.training.catalogue import RECIPES
from parasol.training.painted_groups import PAINTED, PARTS, Stock, made_plain, painted_group, stock_of
from parasol.training.train import record_of
from photograph_corpus import photographs, scene

MANY = 96


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return gallery.load(photographs(tmp_path_factory.mktemp("photographs"), train=MANY, size=32))


@pytest.fixture(scope="module")
def stock(corpus: Gallery) -> Stock:
    return stock_of(corpus, held=False)


def test_photographs_to_validate_on_are_others_and_none_is_a_test_picture(corpus: Gallery, stock: Stock) -> None:
    held = stock_of(corpus, held=True)
    assert not set(held.photographs) & set(stock.photographs)
    assert len(held.photographs) + len(stock.photographs) == MANY
    used = {*held.photographs, *stock.photographs, *stock.paintings}
    assert {corpus.pictures[name].split for name in used} == {"train"}
    assert {corpus.pictures[name].kind for name in stock.paintings} == {"painting"}


def test_a_group_is_the_same_for_its_seed_and_shows_each_thing_once(stock: Stock) -> None:
    with_parts = 0
    for seed in range(3):
        group = painted_group(stock, seed)
        assert group.x.shape == group.y.shape == (PAINTED + PARTS, 32, 32, 3)
        assert len(set(group.bases)) == len(group.bases) == PAINTED + PARTS
        for x, y, base in zip(group.x, group.y, group.bases, strict=True):
            if base not in stock.photographs:  # a part of the style's own picture
                with_parts += 1
                assert np.abs(x.astype(int) - y).mean() > 0.5, f"seed {seed}: a part is its own content picture"
    assert with_parts
    np.testing.assert_array_equal(group.x, painted_group(stock, seed).x)


def test_made_plain_keeps_the_shapes_and_takes_the_grain() -> None:
    picture, other = scene(64), colour_statistics(scene(64, 3))
    picture[:, :32] *= 0.5
    smoothed = 0
    for seed in range(12):
        plain = made_plain(picture, other, np.random.default_rng(seed))
        assert plain.shape == picture.shape
        assert np.linalg.norm(plain[32, 24] - plain[32, 40]) > 0.08, f"seed {seed}: the dark half is gone"
        smoothed += (
            np.abs(np.diff(plain[:8, :8], axis=0)).mean() < 0.4 * np.abs(np.diff(picture[:8, :8], axis=0)).mean()
        )
    assert smoothed >= 6


def test_too_few_photographs_are_refused(tmp_path: Path) -> None:
    few = gallery.load(photographs(tmp_path, train=4, size=24))
    with pytest.raises(ValueError, match="3 photographs to train on; a group takes 11"):
        stock_of(few, held=False)


def test_the_recipe_stands_on_the_bundles_own_networks() -> None:
    record = record_of(RECIPES["painting-imagined"]())
    assert record["frozen"]["style_run"] == "painting-style"  # type: ignore[index]
    assert record["training"]["hands"] == 0.0  # type: ignore[index]
