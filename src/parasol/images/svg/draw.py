"""SVG -> pixels, for drawings from anywhere: read, checked and drawn by resvg in a process of its own.

The process is needed: there are drawings on which resvg 0.48 overflows its stack, asks for more memory than there is,
or runs for minutes, and none of that can be caught inside a process.
"""

import io
import re
import sys

import numpy as np
from PIL import Image

from parasol.images.errors import PictureError
from parasol.images.ground import FAINTEST_ALPHA
from parasol.images.svg.worker import Failed, draw

MAX_BYTES = 5_000_000
MAX_SECONDS = 10

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16  # bytes: comments and entities may stand before the root
_ROOT = re.compile(r"<(?:[\w.-]+:)?svg[\s>/]")


def looks_like_svg(data: bytes) -> bool:
    """Whether the bytes of a file begin like a drawing, packed or not, in any encoding."""
    if data.startswith(_GZIP):
        return True  # no other picture format is packed so; what it is comes out when it is drawn
    head = data[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4]:
        head = head.replace(b"\0", b"").lstrip(b"\xff\xfe")
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and _ROOT.search(head.decode("latin-1")) is not None


def render(data: bytes, size: int, name: str) -> Image.Image:
    """Draw at `size` px on the longer side, transparent where nothing is drawn. Raises PictureError.

    What had to be left out is told on standard error, in one line.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name} is an SVG of more than {MAX_BYTES // 1_000_000} MB, the limit: export it as PNG")
    try:
        png, left_out = draw(data, size, MAX_SECONDS)
    except Failed as failed:
        if failed.reason:
            raise PictureError(f"{name} is an SVG {failed.reason}") from failed
        limits = f"{MAX_SECONDS} s and 1 GB"
        raise PictureError(
            f"{name} is an SVG that takes more than {limits} to draw: simplify it, or export it as PNG"
        ) from failed
    picture = Image.open(io.BytesIO(png))
    if np.asarray(picture.getchannel("A")).max() < FAINTEST_ALPHA:
        without = f" without {left_out}" if left_out else ""
        raise PictureError(f"{name} is blank (nothing in it is to be seen{without}): export it again, or as PNG")
    if left_out:
        print(f"parasol: {name} is drawn without {left_out}", file=sys.stderr)
    return picture
