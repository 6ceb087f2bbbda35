"""Mining by the rules: both exclusions, confidence, copies; and further partners, which are as true as the first."""

from collections import deque
from pathlib import Path

import numpy as np
import pytest

from parasol.index import nearest
from parasol.triplets import Mining, Triplets, Variety, purity, split_databases, vary
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE
from parasol.triplets.run import mine_table
from planted import as_index, planted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def databases(count: int) -> tuple[np.ndarray, np.ndarray]:
    style, semantics = split_databases([f"set/{i:x}" for i in range(count)])
    return np.flatnonzero(style), np.flatnonzero(semantics)


def mine(
    folder: Path, style: np.ndarray, content: np.ndarray, queries: np.ndarray, for_s: np.ndarray, for_y: np.ndarray,
    mining: Mining,
) -> Triplets:  # fmt: skip
    """What the miner makes of a table, in a folder of its own."""
    place = folder / str(len(list(folder.iterdir())))
    roles = np.zeros(len(style), np.uint8)
    for bit, rows in ((QUERY, queries), (STYLE, for_s), (SEMANTICS, for_y)):
        roles[rows] |= bit
    [results] = deque(mine_table(as_index(place / "index", style, content), roles, mining, place / "out"), maxlen=1)
    return results.triplets()


def test_the_nearest_in_style_is_refused_where_it_shows_the_same_content(folder: Path) -> None:
    style, content, style_of, content_of = planted(styles=2, contents=10)
    twice = np.concatenate([np.arange(20), np.arange(20)])  # every picture twice, once in each database
    style, content, style_of, content_of = style[twice], content[twice], style_of[twice], content_of[twice]
    queries, twins = np.arange(20), np.arange(20, 40)
    bare = twins[nearest(style[queries], style[twins], 1)[0][:, 0]]
    np.testing.assert_array_equal(bare, twins)  # without the exclusion the style picture is x itself
    found = mine(
        folder, style, content, queries, twins, queries, Mining(content_percentile=80.0, style_percentile=60.0)
    )
    right = purity(found, style_of, content_of)
    assert right["style_shares_content"] == 0.0
    assert right["style_right"] == 1.0
    assert found.report["style_too_close"] >= 20.0


def test_nearest_is_brute_force_whatever_the_tile() -> None:
    random = np.random.default_rng(1)
    queries, database = random.normal(size=(5, 8)).astype(np.float32), random.normal(size=(50, 8)).astype(np.float32)
    truth = np.argsort(-(queries @ database.T), axis=1, kind="stable")[:, :6]
    for tile in (1, 7, 50):
        rows, cosines = nearest(queries, database, 6, tile=tile)
        np.testing.assert_array_equal(rows, truth)
        assert np.all(np.diff(cosines, axis=1) <= 0)
    with pytest.raises(ValueError, match="k is 51"):
        nearest(queries, database, 51)


def test_confidence_drops_those_whose_content_does_not_stand_out(folder: Path) -> None:
    """Ten contents look alike: among those the nearest is often another one, and the margin small."""
    style, content, _, content_of = planted(styles=12, contents=30)
    random = np.random.default_rng(1)
    alike = content_of >= 20
    content[alike] = content[0] + 0.1 * random.normal(size=(int(alike.sum()), 32))
    content /= np.linalg.norm(content, axis=1, keepdims=True)
    rows = np.arange(len(style))
    plain = mine(folder, style, content, rows, *databases(len(rows)), Mining(style_percentile=85.0, crowd=8))
    sure = mine(
        folder, style, content, rows, *databases(len(rows)), Mining(style_percentile=85.0, crowd=8, confidence=35.0)
    )
    right = [float((content_of[found.y] == content_of[found.x]).mean()) for found in (plain, sure)]
    assert right[0] < 0.8
    assert right[1] > 0.95
    assert len(sure.x) == pytest.approx(0.65 * len(plain.x), abs=2)


def test_a_copy_in_the_searched_space_is_refused(folder: Path) -> None:
    style, content, *_ = planted(noise=0.3)
    content[1] = content[0]
    rows = np.arange(len(style))
    halves, every = (rows[rows % 2 == 0], rows[rows % 2 == 1]), {"style_percentile": 100.0}
    assert mine(folder, style, content, rows, *halves, Mining(**every)).y[0] == 1
    assert mine(folder, style, content, rows, *halves, Mining(**every, duplicate_distance=0.01)).y[0] != 1


def test_further_partners_are_as_true_as_the_first_and_begin_with_it(folder: Path) -> None:
    style, content, style_of, content_of = planted(styles=12, contents=30)
    rows, mining = np.arange(len(style)), Mining(style_percentile=85.0, content_percentile=95.0)
    found = mine(folder, style, content, rows, *databases(len(rows)), mining)
    s, y = vary(style, content, found, *databases(len(rows)), mining, Variety(styles=6, contents=3))
    assert s.shape == (len(found.x), 6)
    assert y.shape == (len(found.x), 3)
    np.testing.assert_array_equal(s[:, 0], found.s)
    np.testing.assert_array_equal(y[:, 0], found.y)
    x = found.x[:, None]
    assert (style_of[s] == style_of[x]).mean() > 0.95
    assert (content_of[s] == content_of[x]).mean() == 0.0
    assert (style_of[y] == style_of[x]).mean() == 0.0
    assert (content_of[y] == content_of[x]).mean() > 0.95
    assert len(np.unique(s[0])) == 6


def test_a_content_that_does_not_stand_out_stands_in_for_nothing(folder: Path) -> None:
    """Each content in two hands of the semantics database at most: the third nearest is another content."""
    style, content, _, content_of = planted(styles=3, contents=40)
    rows, mining = np.arange(len(style)), Mining(style_percentile=85.0)
    halves = databases(len(rows))
    found = mine(folder, style, content, rows, *halves, mining)
    _, y = vary(style, content, found, *halves, mining, Variety(contents=4, confidence=50.0))
    wrong = content_of[y] != content_of[found.x][:, None]
    assert wrong[:, 1:].mean() <= wrong[:, 0].mean()
    alone = np.array([len(np.unique(row)) == 1 for row in y])
    assert alone.any()
    again = vary(style, content, found, *halves, mining, Variety(contents=4, confidence=50.0), block=7)
    np.testing.assert_array_equal(again[1], y)


def test_where_none_of_the_nearest_will_do_the_mined_partner_is_the_first(folder: Path) -> None:
    style, content, *_ = planted(noise=0.3)
    rows, mining = np.arange(len(style)), Mining(k=1)
    found = mine(folder, style, content, rows, *databases(len(rows)), mining)
    assert found.report["style_rescued"] > 0.0
    s, y = vary(style, content, found, *databases(len(rows)), mining, Variety(styles=2, contents=2))
    np.testing.assert_array_equal(s[:, 0], found.s)
    np.testing.assert_array_equal(y[:, 0], found.y)


@pytest.mark.parametrize("wrong", [{"styles": 0}, {"contents": 0}, {"confidence": 100.0}])
def test_variety_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Variety(**wrong)  # type: ignore[arg-type]
