"""Synthetic media look like what they are called, and the corpus of them is a content x style grid like any other."""

import hashlib
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parasol import corpora, images
from parasol.apps.cli import app, main
from parasol.corpora import gallery
from parasol.corpora.imagined import imagine
from parasol.corpora.looks import described, looks_of, looks_of_style
from parasol.corpora.media import MEDIA, paint
from parasol.corpora.networks import TRAINED, in_style_of, in_trained_style
from parasol.corpora.repainted import (
    PHOTOGRAPH,
    build,
    draw_styles,
    imagined_styles,
    network_styles,
    read_styles,
    spread,
)
from parasol.maths.colour import ColourStatistics, colour_statistics, match_colours
from photograph_corpus import photographs, scene

EVERY_PARAMETER = [(medium, name) for medium, about in MEDIA.items() for name in about.words]


PHOTOGRAPHS = {f"pack/photograph{number}-train" for number in range(3)}


def painted(medium: str, picture: np.ndarray | None = None, seed: int = 1, **numbers: float) -> np.ndarray:
    """In a medium, with every parameter in the middle but for those named."""
    values = [numbers.pop(name, 0.5) for name in MEDIA[medium].words]
    assert not numbers
    return paint(medium, scene() if picture is None else picture, values, seed)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture @ np.array([0.299, 0.587, 0.114])


# The media


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("shape", [(64, 64), (40, 72)])
def test_a_picture_comes_back_in_its_shape_and_the_same_for_a_seed(medium: str, shape: tuple[int, int]) -> None:
    picture = scene(72)[: shape[0], : shape[1]]
    before = picture.copy()
    for end in (0.0, 1.0):
        found = paint(medium, picture, [end] * len(MEDIA[medium].words), 3)
        assert (found.shape, found.dtype) == (picture.shape, np.float32)
        assert found.min() >= 0.0
        assert found.max() <= 1.0
    np.testing.assert_array_equal(painted(medium, picture, 3), painted(medium, picture, 3))
    assert np.abs(painted(medium, picture, 3) - painted(medium, picture, 4)).mean() > 1e-3
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("medium", MEDIA)
def test_flat_pictures_are_painted_too(medium: str) -> None:
    for level in (0.0, 0.5, 1.0):
        found = painted(medium, np.full((32, 32, 3), level, np.float32))
        assert np.isfinite(found).all()


@pytest.mark.parametrize(("medium", "name"), EVERY_PARAMETER)
def test_a_parameter_is_continuous_and_does_something(medium: str, name: str) -> None:
    def change(start: float, end: float) -> float:
        return float(np.abs(painted(medium, small, **{name: end}) - painted(medium, small, **{name: start})).mean())

    small = scene(56)
    near = [change(start, start + 2e-4) for start in (0.2, 0.7)]
    assert max(near) < 0.01
    assert change(0.1, 0.9) > max(0.004, 4.0 * max(near))


@pytest.mark.parametrize("medium", MEDIA)
def test_the_words_name_the_parameters_of_the_function(medium: str) -> None:
    assert tuple(inspect.signature(MEDIA[medium].paint).parameters) == ("picture", "seed", *MEDIA[medium].words)


def test_what_cannot_be_painted_names_the_rule() -> None:
    with pytest.raises(ValueError, match="medium 'crayon' is unknown; it must be one of oil, knife"):
        paint("crayon", scene(), [0.5] * 5, 0)
    for values in ([0.5] * 4, [0.5] * 4 + [1.5], [0.5] * 4 + [math.nan]):
        with pytest.raises(ValueError, match=r"ink needs 5 parameters in 0\.\.1 \(line, darkness"):
            paint("ink", scene(), values, 0)


@pytest.mark.parametrize(("medium", "size"), [("oil", "brush"), ("knife", "blade")])
def test_paint_takes_the_grain_and_keeps_the_shapes(medium: str, size: str) -> None:
    def roughness(picture: np.ndarray) -> int:
        tone = luma(picture)
        middle = tone[1:-1, 1:-1]
        around = [tone[1 + y : 63 + y, 1 + x : 63 + x] for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
        return int((np.all([middle > near for near in around], axis=0)).sum())

    found = painted(medium, **{size: 1.0, "relief": 0.0})
    assert roughness(found) < 0.7 * roughness(scene())
    inside, outside = found[26:38, 26:38].mean(axis=(0, 1)), found[:8].mean(axis=(0, 1))
    truth = scene()[26:38, 26:38].mean(axis=(0, 1)) - scene()[:8].mean(axis=(0, 1))
    assert np.linalg.norm(inside - outside - truth) < 0.3 * np.linalg.norm(truth)


def test_watercolour_dries_darker_at_edges() -> None:
    y, x = np.mgrid[:96, :96] - 47.5
    radius = np.hypot(y, x)
    picture = np.where(radius[..., None] < 28, (0.6, 0.5, 0.5), (0.75, 0.7, 0.7)).astype(np.float32)
    tone = np.mean([luma(painted("watercolour", picture, seed, edges=1.0, bleeding=0.0)) for seed in range(4)], axis=0)
    rim = tone[np.abs(radius - 28) < 1.5].mean()
    assert rim < tone[radius < 20].mean() - 0.02
    assert rim < tone[(radius > 36) & (radius < 44)].mean() - 0.02


def test_ink_is_two_tones() -> None:
    tone = luma(painted("ink"))
    dark, light = np.quantile(tone, (0.02, 0.98))
    assert light - dark > 0.6
    assert (np.minimum(np.abs(tone - dark), np.abs(tone - light)) < 0.15).mean() > 0.8


def test_pencil_is_grey_and_darker_where_the_picture_is() -> None:
    found = painted("pencil")
    assert np.ptp(found, axis=-1).max() < 0.05
    assert found[26:38, 26:38].mean() < found[:, 50:].mean() - 0.1


def test_halftone_swings_at_the_frequency_of_its_screen() -> None:
    found = luma(painted("halftone", np.full((128, 128, 3), 0.5, np.float32), pitch=1.0, angle=0.0, black=1.0))
    y, x = np.mgrid[:128, :128] - 63.5
    window = np.outer(np.hanning(128), np.hanning(128)) * (found - found.mean())

    def swing(period: float) -> float:
        turn = math.pi / 4.0
        return abs((window * np.exp(2j * math.pi / period * (x * math.cos(turn) + y * math.sin(turn)))).sum())

    assert swing(6.0) > 20 * max(swing(period) for period in (4.8, 5.4, 6.7, 7.5))
    assert abs(found.mean() - 0.5) < 0.12


def test_mosaic_tiles_are_of_one_colour_each() -> None:
    found = painted("mosaic", scene(128), tile=1.0, grout=0.0)
    windows = np.lib.stride_tricks.sliding_window_view(found, (3, 3), axis=(0, 1))
    even = np.ptp(windows, axis=(-1, -2)).max(-1) < 0.01
    assert even.mean() > 0.25
    before = np.lib.stride_tricks.sliding_window_view(scene(128), (3, 3), axis=(0, 1))
    assert (np.ptp(before, axis=(-1, -2)).max(-1) < 0.01).mean() < 0.001


# The styles


def test_styles_are_spread_and_lists_of_them_are_endless() -> None:
    palettes = [f"p{number}" for number in range(60)]
    styles = draw_styles(8, palettes)
    assert len({style.name for style in styles}) == len(styles) == 7 * (8 + 2)
    assert set(draw_styles(3, palettes)) <= set(styles)
    recoloured = [style for style in styles if style.palette]
    assert len({style.palette for style in recoloured}) == len(recoloured) == 5 * (4 + 1)
    assert {style.medium for style in recoloured} == set(MEDIA) - {"ink", "pencil"}
    trained = {(style.medium, style.parameters) for style in styles if not style.held_out}
    assert not trained & {(style.medium, style.parameters) for style in styles if style.held_out}
    points = spread(64, 5, seed=0)
    assert (points >= 0.0).all()
    assert (points < 1.0).all()
    counts = [np.histogram(points[:, axis], bins=8, range=(0, 1))[0] for axis in range(5)]
    assert np.min(counts) >= 6  # of 8 in each bin, and chance would leave some with 3


def test_a_caption_says_the_medium_and_what_stands_out() -> None:
    style = next(style for style in draw_styles(1, ["p"]) if style.medium == "oil")
    values = dict(zip(MEDIA["oil"].words, (0.9, 0.5, 0.5, 0.5, 0.8), strict=True))
    told = type(style)(name="x", medium="oil", parameters=tuple(values.values()), held_out=False).caption
    assert told == "oil painting, broad strokes, warm"
    assert next(style for style in draw_styles(2, ["p"]) if style.palette).caption.endswith(", recoloured")


def test_styles_of_networks_are_named_and_a_fifth_of_the_trained_ones_is_held_out() -> None:
    styles = network_styles(["pack/details/Cafe"])
    assert len(styles) == TRAINED + 1
    assert [style.held_out for style in styles[:5]] == [False] * 4 + [True]
    assert (styles[7].caption, styles[-1].caption, styles[-1].name) == ("network 7", "after Cafe", "after-Cafe")


def test_every_style_of_the_recipe_is_described_and_other_words_are_kept_for_tests() -> None:
    paintings = [f"pack/{name.removeprefix('after-')}" for name in described() if name.startswith("after-")]
    styles = [PHOTOGRAPH, *draw_styles(8, ["p"]), *network_styles(paintings)]
    told = [look for style in styles for look in looks_of_style(style)]
    assert {look.set for look in told} == {style.name for style in styles}
    trained, kept = ({look.text for look in told if look.held_out is held} for held in (False, True))
    assert not trained & kept
    assert {look.set for look in told if look.held_out} == {style.name for style in styles}
    broad = next(style for style in styles if style.medium == "oil" and "broad strokes" in style.marks)
    assert all("broad strokes" in look.text for look in told if look.set == broad.name)


# The corpus

EVERYWHERE = {"share": 1.0, "learned": False}  # every content in every medium, and those alone


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def built(tmp_path_factory, source) -> Path:
    out = tmp_path_factory.mktemp("media")
    steps = list(build(out, photographs=source, styles=1, contents=4, **EVERYWHERE))
    assert [step.done for step in steps if step.stage == "draw"] == list(range(1, steps[-1].total + 1))
    assert steps[-1].stage == "done"
    return out


def test_every_content_stands_in_every_style(built: Path) -> None:
    corpus = corpora.load(built)
    sets = {cell.set for cell in corpus.cells}
    assert len(sets) == 1 + 14
    assert {cell.family for cell in corpus.cells} == {"photograph", *MEDIA}
    contents = {name: {cell.codepoint for cell in corpus.cells if cell.set == name} for name in sets}
    assert all(len(found) == 4 for found in contents.values())
    assert len({frozenset(found) for found in contents.values()}) == 1
    assert corpus.rgba().shape == (60, 24, 24, 4)
    assert {(cell.label, cell.licence) for cell in corpus.cells} == {("beach", "CC0-1.0")}
    assert {words["en"].label for words in corpus.captions.values()} == {"beach"}
    assert sum(corpus.info["splits"].values()) == len(corpus.cells)


def test_only_photographs_to_train_on_are_used_and_named(built: Path) -> None:
    corpus = corpora.load(built)
    assert {cell.base for cell in corpus.cells} == PHOTOGRAPHS
    text = (built / "ATTRIBUTION").read_text()
    assert all((f"Author {number}" in text) == (number < 3) for number in range(6))


def test_a_photograph_is_a_style_of_its_own_that_changes_nothing(built: Path, source: Path) -> None:
    plain = [cell for cell in corpora.load(built).cells if cell.set == "photograph"]
    assert len(plain) == 4
    for cell in plain:
        crop = source / "cells" / f"{cell.codepoint.replace('.', '/')}.png"
        np.testing.assert_array_equal(images.load(built / cell.file), images.load(crop))
    assert PHOTOGRAPH.caption == "photograph"


@pytest.fixture(scope="module")
def learned(tmp_path_factory, source) -> Path:
    out = tmp_path_factory.mktemp("learned")
    list(build(out, photographs=source, styles=1, contents=6, share=0.4, imagined=10))
    return out


def test_a_content_stands_in_a_share_of_the_styles_and_as_a_photograph(learned: Path) -> None:
    cells = corpora.load(learned).cells
    own = [cell for cell in cells if cell.base == "pack/painting5-train"]
    assert {(cell.set, cell.family) for cell in own} == {("after-painting5-train", "after")}
    assert len(own) == 2
    painted = [cell for cell in cells if cell.set != "photograph" and cell not in own]
    assert len(cells) - len(painted) - len(own) == 6
    imagined = [cell for cell in painted if cell.family == "imagined"]
    styles = len(read_styles(learned)) - 1 - 10
    assert styles == 7 * 2 + TRAINED + 1
    assert len(painted) - len(imagined) == pytest.approx(0.4 * 6 * styles, rel=0.25)
    assert 0 < len(imagined) <= 0.4 * 6 * 10 / 2, "a quarter of that, of ten"
    assert "Author 5" in (learned / "ATTRIBUTION").read_text()


def test_networks_paint_what_the_package_paints(learned: Path, source: Path) -> None:
    corpus, styles = corpora.load(learned), read_styles(learned)
    assert {"network", "after", "imagined"} <= {cell.family for cell in corpus.cells}
    for family in ("network", "after"):
        cell = next(cell for cell in corpus.cells if cell.family == family and cell.base in PHOTOGRAPHS)
        plain = images.load(source / "cells" / f"{cell.codepoint.replace('.', '/')}.png")
        again = (
            in_trained_style(plain, int(styles[cell.set].example))
            if family == "network"
            else in_style_of(plain, images.load(source / "pictures/pack/painting5-train.png"))
        )
        found = images.load(learned / cell.file)
        assert np.abs(found - again).max() < 1.5 / 255
        assert np.abs(found - plain).mean() > 0.03


def test_imagined_styles_are_of_pictures_made_of_others(learned: Path, source: Path) -> None:
    cell = next(cell for cell in corpora.load(learned).cells if cell.family == "imagined")
    style, pictures = read_styles(learned)[cell.set], gallery.load(source).pictures
    example = pictures[style.example]
    crops = {crop.picture: crop for crop in reversed(gallery.load(source).crops)}
    colours = colour_statistics(images.load(source / crops[style.palette].file))
    number, painting = int(style.name.removeprefix("imagined-")), example.kind == "painting"
    imaginary = imagine(images.load(source / example.file), colours, number, painted=painting)
    plain = images.load(source / "cells" / f"{cell.codepoint.replace('.', '/')}.png")
    assert np.abs(images.load(learned / cell.file) - in_style_of(plain, imaginary)).max() < 1.5 / 255


def test_a_third_of_imagined_styles_is_of_paintings_and_a_fifth_is_held_out() -> None:
    pictures = ["painting0", "painting1", *(f"photograph{k}" for k in range(5))]
    styles = imagined_styles(15, pictures, 2)
    of_paintings = [style.example.startswith("painting") for style in styles]
    assert of_paintings == [True, False, False] * 5
    assert {style.example for style in styles} == set(pictures), "each has its turn"
    assert [style.held_out for style in styles] == [False, False, False, False, True] * 3
    assert styles[:4] == imagined_styles(4, pictures, 2), "more styles begin with the same ones"
    assert not any(style.example.startswith("painting") for style in imagined_styles(6, pictures[2:], 0))
    assert list(looks_of_style(styles[0])) == [], "nobody described it"


def test_an_imagined_picture_is_in_the_colours_given_and_painted_over() -> None:
    picture = scene(96, 3)[:, :80]
    warm, cold = (
        ColourStatistics(mean=np.array(mean), covariance=0.01 * np.eye(3))
        for mean in ((0.7, 0.4, 0.2), (0.2, 0.4, 0.7))
    )
    made = imagine(picture, warm, 5, painted=False)
    assert made.shape == (256, 256, 3)
    assert 0.0 <= made.min() < made.max() <= 1.0
    np.testing.assert_array_equal(made, imagine(picture, warm, 5, painted=False))
    assert np.abs(made - imagine(picture, warm, 6, painted=False)).mean() > 0.02
    assert np.abs(made - imagine(picture, warm, 5, painted=True)).mean() > 0.02
    tints = [imagine(picture, colours, 5, painted=True).mean((0, 1)) for colours in (warm, cold)]
    assert np.abs(tints[0] - tints[1]).max() > 0.1


def test_words_of_a_built_corpus_are_those_of_its_styles(built: Path) -> None:
    told = looks_of(corpora.load(built))
    assert told == tuple(look for style in read_styles(built).values() for look in looks_of_style(style))


def test_a_palette_is_a_pictures_mean_and_covariance(tmp_path: Path, source: Path) -> None:
    list(build(tmp_path, photographs=source, styles=2, contents=3, **EVERYWHERE))
    styles = read_styles(tmp_path)
    assert styles["oil-01"].palette == "pack/painting5-train", "paintings first"
    assert {style.palette for style in styles.values()} < {"", "pack/painting5-train", *PHOTOGRAPHS}
    style = styles["mosaic-01"]
    cells = [cell for cell in corpora.load(tmp_path).cells if cell.set == style.name]
    wanted = images.load(source / "cells" / style.palette / "0-000.png").mean((0, 1))
    for cell in cells:
        plain = images.load(source / "cells" / f"{cell.codepoint.replace('.', '/')}.png")
        matched = match_colours(plain, colour_statistics(images.load(source / "cells" / style.palette / "0-000.png")))
        seed = int(hashlib.sha256(f"{style.name}/{cell.codepoint.replace('.', '/')}".encode()).hexdigest()[:8], 16)
        again = paint(style.medium, matched.pixels, style.parameters, seed)
        assert np.abs(images.load(tmp_path / cell.file) - again).max() < 0.51 / 255
        assert matched.pixels.mean((0, 1)) == pytest.approx(wanted, abs=0.05)
    assert "Author 5" in (tmp_path / "ATTRIBUTION").read_text().partition("Pictures of which only")[2]


def test_held_out_styles_and_contents_never_train(built: Path) -> None:
    corpus, styles = corpora.load(built), read_styles(built)
    assert list(styles) == list(dict.fromkeys(cell.set for cell in corpus.cells))
    assert styles == {style.name: style for style in (PHOTOGRAPH, *draw_styles(1, []))}
    for cell in corpus.cells:
        assert cell.split != "train" or not styles[cell.set].held_out
        assert cell.split != "style-test" or styles[cell.set].held_out
    assert {cell.split for cell in corpus.cells} >= {"train", "style-test"}


def test_a_stopped_build_goes_on_and_ends_the_same_bit_for_bit(tmp_path: Path, built: Path, source: Path) -> None:
    steps = build(tmp_path, photographs=source, styles=1, contents=4, **EVERYWHERE)
    for step in steps:
        if step.done == 5:
            break
    steps.close()
    with pytest.raises(ValueError, match="no finished corpus"):
        corpora.load(tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cells/**/*.png")}
    assert len(kept) == 5
    list(build(tmp_path, photographs=source, styles=1, contents=4, **EVERYWHERE))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept

    def files(folder: Path) -> dict[str, bytes]:
        paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".npy")
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    assert files(tmp_path) == files(built)


def test_the_command_builds(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "media"
    words = ["corpus", "build", "media", "--from", str(source), "--out", str(out), "--styles", "1", "--contents", "1"]
    words += ["--share", "1", "--no-learned"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "15 of 15 cells, 0 left out" in done.output
    with pytest.raises(ValueError, match="holds a corpus of another styles"):
        list(build(out, photographs=source, styles=2, contents=1, **EVERYWHERE))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["media"], "name their corpus with --from"),
        (["media", "--from", "nowhere"], "nowhere holds no finished corpus of photographs and paintings"),
        (["media", "--from", "{source}", "--styles", "0"], "styles 0 is too small; it must be at least 1"),
        (
            ["media", "--from", "{source}", "--no-learned", "--imagined", "5"],
            "imagined 5 goes with learned styles, which are left out",
        ),
        (["media", "--from", "{source}", "--contents", "0"], "contents 0 is too small"),
        (["media", "--from", "{source}", "--share", "0"], "share 0 is out of range; it must be above 0 and at most 1"),
        (["media", "--from", "{empty}"], "holds no photograph to train on"),
        (
            ["media", "--from", "{source}", "--size", "64"],
            "--size 64 goes with pictograms and icons and paintings",
        ),
        (["paintings", "--styles", "3"], "--styles 3 goes with media and not with paintings: leave it out"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(tmp_path: Path, source: Path, capsys, words, complaint) -> None:
    empty = photographs(tmp_path / "empty", train=0)
    words = [word.format(source=source, empty=empty) for word in words]
    assert main(["corpus", "build", *words, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_corpora_hold_no_styles(source: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no corpus of synthetic media \(styles\.json is missing\)"):
        read_styles(source)
