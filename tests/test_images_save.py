"""A PNG is written whole or not at all, and carries its text."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from parasol.images import PictureError, check_target, encode_png, load, read_text, save_png, write_atomic
from strangers import as_nobody

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 10, 3)).astype(np.float32) / 255


def test_pixels_and_text_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.png"
    save_png(path, PIXELS, text={"parasol": '{"seed": 1}'})
    assert np.array_equal(load(path), PIXELS)
    assert read_text(path, "parasol") == '{"seed": 1}'
    assert read_text(path, "other") is None
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]


def test_what_a_killed_writer_has_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    stray, held, mine = (tmp_path / f".{name}.png.0123abcd.part" for name in ("stray", "held", "a"))
    for path in (stray, held):
        path.write_bytes(b"half")
    mine.mkdir()  # nobody's file
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_atomic(tmp_path / "a.png", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", held.name, mine.name}


@pytest.mark.parametrize("length", [1000, 3_000_000])
def test_text_of_any_length_can_be_read_again(length: int) -> None:
    text = "ab" * (length // 2)
    data = encode_png(PIXELS, text={"parasol": text})
    assert read_text(data, "parasol") == text
    assert np.array_equal(load(data), PIXELS)


def test_short_text_is_compressed() -> None:
    assert len(encode_png(PIXELS, text={"parasol": "a" * 100_000})) < 5000


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_only_png_keeps_every_pixel(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match=r"does not end in \.png"):
        save_png(tmp_path / name, PIXELS)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PictureError, match="the disk is full"):
        save_png(tmp_path / "a.png", PIXELS)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"before"]


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_png(tmp_path / "a.png", PIXELS)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_standard_output_is_reported() -> None:
    code = "from parasol.images import write_atomic; write_atomic('-', b'x')"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "standard output cannot be written (the disk is full)" in done.stderr


def test_devices_and_folders_are_not_replaced(tmp_path: Path) -> None:
    for target in ("/dev/null", tmp_path):
        with pytest.raises(PictureError, match="is not a regular file"):
            write_atomic(target, b"x")


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PictureError, match="cannot be written"):
        write_atomic(tmp_path / "file" / "a.png", b"x")
    with pytest.raises(PictureError, match="is no folder"):
        check_target(tmp_path / "file" / "a.png")


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    write_atomic(tmp_path / "link.png", b"x")
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_bytes() == b"x"


def test_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    save_png("-", PIXELS)
    assert Image.open(io.BytesIO(out.getvalue())).size == (10, 12)


def test_no_permission_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    with as_nobody(tmp_path), pytest.raises(PictureError, match=r"may not be written \(permission denied\)"):
        write_atomic(folder / "a.png", b"x")
    with as_nobody(tmp_path), pytest.raises(PictureError, match=r"may not be written \(permission denied\)"):
        check_target(folder / "new" / "a.png")


def test_no_permission_to_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encode_png(PIXELS))
    path.chmod(0)
    with as_nobody(tmp_path), pytest.raises(PictureError, match="may not be read"):
        load(path)


def test_a_bad_target_is_known_before_the_work(tmp_path: Path) -> None:
    check_target("-")
    check_target(tmp_path / "new" / "a.png")
    assert not list(tmp_path.iterdir())
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match="is not a regular file"):
        check_target(tmp_path / "folder.png")


@pytest.mark.parametrize("data", [b"", b"text", encode_png(PIXELS)[:100]])
def test_text_of_a_broken_file(data: bytes) -> None:
    with pytest.raises(PictureError, match="not a whole PNG"):
        read_text(data, "parasol")


def test_text_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="does not exist"):
        read_text(tmp_path / "a.png", "parasol")
