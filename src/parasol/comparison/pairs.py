"""The frozen list of pairs that methods are compared on, a JSON file."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from parasol.bundle import first_fault, sha256
from parasol.errors import ParasolError
from parasol.images import PictureError
from parasol.strict import Strict

NAME = re.compile(r"\w[\w.,+=@-]{0,199}", re.ASCII)


class Entry(Strict):
    """One pair as the file has it; paths are relative to the folder of pictures."""

    content: str
    style: str
    truth: str | None = Field(None, description="what a perfect result looks like, where that is known")
    name: str = Field("", description="of the result's file, without .png; made from the two files if left out")
    group: str = Field("", description="the style family of the style picture; leakage counts within a group")
    sha256: dict[str, str] = Field(default={}, description="hash of each picture's file, by the name of its field")

    @property
    def title(self) -> str:
        """What results are called."""
        return self.name or f"{Path(self.content).stem}-as-{Path(self.style).stem}"


@dataclass(frozen=True, kw_only=True)
class PicturePair:
    """One pair on this machine."""

    name: str
    """Of the result's file, without .png."""

    content: Path
    style: Path
    truth: Path | None
    group: str
    """The style family of the style picture."""

    @property
    def identity(self) -> bool:
        """Whether the style picture is the content picture itself, which a method should then give back."""
        return self.content == self.style

    @cached_property
    def style_hash(self) -> str:
        """Of the style picture's file: equal for equal pictures."""
        return sha256(self.style)

    @cached_property
    def inputs(self) -> str:
        """Names what a method is given; a result for other inputs is another result."""
        return hashlib.sha256(f"{sha256(self.content)} {self.style_hash}".encode()).hexdigest()[:16]


def read_pairs(file: Path, pictures: Path | None = None, first: int | None = None) -> tuple[PicturePair, ...]:
    """Pairs of a file, all of them or the first few; `pictures` is the folder that its paths start from, or its own.

    Raises:
        ValueError: the file is no list of pairs, two have one name, or a picture is missing or not the one whose hash
            the list names.
    """
    try:
        entries = TypeAdapter(list[Entry]).validate_json(file.read_bytes())
    except OSError as error:
        raise ParasolError(f"the pairs {str(file)!r} cannot be read ({error.strerror}): give a JSON list") from error
    except ValidationError as error:
        raise ParasolError(
            f"{str(file)!r} is wrong at {first_fault(error)}: it must be a JSON list of objects such as "
            '{"content": "house.png", "style": "crab.png"}'
        ) from error
    if not entries or (first is not None and not 1 <= first <= len(entries)):
        raise ParasolError(
            f"{first or 0} pairs are asked for and {str(file)!r} holds {len(entries)}: ask for 1 or more"
        )
    check_names(entries, file)
    folder = file.parent if pictures is None else pictures
    return tuple(pair_in(folder, entry) for entry in entries[:first])


def check_names(entries: Sequence[Entry], file: Path) -> None:
    """Refuse a list, of a file, in which two pairs have one name, or one has a name that no file can have."""
    counts = Counter(entry.title for entry in entries)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ParasolError(f"{str(file)!r} has {counts[twice[0]]} pairs called {twice[0]!r}: give each its own name")
    for name in counts:
        if not NAME.fullmatch(name):
            raise ParasolError(
                f"the name {json.dumps(name)} in {str(file)!r} is no file name: use letters, digits and . , + = @ _ -"
            )


def pair_in(folder: Path, entry: Entry) -> PicturePair:
    """A pair whose paths start from a folder. Raises PictureError where a picture is missing, or another."""
    files = {"content": entry.content, "style": entry.style, **({"truth": entry.truth} if entry.truth else {})}
    for field, name in files.items():
        path = folder / name
        if not path.is_file():
            raise PictureError(
                f"the {field} picture {str(path)!r} of the pair {entry.title!r} does not exist: name the folder that "
                "the list's paths start from with --pictures"
            )
        wanted = entry.sha256.get(field)
        if wanted is not None and sha256(path) != wanted:
            raise PictureError(
                f"the {field} picture {str(path)!r} is not the one that the pair {entry.title!r} was frozen with: "
                "use the pictures of that build, or freeze the list anew"
            )
    return PicturePair(
        name=entry.title,
        content=folder / entry.content,
        style=folder / entry.style,
        truth=folder / entry.truth if entry.truth else None,
        group=entry.group,
    )
