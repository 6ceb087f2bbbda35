"""Synthetic styles do what their six numbers say."""

import numpy as np
import pytest

from parasol.corpora.synthetic import PARAMETERS, look_of, restyle

NEUTRAL = np.array([0.5, 0.5, 0.5, 0.0, 0.0, 0.0], np.float32)


def disc(side: int = 64) -> np.ndarray:
    """An orange disc on white."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2.0
    picture = np.ones((side, side, 3), np.float32)
    picture[np.hypot(y, x) < 0.3 * side] = (0.9, 0.5, 0.1)
    return picture


def under(**numbers: float) -> np.ndarray:
    look = NEUTRAL.copy()
    for name, value in numbers.items():
        look[PARAMETERS.index(name)] = value
    return restyle(disc(), look)


def test_the_neutral_look_changes_nothing_but_rounding() -> None:
    np.testing.assert_allclose(under(), disc(), atol=1.5 / 255)


@pytest.mark.parametrize("name", PARAMETERS)
def test_more_of_a_parameter_changes_more(name: str) -> None:
    start = float(NEUTRAL[PARAMETERS.index(name)])
    changes = [np.abs(under(**{name: start + (1.0 - start) * share}) - disc()).mean() for share in (0.0, 0.3, 0.6, 1.0)]
    assert changes == sorted(changes)
    assert changes[-1] > 10 * changes[0] + 1e-3


def test_paper_stays_white() -> None:
    for place in range(5):
        corner = restyle(disc(), look_of(0, place))[:4, :4]
        assert corner.min() > 0.99


def test_each_parameter_does_its_own() -> None:
    red, green, blue = under(saturation=0.0)[32, 32]
    assert max(red, green, blue) - min(red, green, blue) < 0.4 * (0.9 - 0.1)
    assert under(lightness=1.0)[32, 32].mean() > disc()[32, 32].mean() > under(lightness=0.0)[32, 32].mean()
    outlined = under(outline=1.0)
    assert outlined.min() < 0.15, "an edge is nearly black"
    np.testing.assert_allclose(outlined[32, 32], disc()[32, 32], atol=1.5 / 255)


def test_looks_are_a_list_by_seed() -> None:
    assert (look_of(1, 5) == look_of(1, 5)).all()
    assert (look_of(1, 5) != look_of(2, 5)).any()
    looks = np.stack([look_of(1, place) for place in range(400)])
    assert 0.0 <= looks.min() < 0.02
    assert 0.98 < looks.max() <= 1.0
    np.testing.assert_allclose(looks.mean(0), 0.5, atol=0.06)
