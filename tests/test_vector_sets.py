"""Sets: measures of drawings that are known, scores, outliers."""

import numpy as np
import pytest
import resvg_py

from parasol.images import load
from parasol.vector import Measures, consistency, measure
from parasol.vector.ground import split


def measured(body: str, size: int = 96) -> Measures:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{body}</svg>'
    data = resvg_py.svg_to_bytes(text, width=size, height=size)
    return measure(split(load(data), load(data, background=(0.0, 0.0, 0.0))))


def line(width: float, colour: str = "#000", reach: float = 8) -> str:
    low, high = 12 - reach, 12 + reach
    path = f"M{low} {low}V{high}H{high}M{low} 12H{high}"
    return f'<path fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" d="{path}"/>'


@pytest.mark.parametrize("size", [48, 96, 256])
@pytest.mark.parametrize("width", [1.5, 2.0, 3.0])
def test_the_width_of_strokes_whatever_the_size(width: float, size: int) -> None:
    assert measured(line(width), size).stroke == pytest.approx(width / 24, rel=0.12)


def test_fills_have_no_stroke_width() -> None:
    assert measured('<path d="M3 20L12 3L21 20z"/>').stroke is None


def test_padding_weight_and_colours() -> None:
    one = measured('<rect x="6" y="3" width="12" height="18" fill="#c22"/>')
    assert one.padding == pytest.approx(3 / 24, abs=0.006)
    assert one.weight == pytest.approx(12 * 18 / 24**2, abs=0.01)
    assert len(one.colours) == 1
    assert one.colours[0] in ("#cc2222", "#cd2222")  # resampling may round the other way


def test_round_corners_are_told_from_sharp_ones() -> None:
    sharp = measured('<rect x="4" y="4" width="16" height="16"/>')
    round_ = measured('<rect x="4" y="4" width="16" height="16" rx="3"/>')
    assert sharp.corner == 0.0
    assert round_.corner == pytest.approx(3 / 24, abs=0.04)


def test_a_set_of_one_hand_scores_above_a_mixture_and_strangers_are_named() -> None:
    own = {f"{reach}.svg": measured(line(2, reach=reach)) for reach in (7.5, 7.75, 8, 8.25, 8.5)}
    strange = {"bold.svg": measured(line(4)), "red.svg": measured(line(2, "#d22"))}
    alone, mixed = consistency(own), consistency(own | strange)
    assert alone.score > mixed.score
    assert not alone.outliers
    assert {(one.name, one.measure) for one in mixed.outliers} >= {("bold.svg", "stroke"), ("red.svg", "palette")}


def test_one_picture_is_no_set() -> None:
    with pytest.raises(ValueError, match="no set"):
        consistency({"a": measured(line(2))})


def test_scores_lie_in_0_to_100() -> None:
    drawings = {str(reach): measured(line(2, reach=reach)) for reach in np.linspace(3, 9, 4)}
    found = consistency(drawings)
    assert all(0 <= score <= 100 for score in (found.score, *found.parts.values()))
