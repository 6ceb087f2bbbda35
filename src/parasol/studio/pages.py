"""The built page, read once and kept ready in both forms: as it is, and compressed."""

import gzip
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
FOREVER = "public, max-age=31536000, immutable"


class Page(NamedTuple):
    """A file of the page."""

    body: bytes
    packed: bytes
    headers: dict[str, str]


def pages(folder: Path = STATIC) -> dict[str, Page]:
    """Every file of the page by its path; the page itself is "". Names in `assets` change with what is in them.

    The icon also goes by the name that browsers ask for of themselves, where somebody opens a picture alone.
    """
    files = {}
    for file in sorted(path for path in folder.rglob("*") if path.suffix in TYPES):
        name, body = file.relative_to(folder).as_posix(), file.read_bytes()
        headers = {"content-type": TYPES[file.suffix], "vary": "accept-encoding"}
        if name.startswith("assets/"):
            headers["cache-control"] = FOREVER
        if name == "index.html":
            name = ""
        files[name] = Page(body, gzip.compress(body, 9, mtime=0), headers)
    if "icon.svg" in files:
        files["favicon.ico"] = files["icon.svg"]
    return files
