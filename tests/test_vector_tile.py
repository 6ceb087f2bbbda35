"""The tile that drawings of a style lie on: told from references, and drawn below what is in that style."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from parasol import Parasol, sets
from parasol.finishing import LookPart, seen
from parasol.images import from_uint8, load, load_rgba
from parasol.vector.framing import inset
from parasol.vector.look import look_of
from parasol.vector.tile import Tile, off_tile, tile_of

SIDE, INK = 128, ("#e11d48", "#2563eb", "#f59e0b")


def app(
    number: int, *, tile: str = "#1e293b", margin: float = 0.0, radius: float = 28, around: str | None = "white",
    ink: str | None = None,
) -> Image.Image:  # fmt: skip
    """A mark on a tile, antialiased: each of another shape, all about as large."""
    large = Image.new("RGBA", (8 * SIDE, 8 * SIDE), around or (0, 0, 0, 0))
    pen, low = ImageDraw.Draw(large), 8 * margin
    pen.rounded_rectangle((low, low, 8 * SIDE - 1 - low, 8 * SIDE - 1 - low), 8 * radius, fill=tile)
    here, colour = (256, 256, 767, 767), ink or INK[number % 3]
    [
        lambda: pen.ellipse(here, fill=colour),
        lambda: pen.rectangle(here, fill=colour),
        lambda: pen.polygon([(512, 256), (767, 767), (256, 767)], fill=colour),
        lambda: pen.rectangle((256, 384, 767, 639), fill=colour),
    ][number % 4]()
    return large.resize((SIDE, SIDE), Image.Resampling.BOX)


def pixels(pictures: Sequence[Image.Image]) -> list[np.ndarray]:
    return [from_uint8(np.asarray(picture.convert("RGB"))) for picture in pictures]


@pytest.mark.parametrize(("margin", "radius"), [(0, 28), (0, 12), (0, 64), (6, 20), (10, 54), (12, 0)])
def test_the_tile_of_a_set_is_found(margin: float, radius: float) -> None:
    tile, bare = tile_of(pixels([app(number, margin=margin, radius=radius) for number in range(6)]))
    assert tile is not None
    assert tile.margin * SIDE == pytest.approx(margin, abs=1)
    assert tile.radius * SIDE == pytest.approx(radius, abs=2)
    assert tile.room * SIDE == pytest.approx(64, abs=2)
    assert all(np.allclose(picture[0, 0], picture[64, 20], atol=1e-6) for picture in bare), "the tile goes on"


def test_tiles_of_several_colours_are_one_style() -> None:
    colours = ("#1e293b", "#f4f2ed", "#7c3aed", "#1e293b")
    tile, bare = tile_of(pixels([app(number, tile=colour) for number, colour in enumerate(colours)]))
    assert tile is not None
    assert len({tuple(picture[0, 0]) for picture in bare}) == 3


def test_what_is_no_tile_is_left_alone() -> None:
    for pictures in (
        pixels([app(number, tile="white") for number in range(4)]),  # drawings on bare ground
        pixels([app(0, radius=28), app(1, radius=8), app(2, margin=16), app(3, radius=60)]),  # of many shapes
        pixels([app(0, radius=64)]),  # one disc is a thing
        pixels([app(1, margin=8)]),  # one square with room around it too
        pixels([app(0, ink="#1e293b")]),  # and an empty one
        pixels([app(0), *(app(number, tile="white") for number in range(3))]),  # most have none
    ):
        tile, bare = tile_of(pictures)
        assert tile is None
        assert all(own is picture for own, picture in zip(bare, pictures, strict=True))


def test_one_picture_that_fills_its_side_is_a_tile_and_a_thin_frame_is_none() -> None:
    [one], frame = pixels([app(0)]), Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(frame).rounded_rectangle((0, 0, SIDE - 1, SIDE - 1), 16, outline="black", width=9)
    assert tile_of([one])[0] is not None
    assert tile_of(pixels([frame]))[0] is None


def test_the_look_has_the_tile_and_its_colour_as_the_ground() -> None:
    look = look_of(pixels([app(number) for number in range(6)]))
    assert look is not None
    assert look.tile is not None
    assert look.palette.hexes[0] == "#1e293b"
    assert look.corner is None or look.corner < 0.05, "of what is drawn, not of the tile"
    assert look.within(look.palette).tile is None, "a palette that is given has no colour for what is around"


def test_small_pictures_show_a_tile_too_and_a_speck_is_no_drawing() -> None:
    for side in (49, 60, 74):
        tile, _ = tile_of(pixels([app(number).resize((side, side)) for number in range(4)]))
        assert tile is not None
        assert tile.radius == pytest.approx(28 / SIDE, abs=0.04)
    for side in range(1, 12):
        tile_of(pixels([app(number).resize((side, side)) for number in range(4)]))
    specks = [app(0, ink="#1e293b") for _ in range(4)]
    for speck in specks:
        ImageDraw.Draw(speck).ellipse((60, 60, 68, 68), fill="white")
    assert tile_of(pixels(specks))[0] is None


def test_a_large_content_is_as_quickly_seen_on_a_tile() -> None:
    large = from_uint8(np.asarray(icon("white").resize((2048, 2048), Image.Resampling.LANCZOS)))
    drawn = from_uint8(np.asarray(icon("white")))
    off = seen(large, SIDE, "keep", 0.5).picture - seen(drawn, SIDE, "keep", 0.5).picture
    assert np.abs(off).mean() < 0.02
    nearly = drawn.copy()
    nearly[..., 3] -= 1 / 255
    assert np.allclose(inset(nearly, 0.5), inset(drawn, 0.5), atol=0.01), "opaque but for a rounding"


def test_older_files_say_nothing_of_a_tile() -> None:
    part = LookPart(fills=(1.0,), lines=(0.0,), width=0.0)
    assert "tile" not in part.model_dump()
    assert LookPart.model_validate(part.model_dump()) == part
    tiled = part.model_copy(update={"tile": Tile(0.0, 0.2, 0.6)})
    assert LookPart.model_validate_json(tiled.model_dump_json()) == tiled
    with pytest.raises(ValueError, match="less than or equal to"):
        LookPart.model_validate({**tiled.model_dump(), "tile": (0.0, 2.0, 0.6)})


@pytest.mark.parametrize("around", [None, "white", "#0ea5e9"])
def test_a_drawing_takes_the_room_that_others_have(around: str | None) -> None:
    drawn = load_rgba(stored(icon(around)))
    small = inset(drawn, 0.5)
    assert small.shape == drawn.shape
    lone = np.abs(small - small[0, 0]).max(axis=-1) > 0.1
    rows, columns = np.flatnonzero(lone.any(axis=1)), np.flatnonzero(lone.any(axis=0))
    assert max(rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]) == pytest.approx(SIDE / 2, abs=2)
    assert np.allclose(small[0, 0], drawn[0, 0])
    assert inset(drawn, 1.0) is drawn
    assert inset(small, 0.6) is small, "what has the room stays as it is"
    noise = np.dstack([np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32), np.ones((SIDE, SIDE), np.float32)])
    assert inset(noise.astype(np.float32), 0.5) is not None, "no plain ground"
    assert np.array_equal(seen(drawn, SIDE, "keep").picture, seen(drawn, SIDE, "keep", 1.0).picture)


@pytest.mark.parametrize("around", [None, "white"])
@pytest.mark.parametrize("box", [(0, 0, 60, 40), (90, 20, 127, 127), (20, 100, 60, 127)])
def test_a_drawing_in_a_corner_is_put_in_the_middle(around: str | None, box: tuple[int, int, int, int]) -> None:
    picture = Image.new("RGBA", (SIDE, SIDE), around or (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle(box, fill="black")
    drawn = load_rgba(stored(picture))
    small = inset(drawn, 0.6)
    lone = np.abs(small - small[SIDE // 2, 0]).max(axis=-1) > 0.5
    rows, columns = np.flatnonzero(lone.any(axis=1)), np.flatnonzero(lone.any(axis=0))
    for places, first, last in ((rows, box[1], box[3]), (columns, box[0], box[2])):
        assert places[0] + places[-1] == pytest.approx(SIDE - 1, abs=2)
        share = min(1.0, 0.6 * SIDE / (1 + max(box[2] - box[0], box[3] - box[1])))
        assert len(places) == pytest.approx(share * (last + 1 - first), abs=2)
    assert inset(small, 0.62) is small


def icon(around: str | None) -> Image.Image:
    """A black square with a hole, nearly as large as its picture."""
    picture = Image.new("RGBA", (SIDE, SIDE), around or (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((8, 8, 119, 119), fill="black")
    pen.rectangle((40, 40, 87, 87), fill=around or (0, 0, 0, 0))
    return picture


def stored(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pictogram() -> Parasol:
    return Parasol.load("pictogram")


@pytest.mark.parametrize(
    ("around", "ground"), [(None, "keep"), ("white", "keep"), (None, "#00ff00"), ("white", "transparent")]
)
def test_results_lie_on_the_tile_of_the_style(
    pictogram: Parasol, tmp_path: Path, around: str | None, ground: str
) -> None:
    like = [(stored(app(number, around=None)), 1.0) for number in range(6)]
    result = pictogram.stylize(stored(icon(around)), like, finish="auto", ground=ground, steps=2)
    tile = Tile(0.0, 28 / SIDE, 0.5).shape(SIDE)
    corner, rim = result.pixels[0, 0], result.pixels[64, 4]
    assert rim == pytest.approx(np.array([0x1E, 0x29, 0x3B]) / 255, abs=0.01)
    if (around is None and ground == "keep") or ground == "transparent":
        assert result.rgba is not None
        assert np.abs((result.rgba[..., 3] >= 0.5).astype(int) - tile).mean() < 0.005
    else:
        assert result.rgba is None
        assert corner == pytest.approx([0, 1, 0] if ground == "#00ff00" else [1, 1, 1], abs=0.01)
    marks = np.abs(result.pixels - rim).max(axis=-1)[20:108, 4:124] > 0.3
    columns = np.flatnonzero(marks.any(axis=0))
    assert columns[-1] + 1 - columns[0] == pytest.approx(64, abs=6), "inset as the style's are"
    assert "<rect" in result.drawing().svg(), "one shape with round corners, exactly"
    result.save(tmp_path / "out.png")
    again = pictogram.replay(tmp_path / "out.png")
    assert np.array_equal(again.pixels, result.pixels)


@pytest.mark.parametrize(("tile", "around"), [("#7c3aed", None), ("#7c3aed", "white"), ("#f4f2ed", "white")])
def test_a_content_leaves_its_own_tile_for_that_of_the_style(pictogram: Parasol, tile: str, around: str | None) -> None:
    like = [(stored(app(number, around=None)), 1.0) for number in range(6)]
    own = stored(app(0, tile=tile, around=around, radius=20))
    result = pictogram.stylize(own, like, finish="auto", steps=2)
    rim = np.array([0x1E, 0x29, 0x3B]) / 255
    inner = np.abs(result.pixels[10:118, 10:118] - rim).max(axis=-1) > 0.3
    assert np.pi * 32**2 == pytest.approx(inner.sum(), rel=0.06), "the mark alone, as large as it was"
    assert (result.rgba is None) == (around is not None)
    if around is not None:
        assert result.pixels[0, 0] == pytest.approx([1, 1, 1], abs=0.01)


def test_what_is_cut_out_of_a_square_is_no_mark_on_a_tile() -> None:
    cut = app(0, tile="black").convert("RGBA")
    white = app(0, tile="black", ink="white", around=None)
    hole = Image.composite(Image.new("RGBA", white.size), white, white.convert("L"))
    assert off_tile(load_rgba(stored(cut))) is not None
    assert off_tile(load_rgba(stored(app(0, tile="black", ink="white")))) is None, "white on black on white"
    assert off_tile(load_rgba(stored(hole))) is None
    assert off_tile(load_rgba(stored(white))) is not None, "white ink where it could have been clear"
    assert off_tile(load_rgba(stored(icon("white").resize((128, 96))))) is None, "not square"
    assert off_tile(load_rgba(stored(icon("white")))) is None


@pytest.mark.parametrize("side", [24, 48, 128, 300, 512])
def test_marks_leave_their_tile_as_they_are_at_any_size(side: int) -> None:
    small = app(1, tile="#0ea5e9", ink="white", around=None).resize((side, side), Image.Resampling.LANCZOS)
    off = seen(load_rgba(stored(small)), SIDE, "keep", 0.5)
    assert off.ground is not None
    alpha = load(off.ground.alpha or b"")[..., 0]
    rows, columns = np.nonzero(alpha > 0.5)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == pytest.approx((64, 64), abs=3), "the square, and nothing of a rim"
    assert (alpha > 0.5).sum() == pytest.approx(64 * 64, rel=0.08)


def test_an_icon_of_a_set_leaves_its_tile(tmp_path: Path, pictogram: Parasol) -> None:
    for number in range(4):
        app(number, around=None).save(tmp_path / f"{number}.png")
    look = sets.look_of([str(file) for file in sorted(tmp_path.glob("*.png"))], None, None, flat=True)
    like = pictogram.style([str(file) for file in sorted(tmp_path.glob("*.png"))])
    bare = app(1, tile="#0ea5e9", around=None)
    marks = Image.new("RGBA", bare.size)
    ImageDraw.Draw(marks).rectangle((32, 32, 95, 95), fill=INK[1])
    on_tile, alone = (
        sets.icon_recipe(pictogram, stored(content), look, like, pictogram.dials(), "keep") for content in (bare, marks)
    )
    assert np.abs(on_tile.picture() - alone.picture()).mean() < 0.02


def test_a_set_is_drawn_on_its_tile(tmp_path: Path) -> None:
    for number in range(4):
        app(number, around=None).save(tmp_path / f"{number}.png")
    look = sets.look_of([str(file) for file in sorted(tmp_path.glob("*.png"))], None, None, flat=True)
    assert look.finish.look is not None
    assert look.finish.look.tile is not None
    lined = look.finish.look.model_copy(update={"width": 0.05})
    assert sets._as_wide(look.finish.model_copy(update={"look": lined}), look.room).look == lined, "a tile is all of it"


def test_what_is_not_square_or_has_to_stay_where_it_is_stays_there(pictogram: Parasol) -> None:
    like = [(stored(app(number)), 1.0) for number in range(6)]
    dials = pictogram.dials(steps=2)
    few = pictogram.finish(like, finish="auto")
    assert few is not None
    wide = icon("white").resize((128, 96))
    white = stored(Image.new("L", (SIDE, SIDE), 255))
    for content, more in ((stored(wide), {}), (stored(icon("white")), {"protect": white})):
        for finish in (few, few.model_copy(update={"flat": True})):
            plain = pictogram.recipe(content, like, dials, **more)  # pyright: ignore[reportArgumentType]
            tiled = pictogram.recipe(content, like, dials, finish=finish, **more)  # pyright: ignore[reportArgumentType]
            assert np.array_equal(plain.picture(), tiled.picture())
            assert tiled.finish is None or "tile" not in tiled.finish.model_dump_json(), "and no tile is put below it"
    inner = pictogram.recipe(stored(icon("white")), like, dials, finish=few).picture()
    assert not np.array_equal(inner, pictogram.recipe(stored(icon("white")), like, dials).picture())
