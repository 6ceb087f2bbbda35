"""From any number of bits a channel to eight, with an alpha channel where anything is transparent."""

import io
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from parasol.images.boxes import deepest_component
from parasol.images.errors import PictureError

BITS, PHOTOMETRIC, PLANES = 258, 262, 284  # tags of TIFF
WHITE_IS_ZERO, ONE_BY_ONE = 0, 2  # and their values
DEPTH_AT = 24  # byte of a PNG file that holds the bits of a channel
WIDE = 16


def prepare(picture: Image.Image, data: bytes, name: str) -> None:
    """Have Pillow read, of an opened file, what it would misread; PictureError where it cannot be brought to.

    Pillow 13.0.0 rounds the highest values of a deep JPEG 2000 in colour up to zero, and takes 16 bits for 8 where the
    channels of a TIFF lie one after the other.
    """
    if picture.format == "JPEG2000" and picture.mode not in ("L", "I;16") and (bits := deepest_component(data)) > 8:
        raise PictureError(
            f"{name} is a JPEG 2000 in colour with {bits} bits a channel, of which white is lost: "
            "save it with 8, or as PNG"
        )
    tags = getattr(picture, "tag_v2", {})
    if tags.get(PLANES) == ONE_BY_ONE and WIDE in tags.get(BITS, ()):
        _read_planes_whole(picture, ";16B" if data.startswith(b"MM") else ";16L", name)


def _read_planes_whole(picture: Any, ending: str, name: str) -> None:
    """Name each plane's reader with its bits and order of bytes. Compressed ones are read rightly already."""
    if any(tile.codec_name == "raw" for tile in picture.tile):
        if picture.mode not in ("RGB", "RGBA"):
            raise PictureError(
                f"{name} is a TIFF with 16 bits a channel in separate planes, in {picture.mode}: save it interleaved"
            )
        picture.tile = [tile._replace(args=(tile.args[0] + ending, *tile.args[1:])) for tile in picture.tile]


def plain(picture: Image.Image, data: bytes, name: str) -> Image.Image:
    """A picture that is read -> L, LA, RGB, RGBA or CMYK: what can be resampled. `data` is its file, if any."""
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM")):
        return _wide_grey(picture)
    if picture.mode in ("I", "F"):
        signed = getattr(picture, "tag_v2", {}).get(BITS, (32,))[0] == WIDE
        raise PictureError(
            f"{name} has {'signed values' if signed else '32 bits a channel'} and 8 or 16"
            f"{' bits without a sign' if signed else ''} are needed: save it with 16"
        )
    if picture.mode == "LAB":
        return _from_lab(picture)
    if picture.format == "PNG" and "transparency" in picture.info and (clear := _clear(picture, data)) is not None:
        rgba = picture.convert("RGB").convert("RGBA")
        rgba.putalpha(Image.fromarray(clear))
        return rgba
    if picture.mode == "LA":
        return picture
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _wide_grey(picture: Image.Image) -> Image.Image:
    """Pillow clips wide grey where it should scale, leaves 12 bits as they are, and knows no inverted ones."""
    values = np.asarray(picture)
    tags = getattr(picture, "tag_v2", {})
    highest = 2 ** tags.get(BITS, (WIDE,))[0] - 1
    grey = np.rint(values.astype(np.float32) * (255 / highest)).clip(0, 255).astype(np.uint8)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        grey = 255 - grey
    drawn = Image.fromarray(grey)
    if isinstance(key := picture.info.get("transparency"), int):
        drawn.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return drawn


def _clear(picture: Image.Image, data: bytes) -> UInt8[np.ndarray, "H W"] | None:
    """Alpha by the one colour of a PNG that is transparent, at the depth that it is told in; None for palettes."""
    key = picture.info["transparency"]
    depth = data[DEPTH_AT] if len(data) > DEPTH_AT else 1 if picture.mode == "1" else 8
    if picture.mode in ("1", "L"):
        same = np.asarray(picture.convert("L")) == (key & (2**depth - 1)) * 255 // (2**depth - 1)
    elif picture.mode == "RGB" and depth == WIDE:
        high, low = np.asarray(picture), _low_bytes(data)
        same = ((high == np.array(key) >> 8) & (low == np.array(key) & 0xFF)).all(axis=-1)
    else:
        return None
    return np.where(same, 0, 255).astype(np.uint8)


def _low_bytes(data: bytes) -> UInt8[np.ndarray, "H W 3"]:
    """The lower half of every value of a PNG with 16 bits, of which Pillow keeps the upper one."""
    again = Image.open(io.BytesIO(data), formats=["PNG"])
    again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
    return np.asarray(again)


def _from_lab(picture: Image.Image) -> Image.Image:
    from PIL import ImageCms

    of_lab, of_srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(picture, of_lab, of_srgb, outputMode="RGB") or picture
