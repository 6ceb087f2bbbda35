"""The main job through the real command, on a small real model: the files, the pixels, the recipe."""

import io
import json
import os
import re
import signal
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from parasol import Parasol
from parasol.apps.cli import main
from parasol.images import encode_png, load
from parasol.recipe import Recipe
from parasol.runtime.onnx import OnnxComponents
from small_model import drawing

QUICK = ["--steps", "2"]


@pytest.fixture
def words(tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every command here ends with; the working folder has a content and two styles."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("content", "style", "other")):
        drawing(seed).save(f"{name}.png")
    return ["--model", str(model.bundle.folder), *QUICK]


def tree() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*.png"))


def test_one_picture_equals_the_api(words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "content.png", "--like", "style.png", "-o", "a.png", "--seed", "3", *words]) == 0
    assert capsys.readouterr().out == "a.png\n"
    expected = model.stylize("content.png", "style.png", steps=2, seed=3)
    assert np.array_equal(load("a.png"), expected.pixels)
    assert Recipe.read("a.png") == expected.recipe


def test_networks_are_opened_while_the_style_is_described(
    words: list[str], model: Parasol, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []
    prepare, run = OnnxComponents.prepare, OnnxComponents._run
    monkeypatch.setattr(OnnxComponents, "prepare", lambda own, *names: calls.append(names) or prepare(own, *names))
    monkeypatch.setattr(
        OnnxComponents, "_run", lambda own, name, *given: calls.append((name,)) or run(own, name, *given)
    )
    assert main(["style", "content.png", "--like", "style.png", "-o", "a.png", *words]) == 0
    assert "denoise" in calls[0], "before anything runs"
    assert len(calls[0]) > 1


def test_files_are_named_after_what_goes_in(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "content.png", "--like", "style.png", "--like", "other.png:-0.2", *words]) == 0
    assert capsys.readouterr().out == "content-as-style-other.png\n"
    assert main(["style", "content.png", "--like", "style.png", "-o", "new/", *words]) == 0
    assert "new/content-as-style.png" in tree()


def test_weights_of_a_mix_matter(words: list[str], model: Parasol) -> None:
    assert main(["style", "content.png", "--like", "style.png:3", "--like", "other.png", "-o", "a.png", *words]) == 0
    mixed = model.stylize("content.png", [("style.png", 3.0), ("other.png", 1.0)], steps=2)
    assert Recipe.read("a.png") == mixed.recipe
    assert Recipe.read("a.png") != model.stylize("content.png", ["style.png", "other.png"], steps=2).recipe


def test_json_tells_what_was_made(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (96, 128), 128).save("grey.png")
    coloured = ["--color", "match", "--color-strength", "0.5", "--protect", "grey.png"]
    assert main(["style", "content.png", "--like", "style.png", "--json", *coloured, *words]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["out"] == "content-as-style.png"
    assert record["styles"] == [["style.png", 1.0]]
    assert record["recipe"]["dials"]["color"] == "match"
    assert record["recipe"]["dials"]["color_strength"] == 0.5
    assert len(json.dumps(record)) < 2000


def test_standard_input_and_output(
    words: list[str], model: Parasol, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("content.png").read_bytes())))
    assert main(["style", "-", "--like", "style.png", "-o", "-", *words]) == 0
    written = capsysbinary.readouterr().out
    assert np.array_equal(load(written), model.stylize("content.png", "style.png", steps=2).pixels)


def test_count_starts_from_fresh_noise(words: list[str], model: Parasol) -> None:
    assert (
        main(["style", "content.png", "--like", "style.png", "--count", "2", "--seed", "5", "-o", "v.png", *words]) == 0
    )
    assert {"v-5.png", "v-6.png"} < set(tree())
    assert np.array_equal(
        load("v-6.png"), model.stylize("content.png", "style.png", steps=2, seed=6, fresh=True).pixels
    )


@pytest.fixture
def folder(words: list[str]) -> Path:
    """Three contents, one of them broken."""
    folder = Path("in")
    folder.mkdir()
    drawing(3).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    drawing(4).convert("CMYK").save(folder / "c.jpg")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_one_failure_does_not_stop_a_folder(folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command = ["style", "in", "--like", "style.png", "-o", "out", *words]
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out.split() == ["out/a.png", "out/c.png"]
    failure, summary = err.splitlines()
    assert failure.startswith("parasol: error: 'in/b.png' is not a picture")
    assert summary == "parasol: 1 of 3 pictures failed; the same command tries them again"


def test_a_folder_continues_where_it_was_stopped(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["style", "in", "--like", "style.png", "-o", "out", "--json", *words]
    main(command)
    made = {path: path.stat().st_mtime_ns for path in Path("out").iterdir()}
    Path("out/c.png").write_bytes(Path("out/c.png").read_bytes()[:-30])  # cut off
    drawing(5).save("in/b.png")  # mended
    capsys.readouterr()
    assert main(command) == 0
    kept = {record["out"]: record["kept"] for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert kept == {"out/a.png": True, "out/b.png": False, "out/c.png": False}
    assert Path("out/a.png").stat().st_mtime_ns == made[Path("out/a.png")]
    assert main([*command, "--seed", "1"]) == 0
    assert "true" not in capsys.readouterr().out  # other dials, other pictures


def test_a_folder_of_styles(folder: Path, words: list[str]) -> None:
    (folder / "b.png").unlink()
    assert main(["style", "content.png", "--like", "in", "-o", "out", *words]) == 0
    assert {"out/content-as-a.png", "out/content-as-c.png"} < set(tree())


def test_same_stems_get_different_files(folder: Path, words: list[str]) -> None:
    drawing(6).save(folder / "b.png")
    drawing(7).save(folder / "a.webp")
    assert main(["style", "in", "--like", "style.png", "-o", "out", *words]) == 0
    assert {path for path in tree() if path.startswith("out")} == {
        "out/a.png.png",
        "out/a.webp.png",
        "out/b.png",
        "out/c.png",
    }


def test_ctrl_c_keeps_what_is_done(folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    drawing(6).save(folder / "b.png")

    def interrupt_after_the_first() -> None:
        while not Path("out/a.png").exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    hand = threading.Thread(target=interrupt_after_the_first)
    hand.start()
    try:
        code = main(["style", "in", "--like", "style.png", "-o", "out", *words, "--steps", "100"])
    finally:
        hand.join()
        signal.signal(signal.SIGINT, before)
    assert code == 130
    assert capsys.readouterr().err == "parasol: stopped; what was finished is kept\n"
    assert [path.name for path in Path("out").iterdir()] == ["a.png"]


def test_replay_is_the_same_picture(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["style", "content.png", "--like", "style.png", "-o", "a.png", *words])
    Path("content.png").unlink()
    Path("style.png").unlink()
    capsys.readouterr()
    assert main(["replay", "a.png", *words[:2]]) == 0
    out, err = capsys.readouterr()
    assert out == "a-replay.png\n"
    assert err == "", "it is soon over"
    assert Path("a-replay.png").read_bytes() == Path("a.png").read_bytes()


def test_replay_of_what_takes_hours_waits_to_be_asked_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from parasol.images import save_png

    main(["style", "content.png", "--like", "style.png", "-o", "a.png", *words])
    known = Recipe.read("a.png").text()
    large = known.replace(
        json.loads(known)["content"]["picture"], b64encode(encode_png(np.zeros((1500, 2000, 3), np.float32))).decode()
    )
    save_png("b.png", load("a.png"), text={"parasol": re.sub(r'"steps":\d+', '"steps":1000', large)})
    capsys.readouterr()
    assert main(["replay", "b.png", *words[:2]]) == 2
    assert "2000 x 1500 px in 1000 steps takes about 350 min of one core" in capsys.readouterr().err
    assert not Path("b-replay.png").exists()


def test_replay_says_what_it_will_cost(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["style", "content.png", "--like", "style.png", "-o", "a.png", *words, "--steps", "1000", "--structure", "1"])
    capsys.readouterr()
    assert main(["replay", "a.png", *words[:2]]) == 0
    assert re.search(
        r"parasol: 1 picture of \d+ x \d+ px in 1000 steps takes about \d+ s of one core\n", capsys.readouterr().err
    )


def test_what_is_too_wide_for_a_size_is_told_with_one_that_does(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    Image.open("content.png").resize((480, 40)).save("wide.png")
    asked = ["style", "wide.png", "--like", "style.png", "-o", "w.png", *words]
    size = ["--size", "64"]
    assert main([*asked, *size]) == 2
    found = re.search(r"the shorter side has 5 px and needs 8: use a size of (\d+) or more", capsys.readouterr().err)
    assert found
    assert main([*asked, "--size", found[1]]) == 0


def test_replay_tells_an_edited_picture(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["style", "content.png", "--like", "style.png", "-o", "a.png", *words])
    from parasol.images import save_png

    save_png("edited.png", 1 - load("a.png"), text={"parasol": Recipe.read("a.png").text()})
    capsys.readouterr()
    assert main(["replay", "edited.png", "--json", *words[:2]]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["identical"] is False
    assert "the pixels are not those of the given file" in err


def test_grid_of_contents_and_styles(words: list[str], model: Parasol) -> None:
    likes = ["--like", "style.png", "--like", "other.png"]
    assert main(["grid", "content.png", *likes, "--cell", "128", "-o", "g.png", *words]) == 0
    drawn = load("g.png")
    expected = model.stylize("content.png", "other.png", steps=2).pixels
    height, width = expected.shape[:2]
    corners = [(top, left) for top in range(drawn.shape[0] - height) for left in [drawn.shape[1] - 4 - 128 + 16]]
    assert any(np.array_equal(drawn[top : top + height, left : left + width], expected) for top, left in corners)
    told = json.loads(Image.open("g.png").text["parasol-sheet"])
    assert told[0] == [None, None, None]
    assert [entry and entry["dials"]["steps"] for entry in told[1]] == [None, 2, 2]


def test_grid_of_dials(words: list[str]) -> None:
    vary = ["--vary", "structure=0:1:3", "--vary", "style-scale=1,5"]
    assert main(["grid", "content.png", "--like", "style.png", *vary, "-o", "g.png", *words]) == 0
    told = json.loads(Image.open("g.png").text["parasol-sheet"])
    dials = [[entry and (entry["dials"]["structure"], entry["dials"]["style_scale"]) for entry in row] for row in told]
    assert dials == [[None, None, (0, g), (0.5, g), (1, g)] for g in (1, 5)]


def test_contents_mix_on_the_command_line(words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ["--show", "content.png:0.6", "--show", "other.png:0.4"]
    assert main(["style", *shown, "--like", "style.png", *words]) == 0
    assert capsys.readouterr().out == "content-other-as-style.png\n"
    mixed = [("content.png", 0.6), ("other.png", 0.4)]
    assert Recipe.read("content-other-as-style.png") == model.stylize(None, "style.png", shows=mixed, steps=2).recipe
    assert main(["style", "content.png", *shown[2:], "--like", "style.png", "-o", "b.png", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["shows"] == [["other.png", 0.4]]
    kept = model.stylize("content.png", "style.png", shows="other.png", steps=2)
    assert np.array_equal(load("b.png"), kept.pixels)


def test_a_mask_on_the_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    mask = Image.new("L", (96, 128))
    mask.paste(255, (20, 30, 70, 90))
    mask.save("mask.png")
    assert main(["style", "content.png", "--like", "style.png", "--mask", "mask.png", "-o", "a.png", *words]) == 0
    changed = (load("a.png") != load("content.png")).any(axis=2)
    assert changed[30:90, 20:70].any()
    assert not changed[np.asarray(mask) == 0].any()
    assert main(["replay", "a.png", "-o", "b.png", *words[:2]]) == 0
    assert np.array_equal(load("a.png"), load("b.png"))
    assert main(["style", "content.png", "--like", "style.png", "--mask", "gone.png", *words]) == 2
    assert "'gone.png'" in capsys.readouterr().err


def test_a_protected_region_on_the_command_line(words: list[str], model: Parasol) -> None:
    Image.new("L", (96, 128), 128).save("grey.png")
    shared = ["style", "content.png", "--like", "style.png", "--structure", "0"]
    assert main([*shared, "--protect", "grey.png", "-o", "a.png", *words]) == 0
    assert (
        Recipe.read("a.png")
        == model.stylize("content.png", "style.png", structure=0, protect="grey.png", steps=2).recipe
    )
    assert main(["replay", "a.png", "-o", "b.png", *words[:2]]) == 0
    assert np.array_equal(load("a.png"), load("b.png"))


def test_a_preview_comes_first_and_is_small(
    words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [*words[:-1], "12"]
    shared = ["style", "content.png", "--like", "style.png", "--seed", "5", *many]
    assert main([*shared, "--size", "160", "-o", "large.png", "--preview", "soon.png"]) == 0
    assert capsys.readouterr().out.split() == ["soon.png", "large.png"]
    assert load("soon.png").shape == (128, 96, 3)
    quick = model.stylize("content.png", "style.png", seed=5, steps=5, flat_steps=12, sampler="dpm")
    assert Recipe.read("soon.png") == quick.recipe
    assert np.array_equal(load("soon.png"), quick.pixels)
    whole = model.stylize("content.png", "style.png", seed=5, steps=12, size=160)
    assert np.array_equal(load("large.png"), whole.pixels), "the picture itself is as without a preview"


def test_the_size_may_be_that_of_the_content(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    shared = ["style", "content.png", "--like", "style.png", "--structure", "1", *words]
    assert main([*shared, "--size", "content", "-o", "own.png"]) == 0
    assert load("own.png").shape == load("content.png").shape
    assert main([*shared, "--size", "big", "-o", "none.png"]) == 2
    assert "--size is 'big'; it must be a number of px, or content" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--preview", "-"], ["--preview", "a.png"], ["--count", "2"], ["--preview", "a.jpg"]])
def test_a_preview_that_has_no_file_of_its_own_is_refused(
    words: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["style", "content.png", "--like", "style.png", "-o", "a.png", "--preview", "b.png", *more, *words]) == 2
    )
    told = capsys.readouterr().err
    reasons = ("--preview is one file beside the file of one picture", "two outputs at once", "does not end in .png")
    assert any(reason in told for reason in reasons)
    assert "b.png" not in tree()
