"""Retrieval under a condition, on descriptors of numbers whose answer is known."""

import numpy as np
import pytest

from parasol.metrics.label_retrieval import retrieve

# Two sets of two contents. Descriptor: set along x, and a little of the content along y.
SETS, CONTENTS = np.array(["ink", "ink", "oil", "oil"]), np.array(["cat", "dog", "cat", "dog"])
BY_SET = np.array([[1, 0.1], [1, -0.1], [-1, 0.1], [-1, -0.1]]) / np.sqrt(1.01)


def test_a_style_descriptor_finds_its_set_and_not_the_content() -> None:
    assert retrieve(BY_SET, same=SETS, apart=CONTENTS).share() == 1.0
    assert retrieve(BY_SET, same=CONTENTS, apart=SETS).share() == 1.0, "with the set out of the way, content decides"
    assert retrieve(BY_SET[:, ::-1] * [1, -1], same=CONTENTS, apart=SETS).share() == 1.0
    swapped = BY_SET[[0, 1, 3, 2]]
    assert retrieve(swapped, same=CONTENTS, apart=SETS).share() == 0.0


def test_chance_is_the_share_of_right_candidates() -> None:
    sets = np.array(["ink", "ink", "ink", "oil", "oil"])
    contents = np.array(["a", "b", "c", "a", "b"])
    found = retrieve(np.eye(5), same=sets, apart=contents)
    assert found.chance.tolist() == [2 / 3, 2 / 3, 2 / 4, 1 / 3, 1 / 3]
    assert found.expected(sets == "oil") == pytest.approx(1 / 3)


def test_what_cannot_be_answered_is_not_counted() -> None:
    contents = np.array(["cat", "dog", "cat", "cow"])
    found = retrieve(BY_SET, same=contents, apart=SETS)
    assert found.possible.tolist() == [True, False, True, False]
    assert found.share() == 1.0
    assert found.share(contents == "cow") == 0.0
