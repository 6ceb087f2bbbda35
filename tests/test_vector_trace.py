"""Tracing: shapes that are exact, fills of the palette, holes, refusals, and metadata."""

import re
from pathlib import Path

import numpy as np
import pytest
import resvg_py

from parasol.images import load
from parasol.maths.distances import psnr
from parasol.types import Picture
from parasol.vector import Palette, TraceError, given_palette, read_metadata, trace
from parasol.vector.drawing import Ellipse, Outline, Rectangle, Stroke
from parasol.vector.ground import split
from parasol.vector.indexing import mode_filter
from parasol.vector.outline import area, outlines
from parasol.vector.regions import CLEAR, components, painted_order, stacked, without_specks

PHOTOGRAPH = Path("examples/photograph.jpg")


def drawn(body: str, *, background: str = "white", size: int = 128) -> bytes:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128">{body}</svg>'
    return resvg_py.svg_to_bytes(text, width=size, height=size, background=background or None)


def again(svg: str, size: int = 128) -> Picture:
    return load(resvg_py.svg_to_bytes(svg, width=size, height=size, background="white"))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('<circle cx="64" cy="60" r="40" fill="#c22"/>', Ellipse(fill="#cc2222", centre=(64, 60), radii=(40, 40))),
        ('<ellipse cx="64" cy="64" rx="50" ry="30"/>', Ellipse(fill="#000000", centre=(64, 64), radii=(50, 30))),
        (
            '<rect x="20" y="30" width="80" height="50" fill="#284"/>',
            Rectangle(fill="#228844", corner=(20, 30), size=(80, 50)),
        ),
        (
            '<rect x="20" y="30" width="70" height="70" rx="14"/>',
            Rectangle(fill="#000000", corner=(20, 30), size=(70, 70), radius=14),
        ),
        (
            '<rect x="34" y="34" width="60" height="60" transform="rotate(45 64 64)"/>',
            Rectangle(fill="#000000", corner=(34, 34), size=(60, 60), turn=45),
        ),
    ],
)
def test_what_is_exact_is_found_within_a_third_of_a_pixel(body: str, wanted: Ellipse | Rectangle) -> None:
    ground, shape = trace(load(drawn(body))).drawing.shapes
    assert isinstance(ground, Rectangle)
    assert ground.size == (128, 128)
    assert type(shape) is type(wanted)
    for name, value in vars(wanted).items():
        if name == "fill":
            assert getattr(shape, name) == value
        else:
            np.testing.assert_allclose(
                getattr(shape, name), value, atol=0.35 if name != "radius" else 0.6, err_msg=name
            )


def test_a_line_with_round_ends_is_a_stroke() -> None:
    body = '<path d="M20 30L100 90" stroke="#222" stroke-width="8" stroke-linecap="round"/>'
    _, shape = trace(load(drawn(body))).drawing.shapes
    assert isinstance(shape, Stroke)
    assert shape.width == pytest.approx(8, abs=0.3)
    ends = sorted(shape.ends)
    np.testing.assert_allclose(ends, [[20, 30], [100, 90]], atol=0.4)


def test_what_lies_on_top_is_painted_later_and_nothing_shows_between() -> None:
    picture = load(
        drawn('<rect width="64" height="128" fill="#d33"/><rect x="64" width="64" height="128" fill="#35d"/>')
    )
    svg = trace(picture).drawing.svg()
    found = again(svg)
    assert psnr(found, picture) > 40
    assert found.mean(axis=2).max() < 0.6, "white shows between two colours that touch"


def test_a_ring_keeps_its_hole_where_nothing_is_drawn() -> None:
    data = drawn('<circle cx="64" cy="64" r="40" fill="none" stroke="#14a" stroke-width="10"/>', background="")
    content = split(load(data), load(data, background=(0.0, 0.0, 0.0)))
    traced = trace(content)
    (shape,) = traced.drawing.shapes
    assert isinstance(shape, Outline)
    assert len(shape.chains) == 2
    found = load(resvg_py.svg_to_bytes(traced.drawing.svg(), width=128, height=128), background=(0.0, 1.0, 0.0))
    np.testing.assert_allclose(found[64, 64], [0, 1, 0], atol=0.01)
    np.testing.assert_allclose(found[64, 24], [1 / 15, 4 / 15, 2 / 3], atol=0.02)


def test_no_fill_leaves_a_given_palette() -> None:
    palette = given_palette("#ff0000,#ffffff,#00f")
    body = '<circle cx="64" cy="64" r="50" fill="#e33"/><circle cx="64" cy="64" r="20" fill="#33e"/>'
    svg = trace(load(drawn(body)), palette).drawing.svg()
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) == {"#ff0000", "#ffffff", "#0000ff"}


def test_colours_as_many_as_asked_for_and_no_gradient() -> None:
    ramp = '<linearGradient id="g"><stop stop-color="#f00"/><stop offset="1" stop-color="#ff0"/></linearGradient>'
    picture = load(drawn(f'{ramp}<circle cx="64" cy="64" r="50" fill="url(#g)"/>'))
    svg = trace(picture, count=4).drawing.svg()
    assert "Gradient" not in svg
    assert len(set(re.findall(r'fill="([^"]*)"', svg))) <= 4


def test_a_ramp_is_one_shape_with_a_gradient() -> None:
    ramp = '<linearGradient id="g"><stop stop-color="#f00"/><stop offset="1" stop-color="#ff0"/></linearGradient>'
    picture = load(drawn(f'{ramp}<circle cx="64" cy="64" r="50" fill="url(#g)"/>'))
    traced = trace(picture)
    assert len(traced.drawing.shapes) == 2
    svg = traced.drawing.svg()
    assert "linearGradient" in svg
    assert psnr(again(svg), picture) > 32


def test_metadata_comes_back_as_it_was() -> None:
    drawing = trace(load(drawn('<circle cx="64" cy="64" r="50"/>'))).drawing
    text = '{"words": "a < b & c > d ]]> &lt;"}'
    svg = drawing.svg(text)
    assert read_metadata(svg) == text
    assert read_metadata(drawing.svg()) is None
    again(svg)


def test_the_same_picture_gives_the_same_bytes() -> None:
    picture = load("examples/content.png")
    assert trace(picture).drawing.svg("x") == trace(picture).drawing.svg("x")


def test_photographs_are_refused_with_the_reason() -> None:
    with pytest.raises(TraceError, match=r"falls into \d+ regions .* photographs"):
        trace(load(PHOTOGRAPH))


def test_nothing_to_trace() -> None:
    with pytest.raises(TraceError, match="transparent everywhere"):
        trace(np.zeros((16, 16, 4), np.float32))


def test_a_large_picture_asks_for_its_own_size() -> None:
    svg = trace(load(drawn('<circle cx="64" cy="64" r="50"/>', size=600))).drawing.svg()
    assert '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600" viewBox="0 0 256 256">' in svg


def test_outlines_go_round_once_and_holes_the_other_way() -> None:
    mask = np.zeros((12, 12), bool)
    mask[2:10, 2:10] = True
    mask[4:6, 4:6] = False
    mask[10, 10] = True  # touches by its corner alone
    areas = sorted(round(area(chain), 1) for chain in outlines(mask))
    assert len(areas) == 3
    assert areas[0] < 0 < areas[1] < areas[2]


def test_the_mode_is_of_indices_and_makes_no_new_one() -> None:
    index = np.array([[0, 0, 7, 7, 7]] * 5)
    index[2, 1] = 7
    found = mode_filter(index, 3)
    assert set(np.unique(found)) == {0, 7}
    assert found[2, 1] == 0


def test_specks_go_to_what_surrounds_them() -> None:
    index = np.zeros((8, 8), int)
    index[:, 4:] = 1
    index[3, 6] = 2
    found = without_specks(index, 4)
    assert set(np.unique(found)) == {0, 1}
    assert found[3, 6] == 1


def test_nothing_lies_on_what_is_clear() -> None:
    index = np.full((9, 9), CLEAR)
    index[1:8, 1:8] = 0
    index[3:6, 3:6] = CLEAR
    index[4, 4] = 1
    labels, kinds = components(index)
    filled = np.array([max(round(area(chain)) for chain in outlines(labels == label)) for label in range(len(kinds))])
    regions = stacked(labels, kinds, filled)
    assert all(region.parent == -1 for region in regions.values())
    assert sorted(len(group) for group in painted_order(regions)) == [1, 1]


def test_a_palette_of_too_many_colours_is_told() -> None:
    with pytest.raises(ValueError, match="65 colours"):
        Palette(colours=np.zeros((65, 3), np.float32))
