import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_packages
from parasol import corpora
from parasol.corpora.packages import fetch, integrity_of
from parasol.corpora.pictograms import PICTOGRAMS, build
from parasol.corpora.render import refusal


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def recipe(packages):
    return tiny_packages.recipe(packages)


def run(out, recipe, packages, **settings):
    return list(build(out, recipe=recipe, packages=packages, **({"size": 32} | settings)))


@pytest.fixture(scope="module")
def built(tmp_path_factory, recipe, packages) -> Path:
    out = tmp_path_factory.mktemp("built")
    run(out, recipe, packages)
    return out


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_cells_are_keyed_by_codepoint_in_every_layout(built):
    assert [cell.id for cell in corpora.load(built).cells] == [
        "keyed/1f34e",
        "keyed/1f448",
        "keyed/1f449",
        "keyed/26bd",
        "named/1f1eb-1f1f7",
        "named/1f34e",
        "named/1f468-200d-1f373",
        "named/1f9d1-200d-1f373",
        "wide/1f34e",
        "lines/1f34e",
        "lines/23-20e3",
    ]


def test_blank_plain_and_broken_drawings_are_listed_and_left_out(built):
    skipped = {line["id"]: line["reason"] for line in map(json.loads, (built / "skipped.jsonl").open())}
    assert set(skipped) == {"keyed/1f436", "keyed/1f415", "keyed/23-20e3", "wide/26bd"}
    assert skipped["keyed/1f436"] == "blank: no visible pixel"
    assert skipped["keyed/1f415"] == "blank: every pixel is the same"


def test_pixels_keep_shape_colour_alpha_and_flips(built):
    corpus = corpora.load(built)
    pixels = {cell.id: picture for cell, picture in zip(corpus.cells, corpus.rgba(), strict=True)}
    assert corpus.rgba().shape == (11, 32, 32, 4)
    assert tuple(pixels["keyed/1f34e"][16, 6]) == (255, 0, 0, 255)
    assert pixels["keyed/1f34e"][16, 20, 3] == 0
    assert tuple(pixels["keyed/26bd"][16, 16]) == (0, 0, 0, 255)  # currentColor is ink
    np.testing.assert_array_equal(pixels["keyed/1f449"], pixels["keyed/1f448"][:, ::-1])
    assert pixels["wide/1f34e"][16, 1, 3] == 255  # 2:1, centred
    assert pixels["wide/1f34e"][2, 16, 3] == 0


def test_the_pixel_array_follows_the_cells_and_is_read_only(built):
    corpus = corpora.load(built)
    row = [cell.id for cell in corpus.cells].index("lines/1f34e")
    with Image.open(built / corpus.cells[row].file) as picture:
        np.testing.assert_array_equal(corpus.rgba()[row], np.asarray(picture.convert("RGBA")))
    assert not corpus.rgba().flags.writeable


def test_captions_info_and_attribution_travel_along(built):
    corpus = corpora.load(built)
    assert corpus.captions["1f34e"]["de"].label == "red apple (de)"
    assert corpus.info["cells"] == {"keyed": 4, "named": 4, "wide": 1, "lines": 2}
    assert sum(corpus.info["splits"].values()) == 11
    attribution = (built / "ATTRIBUTION").read_text()
    for fact in (
        "keyed's hand",
        "CC-BY-4.0",
        "OpenMoji: Ada",
        "CC-BY-SA-4.0",
        "@icons/named 1.0.0",
        "packed by A packer",
    ):
        assert fact in attribution


def test_gendered_cells_share_the_split_of_their_base(built):
    cells = {cell.id: cell for cell in corpora.load(built).cells}
    man, person = cells["named/1f468-200d-1f373"], cells["named/1f9d1-200d-1f373"]
    assert (man.base, man.split) == (person.codepoint, person.split)


def test_a_stopped_build_goes_on_and_ends_the_same_bit_for_bit(tmp_path, built, recipe, packages):
    steps = build(tmp_path, recipe=recipe, packages=packages, size=32)
    for step in steps:
        if step.stage == "draw" and step.done == 5:
            break
    steps.close()
    with pytest.raises(ValueError, match="no finished corpus"):
        corpora.load(tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cells/*/*.png")}
    assert len(kept) >= 2
    run(tmp_path, recipe, packages)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    whole = {path: data for path, data in snapshot(built).items() if not path.startswith("rgba")}
    assert snapshot(tmp_path) == whole


KILLED = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
import tiny_packages
from parasol.corpora.pictograms import build
out, packages = Path(sys.argv[1]), Path(sys.argv[2])
for step in build(out, recipe=tiny_packages.recipe(packages), packages=packages, size=32):
    if step.stage == "draw":
        (out / "cells" / "half.png.part").write_bytes(b"half")
        print("drawing", flush=True)
        sys.stdin.read()
"""


def test_a_killed_build_goes_on_and_leaves_no_partial_file(tmp_path):
    out, packages = tmp_path / "out", tmp_path / "packages"
    command = [sys.executable, "-c", KILLED, str(out), str(packages), str(Path(__file__).parent)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "drawing":
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert list(out.rglob("*.part"))
    run(out, tiny_packages.recipe(packages), packages)
    assert not list(out.rglob("*.part"))
    assert not (out / "building.json").exists()


def test_a_background_is_laid_under_the_drawing(tmp_path, recipe, packages):
    run(tmp_path, recipe, packages, background="#00ff00")
    with Image.open(tmp_path / "cells/keyed/1f34e.png") as picture:
        assert picture.mode == "RGB"
        assert picture.getpixel((20, 16)) == (0, 255, 0)
        assert picture.getpixel((6, 16)) == (255, 0, 0)


def test_other_settings_are_refused_and_nothing_is_touched(built, recipe, packages):
    before = snapshot(built)
    with pytest.raises(ValueError, match=r"another size.*choose another folder"):
        run(built, recipe, packages, size=64)
    assert snapshot(built) == before


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"size": 8}, "size 8 is out of range"), ({"background": "blurple"}, "'blurple' is no colour")],
)
def test_bad_settings_name_the_rule(tmp_path, recipe, packages, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        run(tmp_path / "out", recipe, packages, **settings)
    assert not (tmp_path / "out").exists()


def test_progress_counts_packages_then_cells(tmp_path, recipe, packages):
    steps = run(tmp_path, recipe, packages)
    drawn = [step for step in steps if step.stage == "draw"]
    assert [step.done for step in drawn] == list(range(1, 16))
    assert (steps[-1].stage, steps[-1].done, steps[-1].skipped) == ("done", 11, 4)


def test_held_out_cells_with_trained_pixels_are_known(built):
    corpus = corpora.load(built)
    cells = [replace(cell, split="train" if cell.id == "keyed/1f34e" else "content-test") for cell in corpus.cells]
    corpus.__dict__["cells"] = cells
    # The apple, the flag, the cook and the hand pointing left are the same red bar.
    same = {cell.id for cell in cells if cell.sha256 == cells[0].sha256} - {"keyed/1f34e"}
    assert corpus.seen == same
    assert same


def test_without_npm_the_way_out_is_told(tmp_path, monkeypatch, recipe):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match=r"npm is needed.*install Node\.js"):
        fetch(recipe.words, tmp_path)


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Put a shell script in npm's place."""

    def install(script: str) -> None:
        program = tmp_path / "bin/npm"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return install


def test_a_download_that_is_not_the_pinned_one_is_refused(tmp_path, npm, recipe):
    npm('echo tampered > "$5/words-1.0.0.tgz"')
    with pytest.raises(ValueError, match="the archive was changed"):
        fetch(recipe.words, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_broken_archive_in_the_cache_is_fetched_again(tmp_path, npm, recipe, packages):
    (tmp_path / recipe.words.archive).write_bytes(b"half")
    npm(f'cp "{packages / recipe.words.archive}" "$5/"')
    assert integrity_of(fetch(recipe.words, tmp_path)) == recipe.words.integrity


def test_npm_failures_are_one_line(tmp_path, npm, recipe):
    npm("echo 'npm error code E404' >&2; echo 'npm error 404 Not Found' >&2; exit 1")
    with pytest.raises(ValueError, match=r"could not fetch words@1\.0\.0 \(code E404: 404 Not Found\)"):
        fetch(recipe.words, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_the_real_recipe_is_pinned():
    assert len(PICTOGRAMS.sets) == 13
    assert len({icon_set.family for icon_set in PICTOGRAMS.sets}) == 9
    assert all(len(package.integrity) == len("sha512-") + 88 for package in PICTOGRAMS.packages)


def test_faint_pixels_are_no_picture():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[2:4, 2:4, 3] = 15
    assert refusal(pixels) == "blank: no visible pixel"
    pixels[2:4, 2:4, 3] = 200
    assert refusal(pixels) == ""
