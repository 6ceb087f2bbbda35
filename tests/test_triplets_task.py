"""One task: the in-memory answer, every refusal counted, and the fused search for what the k nearest miss."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parasol.triplets import Mining, Triplets, purity
from parasol.triplets.descriptors import Descriptors
from parasol.triplets.mine import NONE
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE, Plan, make_plan
from parasol.triplets.task import mine_block
from planted import alternate, as_index, planted, table


def brute(descriptors: Descriptors, roles: np.ndarray, plan: Plan) -> dict[str, np.ndarray]:
    """The nearest allowed picture of the whole database for every row, from whole matrices of cosines."""
    style, content = (
        space.take(np.arange(len(roles))).astype(np.float64) for space in (descriptors.style, descriptors.content)
    )
    by_style, by_content = style @ style.T, content @ content.T
    found = {}
    for name, near, other, role, limit in (
        ("s", by_style, by_content, STYLE, plan.content_limit),
        ("y", by_content, by_style, SEMANTICS, plan.style_limit),
    ):
        refused = (other > limit) | (near > plan.mining.duplicate_limit) | (roles & role == 0)[None, :]
        np.fill_diagonal(refused, True)
        masked = np.where(refused, -np.inf, near)
        found[name] = np.where(refused.all(1), NONE, masked.argmax(1))
    return found


def mined(descriptors: Descriptors, roles: np.ndarray, mining: Mining, **changes: float):
    plan = replace(make_plan(descriptors, roles, mining, block=len(roles)), **changes)
    return plan, mine_block(descriptors, roles, plan, 0)


@pytest.mark.parametrize("k", [1, 3, 200])
@pytest.mark.parametrize("duplicate_distance", [0.0, 0.01])
def test_it_is_the_nearest_allowed_picture_whatever_k(tmp_path: Path, k: int, duplicate_distance: float) -> None:
    descriptors, *_ = table(tmp_path, noise=0.3)
    roles = alternate(len(descriptors))
    plan, found = mined(descriptors, roles, Mining(k=k, duplicate_distance=duplicate_distance))
    wanted = brute(descriptors, roles, plan)
    np.testing.assert_array_equal(found.triplets["s"], wanted["s"])
    np.testing.assert_array_equal(found.triplets["y"], wanted["y"])
    assert found.counts["style_rescued"] + found.counts["style_none_left"] == found.counts["style_retried"]
    if k == 1:
        assert found.counts["style_rescued"] > 0


def test_planted_grid_is_found(tmp_path: Path) -> None:
    descriptors, style_of, content_of = table(tmp_path)
    roles = np.random.default_rng(0).permutation(alternate(len(descriptors)))
    _, found = mined(descriptors, roles, Mining(content_percentile=95.0, style_percentile=75.0))
    whole = found.triplets[(found.triplets["y"] != NONE) & (found.triplets["s"] != NONE)]
    right = purity(Triplets(x=whole["x"], y=whole["y"], s=whole["s"], report={}), style_of, content_of)
    assert right["style_right"] == 1.0
    assert right["style_shares_content"] == right["content_shares_style"] == 0.0
    assert right["content_right"] >= 0.85  # some contents are in the style database alone
    assert not np.any((whole["x"] == whole["y"]) | (whole["x"] == whole["s"]))


def test_refusals_are_counted_by_their_reason(tmp_path: Path) -> None:
    """Nearest to x, row 0, in style: itself, a copy, two of its content, and fifth the one that may stay."""
    style = np.array([[1, 0], [1, 0], [0.98, 0.2], [0.96, 0.28], [0.8, 0.6], [0, 1], [0, -1]])
    content = np.array([[1, 0], [0, 1], [1, 0], [0.99, 0.14], [0, 1], [1, 0], [1, 0]])
    style, content = (space / np.linalg.norm(space, axis=1, keepdims=True) for space in (style, content))
    descriptors = as_index(tmp_path, style, content)
    roles = np.array([QUERY + STYLE, STYLE, STYLE, STYLE, QUERY + STYLE, SEMANTICS, SEMANTICS], np.uint8)
    plan = make_plan(descriptors, roles, Mining(k=4, duplicate_distance=0.005), block=1)
    found = mine_block(descriptors, roles, replace(plan, content_limit=0.5, style_limit=0.5), 0)
    assert found.triplets[["x", "s"]].tolist() == [(0, 4)]
    seen = {name.removeprefix("style_"): n for name, n in found.counts.items() if name.startswith("style_")}
    assert seen == {"itself": 1, "duplicates": 1, "too_close": 2, "retried": 1, "rescued": 1, "none_left": 0}


def test_no_picture_is_its_own_partner_even_where_nothing_is_too_close(tmp_path: Path) -> None:
    descriptors, *_ = table(tmp_path)
    roles = alternate(len(descriptors))
    for k in (1, 5):  # with 1, itself is all that the k nearest hold
        _, found = mined(descriptors, roles, Mining(k=k), content_limit=2.0, style_limit=2.0)
        assert not np.any(found.triplets["x"] == found.triplets["s"])
        assert not np.any(found.triplets["x"] == found.triplets["y"])
        assert found.counts["style_none_left"] == 0


def test_where_nothing_is_allowed_the_row_stays_empty_and_says_so(tmp_path: Path) -> None:
    descriptors, *_ = table(tmp_path)
    roles = alternate(len(descriptors))
    _, found = mined(descriptors, roles, Mining(k=5), content_limit=-2.0)
    assert found.counts["style_none_left"] == len(roles)
    assert np.all(found.triplets["s"] == NONE)
    assert np.all(found.triplets["y"] != NONE)


@pytest.mark.parametrize("wrong", ["both", "norm", "none"])
def test_what_cannot_be_mined_is_refused(tmp_path: Path, wrong: str) -> None:
    style, content, *_ = planted()
    roles = alternate(len(style))
    if wrong == "both":
        roles[3] = STYLE + SEMANTICS
    if wrong == "norm":
        content[7] *= 1.1
    if wrong == "none":
        roles &= QUERY + STYLE
    descriptors = as_index(tmp_path, style, content)
    complaint = {"both": "in both databases", "norm": "row 7 has length 1.1", "none": "0 content pictures"}[wrong]
    with pytest.raises(ValueError, match=complaint):
        make_plan(descriptors, roles, Mining())
