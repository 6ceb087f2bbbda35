"""Pictures as designers and photographers save them: what the file says of its colours and depth is heeded."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from parasol.images import PictureError, load, load_rgba

SIDE = 16
P3_RED = (200, 50, 50)  # in Display P3
RED = (218, 24, 40)  # the same in sRGB, by Chromium 147


def png(colour: int, depth: int, values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of `values`, which are packed rows of bytes; the chunks come before the pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, depth, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    parts = (b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff(planes: list[np.ndarray], bits: int, photometric: int, *, order: str = "<", signed: bool = False) -> bytes:
    """An uncompressed TIFF file of one plane, or of several one after the other."""
    body = [plane.tobytes() for plane in planes]
    offsets = [8 + sum(len(strip) for strip in body[:at]) for at in range(len(body))]
    start = 8 + sum(len(strip) for strip in body)
    short, wide, count = (3, "H"), (4, "I"), len(body)
    fields = [
        (256, short, [SIDE]), (257, short, [SIDE]), (258, short, [bits] * count), (259, short, [1]),
        (262, short, [photometric]), (273, wide, offsets), (277, short, [count]), (278, short, [SIDE]),
        (279, wide, [len(strip) for strip in body]), (284, short, [2 if count > 1 else 1]),
        (339, short, [2 if signed else 1] * count),
    ]  # fmt: skip
    entries, beyond, after = b"", b"", start + 2 + 12 * len(fields) + 4
    for tag, (kind, letter), values in fields:
        raw = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(raw) > 4:
            raw, beyond = struct.pack(order + "I", after + len(beyond)), beyond + raw
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + raw.ljust(4, b"\0")
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    return head + b"".join(body) + struct.pack(order + "H", len(fields)) + entries + bytes(4) + beyond


def profile(space: bytes, name: str) -> bytes:
    """A linear ICC profile (2.1) of sRGB's colours, or of grey, with a name."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    text = name.encode() + b"\0"
    white = b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249)
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": white,
        b"kTRC" if space == b"GRAY" else b"rTRC": b"curv" + bytes(8),
    }
    if space == b"RGB ":
        tags |= {b"gTRC": b"curv" + bytes(8), b"bTRC": b"curv" + bytes(8)}
        for tag, colour in {
            b"rXYZ": (0.4361, 0.2225, 0.0139),
            b"gXYZ": (0.3851, 0.7169, 0.0971),
            b"bXYZ": (0.1431, 0.0606, 0.7141),
        }.items():
            tags[tag] = b"XYZ \0\0\0\0" + fixed(*colour)
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02100000, b"mntr", space, b"XYZ ")
    return head + bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249) + bytes(48) + table + body


def flat(colour: int | tuple[int, ...], mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (SIDE, SIDE), colour)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def first(data: bytes) -> list[int]:
    """The first pixel with its alpha, in levels."""
    return np.rint(load_rgba(data)[0, 0] * 255).astype(int).tolist()


def coded(*codes: int) -> bytes:
    return png(2, 8, np.tile(np.array(P3_RED, np.uint8), (SIDE, SIDE)), (b"cICP", bytes(codes)))


def test_code_points_of_png_are_heeded() -> None:
    assert first(coded(12, 13, 0, 1))[:3] == pytest.approx(RED, abs=1)
    assert first(coded(1, 13, 0, 1))[:3] == list(P3_RED)
    assert first(coded(2, 2, 0, 1))[:3] == list(P3_RED)


def test_code_points_of_video_levels_are_heeded() -> None:
    grey = np.full((SIDE, SIDE), 16, np.uint8)
    grey[0] = 235
    pixels = load(png(0, 8, grey, (b"cICP", bytes([1, 13, 0, 0]))))
    assert (pixels[0].min(), pixels[1].max()) == (1, 0)


def test_code_points_of_avif_are_heeded() -> None:
    data = saved(flat(P3_RED), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"nclx") + 4
    displayed = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert first(displayed)[:3] == pytest.approx(RED, abs=2)


def test_what_codes_tell_that_is_not_known_is_refused() -> None:
    with pytest.raises(PictureError, match=r"is of high dynamic range \(transfer 16\) .*: save it in sRGB"):
        load(coded(9, 16, 0, 1))
    with pytest.raises(PictureError, match=r"tells its colours by code 10, which is not known here: save it in sRGB"):
        load(coded(10, 13, 0, 1))


def test_gamma_and_primaries_of_png_are_heeded() -> None:
    grey = np.full((SIDE, SIDE), 128, np.uint8)
    assert first(png(0, 8, grey, (b"gAMA", struct.pack(">I", 100_000))))[:3] == [188] * 3
    assert first(png(0, 8, grey, (b"gAMA", struct.pack(">I", 45_455))))[:3] == [128] * 3
    assert first(png(0, 8, grey, (b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0")))[:3] == [128] * 3
    displayed = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    red = np.tile(np.array(P3_RED, np.uint8), (SIDE, SIDE))
    said = (b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", displayed)
    assert first(png(2, 8, red, *said))[:3] == pytest.approx(RED, abs=1)


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "RGBA"])
def test_a_linear_profile_is_heeded_whatever_its_name(mode: str) -> None:
    linear = profile(b"RGB ", "sRGB-elle-V2-g10.icc")
    picture = flat((128, 128, 128)).quantize(2) if mode == "P" else flat((128, 128, 128)).convert(mode)
    assert first(saved(picture, "PNG", icc_profile=linear))[:3] == [188] * 3


def test_srgb_by_its_profile_stays_byte_for_byte() -> None:
    ramp = np.arange(SIDE * SIDE * 3, dtype=np.uint16).astype(np.uint8).reshape(SIDE, SIDE, 3)
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load(saved(Image.fromarray(ramp), "PNG", icc_profile=own)), ramp / np.float32(255))


@pytest.mark.parametrize(("mode", "alpha"), [("L", 255), ("LA", 255), ("LA", 90)])
def test_grey_keeps_its_profile_with_alpha_and_without(mode: str, alpha: int) -> None:
    picture = flat(128, "L") if mode == "L" else flat((128, alpha), "LA")
    data = saved(picture, "PNG", icc_profile=profile(b"GRAY", "grey, linear"))
    assert first(data) == [188, 188, 188, alpha]


def test_the_profile_of_jpeg_2000_is_heeded() -> None:
    data = saved(flat((128, 128, 128)), "JPEG2000")
    box, linear = data.index(b"colr") - 4, profile(b"RGB ", "linear")
    length = int.from_bytes(data[box : box + 4])
    told = struct.pack(">I", 11 + len(linear)) + b"colr\x02\0\0" + linear
    outer = data.index(b"jp2h") - 4
    longer = struct.pack(">I", int.from_bytes(data[outer : outer + 4]) + len(told) - length)
    data = data[:outer] + longer + data[outer + 4 : box] + told + data[box + length :]
    assert first(data)[:3] == [188] * 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_deep_jpeg_2000_in_colour_is_refused(mode: str) -> None:
    data = bytearray(saved(flat((255, 255, 255)).convert(mode), "JPEG2000"))
    first_depth = data.index(b"\xff\x4f\xff\x51") + 42
    for channel in range(len(mode)):
        data[first_depth + 3 * channel] = 15
    with pytest.raises(PictureError, match="a JPEG 2000 in colour with 16 bits a channel, of which white is lost"):
        load(bytes(data))


def test_deep_jpeg_2000_in_grey_is_read() -> None:
    assert first(saved(Image.fromarray(np.full((SIDE, SIDE), 65535, np.uint16)), "JPEG2000"))[:3] == [255] * 3


@pytest.mark.parametrize("order", ["<", ">"])
def test_planes_of_sixteen_bits_are_read(order: str) -> None:
    planes = [np.full((SIDE, SIDE), value, order + "u2") for value in (60_000, 30_000, 1_000)]
    assert first(tiff(planes, 16, 2, order=order))[:3] == pytest.approx([233, 117, 4], abs=1)


def test_planes_of_eight_bits_are_read() -> None:
    assert first(tiff([np.full((SIDE, SIDE), value, "u1") for value in (200, 100, 3)], 8, 2))[:3] == [200, 100, 3]


def test_sixteen_bits_of_which_white_is_zero() -> None:
    assert first(tiff([np.full((SIDE, SIDE), 12_000, "<u2")], 16, 0))[:3] == [208] * 3


def test_twelve_bits_reach_white() -> None:
    packed = np.full((SIDE, SIDE * 12 // 8), 0xFF, np.uint8)
    packed[1:] = 0
    pixels = load(tiff([packed], 12, 1))
    assert (pixels[0].min(), pixels[1].max()) == (1, 0)


def test_signed_values_are_refused_as_such() -> None:
    with pytest.raises(PictureError, match="has signed values"):
        load(tiff([np.full((SIDE, SIDE), 12_000, "<i2")], 16, 1, signed=True))


def test_lab_is_read() -> None:
    of_srgb, of_lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(flat(P3_RED), of_srgb, of_lab, outputMode="LAB")
    assert lab is not None
    assert first(saved(lab, "TIFF"))[:3] == pytest.approx(P3_RED, abs=3)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_grey_of_few_bits(depth: int) -> None:
    key = 2**depth - 2
    levels = np.full((SIDE, SIDE), 2**depth - 1, np.uint8)
    levels[:, ::2] = key
    bits = np.unpackbits(levels[..., None], axis=-1)[..., -depth:]
    data = png(0, depth, np.packbits(bits.reshape(SIDE, -1), axis=1), (b"tRNS", struct.pack(">H", key)))
    assert (load_rgba(data)[:, ::2, 3] == 0).all()
    assert (load_rgba(data)[:, 1::2] == 1).all()


def test_the_transparent_grey_of_sixteen_bits() -> None:
    levels = np.full((SIDE, SIDE), 30_000, ">u2")
    levels[:, ::2] = 30_001
    data = png(0, 16, levels, (b"tRNS", struct.pack(">H", 30_000)))
    assert load_rgba(data)[0, :4, 3].tolist() == [1, 0, 1, 0]


def test_the_transparent_colour_of_sixteen_bits_is_told_from_its_neighbours() -> None:
    levels = np.tile(np.array([30_000, 20_000, 10_000], ">u2"), (SIDE, SIDE, 1))
    levels[:, ::2, 2] += 1  # the same colour in eight bits
    data = png(2, 16, levels, (b"tRNS", struct.pack(">3H", 30_000, 20_000, 10_000)))
    assert load_rgba(data)[0, :4, 3].tolist() == [1, 0, 1, 0]
