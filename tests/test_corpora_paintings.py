import hashlib
import json
import math
import shutil
import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

import tiny_debs
from parasol import corpora, images
from parasol.apps.cli import app
from parasol.corpora import gallery
from parasol.corpora.crops import places, starts
from parasol.corpora.cutting import precedence
from parasol.corpora.debian import fetch, sha256_of, unpacked
from parasol.corpora.jigsaw import assemble, read_board
from parasol.corpora.licences import licence_name, notice_of, objection, read_stanzas
from parasol.corpora.likeness import double_of, portrait
from parasol.corpora.paintings import PAINTINGS, build
from parasol.corpora.resources import read_resources
from parasol.corpora.sheet import gallery_sheet, various
from parasol.corpora.split import split_of_stem

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg unpacks the packages")


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def recipe(packages):
    return tiny_debs.recipe(packages)


def run(out, recipe, packages, **settings):
    return list(build(out, recipe=recipe, packages=packages, **({"size": 32} | settings)))


@pytest.fixture(scope="module")
def built(tmp_path_factory, recipe, packages) -> Path:
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg unpacks the packages")
    out = tmp_path_factory.mktemp("built")
    run(out, recipe, packages)
    return out


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The archives


def test_resources_are_read_plain_and_packed(tmp_path):
    files = {"a/one.txt": b"plain", "a/b/two.txt": b"packed" * 9, "c.txt": b""}
    archive = tmp_path / "x.rcc"
    archive.write_bytes(tiny_debs.rcc(files, packed=lambda path: int("two" in path)))
    read = read_resources(archive)
    assert {path: resource.read() for path, resource in read.items()} == files
    assert read["a/b/two.txt"].packed != files["a/b/two.txt"]


def test_a_resource_that_cannot_be_unpacked_is_told(tmp_path):
    archive = tmp_path / "x.rcc"
    archive.write_bytes(tiny_debs.rcc({"new.txt": b"(zstd)"}, packed=lambda path: 4))
    with pytest.raises(ValueError, match=r"new\.txt is packed with zstd"):
        read_resources(archive)["new.txt"].read()
    archive.write_bytes(tiny_debs.rcc({"a.txt": b"a" * 99}, packed=lambda path: 1).replace(b"\x78\x9c", b"\x00\x00"))
    with pytest.raises(ValueError, match="broken"):
        read_resources(archive)["a.txt"].read()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"none" + data[4:],
        lambda data: data[:90],
        lambda data: data.replace(struct.pack(">I", 50), struct.pack(">I", 5000)),  # a file longer than the archive
    ],
)
def test_what_is_no_resource_archive_is_refused(tmp_path, damage):
    archive = tmp_path / "x.rcc"
    archive.write_bytes(damage(tiny_debs.rcc({"a/b.txt": b"b" * 50})))
    with pytest.raises(ValueError, match=r"x\.rcc is no Qt resource archive"):
        read_resources(archive)


def test_a_tree_that_leads_back_into_itself_ends(tmp_path):
    data = bytearray(tiny_debs.rcc({"a/b.txt": b"b"}))
    data[24 + 22 + 6 : 24 + 22 + 14] = struct.pack(">2I", 1, 0)  # the folder `a` holds the root
    (tmp_path / "x.rcc").write_bytes(data)
    with pytest.raises(ValueError, match="is damaged"):
        read_resources(tmp_path / "x.rcc")


# Licences


def test_named_files_go_before_folders_and_the_strictest_of_several_is_kept():
    stanzas = read_stanzas(tiny_debs.LANDSCAPES)

    def told(name):
        notice = notice_of(f"images/{name}", stanzas)
        return notice and (notice.author, notice.licence)

    assert told("ship.png") == ("The author", "GPL-3.0-or-later")
    assert told("land/beach0.jpg") == ("Various", "public-domain")
    assert told("land/beach1.jpg") == ("An agency", "public-domain")
    assert told("land/beach10-ada.jpg") == ("Ada; An agency", "CC-BY-SA-4.0")
    assert notice_of("sounds/x.wav", stanzas) is None


def test_a_readme_that_forgot_a_key_still_names_its_files():
    stanzas = read_stanzas(tiny_debs.DETAILS)
    cafe, castle = notice_of("Cafe_background.webp", stanzas), notice_of("Castle_background.webp", stanzas)
    assert cafe is not None
    assert (cafe.licence, cafe.note) == ("public-domain", "based on an original painting by Van Gogh.")
    assert castle is not None
    assert castle.source == "https://example.org/File:Castle.jpg"


@pytest.mark.parametrize(
    ("text", "name", "allowed"),
    [
        ("Public Domain", "public-domain", True),
        ("CC-BY-SA 4.0", "CC-BY-SA-4.0", True),
        ("CC0-1.0", "CC0-1.0", True),
        ("GPLv3", "GPL-3.0-only", True),
        ("GPLv2+", "GPL-2.0-or-later", True),
        ("GPLv3 or later", "GPL-3.0-or-later", True),
        ("CC-BY-NC-4.0", "CC-BY-NC-4.0", False),
        ("CC-BY-ND-3.0", "CC-BY-ND-3.0", False),
        ("GFDL-NIV-1.2", "GFDL-NIV-1.2", False),
        ("see below", "see-below", False),
    ],
)
def test_licences_are_named_alike_and_closed_ones_refused(text, name, allowed):
    assert licence_name(text) == name
    (stanza,) = read_stanzas(f"Copyright: A\nLicense: {text}\nFiles: a.webp")
    assert (objection(stanza.notice) == "") == allowed
    assert objection(None).startswith("no licence")


# Puzzles, crops, doubles


def test_a_sawn_picture_comes_back_whole():
    whole = tiny_debs.texture(3, 90, 50)
    left, right = tiny_debs.sawn(whole, 30)
    pieces = {"image/p_1.webp": left, "image/p_2.webp": right}
    # A board of 130 x 70 that the picture leaves at the left, as some do.
    text = tiny_debs.board(
        "A, B - 1900",
        130,
        70,
        [("p_1.webp", (left.width / 2 - 8) / 130, 0.5), ("p_2.webp", (22 + right.width / 2) / 130, 0.5)],
    )
    healed = assemble(read_board(text), pieces.__getitem__)
    assert healed.shape == (50, 90, 3)
    np.testing.assert_allclose(healed, np.asarray(whole) / 255, atol=0.05)


def test_a_ragged_border_is_cut_off():
    ragged = tiny_debs.texture(4, 40, 30).convert("RGBA")
    alpha = Image.new("L", ragged.size, 255)
    alpha.paste(0, (0, 0, 20, 3))
    alpha.paste(0, (39, 0, 40, 30))
    ragged.putalpha(alpha)
    healed = assemble(read_board(tiny_debs.board("", 40, 30, [("p.webp", 0.5, 0.5)])), lambda file: ragged)
    np.testing.assert_allclose(healed, np.asarray(ragged)[3:, :39, :3] / 255, atol=1e-6)


def test_a_board_without_places_is_broken():
    with pytest.raises(ValueError, match="doesn't tell where the pieces lie"):
        read_board("QtObject {}")


@given(length=st.integers(32, 700), overlap=st.floats(0, 0.9))
def test_crops_overlap_no_more_than_allowed_and_reach_both_ends(length, overlap):
    found = starts(length, size=32, overlap=overlap)
    assert all(0 <= start <= length - 32 for start in found)
    assert all(b - a >= 32 * (1 - overlap) for a, b in pairwise(found))
    if len(found) > 1:
        assert (found[0], found[-1]) == (0, length - 32)
    else:
        assert length - 32 < math.ceil(32 * (1 - overlap))


def test_no_scale_enlarges_and_each_has_twice_the_pixels():
    cuts = places(720, 360, size=128, overlap=0.25)
    assert {(cut.level, cut.width, cut.height) for cut in cuts} == {(0, 256, 128), (1, 512, 256)}
    assert {(cut.level, cut.height) for cut in places(1920, 1080, size=128, overlap=0)} == {
        (0, 128),
        (1, 256),
        (2, 512),
    }
    assert places(720, 127, size=128, overlap=0.25) == []
    assert all(cut.left + 128 <= cut.width and cut.top + 128 <= cut.height for cut in cuts)


def test_doubles_are_told_by_pixels_or_by_the_address_of_the_original():
    def of(seed, width, height, origin=""):
        return portrait(np.asarray(tiny_debs.texture(seed, width, height), np.float32) / 255, origin=origin)

    others = [("one", of(1, 96, 64)), ("two", of(2, 96, 64, "https://example.org/2"))]
    assert double_of(of(1, 240, 160), others) == "one"
    assert double_of(of(3, 96, 64, "https://example.org/2"), others) == "two"
    assert double_of(of(3, 96, 64), others) == ""


def test_of_doubles_the_trainable_one_is_kept_and_then_the_larger(built):
    small = gallery.load(built).pictures["endless-sky/beach0"]
    large, larger_gpl = replace(small, width=200), replace(small, width=300, licence="GPL-3.0-only")
    assert sorted([larger_gpl, small, large], key=precedence) == [large, small, larger_gpl]


# The build


def test_pictures_know_kind_class_words_painter_and_owner(built):
    pictures = gallery.load(built).pictures
    facts = {
        name: (picture.kind, picture.subject, picture.caption, picture.painter, picture.author, picture.licence)
        for name, picture in pictures.items()
    }
    assert facts == {
        "endless-sky/beach0": ("photograph", "beach", "beach", "", "Various", "public-domain"),
        "endless-sky/beach10-ada": ("photograph", "beach", "beach", "", "Ada; An agency", "CC-BY-SA-4.0"),
        "endless-sky/dune2": ("photograph", "dune", "dune", "", "Various", "public-domain"),
        "endless-sky/nasa0": ("photograph", "", "", "", "An agency", "public-domain"),
        "gcompris/categorization/tools/bigPlierOfDee": (
            "photograph",
            "tool",
            "big plier of dee",
            "",
            "Dee",
            "GPL-2.0-or-later",
        ),
        "gcompris/details/Cafe_background": (
            "painting",
            "painting",
            "The Café",
            "Vincent van Gogh",
            "Ed and others",
            "public-domain",
        ),
        "gcompris/details/Castle_background": (
            "photograph",
            "monument",
            "A Castle, Denmark",
            "",
            "Ed and others",
            "CC-BY-SA-4.0",
        ),
        "gcompris/explore_monuments/egypt/greatHammer": (
            "photograph",
            "monument",
            "The Hammer",
            "",
            "Cy",
            "CC0-1.0",
        ),
        "gcompris/paintings/Wave": (
            "painting",
            "painting",
            "The Wave",
            "Katsushika Hokusai",
            "1994 Gil",
            "GPL-3.0-or-later",
        ),
        "lomiri-16.04/Lake_by_Bo": ("photograph", "", "", "", "2018, Bo", "CC0-1.0"),
    }


def test_what_is_left_out_is_listed_with_its_reason(built):
    skipped = {line["id"]: line["reason"] for line in map(json.loads, (built / "skipped.jsonl").open())}
    begins = {
        name: reason.partition(":")[0] for name, reason in skipped.items() if not name.endswith(tuple("0123456789"))
    }
    assert begins.pop("gcompris/categorization/tools/broken").startswith("the picture is damaged")
    assert begins == {
        "gcompris/categorization/tools/saw": "double",  # of the plier, whose address it has
        "gcompris/categorization/tools/small": "small",
        "gcompris/categorization/tools/stray": "no licence",
        "gcompris/paintings/Lost": "broken",
        "lomiri-16.04/umang_by_Abhishek_Mudgal": "a graphic",
    }
    assert skipped["endless-sky/lava0"] == "licence CC-BY-NC-4.0 is not one of the open ones"
    plier = {name: reason for name, reason in skipped.items() if name.startswith("gcompris/categorization/tools/big")}
    assert set(plier.values()) == {"blank: every pixel is nearly the same"}
    assert len(plier) == 2  # of four at the finest scale, below the middle
    assert not (built / "pictures/gcompris/categorization/tools/hammer1.webp").exists()
    hammer = skipped["gcompris/categorization/tools/hammer1"]
    assert hammer == "double: the same picture as gcompris/explore_monuments/egypt/greatHammer"


def test_the_split_follows_the_stem_and_gpl_never_trains(built):
    def tested(stem):
        return int(hashlib.sha256(stem.encode()).hexdigest(), 16) % 5 == 0

    corpus = gallery.load(built)
    for picture in corpus.pictures.values():
        otherwise = "gpl" if picture.licence.startswith("GPL") else "train"
        assert picture.split == ("test" if tested(picture.id.split("/")[-1]) else otherwise)
    assert {picture.split for picture in corpus.pictures.values()} == {"train", "test", "gpl"}
    stems = [f"stem{number}" for number in range(200)]
    assert [split_of_stem(stem, trainable=True) == "test" for stem in stems] == [tested(stem) for stem in stems]


def test_a_picture_and_its_crops_are_on_one_side(built):
    corpus = gallery.load(built)
    assert all(crop.split == corpus.pictures[crop.picture].split for crop in corpus.crops)
    sides = {split: {crop.sha256 for crop in corpus.crops if crop.split == split} for split in ("train", "test", "gpl")}
    assert not sides["train"] & (sides["test"] | sides["gpl"])


def test_crops_are_parts_of_their_picture_and_clear_parts_are_white(built):
    corpus = gallery.load(built)
    pixels = corpus.rgb()
    assert pixels.shape == (len(corpus.crops), 32, 32, 3)
    rows = {crop.id: row for row, crop in enumerate(corpus.crops)}
    crop = corpus.crops[rows["endless-sky/dune2/1-011"]]
    picture = corpus.pictures[crop.picture]
    assert (crop.left, crop.top, crop.side) == (96, 32, 32)  # at level 1 the picture is as large as its file
    whole = images.to_uint8(images.load(built / picture.file))
    np.testing.assert_array_equal(pixels[rows[crop.id]], whole[32:64, 96:128])
    plier = pixels[rows["gcompris/categorization/tools/bigPlierOfDee/0-000"]]
    assert (plier[20:] == 255).all()
    assert plier[:12].mean() < 250


def test_whole_pictures_are_the_package_files_and_puzzles_are_png(built, packages, recipe):
    corpus = gallery.load(built)
    with unpacked(packages / recipe.sources[0].package.archive) as tree:
        file = (tree / "usr/share/games/endless-sky/images/land/dune2.jpg").read_bytes()
    assert not tree.exists()
    assert (built / corpus.pictures["endless-sky/dune2"].file).read_bytes() == file
    wave = images.load(built / corpus.pictures["gcompris/paintings/Wave"].file)
    np.testing.assert_allclose(wave, np.asarray(tiny_debs.texture(17, 100, 60)) / 255, atol=0.05)


def test_info_and_attribution_travel_along(built):
    info = gallery.load(built).info
    assert info["pictures"] == {"endless-sky-data": 4, "gcompris-qt-data": 5, "lomiri-wallpapers-16.04": 1}
    assert info["kinds"] == {"photograph": 8, "painting": 2}
    assert sum(info["cells"].values()) == len(gallery.load(built).crops)
    text = (built / "ATTRIBUTION").read_text()
    for fact in (
        "Ada; An agency",
        "Donated by all.",
        "Vincent van Gogh: The Café",
        "https://example.org/File:Castle.jpg",
    ):
        assert fact in text
    assert "lava0" not in text


def test_a_stopped_build_goes_on_and_ends_the_same_bit_for_bit(tmp_path, built, recipe, packages):
    steps = build(tmp_path, recipe=recipe, packages=packages, size=32)
    for step in steps:
        if step.stage == "draw" and step.done > 20:
            break
    steps.close()
    with pytest.raises(ValueError, match="no finished corpus"):
        gallery.load(tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cells/**/*.png")}
    assert len(kept) > 15
    run(tmp_path, recipe, packages)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    whole = {path: data for path, data in snapshot(built).items() if not path.startswith("rgb")}
    assert snapshot(tmp_path) == whole
    assert not list(packages.glob("*.tree"))


def test_progress_counts_packages_then_pictures_then_crops(tmp_path, built, recipe, packages):
    steps = run(tmp_path, recipe, packages)
    assert [step.stage for step in steps[:3]] == ["fetch"] * 3
    assert [step.done for step in steps if step.stage == "look"] == list(range(18))
    drawn = [step for step in steps if step.stage == "draw"]
    assert drawn[-1].done == drawn[-1].total
    assert (steps[-1].stage, steps[-1].done) == ("done", len(gallery.load(built).crops))


@needs_dpkg
@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"size": 8}, "size 8 is out of range"),
        ({"overlap": 0.95}, r"overlap 0\.95 is out of range; it must be 0 to 0\.9"),
    ],
)
def test_bad_settings_name_the_rule(tmp_path, recipe, packages, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        run(tmp_path / "out", recipe, packages, **settings)
    assert not (tmp_path / "out").exists()


def test_other_settings_are_refused(built, recipe, packages):
    with pytest.raises(ValueError, match=r"another overlap.*choose another folder"):
        run(built, recipe, packages, overlap=0.5)


# Fetching


def test_without_apt_the_way_out_is_told(tmp_path, monkeypatch, recipe):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        ValueError, match=r"apt-get is needed.*Debian or Ubuntu.*put endless-sky-data_1\.0-1_all\.deb into"
    ):
        fetch(recipe.sources[0].package, tmp_path)


def test_without_dpkg_the_way_out_is_told(packages, monkeypatch, recipe):
    monkeypatch.setenv("PATH", "")
    with (
        pytest.raises(ValueError, match=r"dpkg is needed.*Debian or Ubuntu"),
        unpacked(packages / recipe.sources[0].package.archive),
    ):
        pass


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Put a shell script in the place of apt-get."""

    def install(script: str) -> None:
        program = tmp_path / "bin/apt-get"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return install


def test_a_package_is_fetched_in_its_version_and_then_kept(tmp_path, apt, recipe, packages):
    package = recipe.sources[0].package
    apt(f'[ "$2" = endless-sky-data=1.0-1 ] && cp "{packages / package.archive}" .')
    assert sha256_of(fetch(package, tmp_path / "cache")) == package.integrity
    (tmp_path / "bin/apt-get").unlink()
    fetch(package, tmp_path / "cache")


def test_a_version_that_is_gone_and_a_changed_archive_are_told(tmp_path, apt, recipe):
    package = recipe.sources[0].package
    apt("echo \"E: Version '1.0-1' for 'endless-sky-data' was not found\" >&2; exit 100")
    with pytest.raises(
        ValueError, match=r"could not fetch endless-sky-data=1\.0-1 \(Version .* not found\); run `apt-get u"
    ):
        fetch(package, tmp_path / "cache")
    (tmp_path / "bin/apt-get").write_text(f"#!/bin/sh\necho tampered > {package.archive}\n")
    with pytest.raises(ValueError, match="the archive was changed"):
        fetch(package, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@needs_dpkg
def test_an_archive_that_dpkg_refuses_is_told(tmp_path):
    (tmp_path / "x_1_all.deb").write_bytes(b"half")
    with pytest.raises(ValueError, match="dpkg could not unpack"), unpacked(tmp_path / "x_1_all.deb"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x_1_all.deb"]


def test_the_real_recipe_is_pinned():
    assert len(PAINTINGS.sources) == 4
    assert all(len(source.package.integrity) == 64 for source in PAINTINGS.sources)


# The command and the sheet


def test_the_sheet_has_a_row_a_class_and_painter(built):
    corpus = gallery.load(built)
    drawn = gallery_sheet(corpus, names=["beach"], count=2, cell=32)
    rows = {crop.id: row for row, crop in enumerate(corpus.crops)}
    first = images.from_uint8(np.asarray(corpus.rgb()[rows["endless-sky/beach0/0-000"]]))
    np.testing.assert_allclose(drawn[4:36, -72:-40], first, atol=1 / 255)
    every = gallery_sheet(corpus, count=2, cell=32)
    assert every.shape[0] == 4 + 36 * 7  # beach, dune, other, tool, Van Gogh, monument, Hokusai
    with pytest.raises(ValueError, match="'moon' is no class and no painter"):
        gallery_sheet(corpus, names=["moon"])


def test_a_row_shows_pictures_evenly_and_then_more_of_each(built):
    crop = gallery.load(built).crops[0]
    row = [replace(crop, id=f"{name}{turn}", picture=name) for name in "abcde" for turn in range(3)]
    assert [shown.id for shown in various(row, 3)] == ["a0", "c0", "e0"]
    assert [shown.id for shown in various(row, 7)] == ["a0", "b0", "c0", "d0", "e0", "a1", "b1"]


def test_the_command_opens_both_kinds_of_corpus(tmp_path, built):
    done = CliRunner().invoke(app, ["corpus", "sheet", str(built), "-o", str(tmp_path / "s.png"), "--cell", "32"])
    assert done.exit_code == 0
    assert (tmp_path / "s.png").is_file()
    with pytest.raises(ValueError, match="holds photographs and paintings, and pictograms are needed"):
        corpora.load(built)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["build", "cats"], "there is no corpus 'cats': those that can be built are pictograms, icons and paintings"),
        (["build", "paintings", "--background", "red"], "--background red goes with pictograms"),
        (["build", "pictograms", "--overlap", "0.5"], "--overlap 0.5 goes with paintings"),
    ],
)
def test_flags_of_the_other_corpus_are_refused(tmp_path, arguments, complaint):
    done = CliRunner().invoke(app, ["corpus", *arguments, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, ValueError)
    assert complaint in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_an_unknown_split_is_refused(built):
    picture = next(iter(gallery.load(built).pictures.values()))
    with pytest.raises(ValueError, match="split 'style-test' of picture endless-sky/beach0 is unknown"):
        replace(picture, split="style-test")
