"""How round the corners of a style are, and drawings rounded as much."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from parasol.finishing import LookPart, finish_of
from parasol.images import from_uint8
from parasol.vector import named_palette
from parasol.vector.coloured import coloured
from parasol.vector.corners import corner_radius, rounded
from parasol.vector.indexing import SCALE
from parasol.vector.look import WIDEST, Look, look_of, steadiest
from parasol.vector.regions import components

SIDE = 128


def square(radius: float, *, turn: float = 0.0, ink: str = "#1d4ed8") -> np.ndarray:
    """A rounded square of 80 px on white, antialiased."""
    large = Image.new("RGB", (8 * SIDE, 8 * SIDE), "white")
    ImageDraw.Draw(large).rounded_rectangle((192, 192, 831, 831), radius=8 * radius, fill=ink)
    turned = large.rotate(turn, Image.Resampling.BICUBIC, fillcolor="white")
    return from_uint8(np.asarray(turned.resize((SIDE, SIDE), Image.Resampling.BOX)))


def disc(radius: float) -> np.ndarray:
    """A disc on white."""
    down, across = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    inside = np.clip(radius + 0.5 - np.hypot(down, across), 0, 1)[..., None]
    return (1 - inside * (1 - np.array([0.1, 0.3, 0.8]))).astype(np.float32)


def mask(rows: slice, columns: slice, side: int = 400) -> np.ndarray:
    """A rectangle among index pixels."""
    made = np.zeros((side, side), bool)
    made[rows, columns] = True
    return made


@pytest.mark.parametrize("turn", [0.0, 31.0])
@pytest.mark.parametrize("radius", [3.5, 4.5, 6.0])
def test_the_radius_of_corners_is_found(radius: float, turn: float) -> None:
    look = look_of([square(radius, turn=turn)])
    assert look is not None
    assert look.corner is not None
    assert look.corner * SIDE == pytest.approx(radius, rel=0.25)


@pytest.mark.parametrize("radius", [9.0, 15.0, 30.0])
def test_rounder_corners_count_as_the_roundest_that_are_made(radius: float) -> None:
    look = look_of([square(radius)])
    assert look is not None
    assert look.corner == 0.055


@pytest.mark.parametrize("picture", [square(0.0), square(0.0, turn=20.0), disc(40.0), disc(12.0)])
def test_what_is_sharp_or_has_no_corners_says_nothing(picture: np.ndarray) -> None:
    look = look_of([picture])
    assert look is not None
    assert look.corner is None


def test_where_half_of_the_corners_are_sharp_the_style_is() -> None:
    sharp, none = mask(slice(80, 320), slice(80, 320)), np.ones((400, 400), bool)
    assert corner_radius([sharp, none]) is None
    style = look_of([square(6.0), square(0.0)])
    assert style is not None
    assert style.corner is None


def test_corners_of_a_square_are_rounded_by_the_radius_and_its_sides_stay() -> None:
    labels = mask(slice(100, 300), slice(100, 300)).astype(np.int64)
    after = rounded(labels, 40.0)
    lost = int((labels != after).sum())
    assert lost == pytest.approx((4 - np.pi) * 40**2, rel=0.06)
    assert (after[100:300, 150:250] == 1).all()
    assert (after[150:250, 100:300] == 1).all()
    assert (after == after[::-1]).all()
    assert (after == after.T).all()


def test_an_inner_corner_is_filled() -> None:
    labels = (mask(slice(100, 300), slice(100, 300)) & ~mask(slice(200, 300), slice(200, 300))).astype(np.int64)
    after = rounded(labels, 20.0)
    assert after[201, 201] == 1
    assert after[230, 230] == 0


def test_what_is_round_already_stays() -> None:
    down, across = np.mgrid[:400, :400] - 199.5
    labels = (np.hypot(down, across) < 120).astype(np.int64)
    assert (rounded(labels, 30.0) == labels).all()
    once = rounded(mask(slice(100, 300), slice(100, 300)).astype(np.int64), 30.0)
    assert (rounded(once, 30.0) != once).mean() < 2e-4, "again as round is no rounder"


def test_a_stem_stays_and_its_end_is_rounded_by_less() -> None:
    labels = (mask(slice(200, 350), slice(100, 300)) | mask(slice(100, 200), slice(190, 210))).astype(np.int64)
    after = rounded(labels, 24.0)
    assert (after[112:180, 190:210] == 1).all(), "narrower than the disc"
    assert after[100, 190] == 0
    assert (after[100, 196:204] == 1).all()


def test_no_stroke_falls_apart_where_it_is_thinner_and_none_gets_nicks() -> None:
    down, across = np.mgrid[:400, :400]
    width = 24 + 7 * np.sin(across / 17)
    wavy = (np.abs(down - 200) < width / 2) & (across > 40) & (across < 360)
    slanted = (np.abs(down - 40 - 0.36 * across) < 14) & (across > 40) & (across < 360)
    for shape in (wavy, slanted):
        for radius in (9.0, 12.0, 14.0, 20.0):
            after = rounded(shape.astype(np.int64), radius)
            assert len(components(after)[1]) == 2, "the stroke and its ground"
            assert (after == 1)[:, 80:320].sum() > 0.97 * shape[:, 80:320].sum()


def test_two_shapes_that_meet_in_a_waist_stay_one() -> None:
    down, across = np.mgrid[:400, :400] - 199.5
    shape = (np.abs(across) < 8 + 0.6 * np.abs(down)) & (np.abs(down) < 120)
    assert len(components(rounded(shape.astype(np.int64), 24.0))[1]) == 2, "the shape and its ground"


def test_where_the_picture_ends_nothing_is_rounded() -> None:
    down, across = np.mgrid[:400, :400]
    wedge = (np.abs(across - 200) < 150 - down / 2).astype(np.int64)
    after = rounded(wedge, 24.0)
    assert (after[:40] == wedge[:40]).all()
    assert (after != wedge).any(), "but its tip is"


def test_no_part_goes_and_a_junction_of_three_stays() -> None:
    labels = mask(slice(100, 300), slice(100, 200)) + 2 * mask(slice(100, 300), slice(200, 300)).astype(np.int64)
    after = rounded(labels, 30.0)
    assert (after[100:300, 190:210] == labels[100:300, 190:210]).all(), "where the seam meets the outer edge"
    assert after[100, 100] == after[100, 299] == 0
    small = mask(slice(100, 106), slice(100, 106)) + 2 * mask(slice(200, 300), slice(200, 300)).astype(np.int64)
    assert set(np.unique(rounded(small, 30.0))) == {0, 1, 2}


def test_a_drawing_takes_the_corners_of_the_style() -> None:
    look = look_of([square(6.0, ink="#dc2626")])
    assert look is not None
    own, sharp = square(0.0, ink="#000000"), Look(**{**vars(look), "corner": None})
    round_, plain = (coloured(own, own, style) for style in (look, sharp))
    assert round_ is not None
    assert plain is not None
    lost = (round_ != plain).sum() / SCALE**2
    assert lost == pytest.approx((4 - np.pi) * (look.corner or 0) ** 2 * SIDE**2, rel=0.3)


def test_a_finish_says_how_round_and_one_of_before_is_the_same_bytes() -> None:
    finish = finish_of(palette=None, colors=None, finish="flat", references=[square(5.0)])
    assert finish is not None
    assert finish.look is not None
    assert finish.look.corner == pytest.approx(5.0 / SIDE, rel=0.2)
    before = LookPart(fills=(0.5, 0.5), lines=(0, 0), width=0)
    assert "corner" not in before.model_dump()
    with pytest.raises(ValueError, match="corner"):
        LookPart(fills=(1,), lines=(0,), width=0, corner=-0.1)
    assert named_palette(finish.colours or ()).hexes[0] == "#ffffff"


def lined(fill: str) -> np.ndarray:
    """A block with a black line of 2 px around it, antialiased, and a black one."""
    large = Image.new("RGB", (8 * SIDE, 8 * SIDE), "white")
    ImageDraw.Draw(large).rectangle((200, 283, 820, 743), fill=fill, outline="#080409", width=16)
    ImageDraw.Draw(large).rectangle((420, 60, 540, 160), fill="#080409")
    return from_uint8(np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BOX)))


def test_a_colour_of_one_reference_is_not_what_the_edges_of_the_others_come_to() -> None:
    """A mauve is a colour of the last; in the others it is what black lines mix with white and pink at their edges."""
    look = look_of([lined("#edcbea")] * 5 + [lined("#bea2bb")])
    assert look is not None
    assert look.width * SIDE == pytest.approx(2, abs=0.3), "with the edges for a colour no lines were seen"
    assert look.lines == (0, 0, 0, 1)
    assert look.fills[3] == 0


def test_ends_of_lines_are_as_round_as_the_lines_are_wide_at_most() -> None:
    large = Image.new("RGB", (8 * SIDE, 8 * SIDE), "white")
    ImageDraw.Draw(large).rectangle((200, 480, 820, 543), fill="black")
    stroke = from_uint8(np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BOX)))
    style = named_palette(["#ffffff", "#1d4ed8"])
    sharp = Look(palette=style, fills=(1.0, 0.0), lines=(0.0, 1.0), width=8 / SIDE)
    plain, round_ = (coloured(stroke, stroke, replace(sharp, corner=corner)) for corner in (None, 0.05))
    assert plain is not None
    assert round_ is not None
    lost = (plain > 0) & (round_ <= 0)
    columns = np.flatnonzero((plain > 0).any(axis=0))
    assert lost[:, columns[0]].sum() > 10, "an end is cut at its corners"
    assert not lost[:, columns[20] : columns[-20]].any(), "and nothing is between the ends"
    assert (round_ > 0)[:, columns[0]].any(), "and it is as long as before"


def test_lines_of_a_pen_are_seen_and_areas_of_many_widths_are_not() -> None:
    most, places = WIDEST * 512, np.linspace(0, 1, 400)
    even, pen = np.full(400, 16.0), 16 + 7 * np.sin(40 * places)
    assert steadiest(even.astype(np.float32), most) == 16
    assert steadiest(pen.astype(np.float32), most) == pytest.approx(16, abs=1), "strays by 7 of 16"
    areas = np.where(places < 0.9, pen, 60.0)
    assert steadiest(areas.astype(np.float32), most) == 0, "a tenth of it is far wider"
    assert steadiest((3 * pen).astype(np.float32), most) == 0, "no pen is so wide"
