"""What a designer takes away: alpha, few colours, and files of every kind that make themselves again."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import DEFAULT_MODEL, available_models
from parasol.finishing import FinishPart, LookPart, finish_of, seen
from parasol.images import encode, fit, from_uint8, load, load_rgba, read_text, save_png
from parasol.maths.lab import lab
from parasol.recipe import Recipe
from parasol.vector import laid, read_metadata
from parasol.vector.palette import colour_of
from parasol.vector.tiny import enlarged
from small_model import drawing


def icon(colour: str, ground: str | None = None) -> Image.Image:
    """A ring and a bar, antialiased, on transparency or on a plain ground."""
    large = Image.new("RGBA", (512, 512), ground or (0, 0, 0, 0))
    pen = ImageDraw.Draw(large)
    pen.ellipse((90, 90, 420, 420), outline=colour, width=60)
    pen.rectangle((230, 60, 280, 450), fill=colour)
    return large.resize((128, 128), Image.Resampling.BOX)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    icon("#c02040").save("icon.png")
    save_png("opaque.png", load("icon.png"))
    drawing(1).save("style.png")
    mask = Image.new("L", (128, 128), 1)
    mask.putpixel((0, 0), 2)  # zeros and ones alone would be black and white
    mask.save("mask.png")
    return tmp_path


def words(model: Parasol) -> list[str]:
    """Random weights draw noise; through a mask that is all but black it is the content picture to a level."""
    return ["--like", "style.png", "--steps", "2", "--mask", "mask.png", "--model", str(model.bundle.folder)]


def kept(model: Parasol, source: str | Image.Image, **more: object):
    return model.stylize(source, "style.png", structure=1.0, steps=2, mask="mask.png", **more)  # pyright: ignore[reportArgumentType]


def test_what_is_transparent_stays_so_and_what_is_opaque_too(place: Path, model: Parasol) -> None:
    result = kept(model, "icon.png")
    assert result.rgba is not None
    truth = load_rgba("icon.png")[..., 3]
    alpha = result.rgba[..., 3]
    assert (alpha[truth == 0] == 0).all()
    assert (alpha[truth == 1] == 1).all()
    result.save("out.png")
    with Image.open("out.png") as written:
        assert written.mode == "RGBA"
        assert np.array_equal(np.asarray(written), np.asarray(result.image))
    assert kept(model, "opaque.png").image.mode == "RGB"
    assert kept(model, "opaque.png").recipe.ground is None


def test_the_model_sees_what_it_saw_before_and_old_recipes_are_the_same_bytes(place: Path, model: Parasol) -> None:
    whole, through = kept(model, "opaque.png").recipe, kept(model, "icon.png").recipe
    assert "ground" not in json.loads(whole.text())
    assert np.array_equal(whole.picture(), through.picture())
    assert Recipe.parse(whole.text()) == whole
    assert Recipe.parse(through.text()) == through


def test_white_drawings_are_seen_dark_and_come_back_as_they_are_where_the_style_has_no_say(
    place: Path, model: Parasol
) -> None:
    white = kept(model, icon("#ffffff"))
    assert white.recipe.ground is not None
    assert white.recipe.ground.turned
    assert white.recipe.picture().min() < 0.1, "it is seen"
    assert white.recipe.picture()[0, 0].min() == 1.0, "on white, as all that the model learnt from"
    dark = kept(model, icon("#000000"))
    assert white.rgba is not None
    assert dark.rgba is not None
    inside = load_rgba(icon("#ffffff"))[..., 3] == 1
    turned_back = 1 - dark.rgba[..., :3][inside].max(axis=-1)
    assert np.allclose(white.rgba[..., :3][inside].min(axis=-1), turned_back, atol=1 / 255)


@pytest.mark.parametrize(("ground", "corner"), [("white", "#ffffff"), ("#00ff00", "#00ff00")])
def test_a_ground_that_is_asked_for_is_what_lies_behind(place: Path, model: Parasol, ground: str, corner: str) -> None:
    for source in ("icon.png", "opaque.png"):
        result = kept(model, source, ground=ground)
        assert result.rgba is None
        here = np.median(result.pixels[:8, :8].reshape(-1, 3), axis=0)
        assert np.allclose(here, colour_of(corner), atol=0.02)


def test_grounds_that_make_no_sense_are_told(place: Path, model: Parasol) -> None:
    with pytest.raises(ValueError, match="'blue'"):
        kept(model, "icon.png", ground="blue")
    with pytest.raises(ValueError, match="no plain ground"):
        kept(model, drawing(3), ground="transparent")


@pytest.mark.parametrize("ending", ["png", "webp", "jpg", "svg"])
def test_every_file_replays_to_the_same_bytes(place: Path, model: Parasol, ending: str) -> None:
    few = ["--palette", "#c02040,#ffffff,#102030"]
    assert main(["style", "icon.png", *words(model), *few, "-o", f"a.{ending}"]) == 0
    Path("icon.png").unlink()
    assert main(["replay", f"a.{ending}", "-o", f"b.{ending}", "--model", str(model.bundle.folder)]) == 0
    assert Path(f"a.{ending}").read_bytes() == Path(f"b.{ending}").read_bytes()


def test_a_palette_is_kept_by_every_pixel_and_every_fill(
    place: Path, model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {"#c02040", "#102030", "#ffcc00"}
    command = ["style", "opaque.png", *words(model), "--palette", ",".join(wanted), "--also", "svg", "--json"]
    assert main([*command, "-o", "a.png"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["out"], second["out"]) == ("a.png", "a.svg")
    assert {one["colour"] for one in first["colours"]} == wanted
    assert all(one["delta_e"] >= 0 for one in first["colours"])
    result = model.replay("a.png")
    colours = np.array([colour_of(name) for name in wanted])
    off = np.abs(result.pixels[:, :, None] - colours).max(axis=-1).min(axis=-1)
    assert (off < 1 / 255).mean() > 0.8, "the others are antialiased between them"
    svg = Path("a.svg").read_text()
    fills = {part.split('"')[1] for part in svg.split("fill=")[1:]} - {"none"}
    assert fills <= wanted
    assert json.loads(read_metadata(svg) or "")["recipe"] == Recipe.read("a.png").packed()


def test_a_folder_goes_on_with_whatever_file_is_missing(
    place: Path, model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    for name, colour in (("a", "#c02040"), ("b", "#204080")):
        icon(colour).save(f"in/{name}.png")
    command = ["style", "in", *words(model), "--colors", "3", "--also", "svg", "-o", "out", "--json"]
    assert main(command) == 0
    capsys.readouterr()
    Path("out/b.svg").unlink()
    assert main(command) == 0
    told = {record["out"]: record["kept"] for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert told == {"out/a.png": True, "out/b.svg": False}


def test_an_svg_of_a_photograph_is_refused_before_anything_is_drawn(
    place: Path, model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.open(Path(__file__).parent.parent / "examples" / "photograph.jpg").save("photo.png")
    assert main(["style", "photo.png", *words(model), "-o", "a.svg"]) == 2
    assert "is a photograph" in capsys.readouterr().err
    assert not Path("a.svg").exists()


def test_text_of_any_length_goes_into_every_raster(place: Path) -> None:
    text = '{"a": "' + "<x & 'y'>" * 20_000 + '\\"}'
    pixels = np.zeros((8, 8, 3), np.float32)
    for ending in (".png", ".webp", ".jpg"):
        data = encode(pixels, ending, text={"parasol": text})
        assert read_text(data, "parasol") == text
        assert read_text(data, "other") is None
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()


def test_a_sheet_shows_what_style_draws(place: Path, model: Parasol) -> None:
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    given = ["icon.png", "--like", "blue.png", "--steps", "1", "--model", str(model.bundle.folder)]

    def finishes(*more: str) -> list[bool]:
        assert main(["grid", *given, *more, "-o", "g.png", "--overwrite"]) == 0
        cells = json.loads(Image.open("g.png").text["parasol-sheet"])
        return [bool(cell.get("finish")) for row in cells for cell in row if cell]

    flat = model.stylize("icon.png", "blue.png", finish="auto", steps=1)
    assert finishes("--cell", str(max(flat.pixels.shape[:2]))) == [True]
    sheet, (height, width) = load("g.png"), flat.pixels.shape[:2]
    tops, lefts = (range(whole - part + 1) for whole, part in zip(sheet.shape, (height, width), strict=False))
    assert any(
        np.array_equal(sheet[top : top + height, left : left + width], flat.pixels) for top in tops for left in lefts
    )
    assert finishes("--finish", "none") == [False]
    assert finishes("--vary", "structure=0,1") == [True, False], "of the content itself there is nothing to finish"
    assert finishes("--like", "icon.png", "--between", "3") == [False] * 3, "a finish is of one style"
    icon("#ffffff", "#2040c0").convert("RGB").save("blue.png")
    assert finishes("--cell", str(height)) == [True]
    assert load("g.png")[-height:, -width:].std() > 0.1, "white on transparency is seen"


def test_a_flat_finish_takes_the_colours_of_the_style(place: Path, model: Parasol) -> None:
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    flat = model.stylize("icon.png", "blue.png", finish="flat", steps=2)
    assert flat.palette is not None
    assert flat.recipe.finish is not None
    assert set(flat.palette.hexes) <= {"#ffffff", "#2040c0"}


def test_a_flat_finish_asks_few_steps_for_its_colours(place: Path, model: Parasol) -> None:
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    style, few = model.style("blue.png"), model.finish("blue.png", finish="auto")

    def steps(content: str | Image.Image, finish: FinishPart | None = few, **dials: object) -> int:
        chosen = model.dials(**{"sampler": "dpm", **dials})  # pyright: ignore[reportArgumentType]
        return model.recipe(content, style, chosen, finish=finish).dials.steps

    own = model.dials().steps
    assert own > 2
    assert steps("icon.png") == 2
    assert steps("icon.png", model.finish("blue.png", finish="flat")) == 2
    assert steps("icon.png", flat_steps=1) == 1
    assert steps("icon.png", flat_steps=own + 1) == own
    assert steps("icon.png", steps=7) == 7, "who asks for steps gets them"
    assert steps("icon.png", steps=7, flat_steps=3) == 3
    assert steps("icon.png", sampler="ddim") == own, "few of these would be too few"
    for content, finish, more in (
        ("icon.png", None, {}),
        (drawing(2), few, {}),  # no flat drawing, and has no finish
        (drawing(2), model.finish("blue.png", finish="flat"), {}),  # has one, and takes its colours from all of it
        ("icon.png", few, {"color": "keep"}),
    ):
        assert steps(content, finish, **more) == own
    drawn = model.paint(model.recipe("icon.png", style, model.dials(sampler="dpm"), finish=few))
    drawn.save("out.png")
    assert Recipe.read("out.png").dials.steps == 2
    assert np.array_equal(model.replay("out.png").pixels, drawn.pixels)


def test_flat_art_in_a_flat_style_is_flat_by_itself(place: Path, model: Parasol) -> None:
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    dials = ["--steps", "1", "--model", str(model.bundle.folder)]
    assert main(["style", "icon.png", "--like", "blue.png", *dials, "-o", "a.png"]) == 0
    flat = model.stylize("icon.png", "blue.png", finish="auto", steps=1)
    assert Recipe.read("a.png") == flat.recipe
    assert flat.palette is not None
    assert flat.rgba is not None
    assert flat.rgba[64, 64, 3] == 1, "random weights draw noise: what is seen is the content's"
    for content, style, more in (
        ("icon.png", "style.png", {}),  # a style that is none
        (drawing(2), "blue.png", {}),  # a content that is none
        ("icon.png", "blue.png", {"fresh": True}),
        ("icon.png", "blue.png", {"color": "keep"}),
        ("icon.png", "blue.png", {"shows": "opaque.png"}),
    ):
        assert model.stylize(content, style, finish="auto", steps=1, **more).palette is None
    matched = model.stylize("icon.png", "blue.png", finish="auto", steps=1, color="match")
    assert np.array_equal(matched.pixels, flat.pixels), "its own colours are those of the style, and no rainbow of them"
    assert (
        model.stylize("icon.png", "blue.png", finish="auto", steps=1, color="match", color_strength=0.5).palette is None
    )
    card = model.card("blue.png")
    card.save("blue.style.json")
    assert card.look == flat.recipe.finish, "a card of flat art holds the look of its pictures"
    assert model.finish("blue.style.json", finish="auto") == card.look
    assert model.card("blue.style.json").look == card.look
    assert model.card("style.png").look is None
    assert model.finish("blue.style.json", colors=2, finish="auto") == model.finish("blue.png", colors=2)
    assert model.finish(["blue.style.json", "style.png"], finish="auto") is None
    few = model.finish("blue.png", colors=2, finish="auto")
    assert few is not None
    assert few.look is None, "who asks for colours gets those"
    with pytest.raises(ValueError, match="must be one of none, auto, flat"):
        model.finish("blue.png", finish="smooth")


def test_results_compose_on_any_ground(place: Path, model: Parasol) -> None:
    result = kept(model, "icon.png")
    assert result.rgba is not None
    assert np.abs(laid(result.rgba, (1.0, 1.0, 1.0)) - result.pixels).max() < 2.5 / 255


@pytest.mark.skipif(DEFAULT_MODEL not in available_models(), reason="random weights draw noise, which is not traced")
def test_a_set_has_one_palette_one_frame_and_goes_on(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "sub/b"):
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        icon("#203040").save(f"in/{name}.png")
    Path("in/broken.png").write_bytes(b"none")
    more = ["--steps", "2", "--structure", "1", "--sizes", "24,24@2x"]
    command = ["set", "in", "--like", "icon.png", "--like", "opaque.png", "-o", "out", "--json", *more]
    assert main(command) == 2
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err.startswith("parasol: error: broken.png: ")
    assert (told["icons"], told["kept"], list(told["failed"])) == (2, 0, ["broken.png"])
    assert told["consistency"]["score"] > 95
    for file, side in (("24/sub/b.png", 24), ("24/sub/b@2x.png", 48), ("png/a.png", 128)):
        with Image.open(Path("out") / file) as picture:
            assert (picture.mode, picture.size) == ("RGBA", (side, side))
    fills = {part.split('"')[1] for part in Path("out/svg/a.svg").read_text().split("fill=")[1:]} - {"none"}
    assert fills <= set(told["palette"])
    assert Path("out/sheet.png").is_file()
    Path("out/24/a.png").unlink()
    before = Path("out/svg/a.svg").read_bytes()
    assert main(command) == 2
    assert json.loads(capsys.readouterr().out)["kept"] == 2
    assert Path("out/24/a.png").is_file()
    assert Path("out/svg/a.svg").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--sizes", "3"], "--sizes names '3'"),
        (["-o", "in"], "holds the icons themselves"),
        (["--colors", "3", "--palette", "#fff"], "give one of them"),
    ],
)
def test_a_set_that_makes_no_sense_is_refused(
    place: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    icon("#203040").save("in/a.png")
    assert main(["set", "in", "--like", "icon.png", "-o", "out", *more]) == 2
    assert told in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_tiny_icon_is_enlarged_with_sharp_edges_and_its_own_colours() -> None:
    large = Image.new("RGBA", (768, 768))
    pen = ImageDraw.Draw(large)
    pen.ellipse((60, 60, 700, 700), fill="#c02040")
    pen.rectangle((330, 200, 440, 560), fill="#ffd0d8")
    tiny, truth = (
        from_uint8(np.asarray(large.convert("RGBa").resize((side, side), Image.Resampling.BOX).convert("RGBA")))
        for side in (24, 128)
    )
    white = (1.0, 1.0, 1.0)

    def off(found: np.ndarray) -> float:
        return float(((found - laid(truth, white)) ** 2).mean())

    shown = seen(tiny, 128, "keep").picture
    assert off(shown) < 0.5 * off(fit(laid(tiny, white), 128))
    inside = shown[96:106, 40:88]  # within the disc, below the rectangle
    assert inside.max(axis=(0, 1))[0] < 0.99, "nothing pale within"
    assert np.array_equal(enlarged(truth, 512), truth), "what is larger has edges that a model knows"


@pytest.mark.parametrize("side", [16, 32, 48])
def test_a_tiny_photograph_gets_no_edges_of_icons(side: int) -> None:
    with Image.open(Path(__file__).parents[1] / "examples" / "photograph.jpg") as photograph:
        photograph.thumbnail((side, side))
        tiny = from_uint8(np.asarray(photograph.convert("RGBA")))
    assert np.array_equal(seen(tiny, 128, "keep").picture, fit(tiny[..., :3], 128))
    disc = np.ones((side, side, 4), np.float32)
    disc[np.hypot(*np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]) < 0.7, :3] = 0.2
    assert len(enlarged(disc, 128)) >= 128, "an opaque drawing is one still"


def ball(*colours: tuple[float, float, float]) -> np.ndarray:
    """What is rendered: a disc of sectors, lighter at its upper left."""
    down, right = np.mgrid[-1:1:128j, -1:1:128j]
    disc, sector = np.hypot(down, right) < 0.8, ((np.arctan2(down, right) / np.pi + 1) / 2 * len(colours)).astype(int)
    picture = np.ones((128, 128, 3), np.float32)
    light = 1 - 0.25 * np.hypot(down + 0.4, right + 0.4)
    picture[disc] = (light[..., None] * np.array(colours)[sector.clip(0, len(colours) - 1)])[disc]
    return picture


PINK = (1.0, 0.3, 0.6)
BEACH = (PINK, (0.2, 0.4, 1.0), (1.0, 0.8, 0.2), (0.2, 0.8, 0.4))


def test_a_style_that_is_rendered_says_how_parts_slope() -> None:
    flat = np.where(ball(PINK) < 1, np.float32([1.0, 0.3, 0.6]), np.float32(1)).astype(np.float32)
    plain = finish_of(palette=None, colors=None, finish="auto", references=[flat])
    assert plain is not None
    assert plain.slope is None
    rendered = finish_of(palette=None, colors=None, finish="auto", references=[ball(*BEACH)])
    assert rendered is not None
    assert rendered.slope is not None
    down, across = rendered.slope
    assert down == pytest.approx(across, abs=8), "light from the upper left"
    assert -60 <= down < -10
    assert finish_of(palette=None, colors=None, finish="auto", references=[ball(PINK)]) is None, "slopes of one colour"
    flattened = finish_of(palette=None, colors=None, finish="flat", references=[ball(*BEACH)])
    assert flattened is not None
    assert flattened.slope is None
    assert FinishPart.model_validate_json(rendered.model_dump_json()) == rendered


def test_what_has_a_grain_or_no_bare_ground_has_no_such_finish() -> None:
    grain = np.random.default_rng(0).uniform(0, 1, (64, 64, 3)).repeat(2, 0).repeat(2, 1)
    crayon = np.where(ball(PINK) < 1, grain, 1).astype(np.float32)
    assert finish_of(palette=None, colors=None, finish="auto", references=[crayon]) is None
    photograph = load("examples/photograph.jpg")
    assert finish_of(palette=None, colors=None, finish="auto", references=[photograph]) is None


@pytest.mark.parametrize("ground", ["keep", "#0f172a", "transparent"])
def test_parts_slope_as_the_style_does_in_pixels_and_in_an_svg(place: Path, model: Parasol, ground: str) -> None:
    finish = finish_of(palette=None, colors=None, finish="auto", references=[ball(*BEACH)])
    assert finish is not None
    assert finish.slope is not None
    wanted = finish.model_copy(update={"look": finish.look.model_copy(update={"slope": (-40.0, 0.0)})})  # pyright: ignore
    steep, even = (
        model.paint(
            model.recipe("icon.png", model.style("style.png"), model.dials(steps=2), ground=ground, finish=part)
        )
        for part in (wanted, finish.model_copy(update={"flat": True}))
    )
    colours, plain = (lab(np.asarray(made.image.convert("RGBA"))[..., :3] / np.float32(255)) for made in (steep, even))
    if ground == "transparent":
        assert np.array_equal(np.asarray(steep.image)[..., 3], np.asarray(even.image)[..., 3])
    gained = colours[..., 0] - plain[..., 0]
    moved = np.abs(gained) > 0.5
    assert moved.any()
    fall = np.diff(gained, axis=0) * len(gained)
    inner = moved[1:] & moved[:-1] & (colours[1:, :, 0] < 99) & (colours[:-1, :, 0] < 99)
    assert np.median(fall[inner]) == pytest.approx(-40, abs=4)
    svg = steep.svg()
    assert svg.count("<linearGradient") >= 1
    assert "Gradient" not in even.svg()
    drawn = load_rgba(svg.encode())
    small = np.asarray(Image.fromarray((255 * drawn).astype(np.uint8)).resize(steep.image.size, Image.Resampling.BOX))
    shown = np.asarray(steep.image.convert("RGBA"))
    inside = (small[..., 3] > 250) & (shown[..., 3] > 250)
    off = np.abs(small[..., :3].astype(int) - shown[..., :3]).max(axis=2)[inside]
    assert np.median(off) <= 4, "the drawing's gradients are those of the pixels"
    steep.save("steep.svg")
    _, same = model.paint(steep.recipe).again(Path("steep.svg").read_bytes())
    assert same


@pytest.mark.parametrize("finish", ["auto", "flat", "none"])
def test_an_svg_has_the_ground_that_is_asked_for(place: Path, model: Parasol, finish: str) -> None:
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    made = kept(model, "icon.png", ground="#0f172a", finish=finish, colors=3 if finish == "none" else None)
    svg = made.svg()
    assert 'fill="#0f172a"' in svg
    drawn = np.asarray(Image.fromarray((255 * load_rgba(svg.encode())).astype(np.uint8)).resize((128, 128)))
    off = np.abs(drawn[..., :3].astype(int) - np.asarray(made.image.convert("RGB"))).max(axis=2)
    assert np.percentile(off, 80) <= 4


def test_an_svg_has_no_colour_that_its_picture_has_not(place: Path, model: Parasol) -> None:
    many = [f"#{level:02x}{level // 2:02x}40" for level in range(16, 256, 16)]
    finish = FinishPart(
        colours=("#ffffff", *many), look=LookPart(fills=(0.0, 1.0, *(0.0,) * 14), lines=(0.0,) * 16, width=0.0)
    )
    made = model.paint(model.recipe("icon.png", model.style("style.png"), model.dials(steps=2), finish=finish))
    assert made.palette is not None
    assert made.palette.hexes == ["#ffffff", many[0]]


@pytest.mark.parametrize("ground", ["#0f172a", "transparent", "keep"])
def test_an_svg_has_the_parts_of_its_picture_and_none_between(place: Path, model: Parasol, ground: str) -> None:
    """Where two colours meet, antialiasing mixes them, and a third one of the style may be that very mixture."""
    two = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    pen = ImageDraw.Draw(two)
    pen.ellipse((60, 60, 450, 450), fill="#000000")
    pen.ellipse((160, 160, 350, 350), fill="#d02020")
    two.resize((128, 128), Image.Resampling.BOX).save("two.png")
    look = LookPart(fills=(0.0, 0.6, 0.2, 0.2), lines=(0.0,) * 4, width=0.0)
    finish = FinishPart(colours=("#ffffff", "#ffd000", "#806800", "#000000"), look=look)
    made = model.paint(
        model.recipe("two.png", model.style("style.png"), model.dials(steps=2), ground=ground, finish=finish)
    )
    svg = made.svg()
    assert svg.count('fill="#') == 2 + (ground == "#0f172a")
    assert 'fill="#ffffff"' not in svg
    sloped = finish.model_copy(update={"look": look.model_copy(update={"slope": (-30.0, 20.0)})})
    made = model.paint(
        model.recipe("two.png", model.style("style.png"), model.dials(steps=2), ground=ground, finish=sloped)
    )
    assert made.svg().count("<linearGradient") == 2
    large = model.paint(
        model.recipe("two.png", model.style("style.png"), model.dials(steps=2), size=512, ground=ground, finish=sloped)
    )
    assert large.svg().count("<linearGradient") == 2
    assert 'width="512"' in large.svg()


@pytest.mark.parametrize("rule", ["strokes", "unlined", "revision"])
def test_looks_of_before_stay_the_same_bytes_and_know_no_younger_rule(rule: str) -> None:
    before = '{"fills":[1.0],"lines":[1.0],"width":0.06}'
    look = LookPart.model_validate_json(before)
    assert not getattr(look, rule)
    assert look.model_dump_json() == before
    assert getattr(LookPart.model_validate_json(look.model_copy(update={rule: 1}).model_dump_json()), rule)
