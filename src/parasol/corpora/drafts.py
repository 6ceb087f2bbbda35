"""From unpacked packages to their photographs and paintings: what each shows, whose it is, how to get its bytes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from parasol import images
from parasol.corpora.jigsaw import assemble, instruction_of, read_board
from parasol.corpora.licences import Notice, notice_of, read_stanzas
from parasol.corpora.resources import Resource, read_resources
from parasol.errors import ParasolError

GRAPHICS = frozenset({"analogpattern", "umang", "Infinite-Sea", "Fossa", "Painting-Colors"})
"""Wallpapers that are neither photographs nor paintings, by the words before `_by_`."""
PHOTOGRAPHERS = frozenset({"bwerner", "dmottl", "loc", "mfield", "myrabella", "nasa"})
"""Landscapes that are named after who took them, not after what they show."""
SCULPTURES = frozenset({"Michelangelo_Pieta"})
"""Puzzles of a photograph."""
PAINTERS = {
    "Bazille": "Frédéric Bazille",
    "Katsushika Hokusa": "Katsushika Hokusai",
    "Pieter Brugel": "Pieter Bruegel",
    "Vincent Van Gogh": "Vincent van Gogh",
}
"""Names as boards misspell them."""

ACTIVITIES = "gcompris/src/activities/"
FOLDERS = {
    "categorization/resource/images/alphabets": "object",
    "categorization/resource/images/fishes": "fish",
    "categorization/resource/images/monuments": "monument",
    "categorization/resource/images/numbers": "object",
    "categorization/resource/images/others": "object",
    "categorization/resource/images/renewable": "energy",
    "categorization/resource/images/tools": "tool",
    "erase/resource": "animal",
    "explore_farm_animals/resource/animals": "animal",
    "explore_monuments/resource": "monument",
    "explore_world_animals/resource/animals": "animal",
    "explore_world_music/resource/music": "music",
}
"""Folders of photographs (that of a README, subfolders included) and their class."""
SEA = "clickgame/resource"  # its other pictures are cut out
DETAILS = "details/resource"
PUZZLES = "paintings/resource"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A picture that a package offers. `stem` decides its split, `load` gives the bytes of its file.

    `refusal` says why it is left out whatever its licence. `suffix` is that of its file.
    """

    source: str
    stem: str
    kind: str
    subject: str
    caption: str
    notice: Notice | None
    load: Callable[[], bytes]
    painter: str = ""
    group: str = ""
    suffix: str = ".png"
    refusal: str = ""

    @property
    def id(self) -> str:
        """Unique in the corpus: a stem may come back in another folder of the package."""
        return "/".join(filter(None, (self.source, self.group, self.stem)))


def read_landscapes(tree: Path) -> Iterator[Draft]:
    """The landscapes of endless-sky: the class is in the file name."""
    stanzas = read_stanzas((tree / "usr/share/doc/endless-sky-data/copyright").read_text(encoding="utf-8"))
    for path in sorted((tree / "usr/share/games/endless-sky/images/land").glob("*.jpg")):
        word = re.match("[a-z]*", path.stem)
        subject = word[0] if word and word[0] not in PHOTOGRAPHERS else ""
        yield Draft(
            source="endless-sky",
            stem=path.stem,
            kind="photograph",
            subject=subject,
            caption=subject,
            notice=notice_of(f"images/land/{path.name}", stanzas),
            load=path.read_bytes,
            suffix=path.suffix,
        )


def read_wallpapers(tree: Path) -> Iterator[Draft]:
    """The photographs of a lomiri-wallpapers package."""
    (copyright_file,) = tree.glob("usr/share/doc/lomiri-wallpapers-*/copyright")
    stanzas = read_stanzas(copyright_file.read_text(encoding="utf-8"))
    version = copyright_file.parent.name.removeprefix("lomiri-wallpapers-")
    for path in sorted((tree / "usr/share/backgrounds").glob("*.jpg")):
        title = path.stem.partition("_by_")[0]
        yield Draft(
            source=f"lomiri-{version}",
            stem=path.stem,
            kind="photograph",
            subject="",
            caption="",
            notice=notice_of(f"{version}/{path.name}", stanzas),
            load=path.read_bytes,
            suffix=path.suffix,
            refusal="a graphic: neither photograph nor painting" if title in GRAPHICS else "",
        )


def read_gcompris(tree: Path) -> Iterator[Draft]:
    """Photographs, Van Goghs and puzzles of gcompris-qt; each folder's README tells whose they are."""
    for archive in sorted((tree / "usr/share/gcompris-qt/rcc").glob("*.rcc")):
        files = {
            path.removeprefix(ACTIVITIES): resource
            for path, resource in read_resources(archive).items()
            if path.startswith(ACTIVITIES)
        }
        for folder in sorted({str(PurePosixPath(path).parent) for path in files if path.endswith("/README")}):
            readme = files[f"{folder}/README"].read().decode("utf-8")
            activity = GcomprisFolder(path=folder, files=files, readme=readme)
            if folder in FOLDERS:
                yield from activity.photographs(FOLDERS[folder])
            elif folder == SEA:
                yield from activity.photographs("underwater", only="sea")
            elif folder == f"{DETAILS}/image":
                yield from activity.details()
            elif folder == f"{PUZZLES}/image":
                yield from activity.puzzles()


@dataclass(frozen=True, kw_only=True)
class GcomprisFolder:
    """A folder of pictures with its README, among all files of its archive."""

    path: str
    files: dict[str, Resource]
    readme: str

    def photographs(self, subject: str, *, only: str = "") -> Iterator[Draft]:
        """Whole photographs whose name begins with `only`; boards may tell their titles, else their names do."""
        titles = _titles(self._texts("qml"))
        for path in self._pictures(only):
            stem = PurePosixPath(path).stem
            group = path.removesuffix(f"/{stem}.webp").replace("/resource", "").replace("/images", "")
            yield Draft(
                source="gcompris",
                group=group,
                stem=stem,
                kind="photograph",
                subject=subject,
                caption=titles.get(f"{stem}.webp") or words_of(stem),
                notice=self._notice(path),
                load=self.files[path].read,
                suffix=".webp",
            )

    def details(self) -> Iterator[Draft]:
        """Whole pictures under a puzzle of details: photographs, and the Van Goghs."""
        boards = self._texts("qml")
        for path in self._pictures(""):
            name = PurePosixPath(path).name
            if not name.endswith("_background.webp"):
                continue
            notice = self._notice(path)
            painting = notice is not None and "painting" in notice.note
            words = next((instruction_of(text) for text in boards if f"image/{name}" in text), "")
            painter, title = _painter_and_title(words) if painting else ("", words)
            yield Draft(
                source="gcompris",
                group="details",
                stem=PurePosixPath(path).stem,
                kind="painting" if painting else "photograph",
                subject="painting" if painting else "monument",
                caption=title,
                painter=painter,
                notice=notice,
                load=self.files[path].read,
                suffix=".webp",
            )

    def puzzles(self) -> Iterator[Draft]:
        """Paintings in pieces, one a board."""
        for path in sorted(self.files):
            if not path.startswith(f"{PUZZLES}/board/"):
                continue
            text = self.files[path].read().decode("utf-8")
            first = re.search(r'image/([^"]+\.webp)', text)
            if first is None:
                continue
            stem = re.sub(r"[-_][a-z]?\d$", "", PurePosixPath(first[1]).stem)
            painter, title = _painter_and_title(instruction_of(text))
            sculpture = stem in SCULPTURES
            yield Draft(
                source="gcompris",
                group="paintings",
                stem=stem,
                kind="photograph" if sculpture else "painting",
                subject="sculpture" if sculpture else "painting",
                caption=title,
                painter="" if sculpture else painter,
                notice=self._notice(f"{self.path}/{first[1]}"),
                load=lambda text=text: self._assembled(text),
            )

    def _assembled(self, text: str) -> bytes:
        """The PNG of a puzzle's painting."""

        def piece(file: str) -> Image.Image:
            try:
                return Image.open(BytesIO(self.files[f"{PUZZLES}/{file}"].read()))
            except (KeyError, OSError) as error:
                raise ParasolError(f"broken: the piece {file} is missing or can't be decoded") from error

        return images.encode_png(assemble(read_board(text), piece))

    def _pictures(self, only: str) -> list[str]:
        inside = (path for path in self.files if path.startswith(f"{self.path}/") and path.endswith(".webp"))
        return sorted(path for path in inside if PurePosixPath(path).name.startswith(only))

    def _texts(self, suffix: str) -> list[str]:
        return [self.files[path].read().decode("utf-8") for path in sorted(self.files) if path.endswith(f".{suffix}")]

    def _notice(self, path: str) -> Notice | None:
        return notice_of(path.removeprefix(f"{self.path}/"), read_stanzas(self.readme))


def _titles(boards: list[str]) -> dict[str, str]:
    """File name -> title, as the boards of a tour state them."""
    titles = {}
    for block in re.findall(r"\{[^{}]*\}", "\n".join(boards)):
        title, file = re.search(r'"title"\s*:\s*qsTr\("([^"]+)"\)', block), re.search(r'/([^/"]+\.webp)"', block)
        if title and file:
            titles[file[1]] = title[1]
    return titles


def _painter_and_title(words: str) -> tuple[str, str]:
    """`Albrecht Dürer, Lion - 1494` -> painter and title, without the year."""
    painter, _, rest = words.partition(", ")
    title = re.sub(r"(?:\s+-)?\s+\d{4}(?:-\d+)?$", "", rest)
    return PAINTERS.get(painter, painter), title


def words_of(stem: str) -> str:
    """`leaningTowerOfPisa` -> `leaning tower of pisa`, `fish12` -> `fish`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", re.sub(r"\d+$", "", stem))
    return spaced.lower().strip()
