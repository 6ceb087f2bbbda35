"""Pictures that lie at hand: the studio's examples, a folder's, and what an index finds.

A page names them by a hash that this process gave out; no path ever comes from outside.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.images import load, read_bytes
from parasol.index.scan import scan
from parasol.index.search import Query, search
from parasol.index.store import MANIFEST, Encoders, Index
from parasol.pipeline import Parasol
from parasol.studio.store import Store, thumbnail
from parasol.studio.wanted import Reference

EXAMPLES = Path(__file__).parent / "examples"
AS_CONTENT = ("house.png", "key.png", "cup.png", "tree.png", "windmill.jpg")
AS_STYLE = ("crab.png", "outline.png", "pastel.png", "solid.png", "cafe.jpg")
MOST_OF_FOLDER = 400  # pictures that a folder shows
REMEMBERED = 20_000  # files that a page may still ask for
THUMBS = 2000  # small pictures that are kept, some 4 kB each


@final
class Shelf:
    """Files that pages may ask for. Usable from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._files: OrderedDict[str, Path] = OrderedDict()
        self._thumbs: OrderedDict[str, bytes] = OrderedDict()

    def put(self, file: Path) -> str:
        """The name by which pages may ask for a file."""
        name = hashlib.sha256(str(file).encode(errors="surrogateescape")).hexdigest()
        with self._lock:
            self._files[name] = file
            self._files.move_to_end(name)
            while len(self._files) > REMEMBERED:
                self._files.popitem(last=False)
        return name

    def thumb(self, name: str) -> bytes | None:
        """A file as a small WebP. Raises PictureError where it cannot be read any more."""
        with self._lock:
            file, known = self._files.get(name), self._thumbs.get(name)
        if file is None or known is not None:
            return known
        small = thumbnail(load(file))
        with self._lock:
            self._thumbs[name] = small
            while len(self._thumbs) > THUMBS:
                self._thumbs.popitem(last=False)
        return small

    def take(self, name: str) -> dict[str, Any] | None:
        """Make a file one of the studio's pictures. Raises PictureError where it cannot be read."""
        with self._lock:
            file = self._files.get(name)
        return None if file is None else self._store.add_picture(read_bytes(file))._asdict()


def examples(store: Store) -> dict[str, list[dict[str, Any]]]:
    """The studio's own pictures, which it is never without: for contents and for styles."""
    return {
        role: [store.add_picture((EXAMPLES / name).read_bytes())._asdict() | {"name": name} for name in names]
        for role, names in (("content", AS_CONTENT), ("style", AS_STYLE))
    }


def folder_pictures(folder: Path) -> list[Path]:
    """The first pictures of a folder, by path. Raises ValueError where there are none."""
    entries, _ = scan(folder)
    if not entries:
        raise ParasolError(f"{str(folder)!r} holds no picture and is no index: give a folder of pictures, or an index")
    return [folder / entry.path for entry in entries[:MOST_OF_FOLDER]]


def is_index(folder: Path) -> bool:
    """Whether a folder is an index."""
    return (folder / MANIFEST).is_file()


@final
class Finder:
    """An index, and the model whose encoders it is of."""

    def __init__(self, folder: Path, models: Sequence[Parasol]) -> None:
        """Raises ValueError where the index is of no model's encoders, or cannot be used."""
        self.index = Index.open(folder)
        fitting = [one for one in models if Encoders.of(one.bundle.manifest) == self.index.manifest.encoders]
        self._model = fitting[0] if fitting else models[0]
        self.index.require(Encoders.of(self._model.bundle.manifest))
        self._lock = threading.Lock()

    def find(
        self,
        store: Store,
        shelf: Shelf,
        *,
        style: Sequence[Reference],
        content: Sequence[Reference],
        style_weight: float,
        top: int,
    ) -> list[dict[str, Any]]:
        """The hits, best first, by name and with their cosines. Raises ValueError as `parasol search` does."""
        with self._lock:
            query = Query(
                style=self._model.style(_sources(store, style)).descriptor if style else None,
                content=self._model.shown(_sources(store, content)) if content else None,
                style_weight=style_weight,
            )
            hits = search(self.index, query, top)
        return [
            {
                "name": shelf.put(hit.file),
                "file": hit.file.name,
                "score": round(hit.score, 4),
                "style": hit.style,
                "content": hit.content,
            }
            for hit in hits
        ]


def _sources(store: Store, references: Sequence[Reference]) -> list[tuple[Any, float]]:
    return [
        (Words(one.words) if one.words is not None else store.given(str(one.picture or one.recipe)), one.weight)
        for one in references
    ]
