"""SVG -> pixels, for drawings from anywhere: checked first, then rendered by resvg in a process of its own.

The process is needed: 300 nested groups, a huge pattern tile or a filter with 100,000 octaves make resvg 0.48 overflow
its stack, abort or run for minutes, and none of that can be caught inside a process.
"""

import io
import re
import subprocess
import sys
from pathlib import Path
from xml.parsers import expat

from PIL import Image

from parasol.images.errors import PictureError

MAX_BYTES = 5_000_000
MAX_SECONDS = 10
CHILD = Path(__file__).with_name("svg_child.py")

_HEAD = 4096  # bytes in which <svg has to appear
_FOREIGN_URL = re.compile(r"url\(\s*['\"]?\s*(?!#|['\"\s])|@import", re.IGNORECASE)


def looks_like_svg(data: bytes) -> bool:
    """Whether the bytes of a file begin like a drawing."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in data[:_HEAD]


def render(data: bytes, size: int, name: str) -> Image.Image:
    """Draw at `size` px on the longer side, transparent where nothing is drawn. Raises PictureError."""
    check(data, name)
    command = [sys.executable, "-P", str(CHILD), str(size), str(MAX_SECONDS)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise _too_heavy(name) from error
    if done.returncode == 1:
        reason = done.stderr.decode(errors="replace").strip()
        raise PictureError(f"{name} is an SVG that cannot be drawn ({reason}): export it again, or as PNG")
    if done.returncode != 0:
        raise _too_heavy(name)
    return Image.open(io.BytesIO(done.stdout))


def check(data: bytes, name: str) -> None:
    """Refuse what a drawing does not need: entities, scripts, and anything fetched from elsewhere."""
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name} is an SVG of more than {MAX_BYTES // 1_000_000} MB, the limit: export it as PNG")
    parser = expat.ParserCreate()

    def refuse(what: str) -> None:
        raise PictureError(f"{name} is an SVG with {what}, and drawings have to be self-contained: export it as PNG")

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag in ("script", "foreignObject"):
            refuse(f"a <{tag}> element")
        for key, value in attributes.items():
            attribute = key.rpartition(":")[2].lower()
            if attribute.startswith("on"):
                refuse(f"a script ({key})")
            if attribute in ("href", "src") and tag != "a" and not value.strip().startswith("#"):
                refuse(f"an external reference ({_short(value)})")
            if _FOREIGN_URL.search(value):
                refuse(f"an external reference ({_short(value)})")

    text: list[str] = []
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text.append
    parser.EntityDeclHandler = lambda *_: refuse("entities of its own")
    parser.ProcessingInstructionHandler = lambda target, _: refuse(f"an instruction <?{target}?>")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise PictureError(f"{name} is not well-formed SVG ({error}): export it again, or as PNG") from error
    if found := _FOREIGN_URL.search("".join(text)):
        refuse(f"an external reference in its styles ({found.group()})")


def _short(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= 40 else value[:37] + "..."


def _too_heavy(name: str) -> PictureError:
    limits = f"{MAX_SECONDS} s and 1 GB"
    return PictureError(f"{name} is an SVG that takes more than {limits} to draw: simplify it, or export it as PNG")
