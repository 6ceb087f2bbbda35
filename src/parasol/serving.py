"""Where servers of this machine listen, and how they write to their files."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from parasol.errors import ParasolError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises ParasolError where the address cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = f"port {port} of {host} cannot be had ({error})"
        raise ParasolError(f"{reason}: choose another --port, 0 for any") from error


@contextmanager
def writing(connection: sqlite3.Connection, lock: Lock) -> Iterator[sqlite3.Connection]:
    """One writer at a time; committed at the end, undone on an error."""
    with lock:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
