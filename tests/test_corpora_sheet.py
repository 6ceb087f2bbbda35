import numpy as np
import pytest

import tiny_packages
from parasol import corpora
from parasol.corpora.pictograms import build
from parasol.corpora.sheet import hatched, most_drawn, sheet


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    recipe = tiny_packages.recipe(folder / "packages")
    list(build(folder, recipe=recipe, size=32))
    return corpora.load(folder)


def test_rows_are_contents_columns_are_sets_and_gaps_are_hatched(corpus):
    drawn = sheet(corpus, contents=["1f34e", "26bd"], sets=["keyed", "wide"], cell=32)
    assert drawn.dtype == np.float32
    corner = drawn[-36:-4, -36:-4]  # the last cell: wide draws no ball
    np.testing.assert_allclose(corner, hatched(32), atol=1 / 255)
    apple = drawn[-72:-40, -72:-40]
    np.testing.assert_allclose(apple[16, 6], [1, 0, 0])
    np.testing.assert_allclose(apple[16, 20], [1, 1, 1])


def test_contents_default_to_those_that_most_sets_draw(corpus):
    assert most_drawn(corpus, 1) == ["1f34e"]
    assert len(most_drawn(corpus, 100)) == len({cell.codepoint for cell in corpus.cells})


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [({"contents": ["1f600"]}, "content '1f600' is not in the corpus"), ({"sets": ["noto"]}, "set 'noto' is not in")],
)
def test_unknown_choices_are_named(corpus, choice, complaint):
    with pytest.raises(ValueError, match=complaint):
        sheet(corpus, **choice)
    with pytest.raises(ValueError, match="count 0 is too small"):
        sheet(corpus, count=0)
