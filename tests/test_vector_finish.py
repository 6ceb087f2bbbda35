"""The flat finish: few colours, those of the references, and edges where the drawing has them."""

import numpy as np
import pytest

from parasol.vector.finish import flat_finish
from parasol.vector.palette import given_palette, nearest

PALETTE = given_palette("#ffffff,#cc2244,#2244cc")


def halves() -> np.ndarray:
    picture = np.ones((48, 48, 3), np.float32)
    picture[8:40, 8:24] = PALETTE.colours[1]
    picture[8:40, 24:40] = PALETTE.colours[2]
    return picture


def test_mottled_is_flat_and_in_the_palette() -> None:
    noise = np.random.default_rng(0).normal(0, 0.06, (48, 48, 3)).astype(np.float32)
    found = flat_finish((halves() + noise).clip(0, 1), halves(), PALETTE)
    apart = np.abs(found[:, :, None] - PALETTE.colours[None, None]).max(axis=-1).min(axis=-1)
    assert (apart > 0.01).mean() < 0.1, "only edges may mix"
    assert (nearest(found, PALETTE.colours) == nearest(halves(), PALETTE.colours)).mean() > 0.98


def test_a_region_of_the_content_is_one_colour_up_to_its_edge() -> None:
    result = halves()
    result[8:40, 20:24] = PALETTE.colours[2]  # the result's edge has moved
    found = flat_finish(result, halves(), PALETTE)
    np.testing.assert_allclose(found[24, 21], PALETTE.colours[1], atol=0.01)


def test_shapes_have_to_agree() -> None:
    with pytest.raises(ValueError, match="one size"):
        flat_finish(np.ones((16, 16, 3), np.float32), np.ones((8, 8, 3), np.float32), PALETTE)
