"""The answers: an append-only SQLite file. What `add` has returned from is on the disk, whatever happens next."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from parasol.errors import ParasolError
from parasol.serving import writing
from parasol.strict import Strict

Choice = Literal["left", "right", "tie"]
PATIENCE = 30.0  # seconds that a writer waits for another

TABLES = """
CREATE TABLE IF NOT EXISTS study (digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS participants (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    arrived TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    participant INTEGER NOT NULL REFERENCES participants (number),
    trial INTEGER NOT NULL CHECK (trial >= 0),
    choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'tie')),
    milliseconds INTEGER NOT NULL CHECK (milliseconds >= 0),
    at TEXT NOT NULL,
    UNIQUE (participant, trial)
) STRICT;
"""
APPEND_ONLY = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{event.lower()} BEFORE {event} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;\n"
    for table in ("study", "participants", "answers")
    for event in ("UPDATE", "DELETE")
)


class Answer(Strict):
    """A choice, under an id that the participant's browser made."""

    id: str
    trial: int
    choice: Choice
    milliseconds: int


class Stored(NamedTuple):
    """A row of the export."""

    participant: str
    """The id that the participant came with."""

    number: int
    """Of the participant, counted from 0 in order of arrival."""

    trial: int
    choice: Choice
    milliseconds: int
    at: str
    id: str


class Store:
    """Answers to one study. Usable from several threads, and from several processes."""

    def __init__(self, path: Path, digest: str) -> None:
        """Open the file, or make it; `digest` names the study. Raises ValueError where it belongs to another."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(path, digest)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, path: Path, digest: str) -> None:
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(f"BEGIN IMMEDIATE; {TABLES} {APPEND_ONLY} COMMIT;")
            with writing(self._connection, self._lock) as connection:
                stored = connection.execute("SELECT digest FROM study").fetchone()
                if stored is None:
                    connection.execute("INSERT INTO study VALUES (?)", (digest,))
        except sqlite3.DatabaseError as error:
            raise ParasolError(f"{path} cannot be used ({error}): move it away, or restore it from a copy") from error
        if stored is not None and stored[0] != digest:
            raise ParasolError(
                f"{path} holds answers to another study.json: restore that file, or move the answers away"
            )

    def arrive(self, name: str) -> int:
        """The number of a participant, who gets the next one on first sight."""
        with writing(self._connection, self._lock) as connection:
            participant = connection.execute("SELECT number FROM participants WHERE name = ?", (name,)).fetchone()
            if participant is not None:
                return participant[0]
            (number,) = connection.execute("SELECT count(*) FROM participants").fetchone()
            row = (number, name, _now())
            connection.execute("INSERT INTO participants VALUES (?, ?, ?)", row)
            return number

    def answered(self, number: int) -> int:
        """How many trials of a participant are answered: the trial to go on with."""
        with self._lock:
            query = "SELECT count(*) FROM answers WHERE participant = ?"
            return self._connection.execute(query, (number,)).fetchone()[0]

    def add(self, number: int, answer: Answer) -> bool:
        """Keep an answer, durably. False where its id or its trial has been answered: the first one stands.

        Raises:
            ValueError: the trial is not the participant's next.
        """
        with writing(self._connection, self._lock) as connection:
            count = "SELECT count(*) FROM answers WHERE participant = ?"
            (done,) = connection.execute(count, (number,)).fetchone()
            known = connection.execute("SELECT 1 FROM answers WHERE id = ?", (answer.id,)).fetchone()
            if known or answer.trial < done:
                return False
            if answer.trial != done:
                raise ParasolError(f"trial {answer.trial} was answered and {done} is next: reload the page")
            row = (answer.id, number, answer.trial, answer.choice, answer.milliseconds, _now())
            connection.execute(
                "INSERT INTO answers (id, participant, trial, choice, milliseconds, at) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            return True

    def all(self) -> list[Stored]:
        """Every answer, in the order of arrival."""
        query = (
            "SELECT name, participant, trial, choice, milliseconds, at, id "
            "FROM answers JOIN participants ON participant = participants.number ORDER BY answers.number"
        )
        with self._lock, closing(self._connection.execute(query)) as rows:
            return [Stored(*row) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
