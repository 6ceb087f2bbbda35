"""Hostile files where pictures and drawings are wanted."""

import gzip
import io
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from lab.hostile import forked, small
from lab.hostile.judge import Run, Trial
from lab.hostile.kinds import recrc

MODEL = ("--model", "pictogram")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "style": ("style", "X", "--like", "style.png", "-o", "out.png", *MODEL, *small.FEW),
    "like": ("style", "content.png", "--like", "X", "-o", "out.png", *MODEL, *small.FEW),
    "card": ("card", "X", "style.png", "-o", "b.style.json", *MODEL),
    "trace": ("trace", "X", "-o", "out.svg", "--colors", "3"),
    "stdin": ("style", "-", "--like", "style.png", "-o", "out.png", *MODEL, *small.FEW),
    "folder": ("index", "build", "given", "-o", "new.index", *MODEL),
    "lint": ("lint", "given"),
    "set": ("set", "given", "--like", "set", "-o", "drawn", "--steps", "1", *MODEL),
}
Maker = Callable[[Path], object]


def saved(picture: Image.Image, kind: str, **settings: object) -> bytes:
    """The bytes of a file of that picture."""
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def holding(data: bytes) -> Maker:
    """What writes a file of those bytes."""
    return lambda path: path.write_bytes(data)


def _header(width: int, height: int) -> bytes:
    data = saved(Image.new("L", (9, 9), 3), "PNG")
    return recrc(data[:16] + struct.pack(">II", width, height) + data[24:])


def rasters() -> tuple[dict[str, tuple[str, Maker]], dict[str, tuple[str, Maker]]]:
    """(whole, broken) by name: the file's name, and what makes it."""
    photograph, flat = small.blobs(0), small.icon(0)
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray(np.asarray(photograph.convert("L")).astype(np.uint16) * 257)
    png, jpeg = saved(photograph, "PNG"), saved(photograph, "JPEG")
    whole = {
        "grey": ("x.png", saved(photograph.convert("L"), "PNG")),
        "grey with alpha": ("x.png", saved(flat.convert("LA"), "PNG")),
        "palette": ("x.png", saved(flat.convert("P"), "PNG", transparency=0)),
        "one bit": ("x.png", saved(photograph.convert("1"), "PNG")),
        "CMYK": ("x.jpg", saved(photograph.convert("CMYK"), "JPEG")),
        "16 bits": ("x.png", saved(deep, "PNG")),
        "turned": ("x.jpg", saved(photograph, "JPEG", exif=turned)),
        "wrong ending": ("x.png", jpeg),
        "progressive": ("x.jpeg", saved(photograph, "JPEG", progressive=True)),
        "more behind it": ("x.png", png + b"more" * 999),
        "name with a line break": ("a\nb.png", png),
        "name that is no text": (os.fsdecode(b"\xff\xfe.png"), png),
        "name of 250 letters": (f"{'n' * 246}.png", png),
        "name with a bidi mark": ("a\u202eb.png", png),
        "wide": ("x.png", saved(photograph.resize((300, 40)), "PNG")),
        "animation of one frame": ("x.gif", saved(photograph, "GIF", save_all=True)),
        "a circle of pages": ("x.tif", _circle(saved(photograph, "TIFF"))),  # read as one page
        "a link": ("x.png", None),
    }
    broken = {
        "empty": ("x.png", b""),
        "one byte": ("x.png", b"\x89"),
        "text": ("x.png", b"no picture\n" * 99),
        "cut off": ("x.png", png[:-40]),
        "cut in half": ("x.jpg", jpeg[: len(jpeg) // 2]),
        "wrong checksum": ("x.png", png[:60] + bytes([png[60] ^ 255]) + png[61:]),
        "no data": ("x.png", png[:33] + png[-12:]),
        "a billion pixels": ("x.png", _header(32_000, 32_000)),
        "no pixel": ("x.png", _header(0, 0)),
        "small": ("x.png", saved(photograph.resize((4, 4)), "PNG")),
        "thin": ("x.png", saved(photograph.resize((8, 400)), "PNG")),
        "animated": ("x.gif", saved(photograph, "GIF", save_all=True, append_images=[small.blobs(9)])),
        "pages": ("x.tif", saved(photograph, "TIFF", save_all=True, append_images=[small.blobs(9)])),
        "blank": ("x.png", saved(Image.new("RGB", (48, 48), "white"), "PNG")),
        "clear": ("x.png", saved(Image.new("RGBA", (48, 48)), "PNG")),
        "an archive": ("x.png", b"PK\3\4" + bytes(500)),
        "a page": ("x.png", b"<!doctype html><html><body>no</body></html>"),
        "ICO": ("x.ico", saved(flat, "ICO")),
    }
    odd: dict[str, tuple[str, Maker]] = {
        "a folder": ("x.png", lambda path: path.mkdir()),
        "a pipe": ("x.png", os.mkfifo),
        "a circle of links": ("x.png", lambda path: path.symlink_to(path.name)),
        "a link to nothing": ("x.png", lambda path: path.symlink_to("nowhere.png")),
        "a device": ("x.png", lambda path: path.symlink_to("/dev/null")),
        "not there": ("x.png", lambda path: None),
    }
    linked: Maker = lambda path: path.symlink_to(path.parents[1] / "content.png")  # noqa: E731
    made = {name: (file, linked if data is None else holding(data)) for name, (file, data) in whole.items()}
    return made, {**{name: (file, holding(data)) for name, (file, data) in broken.items()}, **odd}


def _circle(tiff: bytes) -> bytes:
    """A TIFF whose first directory says that the next one is itself."""
    (at,) = struct.unpack("<I", tiff[4:8])
    (count,) = struct.unpack("<H", tiff[at : at + 2])
    end = at + 2 + 12 * count
    return tiff[:end] + struct.pack("<I", at) + tiff[end + 4 :]


HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 24 24"'
BOX = '<rect x="3" y="5" width="9" height="12" fill="#d33"/><circle cx="15" cy="12" r="5" fill="#247"/>'


def drawings() -> tuple[dict[str, tuple[str, Maker]], dict[str, tuple[str, Maker]], dict[str, tuple[str, Maker]]]:
    """(whole, broken, either) by name."""
    plain = f"{HEAD}>{BOX}</svg>"
    nested, entity = (
        "<g>" * 3000,
        '<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    )
    whole = {
        "a mark of order": "\ufeff" + plain,
        "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + plain).encode("utf-16"),
        "Latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?>'
        + plain.replace("<rect", "<!-- é --><rect").encode("latin-1"),
        "packed": gzip.compress(plain.encode()),
        "millimetres": plain.replace("viewBox", 'width="24mm" height="24mm" viewBox'),
        "prefixes": plain.replace("xmlns=", "xmlns:s=")
        .replace("<svg", "<s:svg")
        .replace("</svg", "</s:svg")
        .replace("<rect", "<s:rect")
        .replace("<circle", "<s:circle"),
        "a comment of 9 KB": f"<!-- {'x' * 9000} -->{plain}",
        "no size but a box": plain,
        "a script": plain.replace("</svg>", "<script>alert(1)</script></svg>"),
        "a use of itself": plain.replace("</svg>", '<g id="u"><use xlink:href="#u"/></g></svg>'),
        "foreign parts": plain.replace("</svg>", "<metadata><x:y xmlns:x='urn:x'/></metadata></svg>"),
    }
    broken = {
        "empty": "",
        "cut off": plain[:90],
        "nothing in it": f"{HEAD}></svg>",
        "out of sight": f'{HEAD}><rect x="900" y="900" width="9" height="9"/></svg>',
        "entities of entities": f"<!DOCTYPE svg [{entity}]>{HEAD}><title>&i;</title>{BOX}</svg>",
        "an outside entity": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}><text>&x;</text>{BOX}</svg>',
        "a picture elsewhere": plain.replace(
            "</svg>", '<image href="http://127.0.0.1:9/x.png" width="9" height="9"/></svg>'
        ),
        "a file elsewhere": plain.replace("</svg>", '<image href="/etc/passwd" width="9" height="9"/></svg>'),
        "a sheet elsewhere": plain.replace(">", "><style>@import url(http://127.0.0.1:9/a.css);</style>", 1),
        "packed and cut": gzip.compress(plain.encode())[:-20],
        "packed a thousandfold": gzip.compress(f"{HEAD}><!-- {' ' * 300_000_000} -->{BOX}</svg>".encode(), 9),
        "no XML": "<svg>" + "<" * 500,
    }
    either = {
        "no box": plain.replace(' viewBox="0 0 24 24"', ""),
        "a box of nothing": plain.replace("0 0 24 24", "0 0 0 0"),
        "a box without an end": plain.replace("0 0 24 24", "0 0 1e38 1e38"),
        "no numbers": plain.replace("0 0 24 24", "0 0 NaN inf"),
        "three thousand groups": f"{HEAD}>{nested}{BOX}{'</g>' * 3000}</svg>",
        "ten to the ninth in a pattern": f'{HEAD}><pattern id="p" width="1e-6" height="1e-6" '
        f'patternUnits="userSpaceOnUse">{BOX}</pattern>'
        '<rect width="24" height="24" fill="url(#p)"/></svg>',
        "a wide blur": f'{HEAD}><filter id="f"><feGaussianBlur stdDeviation="1e6"/></filter>'
        f'<g filter="url(#f)">{BOX}</g></svg>',
        "many paths": f"{HEAD}>{BOX * 20_000}</svg>",
        "uses of uses": HEAD + ">" + "".join(
            f'<g id="g{n}">{(f"""<use xlink:href="#g{n - 1}"/>""" * 10) if n else BOX}</g>' for n in range(9)
        ) + "</svg>",
        "text alone": f'{HEAD}><text x="2" y="20" font-size="20">&#128512;</text></svg>',
        "white on nothing": f'{HEAD}><rect x="3" y="5" width="9" height="12" fill="#fff"/></svg>',
        "large sides": plain.replace("viewBox", 'width="1e9" height="1e9" viewBox'),
        "less than nothing": plain.replace("viewBox", 'width="-5" height="-5" viewBox'),
        "a mask of itself": f'{HEAD}><mask id="m" mask="url(#m)">{BOX}</mask><g mask="url(#m)">{BOX}</g></svg>',
    }  # fmt: skip
    of = lambda by_name: {  # noqa: E731
        name: ("x.svg", holding(data if isinstance(data, bytes) else data.encode())) for name, data in by_name.items()
    }
    return of(whole), of(broken), of(either)


def trials(count: int) -> Iterator[Trial]:
    """Both groups, the commands in turn."""
    good, bad = rasters()
    yield from _of(
        "rasters", {"whole": good, "broken": bad}, count, ("style", "like", "card", "trace", "stdin", "folder")
    )
    well, ill, either = drawings()
    yield from _of(
        "SVG", {"whole": well, "broken": ill, "either": either}, count, ("style", "lint", "like", "set", "trace")
    )


def _of(
    group: str, by_sort: Mapping[str, Mapping[str, tuple[str, Maker]]], count: int, commands: tuple[str, ...]
) -> Iterator[Trial]:
    listed = [(sort, name, *made) for sort, kinds in by_sort.items() for name, made in kinds.items()]
    random = np.random.default_rng(len(group))
    order = random.permutation(len(listed))
    for number in range(count):
        sort, name, file, make = listed[int(order[number % len(listed)])]
        command = commands[(number + number // len(listed)) % len(commands)]
        if command == "stdin" and name in (
            "a folder",
            "a pipe",
            "a circle of links",
            "a link to nothing",
            "a device",
            "not there",
            "a link",
        ):
            command = "style"
        yield Trial(group=group, name=f"{name}: {command}", act=_run(command, sort, file, make).act)


def _run(command: str, sort: str, file: str, make: Maker) -> Run:
    place = f"given/{file}"
    world = forked.World()
    if command == "stdin":
        scratch = io.BytesIO()

        class Caught:  # what a maker writes goes to standard input instead
            write_bytes = staticmethod(scratch.write)

        make(Caught())  # type: ignore[arg-type]
        world = forked.World(stdin=scratch.getvalue())

    def prepare(folder: Path) -> None:
        (folder / "given").mkdir()
        make(folder / place)
        if command in ("folder", "lint", "set"):
            small.icon(1).save(folder / "given" / "good.png")

    whole = (0,) if command in ("folder",) else (0, 2)
    codes = {"whole": (0,), "broken": (2,) if command not in ("folder", "lint", "set") else whole}.get(sort, (0, 2))
    if command in ("trace", "lint", "set") and sort == "whole":
        codes = (0, 2)  # photographs are no drawings, wide pictures no icons
    named = sort == "broken" and command in ("style", "like", "card", "trace") and file == "x.png"
    return Run(
        words=[place if word == "X" else word for word in COMMANDS[command]],
        prepare=prepare,
        codes=codes,
        says=file if named else "",
        leaves=("drawn/*",) if command == "set" else (),
        made=("out.png",) if command in ("style", "like", "stdin") else (),
        world=world,
        lines=3 if command == "set" else 0 if command == "lint" else 1,
    )
