"""The bytes of picture files that carry text: PNG and WebP without loss, JPEG with; and the text again."""

import io
from collections.abc import Mapping
from html import escape, unescape

import numpy as np
from jaxtyping import Float
from PIL import Image, PngImagePlugin

from parasol.images.arrange import to_uint8

QUALITY = 92  # of JPEG, whose colours keep every pixel's place
FORMATS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
SEGMENT = 65_000  # bytes; a comment of a JPEG file holds 65,533 at most
NAMESPACE = "https://parasol.invalid/xmp/"  # a name, not an address

_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:p="{namespace}"{fields}/></rdf:RDF></x:xmpmeta>'
)

Pixels = Float[np.ndarray, "H W 3"] | Float[np.ndarray, "H W 4"]
"""RGB, or RGB and alpha, in [0, 1]."""


def encode(pixels: Pixels, suffix: str, *, text: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file with that ending, .png, .webp, .jpg or .jpeg; JPEG takes no alpha."""
    kind = FORMATS[suffix.lower()]
    if kind == "PNG":
        return encode_png(pixels, text=text)
    file, picture = io.BytesIO(), Image.fromarray(to_uint8(pixels))
    if kind == "WEBP":
        xmp = {"xmp": _packet(text)} if text else {}
        picture.save(file, kind, lossless=True, exact=True, **xmp)
        return file.getvalue()
    picture.save(file, kind, quality=QUALITY, subsampling=0)
    data = file.getvalue()
    return data[:2] + b"".join(_comments(text or {})) + data[2:]


def encode_png(pixels: Pixels, *, text: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a PNG file (8 bits, lossless) that carries `text`, ASCII or Latin-1, by keyword."""
    info = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        # Readers refuse compressed text above this size as a bomb; longer text is stored as it is.
        info.add_text(key, value, zip=len(value) < PngImagePlugin.MAX_TEXT_CHUNK)
    file = io.BytesIO()
    Image.fromarray(to_uint8(pixels)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def embedded(picture: Image.Image, key: str) -> str | None:
    """The text under a keyword of an opened and loaded file, None if it has none."""
    if picture.format == "PNG":
        text = picture.info.get(key)
        return None if text is None else str(text)
    if picture.format == "WEBP":
        return _unpacked(picture.info.get("xmp", b"").decode("utf-8", "replace"), key)
    mark = _mark(key)
    parts = [data for name, data in getattr(picture, "applist", []) if name == "COM" and data.startswith(mark)]
    return b"".join(part[len(mark) :] for part in parts).decode("utf-8", "replace") or None


def _packet(text: Mapping[str, str]) -> bytes:
    fields = "".join(f' p:{key}="{escape(value)}"' for key, value in text.items())
    return _PACKET.format(namespace=NAMESPACE, fields=fields).encode()


def _unpacked(packet: str, key: str) -> str | None:
    _, separator, rest = packet.partition(f' p:{key}="')
    return unescape(rest.partition('"')[0]) if separator and NAMESPACE in packet else None


def _mark(key: str) -> bytes:
    return key.encode() + b"\0"


def _comments(text: Mapping[str, str]) -> list[bytes]:
    """Comment segments, as many as the text needs."""
    segments = list[bytes]()
    for key, value in text.items():
        data = value.encode()
        for start in range(0, len(data), SEGMENT):
            body = _mark(key) + data[start : start + SEGMENT]
            segments.append(b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body)
    return segments
