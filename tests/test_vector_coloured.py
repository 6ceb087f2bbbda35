"""A flat style's look, and drawings coloured by it: second tones, lines of one width, shares, what is left free."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageDraw

from parasol.images import from_uint8
from parasol.vector.coloured import coloured, transported
from parasol.vector.finish import painted
from parasol.vector.indexing import SCALE
from parasol.vector.look import Look, look_of, shaded, steadiest
from parasol.vector.palette import given_palette
from parasol.vector.parts import parts_of
from parasol.vector.regions import CLEAR, components

Pen = Callable[[ImageDraw.ImageDraw], None]
DARK, LIGHT = "#2859c5", "#8fbffa"


def picture(draw: Pen, side: int = 64) -> np.ndarray:
    """What is drawn on 256 px, antialiased on white."""
    large = Image.new("RGB", (256, 256), "white")
    draw(ImageDraw.Draw(large))
    return from_uint8(np.asarray(large.resize((side, side), Image.Resampling.BOX)))


def outlined(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((30, 60, 220, 200), 20, fill=LIGHT, outline=DARK, width=16)
    pen.line((60, 130, 190, 130), fill=DARK, width=16)


def two_tone(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((30, 30, 220, 220), fill=LIGHT)
    pen.rectangle((90, 30, 160, 140), fill=DARK)


def plate(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((30, 40, 225, 215), 24, fill="black")
    pen.ellipse((95, 95, 160, 160), fill="white")


PLATE = picture(plate)
BLUE = np.where(PLATE < 0.5, from_uint8(np.array([95, 130, 240], np.uint8)), PLATE).astype(np.float32)  # in one colour


def at(index: np.ndarray, x: int, y: int) -> int:
    """The index where 256 px would have x and y."""
    return int(index[y * index.shape[0] // 256, x * index.shape[1] // 256])


def plain(colours: str, fills: tuple[float, ...], lines: tuple[float, ...], width: float) -> Look:
    return Look(palette=given_palette(colours), fills=fills, lines=lines, width=width)


def test_a_look_knows_lines_from_fills() -> None:
    look = look_of([picture(outlined), picture(outlined)])
    assert look is not None
    dark, light = look.palette.hexes.index(DARK), look.palette.hexes.index(LIGHT)
    assert look.lines[dark] == 1
    assert look.fills[light] > 0.9
    assert look.width == pytest.approx(16 / 256, rel=0.15)


def test_shadows_that_drawings_cast_have_no_outline_and_hide_none() -> None:
    def lit(pen: ImageDraw.ImageDraw) -> None:
        pen.ellipse((20, 170, 240, 250), fill="#dcdcdc")
        outlined(pen)

    def pale(pen: ImageDraw.ImageDraw) -> None:
        pen.rounded_rectangle((30, 60, 220, 200), 20, outline="#dcdcdc", width=16)

    for draw in (lit, pale):  # of what is pale throughout, all is drawn
        look = look_of([picture(draw)])
        assert look is not None
        assert look.width == pytest.approx(16 / 256, rel=0.15)
        assert look.lines[look.palette.hexes.index(DARK if draw is lit else "#dcdcdc")] == 1


def test_a_look_without_lines_has_the_shares_of_its_colours() -> None:
    look = look_of([picture(two_tone)])
    assert look is not None
    assert look.width == 0
    shares = dict(zip(look.palette.hexes, look.fills, strict=True))
    truth = (picture(two_tone)[..., 0] < 0.35).sum() / (picture(two_tone)[..., 0] < 0.9).sum()
    assert shares[DARK] == pytest.approx(truth, abs=0.03)
    assert shares["#ffffff"] == 0


def test_hairlines_have_one_width_although_pixels_are_coarse() -> None:
    hairs = np.array([6.2, 9.9] * 5)  # index pixels: lines of one width, as two pixels draw them
    assert 6 < steadiest(hairs, 60) < 10
    assert steadiest(4 * hairs, 60) == 0


def test_ramps_are_no_flat_art() -> None:
    ramp = np.linspace(0, 1, 32, dtype=np.float32)
    shaded = np.ones((64, 64, 3), np.float32)
    shaded[16:48, 16:48] = np.stack(np.meshgrid(ramp, ramp[::-1]), axis=-1)[..., [0, 1, 0]]
    assert look_of([shaded]) is None


def test_what_a_drawing_encloses_gets_the_second_tone() -> None:
    look = look_of([picture(two_tone)])
    assert look is not None
    index = coloured(BLUE, PLATE, look)
    assert index is not None
    assert look.palette.hexes[at(index, 60, 127)] == LIGHT
    assert look.palette.hexes[at(index, 127, 127)] == DARK
    assert at(index, 5, 5) == CLEAR


def test_lines_of_the_styles_width_go_round_every_part() -> None:
    look = look_of([picture(outlined)])
    assert look is not None
    index = coloured(BLUE, PLATE, look)
    assert index is not None
    row = index[index.shape[0] // 4]  # above the hole
    runs = np.flatnonzero(np.diff(row)) + 1
    assert len(runs) == 4, "ground, line, fill, line, ground"
    width = look.width * index.shape[1]
    assert np.allclose([runs[1] - runs[0], runs[3] - runs[2]], width, atol=2)
    assert look.palette.hexes[at(index, 50, 70)] == LIGHT


def test_thin_strokes_become_lines_of_the_styles_width() -> None:
    look = look_of([picture(outlined)])
    assert look is not None

    def hair(pen: ImageDraw.ImageDraw) -> None:
        pen.line((40, 128, 215, 128), fill="black", width=10)

    index = coloured(picture(hair), picture(hair), look)
    assert index is not None
    drawn = index != CLEAR
    assert set(np.unique(index[drawn])) == {look.palette.hexes.index(DARK)}
    assert drawn[:, index.shape[1] // 2].sum() == pytest.approx(look.width * index.shape[1], abs=2)


def test_a_line_style_leaves_its_insides_free_and_alpha_says_so() -> None:
    look = plain("#ffffff,#000000", (1.0, 0.0), (0.0, 1.0), 0.06)
    alpha = (PLATE[..., 0] < 0.5).astype(np.float32)
    index = coloured(np.zeros_like(PLATE), np.zeros_like(PLATE), look, alpha)
    assert index is not None
    rgba = painted(index, look.palette)
    assert rgba[32, 15, 3] == 0, "inside of the plate"
    assert rgba[32, 8, 3] == 1, "its outline"
    assert (rgba[..., :3][rgba[..., 3] > 0] == 0).all(), "black up to its edges"


def test_a_shape_with_a_narrow_place_may_have_two_colours() -> None:
    def bells(pen: ImageDraw.ImageDraw) -> None:
        pen.ellipse((20, 80, 116, 176), fill="black")
        pen.ellipse((140, 80, 236, 176), fill="black")
        pen.rectangle((100, 120, 156, 136), fill="black")

    look = look_of([picture(two_tone)])
    assert look is not None
    index = coloured(picture(bells), picture(bells), look)
    assert index is not None
    assert {look.palette.hexes[at(index, x, 128)] for x in (60, 190)} == {LIGHT, DARK}
    assert len(components(index)[1]) == 3


def test_noise_is_no_drawing_and_shapes_have_to_agree() -> None:
    look = plain("#ffffff,#000000", (0.0, 1.0), (0.0, 0.0), 0)
    noise = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    assert coloured(noise, noise, look) is None
    with pytest.raises(ValueError, match="one size"):
        coloured(noise, noise[:16], look)


def test_a_transport_weighs_what_is_seen_against_the_shares() -> None:
    areas, apart = np.array([0.0, 6.0, 3.0, 1.0]), np.zeros((4, 4))
    same = np.zeros((4, 3))
    assert transported(areas, same, np.array([0, 0.6, 0.4]), apart).tolist() == [0, 1, 2, 2]
    told = np.array([[0, 0, 0], [0, 1.0, 0], [0, 0, 1], [0, 0, 1]])  # as clearly as can be
    assert transported(areas, told, np.array([0, 0.5, 0.5]), apart).tolist() == [0, 2, 1, 1]
    beside = np.zeros((4, 4))
    beside[2, 3] = beside[3, 2] = 1.0
    found = transported(areas, same, np.array([0, 0.6, 0.4]), beside)
    assert found[2] != found[3], "neighbours are told apart"


def test_what_is_rendered_is_no_flat_style() -> None:
    down, right = np.mgrid[-1:1:64j, -1:1:64j]
    ball = np.ones((64, 64, 3), np.float32)
    light = 1 - 0.25 * np.hypot(down + 0.4, right + 0.4)
    ball[np.hypot(down, right) < 0.8] = (light[..., None] * [1.0, 0.3, 0.6])[np.hypot(down, right) < 0.8]
    assert look_of([ball]) is not None, "its slopes have few colours, and near ones"
    assert shaded([ball])
    assert not shaded([picture(two_tone)])
    assert not shaded([picture(outlined), ball[:, ::-1], picture(plate), picture(two_tone)]), "most of the set counts"


def test_the_fringe_of_an_edge_is_no_line_of_a_style() -> None:
    def fringed(pen: ImageDraw.ImageDraw) -> None:
        pen.ellipse((20, 20, 236, 236), fill="#d8d8d8")
        pen.ellipse((24, 24, 232, 232), fill="black")

    look = look_of([picture(fringed)])
    assert look is not None
    assert look.width == 0
    assert look.palette.hexes == ["#ffffff", "#000000"]


def test_a_style_of_one_colour_leaves_free_what_it_would_run_together() -> None:
    look = plain("#ffffff,#000000", (0.0, 1.0), (0.0, 0.0), 0)

    def eyed(pen: ImageDraw.ImageDraw) -> None:
        pen.ellipse((30, 30, 226, 226), fill="#ffcc33")
        pen.ellipse((80, 90, 110, 130), fill="#403020")

    index = coloured(picture(eyed), picture(eyed), look)
    assert index is not None
    assert at(index, 170, 128) == 1
    assert at(index, 95, 110) == CLEAR


def test_thin_ends_of_a_stroke_stay_on_it() -> None:
    look = look_of([picture(outlined)])
    assert look is not None

    def nib(pen: ImageDraw.ImageDraw) -> None:
        pen.polygon([(40, 118), (120, 120), (216, 127), (216, 129), (120, 136), (40, 138)], fill="black")

    index = coloured(picture(nib), picture(nib), look)
    assert index is not None
    assert at(index, 60, 128) == at(index, 190, 128) != CLEAR


def test_a_small_star_stays_a_star_in_one_piece() -> None:
    look = look_of([picture(outlined)])
    assert look is not None
    turns = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, 12, 30)
    points = np.stack([60 + reach * np.sin(turns), 128 - reach * np.cos(turns)], axis=1)

    def star(pen: ImageDraw.ImageDraw) -> None:
        pen.polygon([(float(x), float(y)) for x, y in points], fill="black")
        pen.ellipse((120, 60, 240, 190), fill="black")

    index = coloured(picture(star), picture(star), look)
    assert index is not None
    left = index[:, : index.shape[1] * 100 // 256] != CLEAR
    assert len(components(left.astype(np.int64))[1]) == 2, "ground, and one piece"
    drawn = (picture(star)[:, : 64 * 100 // 256, 0] < 0.5).mean()
    assert left.mean() == pytest.approx(drawn, rel=0.35)


def test_a_gap_between_narrow_parts_stays_open() -> None:
    look = plain("#ffffff,#000000", (1.0, 0.0), (0.0, 1.0), 0.08)

    def frame(pen: ImageDraw.ImageDraw) -> None:
        pen.rectangle((20, 20, 236, 236), fill="black")
        pen.rectangle((48, 48, 208, 208), fill="white")
        pen.rectangle((74, 74, 182, 182), fill="black")
        pen.rectangle((102, 102, 154, 154), fill="white")

    index = coloured(picture(frame), picture(frame), look)
    assert index is not None
    assert at(index, 61, 128) == CLEAR
    assert at(index, 34, 128) == at(index, 88, 128) == 1


def test_a_colour_may_be_of_lines_and_of_areas_too() -> None:
    def ear(pen: ImageDraw.ImageDraw) -> None:
        outlined(pen)
        pen.rectangle((40, 70, 110, 190), fill=DARK)

    look = look_of([picture(ear)])
    assert look is not None
    dark = look.palette.hexes.index(DARK)
    assert look.lines[dark] == 1
    assert look.fills[dark] == pytest.approx(0.5, abs=0.1)
    assert look.width == pytest.approx(16 / 256, rel=0.15)


def test_lines_are_narrower_where_a_drawing_has_no_room_for_them() -> None:
    def rings(pen: ImageDraw.ImageDraw) -> None:
        for place, colour in enumerate(("black", "#d03030", "black", "#d03030")):
            inset = 30 + 24 * place
            pen.ellipse((inset, inset, 255 - inset, 255 - inset), fill=colour)

    look = plain("#ffffff,#000000", (1.0, 0.0), (0.0, 1.0), 0.09)
    index = coloured(picture(rings), picture(rings), look)
    assert index is not None
    middle = index[128]
    runs = np.diff(np.flatnonzero(np.diff(middle)))
    assert len(runs) > 8, "the rings are told from each other"
    assert runs[0] < 0.07 * len(middle)


def test_a_mark_is_seen_on_the_area_that_it_lies_on() -> None:
    def marked(pen: ImageDraw.ImageDraw) -> None:
        pen.rounded_rectangle((30, 30, 225, 225), 20, fill="black")
        pen.line((90, 128, 165, 128), fill="white", width=12)

    look = plain(f"#ffffff,{DARK},{LIGHT}", (0.0, 0.1, 0.9), (0.0, 0.8, 0.2), 0.06)
    pale = np.full_like(PLATE, from_uint8(np.array([143, 191, 250], np.uint8)))
    index = coloured(pale, picture(marked), look)
    assert index is not None
    assert at(index, 128, 128) != at(index, 128, 70) == 2


def test_the_ground_of_a_set_is_what_most_of_its_pictures_have() -> None:
    def tile(pen: ImageDraw.ImageDraw) -> None:
        pen.rectangle((0, 0, 255, 255), fill=DARK)
        pen.ellipse((60, 60, 196, 196), fill=LIGHT)

    look = look_of([picture(tile), picture(two_tone), picture(two_tone)])
    assert look is not None
    assert look.palette.hexes[0] == "#ffffff"


def test_nothing_is_left_blank() -> None:
    white = plain("#ffffff,#000000", (0.9, 0.1), (0.0, 0.0), 0.0)
    disc = picture(lambda pen: pen.ellipse((60, 60, 196, 196), fill="black"))
    assert coloured(np.ones_like(disc), disc, white) is None


def test_lines_in_a_palette_of_one_colour_raise_nothing() -> None:
    look = plain("#ffffff,#000000", (1.0, 0.0), (0.0, 1.0), 0.06).within(given_palette("#ff0000"))
    coloured(PLATE, picture(lambda pen: pen.line((40, 128, 215, 128), fill="black", width=10)), look)
    coloured(PLATE, PLATE, look)


def bracket(pen: ImageDraw.ImageDraw) -> None:
    """A thick stroke that runs round a corner into a wedge, so that its places are not all as wide."""
    pen.line((60, 40, 60, 215, 215, 215), fill="black", width=26)
    pen.polygon([(47, 20), (90, 80), (47, 80)], fill="black")


def test_thick_strokes_become_lines_of_the_styles_width_and_older_looks_leave_them() -> None:
    look = plain("#ffffff,#000000", (1.0, 0.0), (0.0, 1.0), 0.04)
    ink = picture(bracket)
    index, before = coloured(ink, ink, look), coloured(ink, ink, replace(look, strokes=False))
    assert index is not None
    assert before is not None
    rows = slice(index.shape[0] * 110 // 256, index.shape[0] * 180 // 256)
    assert (index[rows] != CLEAR).sum(axis=1) == pytest.approx(0.04 * index.shape[1], abs=3), "one line, as wide as all"
    assert len(np.flatnonzero(np.diff((before[rows.start] != CLEAR).astype(int)))) == 4, "two, along its edges"


def test_a_line_colour_that_fills_one_reference_of_many_fills_nothing() -> None:
    def stroke(pen: ImageDraw.ImageDraw) -> None:
        pen.rounded_rectangle((40, 40, 215, 215), 30, outline="black", width=16)

    def solid(pen: ImageDraw.ImageDraw) -> None:
        stroke(pen)
        pen.ellipse((70, 70, 185, 185), fill="black")

    few, many = look_of([picture(stroke), picture(solid)]), look_of([picture(stroke)] * 3 + [picture(solid)])
    assert few is not None
    assert many is not None
    assert max(few.fills[1:]) > 0.2
    assert many.fills[1:] == (0.0,)


def test_a_colour_of_few_lines_is_that_of_details_and_draws_none() -> None:
    def strokes(pen: ImageDraw.ImageDraw) -> None:
        for place in range(8):
            pen.line((40, 30 + 27 * place, 215, 30 + 27 * place), fill=DARK, width=14)

    def detail(pen: ImageDraw.ImageDraw) -> None:
        strokes(pen)
        for place in (6, 7):
            pen.line((60, 30 + 27 * place, 175, 30 + 27 * place), fill="#e03030", width=14)

    look = look_of([picture(strokes), picture(detail)])
    assert look is not None
    assert [share for share in look.lines if share] == [1.0]


def crossed(pen: ImageDraw.ImageDraw) -> None:
    """A plate with an outline, and a stroke in it."""
    pen.rounded_rectangle((40, 40, 215, 215), 30, fill="#e0b020", outline="black", width=10)
    pen.line((90, 128, 165, 128), fill="black", width=12)


def ring(pen: ImageDraw.ImageDraw) -> None:
    """Half a disc with an outline all around."""
    pen.chord((40, 40, 215, 215), 90, 270, fill="#e0b020")
    pen.ellipse((40, 40, 215, 215), outline="black", width=10)


TONES = plain("#ffffff,#8fbffa,#2859c5", (0.0, 0.8, 0.2), (0.0, 0.0, 0.0), 0.0)


def test_a_style_without_lines_has_no_outlines_but_strokes_within_areas() -> None:
    drawn = picture(crossed)
    index, before = coloured(drawn, drawn, TONES), coloured(drawn, drawn, replace(TONES, unlined=False))
    assert index is not None
    assert before is not None
    plate, stroke = at(index, 128, 80), at(index, 128, 128)
    assert {plate, stroke} == {1, 2}, "two tones"
    shown = index != CLEAR
    assert (shown == (before != CLEAR)).all(), "in the same shape"
    assert at(before, 128, 44) != at(before, 128, 80), "the outline has the other tone"
    rows = index[:, index.shape[1] // 2]
    assert [plate, stroke, plate] == [int(rows[rows != CLEAR][place]) for place in (0, (rows != CLEAR).sum() // 2, -1)]
    _, kinds = components(index)
    assert np.bincount(kinds[kinds > 0], minlength=3)[[plate, stroke]].tolist() == [1, 1], "nothing is left of it"


def test_an_outline_of_open_ground_stays() -> None:
    drawn = picture(ring)
    index = coloured(drawn, drawn, TONES)
    assert index is not None
    assert at(index, 211, 128) not in (CLEAR, 0)
    assert (index == coloured(drawn, drawn, replace(TONES, unlined=False))).all()


BADGE = Image.new("L", (256, 256))
ImageDraw.Draw(BADGE).rounded_rectangle((0, 0, 255, 255), 28, fill=255)
CLEAR_AROUND = from_uint8(np.asarray(BADGE.resize((64, 64), Image.Resampling.BOX)))


def badge(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, 0, 255, 255), fill="#3b88c3")
    pen.rectangle((95, 12, 160, 243), fill="white")


def test_a_badge_that_fills_its_picture_is_a_drawing_with_lines_all_around() -> None:
    drawn, lined = picture(badge), plain("#ffffff,#ffe500,#1e293b", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 0.03)
    index = coloured(drawn, drawn, lined, CLEAR_AROUND)
    assert index is not None
    assert index.shape == (64 * SCALE, 64 * SCALE)
    rim = np.concatenate([index[0, 40:-40], index[-1, 40:-40], index[40:-40, 0], index[40:-40, -1]])
    assert (rim == 2).all()
    assert at(index, 20, 128) == 1
    assert [index[corner] for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1))] == [CLEAR] * 4
    assert coloured(drawn, drawn, replace(lined, revision=0), CLEAR_AROUND) is None, "as looks of before have it"


def sign(pen: ImageDraw.ImageDraw, right: str = "#3b88c3") -> None:
    pen.rectangle((8, 8, 247, 247), fill="#3b88c3")
    pen.rectangle((161, 8, 247, 247), fill=right)
    pen.rectangle((95, 20, 160, 235), fill="#f4c430")


def test_what_lies_around_marks_has_one_colour() -> None:
    drawn, seen = picture(sign), picture(partial(sign, right="#2859c5"))
    tones = replace(TONES, fills=(0.3, 0.4, 0.3))
    index, before = (coloured(seen, drawn, replace(tones, revision=by)) for by in (1, 0))
    assert index is not None
    assert before is not None
    assert at(index, 40, 128) == at(index, 215, 128) != at(index, 128, 128)
    assert at(before, 40, 128) != at(before, 215, 128), "cut where it is narrow"


def tapered(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon([(20, 200), (20, 150), (236, 170), (236, 180)], fill="black")
    pen.rectangle((20, 60, 236, 85), fill="black")


def test_what_tapers_is_an_area_and_what_is_even_a_line() -> None:
    drawn, lined = picture(tapered), plain("#ffffff,#ffe500,#1e293b", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 0.03)
    index, before = (coloured(drawn, drawn, replace(lined, revision=by)) for by in (1, 0))
    assert index is not None
    assert before is not None
    assert at(index, 60, 175) == 1, "filled"
    assert at(before, 60, 175) == 2, "one thin line"
    assert at(index, 128, 72) == at(before, 128, 72) == 2


def hoop(pen: ImageDraw.ImageDraw, inside: str = "white") -> None:
    pen.ellipse((30, 30, 225, 225), fill="black")
    pen.ellipse((70, 70, 185, 185), fill=inside)


def test_the_hole_of_a_stroke_never_has_the_colour_of_the_stroke() -> None:
    thick = plain("#ffffff,#8fbffa", (0.0, 1.0), (0.0, 1.0), 0.14)
    drawn = picture(hoop)
    index, before = (coloured(drawn, drawn, replace(thick, revision=by)) for by in (2, 1))
    assert index is not None
    assert before is not None
    assert (at(index, 128, 128), at(index, 50, 128)) == (CLEAR, 1)
    assert at(before, 128, 128) == 1, "a disc, as looks of before have it"
    two = replace(thick, palette=given_palette("#ffffff,#8fbffa,#2859c5"), fills=(0.0, 0.0, 1.0), lines=(0.0, 1.0, 0.0))
    kept = coloured(drawn, drawn, two)
    assert kept is not None
    assert (at(kept, 128, 128), at(kept, 50, 128)) == (2, 1), "another colour is seen"
    filled = picture(partial(hoop, inside="#f59e0b"))
    full = coloured(filled, filled, thick)
    assert full is not None
    assert at(full, 128, 128) != CLEAR, "a part of the drawing is no hole"


def test_parts_of_a_drawing_are_kept_and_nobody_can_change_them() -> None:
    drawn = picture(hoop)
    first = parts_of(drawn)
    assert first is not None
    before = first.labels.copy()
    first.labels[:] = 0
    again = parts_of(drawn.copy())
    assert again is not None
    assert np.array_equal(again.labels, before)
    other = parts_of(picture(sign))
    assert other is not None
    assert not np.array_equal(other.areas, again.areas)


def test_what_is_kept_of_a_drawing_changes_no_result() -> None:
    """A dial that moves gives another result of the same content and look; another look or content another form."""
    lined = plain("#ffffff,#ffe500,#1e293b", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 0.03)
    looks = (lined, replace(lined, corner=0.03), TONES)
    contents = (picture(hoop), picture(sign), picture(tapered))
    turns = [(result, content, look) for look in looks for content in contents for result in (content, 1 - content)]
    first = [coloured(*turn) for turn in turns]
    again = [coloured(*turns[place]) for place in reversed(range(len(turns)))]
    for one, other in zip(first, reversed(again), strict=True):
        assert one is not None
        assert other is not None
        assert np.array_equal(one, other)
    assert len({index.tobytes() for index in first if index is not None}) > len(looks) * len(contents) // 2
