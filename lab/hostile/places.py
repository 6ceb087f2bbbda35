"""Unlucky places: folders, standard streams, disks that are full, memory that is short."""

import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab.hostile import small
from lab.hostile.forked import World
from lab.hostile.given import MODEL
from lab.hostile.judge import Run, Trial

FEW = (*small.FEW, *MODEL)
STYLE = ("style", "content.png", "--like", "style.png", *FEW)
CARD = ("card", "style.png", "-o", "b.style.json", *MODEL)
SEARCH = ("search", small.INDEX, "--like", "style.png")
BUILD = ("index", "build", "pictures", "-o", "new.index", *MODEL)
STUDY = ("study", "create", "judged", "-o", "new.study", "--participants", "2", "--trials", "2", "--repeats", "0",
         "--catches", "0", "--question", "overall")  # fmt: skip
SET = ("set", "set", "--like", "pictures", "-o", "drawn", "--steps", "1", *MODEL)
GRID = ("grid", "content.png", "--like", "style.png", "--like", "other.png", "-o", "grid.png", *FEW)
WRITERS = (
    (*STYLE, "-o", "out.png"),
    ("style", "pictures", "--like", "style.png", "-o", "drawn", *FEW),
    CARD,
    BUILD,
    STUDY,
    SET,
    GRID,
    ("trace", "icon0.png", "-o", "out.svg"),
    (*SEARCH, "--session", "new.json"),
    (*SEARCH, "--sheet", "found2.png"),
    ("replay", small.MADE, "-o", "again.png"),
)
LEFT = ("drawn/*", "new.index/*", "new.study/*", "out*", "new.json", ".*")


def _trials(group: str, runs: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Trial]:
    for number, (name, fields) in enumerate(runs):
        yield Trial(group=group, name=f"{number} {name}", act=Run(**fields).act)


def folders() -> Iterator[Trial]:
    """Names, links, outputs that are inputs, folders within folders."""

    def copies(*names: str) -> Any:
        def prepare(folder: Path) -> None:
            (folder / "in").mkdir()
            for name in names:
                target = folder / "in" / os.fsdecode(os.fsencode(name))
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "content.png", target)

        return prepare

    def links(*pairs: tuple[str, str]) -> Any:
        def prepare(folder: Path) -> None:
            copies("a.png", "b.png")(folder)
            for name, target in pairs:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(target)

        return prepare

    def others(name: str) -> Any:
        def prepare(folder: Path) -> None:
            copies("a.png")(folder)
            (folder / name).mkdir(parents=True)
            (folder / name / "mine.txt").write_text("mine")

        return prepare

    whole = ("style", "in", "--like", "style.png", "-o", "drawn", *FEW)
    drawn = {"leaves": LEFT, "lines": 9}
    ok, no = {"codes": (0,)}, {"codes": (2,)}
    yield from _trials(
        "folders",
        [
            (
                "same stems",
                {"words": whole, "prepare": copies("l.png", "l.jpg", "l.png.png"), **ok, "made": ("drawn/l.png.png",)},
            ),
            (
                "stems that look like results",
                {
                    "words": ("style", "in", "--like", "set", "-o", "drawn", *FEW),
                    "prepare": copies("a.png", "a-as-0.png"),
                    **ok,
                },
            ),
            (
                "results into the contents",
                {"words": ("style", "in", "--like", "style.png", "-o", "in", *FEW), "prepare": copies("a.png"), **no},
            ),
            (
                "upper and lower case",
                {
                    "words": whole,
                    "prepare": copies("A.png", "a.png", "b.PNG"),
                    **ok,
                    "made": ("drawn/A.png", "drawn/a.png", "drawn/b.png"),
                },
            ),
            (
                "composed and decomposed names",
                {
                    "words": whole,
                    "prepare": copies("\u00e9.png", "e\u0301.png"),
                    **ok,
                    "made": ("drawn/\u00e9.png", "drawn/e\u0301.png"),
                },
            ),
            ("names that are no text", {"words": whole, "prepare": copies(os.fsdecode(b"\xff.png")), **ok}),
            ("long names", {"words": whole, "prepare": copies("n" * 251 + ".png"), **drawn}),
            (
                "long names as styles",
                {
                    "words": ("style", "in", "--like", "in", "-o", "drawn", *FEW),
                    "prepare": copies("n" * 150 + ".png", "m" * 150 + ".png"),
                    **drawn,
                },
            ),
            ("empty", {"words": whole, "prepare": lambda at: (at / "in").mkdir(), **no}),
            ("not there", {"words": whole, **no}),
            ("hidden files alone", {"words": whole, "prepare": copies(".a.png"), **no}),
            ("folders within", {"words": whole, "prepare": copies("a.png", "b/c.png"), **ok, "made": ("drawn/a.png",)}),
            ("a folder called a.png", {"words": whole, "prepare": copies("a.png/b.png", "c.png"), **ok}),
            ("a circle of folders", {"words": whole, "prepare": links(("in/round", "../in")), **ok}),
            (
                "an index of a circle",
                {
                    "words": ("index", "build", "in", "-o", "new.index", *MODEL),
                    "prepare": links(("in/round", "../in")),
                    **ok,
                },
            ),
            (
                "an index of links out",
                {
                    "words": ("index", "build", "in", "-o", "new.index", *MODEL),
                    "prepare": links(("in/out.png", "../style.png")),
                    **ok,
                },
            ),
            ("out is a link to the contents", {"words": whole, "prepare": links(("drawn", "in")), **no}),
            ("out is a link to nothing", {"words": whole, "prepare": links(("drawn", "nowhere")), **drawn}),
            (
                "a result is a link to an input",
                {"words": whole, "prepare": links(("drawn/a.png", "../in/a.png")), **no},
            ),
            ("out is a file", {"words": ("style", "set", "--like", "style.png", "-o", "content.png", *FEW), **no}),
            ("an index in a folder of mine", {"words": BUILD, "prepare": others("new.index"), **no}),
            ("a set in a folder of mine", {"words": SET, "prepare": others("drawn"), **no}),
            ("a study in a folder of mine", {"words": STUDY, "prepare": others("new.study"), **no}),
            ("a set into its icons", {"words": ("set", "set", "--like", "pictures", "-o", "set", *MODEL), **no}),
            (
                "a set within its icons",
                {
                    "words": ("set", "set", "--like", "pictures", "-o", "set/out", "--steps", "1", *MODEL),
                    "leaves": ("set/out/*",),
                },
            ),
            ("an index within its pictures", {"words": ("index", "build", "pictures", "-o", "pictures/i", *MODEL)}),
            (
                "shards that are a link",
                {
                    "words": ("index", "build", "pictures", "-o", small.INDEX, *MODEL),
                    "prepare": lambda at: (
                        shutil.move(at / small.INDEX / "shards", at / "kept"),
                        (at / small.INDEX / "shards").symlink_to("../kept"),
                    ),
                    **no,
                },
            ),
            (
                "a folder within shards",
                {
                    "words": ("index", "build", "pictures", "-o", small.INDEX, *MODEL),
                    "prepare": lambda at: (at / small.INDEX / "shards" / "mine").mkdir(),
                    **ok,
                    "may_change": (f"{small.INDEX}/*",),
                },
            ),
            ("card onto its input", {"words": ("card", small.CARD, "style.png", "-o", small.CARD, *MODEL), **no}),
            ("preview onto the style", {"words": (*STYLE, "-o", "out.png", "--preview", "style.png"), **no}),
            ("sheet onto an indexed picture", {"words": (*SEARCH, "--sheet", "content.png"), **no}),
            ("replay onto another's picture", {"words": ("replay", small.MADE, "-o", "other.png"), **no}),
            ("replay onto the picture", {"words": ("replay", small.MADE, "-o", small.MADE), **no}),
            (
                "count onto the content",
                {
                    "words": ("style", "in/x-1.png", "--like", "style.png", "--count", "2", "-o", "in/x.png", *FEW),
                    "prepare": copies("x-1.png"),
                    **no,
                },
            ),
        ],
    )


def streams() -> Iterator[Trial]:
    """Standard streams that are closed, full, or of another alphabet."""
    piped, out = (*STYLE[:1], "-", *STYLE[2:], "-o", "out.png"), (*STYLE, "-o", "-")
    data = _png(small.blobs(4))
    listed: list[tuple[str, dict[str, Any]]] = []
    for name, words in (
        ("style", (*STYLE, "-o", "out.png")),
        ("search", SEARCH),
        ("models", ("models",)),
        ("card", CARD),
        ("refused", ("style", "nowhere.png", "--like", "style.png")),
    ):
        for title, streams in (
            ("closed error", {2: ""}),
            ("closed output", {1: ""}),
            ("full output", {1: "/dev/full"}),
            ("full error", {2: "/dev/full"}),
            ("all closed", {0: "", 1: "", 2: ""}),
        ):
            silent = {"lines": 0} if 2 in streams else {}
            listed.append(
                (
                    f"{name}, {title}",
                    {"words": words, "world": World(streams=streams), "leaves": ("out.png", "b.style.json"), **silent},
                )
            )
    listed += [
        ("a picture to a full output", {"words": out, "world": World(streams={1: "/dev/full"}), "codes": (2,)}),
        ("a picture to a closed output", {"words": out, "world": World(streams={1: ""}), "codes": (2,)}),
        ("a picture from a closed input", {"words": piped, "world": World(streams={0: ""}), "codes": (2,)}),
        ("a picture from nothing", {"words": piped, "codes": (2,)}),
        ("a picture from a device", {"words": piped, "world": World(streams={0: "/dev/zero"}), "codes": (2,)}),
        ("a picture cut off", {"words": piped, "world": World(stdin=data[:-99]), "codes": (2,)}),
        ("a picture", {"words": piped, "world": World(stdin=data), "codes": (0,), "made": ("out.png",)}),
        (
            "standard input twice",
            {"words": ("style", "-", "--like", "-", "-o", "out.png", *FEW), "world": World(stdin=data), "codes": (2,)},
        ),
        (
            "a recipe from a picture without",
            {"words": ("replay", "-", "-o", "again.png"), "world": World(stdin=data), "codes": (2,)},
        ),
        (
            "ASCII",
            {
                "words": ("trace", "icon0.png", "-o", "\u00e9.svg"),
                "world": World(variables={"PYTHONIOENCODING": "ascii"}),
                "codes": (0,),
            },
        ),
        (
            "ASCII and a refusal",
            {
                "words": ("trace", "\u00e9\u4e2d.png"),
                "world": World(variables={"PYTHONIOENCODING": "ascii"}),
                "codes": (2,),
            },
        ),
    ]
    yield from _trials("streams", listed)


def _png(picture: Any) -> bytes:
    from lab.hostile.given import saved

    return saved(picture, "PNG")


def disk() -> Iterator[Trial]:
    """Files that may not grow, folders that are none, too few open files, too little memory."""
    listed: list[tuple[str, dict[str, Any]]] = []
    for words in WRITERS:
        for size in (400, 900):  # room for a line of error
            world = World(limits={resource.RLIMIT_FSIZE: size})
            listed.append(
                (f"{words[0]}, files of {size} bytes", {"words": words, "world": world, "leaves": LEFT, "lines": 9})
            )
    for words in WRITERS[:4]:
        world = World(limits={resource.RLIMIT_AS: 1_100_000_000})
        listed.append((f"{words[0]}, little memory", {"words": words, "world": world, "leaves": LEFT, "lines": 9}))
    for target in ("/dev/full", "/proc/x.png", "content.png/x.png", "new/deep/er/x.png", "", ".", "/dev/null/x.png"):
        listed.append((f"out {target!r}", {"words": (*STYLE, "-o", target), "leaves": LEFT}))
    yield from _trials("disk", listed)


GROUPS = {"folders": folders, "streams": streams, "disk": disk}
