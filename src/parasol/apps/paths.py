"""Every path that a command reads and writes, in one plan that is checked before anything is done.

No output is an input or another output, whatever links lead there, and a file that Parasol did not make stays unless
`--overwrite` says otherwise. What Parasol made is told by what it carries (a recipe, or the like), so that the same
command goes on where it was stopped.
"""

import json
import os
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parasol.errors import ParasolError

STDIN = "-"
SHEET_KEYWORD = "parasol-sheet"
"""Keyword of the PNG text that tells what is in each cell of a sheet."""

DRAWING_MARK = b'<metadata id="parasol">'  # of an SVG, near its beginning
HEAD = 4096  # bytes in which a drawing or a table says what it is
LARGEST_CARD = 50_000_000  # bytes
CARD_FIELDS = {"format", "encoder", "style", "parts"}

PathLike = str | Path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one command reads and writes. "", "-" and what is not there are no file, and passed over."""

    reads: Sequence[PathLike] = ()
    """Files that go in."""

    within: Sequence[PathLike] = ()
    """Folders that go in as they are (a bundle, an index, a corpus): nothing is written into them."""

    writes: Sequence[PathLike] = ()
    """Files that come out."""

    adds_to: PathLike | None = None
    """A file that is read and then written with more in it; the command sees itself that it is such a file."""

    overwrite: bool = False
    """Whether files that Parasol did not make may be replaced. Inputs never are."""

    def check(self) -> None:
        """Raise ValueError where anything would be lost."""
        read = _named(path for path in self.reads if Path(path).exists())  # what is missing is told where it is read
        folders = _named(path for path in self.within if Path(path).is_dir())
        written: dict[object, str] = {}
        added = _files([self.adds_to or ""])
        for path in (*_files(self.writes), *added):
            name, own = str(path), marks(path)
            parents = Path(os.path.realpath(path)).parents if folders else ()
            above = {mark for folder in parents for mark in marks(folder)}
            for mark in own & read.keys():
                raise ParasolError(f"{name!r} would overwrite {read[mark]!r}, which goes in: choose another output")
            for mark in own & written.keys():
                raise ParasolError(f"{name!r} is to be two outputs at once ({written[mark]!r}): choose another output")
            for mark in above & folders.keys():
                raise ParasolError(f"{name!r} lies in {folders[mark]!r}, which goes in as it is: choose another output")
            if not self.overwrite and path not in added and Path(path).is_file() and not made_here(Path(path)):
                raise ParasolError(
                    f"{name!r} is there already and Parasol did not make it: choose another output, or add --overwrite"
                )
            written |= dict.fromkeys(own, name)


def check_folder(
    out: PathLike, *, known_by: Iterable[str], own: Iterable[str] = (), reads: PathLike = "", option: str = "--out"
) -> None:
    """Refuse a folder of results that holds other things, or is what goes in.

    known_by: names of which one tells that the command made it. own: names that a run which was stopped early leaves.
    option: that names it.
    Raises ValueError.
    """
    folder = Path(out)
    for path in _files([reads]):
        if marks(path) & marks(folder):
            raise ParasolError(f"{str(out)!r} is the folder that goes in: choose another one with {option}")
    try:
        names = {path.name for path in folder.iterdir() if path.name[0] != "."}
    except OSError:  # not there, or no folder: who writes there tells
        return
    if names and not names & {*known_by} and not names <= {*own}:
        raise ParasolError(f"{str(out)!r} is a folder with other things in it: choose a new one with {option}")


def model_folder(model: str | None) -> str:
    """The folder of the bundle that --model names, "" where it names none by its folder."""
    from parasol.bundle import MANIFEST

    return model if model and (Path(model) / MANIFEST).is_file() else ""


def made_here(file: Path) -> bool:
    """Whether Parasol wrote a file: a picture or a drawing with its recipe, a sheet, a style card, or study answers."""
    head = _head(file)
    if head == b"":
        return True  # nothing is lost
    return is_result(file) or (_is_card(file) if head.lstrip()[:1] == b"{" else head.startswith(_answers()))


def is_result(file: Path) -> bool:
    """Whether a file is a picture or a drawing that Parasol made, or a sheet of such."""
    from parasol.images import carries
    from parasol.recipe import KEYWORD

    head = _head(file)
    if head.lstrip()[:4] == b"<svg":
        return DRAWING_MARK in head
    return carries(file, (KEYWORD, SHEET_KEYWORD))


def _head(file: Path) -> bytes:
    """How a file begins; a space where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(HEAD)
    except OSError:
        return b" "


def _is_card(file: Path) -> bool:
    if file.stat().st_size > LARGEST_CARD:
        return False
    with suppress(ValueError, RecursionError, OSError):
        document = json.loads(file.read_bytes())
        return isinstance(document, dict) and document.keys() >= CARD_FIELDS
    return False


def _answers() -> bytes:
    """How a table of a study's answers begins."""
    from parasol.study.analysis import as_csv

    return as_csv([]).encode()


def alike(name: str) -> str:
    """The same for names that macOS or Windows take for one: apart by case, or by how accents are spelt, alone."""
    return unicodedata.normalize("NFC", name).casefold()


def pictures_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The pictures in a folder and in its folders, by name; none that is hidden, as macOS's ._icon.png is."""
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return sorted(path for path in paths if not any(part[0] == "." for part in path.relative_to(folder).parts))


def _named(paths: Iterable[PathLike]) -> dict[object, str]:
    """What tells each file or folder from others -> how it was named."""
    return {mark: str(path) for path in _files(paths) for mark in marks(path)}


def _files(paths: Iterable[PathLike]) -> list[PathLike]:
    return [path for path in paths if str(path) not in ("", STDIN)]


def marks(path: PathLike) -> set[object]:
    """By what a file is known: where it lies, behind all links, and its number in the file system."""
    place = os.path.realpath(path)
    with suppress(OSError):
        status = Path(place).stat()
        if status.st_ino:
            return {place, (status.st_dev, status.st_ino)}
    return {place}
