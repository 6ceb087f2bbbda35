"""Pictures that lie at hand: the studio's examples, a folder's, and what an index finds.

A page names them by a hash that this process gave out; no path ever comes from outside.
"""

import hashlib
import json
import threading
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.images import load, read_bytes
from parasol.index.scan import scan
from parasol.index.search import Query, search
from parasol.index.store import MANIFEST, Encoders, Index
from parasol.pipeline import Parasol
from parasol.studio.kept_cards import card
from parasol.studio.once import Once
from parasol.studio.store import Kept, Store, read_picture, thumbnail
from parasol.studio.wanted import Reference

EXAMPLES = Path(__file__).parent / "examples"
KNOWN_EXAMPLES = "known.json"  # which `python -m lab miniatures --examples` writes
AS_CONTENT = (
    "house.png", "bell.svg", "book.svg", "camera.svg", "cloud.svg", "cup.png", "envelope.svg", "gift.svg", "heart.svg",
    "key.png", "lock.svg", "tree.png", "umbrella.svg", "windmill.jpg",
)  # fmt: skip
AS_STYLE = (
    "crab.png", "outline.png", "pastel.png", "solid.png", "comic.png", "duotone.png", "night.png", "hatch.png",
    "cafe.jpg",
)  # fmt: skip
MOST_OF_FOLDER = 400  # pictures that a folder shows
REMEMBERED = 20_000  # files that a page may still ask for
KNOWN = 256  # queries that stay described
THUMBS = 2000  # small pictures that are kept, some 4 kB each


@final
class Library:
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
    """The studio's own pictures, which it is never without: for contents and for styles.

    Their sizes and small pictures lie beside them, for the first page waits for these.
    """
    known = json.loads((EXAMPLES / KNOWN_EXAMPLES).read_text("utf-8"))
    thumbs = {name: b64decode(facts.pop("thumb")) for name, facts in known.items()}
    store.add_known((Kept(**facts), (EXAMPLES / name).read_bytes(), thumbs[name]) for name, facts in known.items())
    return {
        role: [known[name] | {"name": name} for name in names]
        for role, names in (("content", AS_CONTENT), ("style", AS_STYLE))
    }


def known_example(name: str) -> dict[str, Any]:
    """What `examples` finds beside them of one: as `Kept`, and its small WebP in base64."""
    kept, thumb = read_picture((EXAMPLES / name).read_bytes())
    return kept._asdict() | {"thumb": b64encode(thumb).decode()}


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
    """Search over an index, if there is one, and over everything in the history, by the encoders of one model."""

    def __init__(self, folder: Path | None, models: Sequence[Parasol], store: Store) -> None:
        """Raises ValueError where the index is of no model's encoders, or cannot be used."""
        self.index = None if folder is None else Index.open(folder)
        self._model = models[0]
        if self.index is not None:
            held = self.index.manifest.encoders
            fitting = [model for model in models if Encoders.of(model.bundle.manifest) == held]
            self._model = fitting[0] if fitting else models[0]
            self.index.require(Encoders.of(self._model.bundle.manifest))
        self._encoders = Encoders.of(self._model.bundle.manifest)
        self._store = store
        self._made: dict[int, np.ndarray] = {}
        self._once = Once(KNOWN)
        self._lock, self._searching = threading.Lock(), threading.Lock()

    def __len__(self) -> int:
        """Pictures that are searched."""
        made = self._store.rows("SELECT count(*) FROM history")[0][0]
        return made + (0 if self.index is None else len(self.index.table))

    def find(
        self,
        library: Library,
        *,
        style: Sequence[Reference],
        content: Sequence[Reference],
        style_weight: float,
        top: int,
    ) -> list[dict[str, Any]]:
        """The hits, best first, by name, or by number where they were made here, and with their cosines.

        Raises:
            ValueError: as `parasol search` does.
        """
        drawn = lambda: self._model.style(self._sources(style)).descriptor  # noqa: E731
        shown = lambda: self._model.shown(self._sources(content))  # noqa: E731
        query = Query(
            style=self._once(("style", *style), drawn) if style else None,
            content=self._once(("content", *content), shown) if content else None,
            style_weight=style_weight,
        )
        with self._searching:  # products side by side have each other's threads wait, four times as long in all
            hits = [] if self.index is None else search(self.index, query, top)
        entries = [
            {"name": library.put(hit.file), "file": hit.file.name, "score": hit.score} | _told(hit.style, hit.content)
            for hit in hits
        ]
        with self._lock:
            entries += self._made_here(query)
        best = sorted(entries, key=lambda hit: -hit["score"])[:top]
        return [{**hit, "score": round(hit["score"], 4)} for hit in best]

    def _made_here(self, query: Query) -> list[dict[str, Any]]:
        self._describe()
        if not self._made:
            return []
        rows, parts = np.stack([*self._made.values()]), self._encoders
        nothing = [None] * len(rows)
        style = nothing if query.style is None else (rows[:, parts.style_columns] @ query.style).tolist()
        content = nothing if query.content is None else (rows[:, parts.content_columns] @ query.content).tolist()
        scores = (rows @ query.vector(parts)).tolist()
        return [
            {"number": number, "file": f"parasol-{number}.png", "score": score} | _told(*cosines)
            for number, score, *cosines in zip(self._made, scores, style, content, strict=True)
        ]

    def _describe(self) -> None:
        """Bring the descriptors of what was made here up to date; each picture is described once."""
        there = {number for (number,) in self._store.rows("SELECT number FROM history")}
        for number in [number for number in self._made if number not in there]:
            del self._made[number]
        if not there - self._made.keys():
            return
        space = str(self._encoders)
        for number, row in self._store.rows("SELECT number, row FROM described WHERE encoders = ?", space):
            if number in there:
                self._made[number] = np.frombuffer(row, "<f2").astype(np.float32)
        for number in sorted(there - self._made.keys()):
            png = self._store.drawn(number)
            if png is None:
                continue
            row = np.concatenate([self._model.embed_style(png), self._model.embed_content(png)]).astype("<f2")
            self._store.write("INSERT OR IGNORE INTO described VALUES (?, ?, ?)", number, space, row.tobytes())
            self._made[number] = row.astype(np.float32)

    def _sources(self, references: Sequence[Reference]) -> list[tuple[Any, float]]:
        def opened(reference: Reference) -> Any:
            if reference.words is not None:
                return Words(reference.words)
            if reference.card is not None:
                return card(self._store, reference.card)
            return self._store.given(str(reference.picture or reference.recipe))

        return [(opened(reference), reference.weight) for reference in references]


def _told(style: float | None, content: float | None) -> dict[str, Any]:
    return {"style": style, "content": content}
