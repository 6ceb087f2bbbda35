"""Grounds: what is seen on them, and how a result comes off with its alpha."""

import numpy as np
import pytest
import resvg_py

from parasol.images import load
from parasol.vector import GroundError, laid
from parasol.vector.ground import DARK, RGBA, WHITE, cut_out, showing, split, wanted_ground, without_ground


def content(body: str) -> RGBA:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{body}</svg>'
    data = resvg_py.svg_to_bytes(text, width=96, height=96)
    return split(load(data, background=WHITE), load(data, background=(0.0, 0.0, 0.0)))


RING = '<circle cx="32" cy="32" r="20" fill="#fff" stroke="#c24" stroke-width="5"/>'
THIN = '<path d="M8 9L55 50" stroke="#137" stroke-width="1.3"/>'


@pytest.mark.parametrize("body", [RING, THIN, '<circle cx="32" cy="32" r="25" fill="#fff"/>'])
def test_a_result_that_is_the_content_comes_off_as_the_content(body: str) -> None:
    truth = content(body)
    ground = showing(truth)
    found = cut_out(truth, np.rint(laid(truth, ground) * 255).astype(np.float32) / 255, ground)
    edge = (truth[..., 3] > 0.01) & (truth[..., 3] < 0.99)
    for other in (WHITE, (0.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
        error = (laid(found, other) - laid(truth, other))[edge]
        assert -10 * np.log10((error**2).mean() + 1e-12) > 45
    assert (found[..., 3][truth[..., 3] == 1] == 1).all()
    assert (found[..., 3][truth[..., 3] == 0] == 0).all()


def test_a_tip_that_a_decoder_made_paler_has_its_shapes_colour() -> None:
    truth = content('<path d="M4 26L60 32L4 38z" fill="#124"/><path d="M32 8h28v1h-28z" fill="#c24"/>')
    down, right = np.mgrid[:96, :96]
    on_white, tip = laid(truth, WHITE), (truth[..., 3] > 0) & (right > 82) & (down > 20)
    paler = np.where(tip[..., None], 0.6 * on_white + 0.4, on_white).astype(np.float32)
    found = cut_out(truth, paler, WHITE)
    error = (laid(found, (0.0, 1.0, 0.0)) - laid(truth, (0.0, 1.0, 0.0)))[tip]
    assert (error**2).mean() < 0.25 * ((paler - on_white)[tip] ** 2).mean()
    line = (truth[..., 3] > 0.5) & (down < 20)
    assert np.abs(found[line, :3] - truth[line, :3]).max() < 0.02, "a line of its own colour keeps it"


def test_a_result_that_grew_keeps_what_it_drew_without_a_halo() -> None:
    small, large = (
        content('<circle cx="32" cy="32" r="18" fill="#c24"/>'),
        content('<circle cx="32" cy="32" r="24" fill="#c24"/>'),
    )
    found = cut_out(small, laid(large, WHITE), WHITE)
    black = (0.0, 0.0, 0.0)
    error = laid(found, black) - laid(large, black)
    assert -10 * np.log10((error**2).mean()) > 35


def test_a_result_that_shrank_leaves_no_ground_behind() -> None:
    small, large = (
        content('<circle cx="32" cy="32" r="18" fill="#c24"/>'),
        content('<circle cx="32" cy="32" r="24" fill="#c24"/>'),
    )
    found = cut_out(large, laid(small, WHITE), WHITE)
    ring = (large[..., 3] == 1) & (small[..., 3] == 0)
    assert found[..., 3][ring].mean() < 0.02


def test_of_few_colours_what_is_the_grounds_is_ground_but_for_light_parts_of_the_drawing() -> None:
    drawn = content('<rect x="8" y="8" width="48" height="48" fill="#000"/><path d="M8 40h48v10h-48z" fill="#fff"/>')
    result = drawn.copy()
    result[30:50, 12:40, :3] = 1.0  # the model has left ground here, out to the left side, and white paint is the band
    found = without_ground(drawn, result, WHITE)
    assert not found[32:48, 13:39, 3].any()
    band = (drawn[..., 3] == 1) & (drawn[..., 0] > 0.9)
    assert (found[..., 3][band] == 1).mean() > 0.95


def test_white_is_laid_on_dark_and_the_rest_on_white() -> None:
    assert showing(content('<circle cx="32" cy="32" r="20" fill="#fff"/>')) == DARK
    assert showing(content('<circle cx="32" cy="32" r="20" fill="#000"/>')) == WHITE
    assert showing(content(RING)) == WHITE
    with pytest.raises(GroundError, match="transparent everywhere"):
        showing(content(""))


def test_grounds_by_name() -> None:
    assert wanted_ground("keep", has_alpha=True) is None
    assert wanted_ground("keep", has_alpha=False) == WHITE
    assert wanted_ground("transparent", has_alpha=False) is None
    assert wanted_ground("#ff0000", has_alpha=True) == (1.0, 0.0, 0.0)
    with pytest.raises(GroundError, match="'blue'"):
        wanted_ground("blue", has_alpha=True)


def test_a_rim_that_came_out_pale_is_no_bright_speck_on_black() -> None:
    y, x = np.mgrid[:48, :48]
    inside = (24 - np.hypot(x - 23.5, y - 23.5)).clip(0, 20)
    content = np.dstack([np.zeros((48, 48, 3)), (inside > 4).astype(float)]).astype(np.float32)
    drawn = np.where(inside > 6, 0.1, np.where(inside > 4, 0.85, 1.0))
    result = np.repeat(drawn[..., None], 3, axis=2).astype(np.float32)
    cut = cut_out(content, result, (1.0, 1.0, 1.0))
    assert laid(cut, (0.0, 0.0, 0.0)).max() < 0.2
    assert (cut[inside > 8][:, 3] == 1).all()
