"""Small Debian packages and Qt archives in the layouts of the real ones, so that nothing is fetched in a test."""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from parasol.corpora.debian import DebianPackage, sha256_of
from parasol.corpora.drafts import ACTIVITIES, read_gcompris, read_landscapes, read_wallpapers
from parasol.corpora.paintings import Recipe, Source

LANDSCAPES = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Source: https://example.org/sky

Files: images/*
Copyright: The author
License: GPL-3+

Files: images/land/*
Copyright: Various
License: public-domain
 Donated by all.

Files: images/land/*-ada*
Copyright: Ada
License: CC-BY-SA-4.0

Files:
 images/land/beach1*
 images/land/nasa*
Copyright: An agency
License: public-domain

Files: images/land/lava*
Copyright: Someone
License: CC-BY-NC-4.0
"""
WALLPAPERS = """Files: 16.04/*
Copyright: Nobody knows
License: CC-BY-SA-4.0

Files: 16.04/Lake_by_Bo.jpg
Copyright: 2018, Bo
License: CC0-1.0
"""
TOOLS = """Copyright: Cy
Source: https://example.org/File:Hammer.jpg
License: Public Domain
Files:
hammer1.webp

Copyright: Dee
Source: https://example.org/File:Saw.jpg
License: GPLv2+
Files:
saw.webp
bigPlierOfDee.webp
broken.webp
small.webp
"""
TOUR = """Copyright: Cy
Source: https://example.org/File:Hammer.jpg
License: CC0-1.0
Files:
egypt/greatHammer.webp
"""
DETAILS = """Copyright: Ed and others
License: Public domain
Cafe_0.webp
Cafe_background.webp
Comment: based on an original painting by Van Gogh.

Copyright: Ed and others
License: CC-BY-SA 4.0
Files:
Castle_background.webp
Comment: based on a photo by Flo, source at https://example.org/File:Castle.jpg
"""
PUZZLES = """Copyright:
  Copyright 1994 Gil
License: GPLv3 or later
Files:
  Wave_a1.webp
  Wave_b1.webp
  Lost_a1.webp
"""


def texture(seed: int, width: int, height: int) -> Image.Image:
    """Soft random colours, the same for the same seed."""
    values = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **({"lossless": True} if kind == "WEBP" else {"quality": 95}))
    return buffer.getvalue()


def webp(seed: int, width: int = 96, height: int = 64) -> bytes:
    return encoded(texture(seed, width, height), "WEBP")


def sawn(picture: Image.Image, at: int) -> tuple[Image.Image, Image.Image]:
    """Left and right piece with a saw line that fades out and loses two pixels in the middle of the height."""
    values = np.asarray(picture.convert("RGBA")).copy()
    left, right = values[:, : at + 1].copy(), values[:, at:].copy()
    left[:, -1, 3] = right[:, 0, 3] = 128
    middle = picture.height // 2
    left[middle : middle + 2, -1, 3] = right[middle : middle + 2, 0, 3] = 0
    return Image.fromarray(left), Image.fromarray(right)


def board(words: str, width: int, height: int, pieces: list[tuple[str, float, float]]) -> str:
    """A board file: pieces by name with their centres as shares of the board."""
    entries = [f'{{ "pixmapfile" : "image/bg.svg", "width": {width}, "height": {height} }}']
    entries += [f'{{ "pixmapfile" : "image/{name}", "x" : "{x:.3f}", "y" : "{y:.3f}" }}' for name, x, y in pieces]
    return f'QtObject {{ property string instruction: qsTr("{words}")\n property var levels : [{", ".join(entries)}] }}'


def rcc(files: dict[str, bytes], *, packed: Callable[[str], int] = lambda path: 0) -> bytes:
    """A Qt resource archive of version 3; `packed` gives an entry's flags (1: zlib)."""
    folders: dict[str, list[str]] = {"": []}
    for path in sorted(files):
        parts = path.split("/")
        for depth in range(len(parts)):
            here, above = "/".join(parts[: depth + 1]), "/".join(parts[:depth])
            if here not in folders[above]:
                folders[above].append(here)
            if depth < len(parts) - 1:
                folders.setdefault(here, [])
    order = [""]
    for path in order:
        order += folders.get(path, [])
    names, data, tree = b"", b"", b""
    for path in order:
        name = path.rpartition("/")[2]
        place = struct.pack(">I", len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        if path in folders:
            children = folders[path]
            tree += place + struct.pack(">HII", 2, len(children), order.index(children[0])) + bytes(8)
        else:
            flags, content = packed(path), files[path]
            if flags & 1:
                content = struct.pack(">I", len(content)) + zlib.compress(content)
            tree += place + struct.pack(">HHHI", flags, 0, 0, len(data)) + bytes(8)
            data += struct.pack(">I", len(content)) + content
    start = 24
    header = b"qres" + struct.pack(">5I", 3, start, start + len(tree), start + len(tree) + len(data), 0)
    return header + tree + data + names


def deb(folder: Path, name: str, files: dict[str, bytes]) -> DebianPackage:
    """Write a Debian package, the same bytes each time, and pin it."""
    folder.mkdir(parents=True, exist_ok=True)

    def tar(members: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path, data in members.items():
                member = tarfile.TarInfo(f"./{path}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return gzip.compress(buffer.getvalue(), mtime=0)

    parts = {"debian-binary": b"2.0\n", "control.tar.gz": tar({"control": b""}), "data.tar.gz": tar(files)}
    archive = b"!<arch>\n"
    for part, data in parts.items():
        archive += (
            f"{part:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        )
    draft = DebianPackage(name=name, version="1.0-1", integrity="")
    (folder / draft.archive).write_bytes(archive)
    return DebianPackage(name=name, version="1.0-1", integrity=sha256_of(folder / draft.archive))


def landscapes(folder: Path) -> Source:
    names = {"beach0": 1, "beach10-ada": 2, "nasa0": 3, "lava0": 4, "dune2": 5}
    files = {
        f"usr/share/games/endless-sky/images/land/{name}.jpg": encoded(texture(seed, 128, 64), "JPEG")
        for name, seed in names.items()
    }
    files["usr/share/doc/endless-sky-data/copyright"] = LANDSCAPES.encode()
    return Source(package=deb(folder, "endless-sky-data", files), read=read_landscapes)


def wallpapers(folder: Path) -> Source:
    files = {
        "usr/share/backgrounds/Lake_by_Bo.jpg": encoded(texture(6, 200, 100), "JPEG"),
        "usr/share/backgrounds/umang_by_Abhishek_Mudgal.jpg": encoded(texture(7, 200, 100), "JPEG"),
        "usr/share/doc/lomiri-wallpapers-16.04/copyright": WALLPAPERS.encode(),
    }
    return Source(package=deb(folder, "lomiri-wallpapers-16.04", files), read=read_wallpapers)


def gcompris(folder: Path) -> Source:
    clear = texture(8, 80, 80).convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    clear.paste(texture(8, 80, 40), (0, 0))  # the lower half stays clear
    tools = {
        "README": TOOLS.encode(),
        "hammer1.webp": webp(9, 48, 36),
        "saw.webp": webp(10),
        "bigPlierOfDee.webp": encoded(clear, "WEBP"),
        "broken.webp": webp(11)[:60],
        "small.webp": webp(12, 40, 20),
        "stray.webp": webp(13),
    }
    tour = {
        "README": TOUR.encode(),
        "egypt/greatHammer.webp": webp(9, 120, 90),
        "board/board1.qml": b'{ "title": qsTr("The Hammer"), "image2": "qrc:/x/egypt/greatHammer.webp" }',
    }
    details = {
        "image/README": DETAILS.encode(),
        "image/Cafe_background.webp": webp(14),
        "image/Cafe_0.webp": webp(15),
        "image/Castle_background.webp": webp(16),
        "board/board1.qml": board("Vincent Van Gogh, The Café - 1888", 9, 9, [("Cafe_background.webp", 0, 0)]).encode(),
        "board/board2.qml": board("A Castle, Denmark.", 9, 9, [("Castle_background.webp", 0, 0)]).encode(),
    }
    left, right = sawn(texture(17, 100, 60), 40)
    pieces = [
        ("Wave_a1.webp", (20 + left.width / 2) / 140, 40 / 80),
        ("Wave_b1.webp", (60 + right.width / 2) / 140, 40 / 80),
    ]
    puzzles = {
        "image/README": PUZZLES.encode(),
        "image/Wave_a1.webp": encoded(left, "WEBP"),
        "image/Wave_b1.webp": encoded(right, "WEBP"),
        "board/board1_0.qml": board("Katsushika Hokusa, The Wave - 1823-29", 140, 80, pieces).encode(),
        "board/board2_0.qml": board("Nobody, Lost - 1900", 140, 80, [("Lost_a1.webp", 0.5, 0.5)]).encode(),
    }
    archives = {
        "categorization": {f"categorization/resource/images/tools/{path}": data for path, data in tools.items()},
        "explore_monuments": {f"explore_monuments/resource/{path}": data for path, data in tour.items()},
        "details": {f"details/resource/{path}": data for path, data in details.items()},
        "paintings": {f"paintings/resource/{path}": data for path, data in puzzles.items()},
        "chess": {"chess/resource/README": b"Files:\nking.svg\n", "chess/resource/board.webp": webp(18)},
    }
    files = {
        f"usr/share/gcompris-qt/rcc/{name}.rcc": rcc(
            {f"{ACTIVITIES}{path}": data for path, data in held.items()},
            packed=lambda path: int(path.endswith("README")),
        )
        for name, held in archives.items()
    }
    return Source(package=deb(folder, "gcompris-qt-data", files), read=read_gcompris)


def recipe(folder: Path) -> Recipe:
    """Three packages; `lava0` is NC, `stray` has no licence, `broken` breaks off, `Lost` lacks its piece."""
    return Recipe(name="tiny-pictures-1", sources=(landscapes(folder), gcompris(folder), wallpapers(folder)))
