"""Marks: what a method was optimised against, or shares a part with, is declared once and shown beside its figures."""

import json
from pathlib import Path

import pytest

from lab.claims.comparisons import declared
from parasol.comparison.relations import DRAWN, kinds_of, mark, relation_of

STORED = Path(__file__).parents[1] / "lab" / "results" / "comparison"


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("metric", ["lite0-perceptual", "lite0-truth", "lite0-identity"])
def test_who_is_drawn_by_the_decoder_was_optimised_against_what_it_was_trained_on(kind: str, metric: str) -> None:
    assert mark([kind], relation_of(metric)) == "*"
    assert mark(["magenta"], relation_of(metric)) == ""


@pytest.mark.parametrize("metric", ["chamfer", "lite0-sifid-stem", "lite2-brushwork", "lite2-retrieval"])
def test_texture_is_marked_where_it_is_on(metric: str) -> None:
    with_texture, without = (kinds_of("ours", {"texture": share}) for share in (1.0, 0.0))
    assert mark(with_texture, relation_of(metric)) == "*"
    assert mark(without, relation_of(metric)) != "*"


def test_a_colour_step_makes_any_method_one_that_sets_colours() -> None:
    assert mark(kinds_of("adain", {"color": "match"}), relation_of("chamfer")) == "*"
    assert mark(kinds_of("adain", {"color": "off"}), relation_of("chamfer")) == ""


def test_a_stored_comparison_gets_the_marks_of_now_and_keeps_its_values() -> None:
    found = json.loads((STORED / "comparison.json").read_text("utf-8"))
    before = {**found, "measures": {name: {**one, "optimised": {}} for name, one in found["measures"].items()}}
    assert declared(before) == found
    assert found["methods"]["ours"]["values"]["lite0-truth"]["mark"] == "*"
    assert found["methods"]["magenta"]["values"]["lite0-truth"]["mark"] == ""
