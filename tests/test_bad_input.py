"""Bad input of more than thirty kinds, through the real command: one line, exit code 2, nothing left behind."""

import errno
import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from parasol.apps.cli import main
from parasol.bundle import MANIFEST, WEIGHTS, Bundle
from small_model import copy_of, drawing, edit_manifest, reseal
from strangers import as_nobody

GOOD = ["good.png", "--like", "style.png", "--steps", "2"]


@dataclass(frozen=True)
class Place:
    """A folder with a good content, a good style and a copy of a good model."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def picture(self, name: str, picture: Image.Image, **options: object) -> str:
        picture.save(self.folder / name, **options)
        return name

    def svg(self, body: str, before: str = "") -> str:
        head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
        return self.file("drawing.svg", f"{before}{head}{body}</svg>".encode())


@pytest.fixture
def place(tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    copy_of(bundle, tmp_path / "model")
    drawing(0).save("good.png")
    drawing(1).save("style.png")
    return Place(tmp_path)


def content(name: str) -> list[str]:
    return ["style", name, "--like", "style.png"]


def bomb(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + head + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def animation(place: Place, name: str) -> str:
    frames = [drawing(seed, 32, 32) for seed in range(3)]
    return place.picture(name, frames[0], save_all=True, append_images=frames[1:])


def whole(kind: str) -> bytes:
    file = io.BytesIO()
    drawing(2, 300, 300).save(file, kind)
    return file.getvalue()


ENTITIES = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
REMOTE = '<image width="9" height="9" href="https://example.org/a.png"/>'

# kind -> (the words after `parasol`, made in a place; what the error says)
PICTURES: dict[str, tuple[Callable[[Place], list[str]], str]] = {
    "missing file": (lambda p: content("nowhere.png"), "'nowhere.png' does not exist"),
    "missing style": (lambda p: ["style", "good.png", "--like", "nowhere.png"], "'nowhere.png' does not exist"),
    "empty file": (lambda p: content(p.file("a.png", b"")), "'a.png' is empty (0 bytes)"),
    "truncated PNG": (lambda p: content(p.file("a.png", whole("PNG")[:900])), "'a.png' is damaged or breaks off"),
    "truncated JPEG": (lambda p: content(p.file("a.jpg", whole("JPEG")[:900])), "'a.jpg' is damaged or breaks off"),
    "not a picture": (lambda p: content(p.file("a.png", b"Dear reader,")), "not a picture that can be read"),
    "a program": (lambda p: content(p.file("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0")), "not a picture that can be read"),
    "1 x 1": (lambda p: content(p.picture("a.png", drawing(0, 1, 1))), "has 1 x 1 pixels"),
    "a thread": (lambda p: content(p.picture("a.png", drawing(0, 900, 9))), "16 times the shorter"),
    "20000 x 20000": (lambda p: content(p.file("a.png", bomb(20000, 20000))), "more than 50 million pixels"),
    "animated GIF": (lambda p: content(animation(p, "a.gif")), "has 3 frames or pages"),
    "animated WebP": (lambda p: content(animation(p, "a.webp")), "has 3 frames or pages"),
    "several pages": (lambda p: content(animation(p, "a.tiff")), "has 3 frames or pages"),
    "32 bits a channel": (
        lambda p: content(p.picture("a.tiff", Image.fromarray(np.zeros((32, 32), np.float32)))),
        "32 bits a channel and 8 or 16 are needed",
    ),
    "SVG with an external picture": (lambda p: content(p.svg(REMOTE)), "an external reference (https://example.org"),
    "SVG with a file": (lambda p: content(p.svg('<use href="/etc/passwd"/>')), "an external reference (/etc/passwd)"),
    "SVG with a script": (lambda p: content(p.svg("<script>alert(1)</script>")), "is blank"),
    "SVG entity bomb": (lambda p: content(p.svg("<text>&b;</text>", ENTITIES)), "entities made of entities"),
    "SVG breaks off": (lambda p: content(p.file("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>")), "well-formed"),
    "an empty folder": (lambda p: (p.folder / "e").mkdir() or content("e"), "the folder 'e' holds no picture"),
    "a folder in a mix": (
        lambda p: ["style", "good.png", "--like", "style.png", "--like", "model"],
        "a folder of styles stands for each of its pictures",
    ),
    "nothing on standard input": (lambda p: content("-"), "standard input is empty"),
    "standard input twice": (lambda p: ["style", "-", "--like", "-"], "standard input (-) is named twice"),
}

DIALS: dict[str, tuple[list[str], str]] = {
    "structure above 1": (["--structure", "1.5"], "structure is 1.5; it must lie in 0"),
    "structure is no number": (["--structure", "much"], "Invalid value for '--structure'"),
    "structure is nan": (["--structure", "nan"], "structure is nan"),
    "style scale without bounds": (["--style-scale", "1e9"], "style_scale is 1000000000.0"),
    "no steps": (["--steps", "0"], "steps is 0; it must lie in 1 to 1000"),
    "negative seed": (["--seed", "-1"], "seed is -1"),
    "no pictures": (["--count", "0"], "Invalid value for '--count'"),
    "unknown colour step": (["--color", "sepia"], "Invalid value for '--color'"),
    "size too large": (["--size", "100000"], "size is 100000"),
    "weight 0": (["--like", "style.png:0"], "must be a number other than 0"),
    "weights that cancel": (["--like", "style.png:-1"], "weights"),
    "unknown option": (["--brush", "3"], "No such option: --brush"),
    "output is no picture": (["-o", "out.gif"], "does not end in .png"),
    "output is an input": (["-o", "good.png"], "'good.png' would overwrite 'good.png', which goes in"),
    "output in a file": (["-o", "good.png/out.png"], "cannot be written"),
    "JSON and PNG on one output": (["-o", "-", "--json"], "standard output takes one PNG"),
    "model that is not there": (["--model", "nothing"], "there is no model 'nothing'"),
}


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)


def empty_weights(model: Path) -> None:
    (model / WEIGHTS).write_bytes(b"")
    reseal(model)


MODELS: dict[str, tuple[Callable[[Path], object], str]] = {
    "bundle without manifest": (lambda m: (m / MANIFEST).unlink(), "no readable bundle.json"),
    "broken manifest": (lambda m: (m / MANIFEST).write_text("{"), "is not the manifest of a bundle"),
    "bundle of the future": (lambda m: edit_manifest(m, format=99), "has bundle format 99"),
    "tampered weights": (lambda m: damage(m / WEIGHTS), "weights.safetensors is not the file"),
    "tampered graph": (lambda m: damage(m / "denoise.onnx"), "denoise.onnx is not the file"),
    "missing weights": (lambda m: (m / WEIGHTS).unlink(), "weights.safetensors cannot be read"),
    "weights of nothing": (empty_weights, "weights.safetensors"),
}


def refused(place: Place, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(place.folder.rglob("*"))
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("parasol: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert len(err) < 400
    assert sorted(place.folder.rglob("*")) == before


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures(kind: str, place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    words, message = PICTURES[kind]
    refused(place, [*words(place), "--model", "model"], message, capsys)


@pytest.mark.parametrize("kind", DIALS)
def test_words_and_dials(kind: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    words, message = DIALS[kind]
    refused(place, ["style", "good.png", "--like", "style.png", "--model", "model", *words], message, capsys)


@pytest.mark.parametrize("kind", MODELS)
def test_models(kind: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    harm, message = MODELS[kind]
    harm(place.model)
    refused(place, ["style", *GOOD, "--model", "model"], message, capsys)


def test_full_disk(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(place, ["style", *GOOD, "--model", "model"], "the disk is full", capsys)


def test_no_permission_to_write(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.folder / "closed").mkdir(mode=0o555)
    with as_nobody(place.folder):
        refused(place, ["style", *GOOD, "--model", "model", "-o", "closed/a.png"], "may not be written", capsys)


def test_no_permission_to_read(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", *GOOD, "--model", "model", "-o", "warm.png"]) == 0  # imports what nobody may not read
    capsys.readouterr()
    (place.folder / "good.png").chmod(0)
    with as_nobody(place.folder):
        refused(place, ["style", *GOOD, "--model", "model", "-o", "-"], "'good.png' may not be read", capsys)


RECIPES: dict[str, tuple[Callable[[Place], str], str]] = {
    "replay of a picture without recipe": (lambda p: "good.png", "carries no recipe"),
    "replay of a JPEG of another program": (lambda p: p.picture("a.jpg", drawing(0)), "carries no recipe"),
    "replay of nothing": (lambda p: "nowhere.png", "does not exist"),
    "replay of a broken recipe": (
        lambda p: p.file("a.png", with_text(p.folder / "good.png", '{"format": 1}')),
        "the recipe in 'a.png' is broken",
    ),
}


def with_text(path: Path, text: str) -> bytes:
    from parasol.images import encode_png, load

    return encode_png(load(path), text={"parasol": text})


@pytest.mark.parametrize("kind", RECIPES)
def test_recipes(kind: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    make, message = RECIPES[kind]
    refused(place, ["replay", make(place), "--model", "model"], message, capsys)


def test_replay_with_another_model(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", *GOOD, "--model", "model", "-o", "a.png"]) == 0
    capsys.readouterr()
    edit_manifest(place.model, prediction="v")
    refused(place, ["replay", "a.png", "--model", "model"], "the recipe is for the model 'small'", capsys)


GRIDS: dict[str, tuple[list[str], str]] = {
    "three dials": (["--vary", "seed=1", "--vary", "steps=2", "--vary", "structure=1"], "room for two"),
    "unknown dial": (["--vary", "brush=1,2"], "names no dial"),
    "values that are none": (["--vary", "structure=low,high"], "has no list of numbers"),
    "a value out of range": (["--vary", "structure=0,2"], "structure is 2.0"),
}


@pytest.mark.parametrize("kind", GRIDS)
def test_grids(kind: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    words, message = GRIDS[kind]
    refused(place, ["grid", "good.png", "--like", "style.png", "--model", "model", *words], message, capsys)


def test_there_are_enough_kinds() -> None:
    assert len(PICTURES) + len(DIALS) + len(MODELS) + len(RECIPES) + len(GRIDS) >= 30
