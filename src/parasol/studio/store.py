"""What the studio keeps: one SQLite file of the pictures that came in, of what waits, and of what was drawn.

Nothing that comes from outside names a file: pictures are rows, by the hash of their bytes. What a method has returned
from is on the disk, whatever happens next.
"""

import hashlib
import io
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from parasol.errors import ParasolError
from parasol.images import PictureError, fit, is_photograph, load_shown, to_uint8
from parasol.serving import writing

FILE = "studio.sqlite"
THUMB = 160  # px, longer side
PATIENCE = 30.0  # seconds that a writer waits for another
LARGEST = 2 * 2**30  # bytes of the file

TABLES = """
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, data BLOB NOT NULL, thumb BLOB NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    photograph INTEGER NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS waiting (job TEXT PRIMARY KEY, wanted TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, place INTEGER NOT NULL, recipe TEXT NOT NULL,
    wanted TEXT NOT NULL, png BLOB NOT NULL, thumb BLOB NOT NULL, seconds REAL NOT NULL, at TEXT NOT NULL,
    UNIQUE (job, place)
) STRICT;
CREATE INDEX IF NOT EXISTS by_recipe ON history (recipe);
CREATE TABLE IF NOT EXISTS made (id TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS favourites (number INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS described (
    number INTEGER NOT NULL, encoders TEXT NOT NULL, row BLOB NOT NULL, PRIMARY KEY (number, encoders)
) STRICT;
CREATE TABLE IF NOT EXISTS cards (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, card TEXT NOT NULL, thumb BLOB NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sets (job TEXT PRIMARY KEY, wanted TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS icons (
    job TEXT NOT NULL, place INTEGER NOT NULL, number INTEGER, svg BLOB, measures TEXT, error TEXT NOT NULL,
    PRIMARY KEY (job, place)
) STRICT;
"""


class StoreFull(ParasolError):
    """The file has its largest size. One line, with the way out."""


class Kept(NamedTuple):
    """A picture that came in."""

    id: str
    """SHA-256 of its bytes."""

    width: int
    height: int
    photograph: bool


class Drawn(NamedTuple):
    """A picture of the history."""

    number: int
    """From 1, in the order in which pictures were finished."""

    wanted: str
    """What was asked for, as JSON, with the seed of this one picture."""

    seconds: float
    at: str
    favourite: bool


class Store:
    """Usable from several threads."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """Open the file in `folder`, or make both. Raises ValueError where that cannot be done."""
        self._lock = threading.Lock()
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise ParasolError(f"{str(path)!r} cannot be used ({error}): choose another --keep") from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")
            (page,) = self._connection.execute("PRAGMA page_size").fetchone()
            self._connection.execute(f"PRAGMA max_page_count = {max(largest // page, 16)}")
        except sqlite3.Error as error:
            self._connection.close()
            raise ParasolError(
                f"{str(path)!r} cannot be used ({error}): move it away, or choose another --keep"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with writing(self._connection, self._lock) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            reason = "the studio's file has its largest size, or the disk is full"
            raise StoreFull(f"{reason}: delete pictures from the history, or start with another --keep") from error

    def rows(self, query: str, *values: object) -> list[tuple]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def write(self, query: str, *values: object) -> int:
        """Run one statement that writes; how many rows it changed. Raises StoreFull."""
        with self._writing() as connection:
            return connection.execute(query, values).rowcount

    def _one(self, query: str, *values: object) -> tuple | None:
        with self._lock:
            return self._connection.execute(query, values).fetchone()

    def add_picture(self, data: bytes) -> Kept:
        """Keep a picture, once. Raises PictureError where it cannot be read, StoreFull where there is no room."""
        known = self.picture(hashlib.sha256(data).hexdigest())
        if known is not None:
            return known
        picture, thumb = read_picture(data)
        self.add_known([(picture, data, thumb)])
        return picture

    def add_known(self, pictures: Iterable[tuple[Kept, bytes, bytes]]) -> None:
        """Keep pictures that were read before: what is known of each, its bytes, and its small WebP. Raises StoreFull
        where there is no room."""
        rows = [
            (kept.id, data, thumb, kept.width, kept.height, int(kept.photograph), moment())
            for kept, data, thumb in pictures
        ]
        with self._writing() as connection:
            connection.executemany("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def picture(self, name: str) -> Kept | None:
        """What is known of a picture."""
        row = self._one("SELECT id, width, height, photograph FROM pictures WHERE id = ?", name)
        return None if row is None else Kept(row[0], row[1], row[2], bool(row[3]))

    def data(self, name: str) -> bytes | None:
        """The bytes of a picture, as they came."""
        row = self._one("SELECT data FROM pictures WHERE id = ?", name)
        return None if row is None else row[0]

    def given(self, name: str) -> bytes:
        """As `data`. Raises PictureError where it is not there."""
        data = self.data(name)
        if data is None:
            raise PictureError(f"the picture {name[:12]} is not here any more: give it again")
        return data

    def thumb(self, name: str) -> bytes | None:
        """A picture as a small WebP."""
        row = self._one("SELECT thumb FROM pictures WHERE id = ?", name)
        return None if row is None else row[0]

    def drop_unused(self, used: set[str]) -> None:
        """Let go of the pictures that came in and are not in `used`."""
        with self._writing() as connection:
            names = {name for (name,) in connection.execute("SELECT id FROM pictures")}
            connection.executemany("DELETE FROM pictures WHERE id = ?", [(name,) for name in names - used])

    def wait(self, job: str, wanted: str, *, a_set: bool = False) -> None:
        """Keep what a job is to draw, until `finish`; that of a set for good."""
        with self._writing() as connection:
            connection.execute("INSERT INTO waiting VALUES (?, ?, ?)", (job, wanted, moment()))
            if a_set:
                connection.execute("INSERT OR IGNORE INTO sets VALUES (?, ?, ?)", (job, wanted, moment()))

    def finish(self, job: str) -> None:
        """The job waits no longer."""
        with self._writing() as connection:
            connection.execute("DELETE FROM waiting WHERE job = ?", (job,))

    def waiting(self) -> list[tuple[str, str]]:
        """(job, what it is to draw), in the order of arrival: what an earlier studio left undone."""
        with self._lock:
            return self._connection.execute("SELECT job, wanted FROM waiting ORDER BY at, rowid").fetchall()

    def add_drawn(
        self, job: str, place: int, recipe: str, wanted: str, png: bytes, thumb: bytes, seconds: float
    ) -> int:
        """Keep the picture of a job with that place; returns its number, that of the first where it was kept before."""
        with self._writing() as connection:
            row = (job, place, _digest(recipe), wanted, png, thumb, seconds, moment())
            connection.execute(
                "INSERT OR IGNORE INTO history (job, place, recipe, wanted, png, thumb, seconds, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            query = "SELECT number FROM history WHERE job = ? AND place = ?"
            number = connection.execute(query, (job, place)).fetchone()[0]
            row = (hashlib.sha256(png).hexdigest(), number)
            connection.execute("INSERT OR IGNORE INTO made VALUES (?, ?)", row)
            return number

    def history(self, before: int, most: int, find: str = "", *, favourite: bool = False) -> list[Drawn]:
        """The `most` latest pictures with numbers below `before`, latest first; only those where every word of `find`
        is in what was asked for (such as `seed:7`) or in the day, and only favourites."""
        words = [word.replace("=", ":") for word in find.split()][:12]
        clause = "instr(lower(history.number || ' ' || at || ' ' || replace(wanted, '\"', '')), lower(?)) > 0"
        where = " AND ".join(["history.number < ?", *[clause] * len(words)])
        query = (
            "SELECT history.number, wanted, seconds, at, favourites.number IS NOT NULL FROM history "
            f"{'' if favourite else 'LEFT '}JOIN favourites ON favourites.number = history.number "
            f"WHERE {where} ORDER BY history.number DESC LIMIT ?"
        )
        return [
            Drawn(number, wanted, seconds, at, bool(starred))
            for number, wanted, seconds, at, starred in self.rows(query, before, *words, most)
        ]

    def lineage(self, number: int) -> dict[str, list[int]] | None:
        """The pictures of the history that one was made from, and those that were made from it; None where it is not
        there."""
        row = self._one("SELECT wanted FROM history WHERE number = ?", number)
        if row is None:
            return None
        parents = "SELECT DISTINCT number FROM made WHERE instr(?, id) > 0 AND number != ? ORDER BY number"
        children = (
            "SELECT DISTINCT history.number FROM made JOIN history ON instr(history.wanted, made.id) > 0 "
            "WHERE made.number = ? AND history.number != made.number ORDER BY history.number LIMIT 60"
        )
        return {
            "parents": [other for (other,) in self.rows(parents, row[0], number)],
            "children": [other for (other,) in self.rows(children, number)],
        }

    def drawn(self, number: int, *, thumb: bool = False) -> bytes | None:
        """The PNG of a picture of the history, or its small WebP."""
        row = self._one(f"SELECT {'thumb' if thumb else 'png'} FROM history WHERE number = ?", number)
        return None if row is None else row[0]

    def wanted_of(self, recipe: str) -> str | None:
        """What was asked for when a picture of that very recipe was drawn, if it is in the history."""
        row = self._one("SELECT wanted FROM history WHERE recipe = ? ORDER BY number DESC", _digest(recipe))
        return None if row is None else row[0]

    def delete(self, number: int) -> bool:
        """Delete a picture of the history; whether there was one."""
        with self._writing() as connection:
            for table in ("made", "favourites", "described"):
                connection.execute(f"DELETE FROM {table} WHERE number = ?", (number,))
            return connection.execute("DELETE FROM history WHERE number = ?", (number,)).rowcount > 0

    def all_wanted(self) -> list[str]:
        """Everything that was asked for or still is."""
        query = " UNION ALL ".join(f"SELECT wanted FROM {table}" for table in ("history", "waiting", "sets"))
        return [wanted for (wanted,) in self.rows(query)]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def read_picture(data: bytes) -> tuple[Kept, bytes]:
    """What is known of the file of a picture, and its small WebP. Raises PictureError where it cannot be read."""
    pixels = load_shown(data)
    height, width = pixels.shape[:2]
    name = hashlib.sha256(data).hexdigest()
    return Kept(name, width, height, bool(is_photograph(pixels))), thumbnail(pixels)


def thumbnail(pixels: np.ndarray, side: int = THUMB) -> bytes:
    """A WebP of a picture `H W 3`, of `side` px at most."""
    file = io.BytesIO()
    small = fit(pixels, min(side, max(pixels.shape[:2])))
    Image.fromarray(to_uint8(small)).save(file, "WEBP", quality=82)
    return file.getvalue()


def _digest(recipe: str) -> str:
    return hashlib.sha256(recipe.encode()).hexdigest()


def moment() -> str:
    """Now, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
