"""Pictures of every mode, depth, orientation and kind read right; what cannot be read is refused in one line."""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from parasol.images import PictureError, load, load_shown

RED = np.float32([1, 0, 0])


def gradient(mode: str) -> Image.Image:
    """Red rising to the right, green rising downwards."""
    y, x = np.mgrid[0:24, 0:32].astype(np.uint8)
    return Image.fromarray(np.stack([x * 8, y * 8, np.full_like(x, 40)], axis=2)).convert(mode)


def encode(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "PPM"])
def test_lossless_formats_agree(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(load(encode(gradient("RGB"), kind, **options)), np.asarray(gradient("RGB")) / np.float32(255))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_come_near(kind: str) -> None:
    assert np.abs(load(encode(gradient("RGB"), kind, quality=95)) - np.asarray(gradient("RGB")) / 255).mean() < 0.03


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_gives_rgb(mode: str) -> None:
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    picture = gradient(mode)
    pixels = load(encode(picture, kind))
    assert pixels.shape == (24, 32, 3)
    assert np.abs(pixels - np.asarray(picture.convert("RGB")) / 255).max() < 0.02


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 16 * 16).reshape(16, 16)
    pixels = load(encode(Image.fromarray(ramp.astype(np.uint16))))
    assert np.abs(pixels[:, :, 0] - ramp / 65535).max() <= 0.51 / 255


def test_thirty_two_bits_are_refused() -> None:
    floats = Image.fromarray(np.zeros((16, 16), np.float32))
    with pytest.raises(PictureError, match="has 32 bits a channel and 8 or 16 are needed"):
        load(encode(floats, "TIFF"))


def test_transparency_shows_the_background() -> None:
    picture = Image.new("RGBA", (10, 10), (255, 0, 0, 128))
    over_white, over_blue = load(encode(picture)), load(encode(picture), background=(0.0, 0.0, 1.0))
    assert np.allclose(over_white[0, 0], [1, 127 / 255, 127 / 255])
    assert np.allclose(over_blue[0, 0], [128 / 255, 0, 127 / 255])


def test_palette_transparency_is_honoured() -> None:
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([255, 0, 0, 0, 0, 0])
    picture.putpixel((5, 5), 1)
    pixels = load(encode(picture, transparency=0))
    assert pixels[5, 5].max() == 0
    assert pixels.sum() == 3 * 99


def test_what_shows_nothing_is_refused() -> None:
    with pytest.raises(PictureError, match=r"is blank \(nothing in it is to be seen\)"):
        load(encode(Image.new("RGBA", (16, 16))))
    with pytest.raises(PictureError, match=r"is blank \(every pixel is the same\)"):
        load_shown(encode(Image.new("RGB", (16, 16), "white")))
    assert load(encode(Image.new("RGB", (16, 16), "white"))).min() == 1  # a mask may be


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # EXIF value -> the inverse transpose of Pillow
    upright = gradient("RGB")
    stored = upright.transpose(Image.Transpose(turns[orientation])) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(load(encode(stored, exif=exif)), np.asarray(upright) / np.float32(255))


def test_colour_profiles_are_applied() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    values = Image.merge("LAB", [Image.new("L", (8, 8), value) for value in (138, 209, 198)])  # red, D50
    pixels = load(encode(values, "TIFF", icc_profile=lab.tobytes()))
    assert np.abs(pixels[0, 0] - RED).max() < 0.02
    assert (load(encode(gradient("RGB"), icc_profile=srgb.tobytes())) == load(encode(gradient("RGB")))).all()
    assert (load(encode(gradient("RGB"), icc_profile=b"no profile")) == load(encode(gradient("RGB")))).all()


def test_large_pictures_are_shrunk_at_once() -> None:
    assert load(encode(Image.new("RGB", (5000, 3000), "red"), "JPEG")).shape == (1229, 2048, 3)


def test_pictures_of_the_caller_stay_as_they_are() -> None:
    picture = Image.new("P", (3000, 3000))
    load(picture)
    assert (picture.mode, picture.size) == ("P", (3000, 3000))


def test_paths_standard_input_pillow_and_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(gradient("RGB")))
    expected = load(path)
    assert np.array_equal(load(str(path)), expected)
    assert np.array_equal(load(gradient("RGB")), expected)
    assert np.array_equal(load(np.asarray(gradient("RGB"))), expected)
    assert np.array_equal(load(expected), expected)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert np.array_equal(load("-"), expected)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises pixels and has none: reading it must stop at the header."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    return encode(frames[0], kind, save_all=True, append_images=frames[1:])


def test_a_photograph_with_its_preview_is_one_picture() -> None:
    photograph = gradient("RGB").resize((320, 240))
    data = encode(photograph, "MPO", save_all=True, append_images=[photograph.resize((32, 24))])
    assert load(data).shape == (240, 320, 3)


WHOLE = encode(gradient("RGB"))
REFUSED = {
    "empty": (b"", "is empty"),
    "truncated PNG": (WHOLE[: len(WHOLE) // 2], "damaged or breaks off"),
    "truncated JPEG": (encode(gradient("RGB").resize((300, 300)), "JPEG")[:2000], "damaged or breaks off"),
    "flipped bytes": (WHOLE[:60] + b"\x00" * 20 + WHOLE[80:], "damaged or breaks off"),
    "text": (b"Dear reader, this is no picture.", "is not a picture that can be read"),
    "EPS program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture that can be read"),
    "1 x 1": (encode(Image.new("RGB", (1, 1))), "has 1 x 1 pixels"),
    "thin": (encode(Image.new("RGB", (400, 10))), "longer side may be 16 times the shorter"),
    "20000 x 20000": (png_header(20000, 20000), "has more than 50 million pixels"),
    "8000 x 8000": (png_header(8000, 8000), "has more than 50 million pixels"),
    "animated GIF": (animation("GIF"), "has 3 frames or pages"),
    "animated WebP": (animation("WEBP"), "has 3 frames or pages"),
    "animated PNG": (animation("PNG"), "has 3 frames or pages"),
    "TIFF of pages": (animation("TIFF"), "has 3 frames or pages"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_line(kind: str) -> None:
    data, message = REFUSED[kind]
    with pytest.raises(PictureError, match=message) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    assert ": " in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 16, 16), np.float32), r"has the shape \(3, 16, 16\)"),
        (np.full((16, 16, 3), 255, np.float32), r"has values outside \[0, 1\]"),
        (np.full((16, 16, 3), np.nan, np.float32), r"has values outside \[0, 1\]"),
        (np.zeros((16, 16, 3), np.int64), "has the type int64"),
    ],
)
def test_arrays_outside_the_convention_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        load(values)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"nothing\.png' does not exist"):
        load(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(PictureError, match="is no path"):
        load("a\0b.png")


def test_endless_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parasol.images.read.MAX_BYTES", 1000)
    with pytest.raises(PictureError, match="'/dev/zero' has more than"):
        load("/dev/zero")
