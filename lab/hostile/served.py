"""Hostile requests to a study that is served: each is answered in order, and the study goes on."""

import contextlib
import http.client
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lab.hostile import forked, small
from lab.hostile.judge import Trial

PATIENCE = 5  # seconds for an answer; of half a request there is none
STARTING = 60  # seconds for the server


@dataclass
class Served:
    """A server in a process of its own, and its streams."""

    child: int
    out: Path
    err: Path
    port: int
    answers: Path
    heard: int = 0
    """Characters of its log that were judged."""


def served(files: Path, scratch: Path) -> Served:
    """Serve the small study. Raises RuntimeError where it does not begin."""
    folder = small.copied(files, scratch / "it")
    out, err = scratch / "out", scratch / "err"
    child = forked.fork(forked.parasol(("study", "serve", small.STUDY, "--port", "0"), folder), out, err)
    begun = time.monotonic()
    while time.monotonic() - begun < STARTING:
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", out.read_text() if out.exists() else "")
        if match:
            return Served(child, out, err, int(match[1]), folder / small.STUDY / "answers.sqlite")
        time.sleep(0.05)
    forked.end_group(child)
    raise RuntimeError(f"the study is not served: {err.read_text()}")


def _bodies() -> dict[str, bytes]:
    answer = {"participant": "eve", "id": "answer-00", "trial": 0, "choice": "left", "milliseconds": 900}
    text = json.dumps(answer)
    return {
        "NaN": text.replace("900", "NaN").encode(),
        "infinity": text.replace("900", "-Infinity").encode(),
        "ten to the 400th": text.replace("900", "1" + "0" * 400).encode(),
        "half a pair": text.replace("eve", "\\ud800").encode(),
        "no UTF-8": text.encode().replace(b"eve", b"\xff\xfe"),
        "UTF-16": text.encode("utf-16"),
        "NUL": text.replace("eve", "\\u0000").encode(),
        "deep": b"[" * 1500 + b"]" * 1500,
        "a list": b"[]",
        "nothing": b"",
        "no JSON": b"participant=eve",
        "twice the field": text.replace('"trial": 0', '"trial": 0, "trial": 1').encode(),
        "more fields": text.replace("}", ', "admin": true}').encode(),
        "a formula": text.replace("eve", "=1+1").encode(),
        "a way out": text.replace("eve", "../../etc").encode(),
        "SQL": text.replace("eve", "x'; DROP TABLE answers; --").encode(),
        "less than nothing": text.replace('"trial": 0', '"trial": -1').encode(),
        "a trial far on": text.replace('"trial": 0', '"trial": 999999999999').encode(),
        "a choice of none": text.replace("left", "both").encode(),
        "a tie": text.replace("left", "tie").encode(),
        "ten megabytes": text.replace("eve", "x" * 10_000_000).encode(),
    }


def _raw() -> dict[str, bytes]:
    """Requests as they go over the wire."""
    host = b"Host: 127.0.0.1\r\n"
    body = json.dumps({"participant": "mallory"}).encode()
    post = b"POST /api/begin HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
    return {
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00" * 30,
        "half a request": b"GET / HTTP/1.1\r\nHost",
        "another host": b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "no host": b"GET / HTTP/1.0\r\n\r\n",
        "two hosts": b"GET / HTTP/1.1\r\n" + host + b"Host: evil.example\r\n\r\n",
        "a way out": b"GET /pictures/..%2fstudy.json HTTP/1.1\r\n" + host + b"\r\n",
        "another way out": b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
        "NUL in the path": b"GET /pictures/%00.png HTTP/1.1\r\n" + host + b"\r\n",
        "no UTF-8 in the path": b"GET /%ff%fe HTTP/1.1\r\n" + host + b"\r\n",
        "a long path": b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        "many headers": b"GET / HTTP/1.1\r\n" + host + b"".join(b"X-%d: a\r\n" % n for n in range(5000)) + b"\r\n",
        "another method": b"DELETE /api/begin HTTP/1.1\r\n" + host + b"\r\n",
        "a method of none": b"FLY / HTTP/1.1\r\n" + host + b"\r\n",
        "no length": post + b"\r\n" + body,
        "less than no length": post + b"Content-Length: -5\r\n\r\n" + body,
        "a short body": post + b"Content-Length: 500\r\n\r\n" + body,
        "in pieces": post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"par\r\n0\r\n\r\n",
        "a range": b"GET /page.js HTTP/1.1\r\n" + host + b"Range: bytes=99999999-1\r\n\r\n",
    }  # fmt: skip


SECURED = ("content-security-policy", "x-content-type-options", "referrer-policy")


def trials(files: Path, scratch: Path) -> Iterator[Trial]:
    """All of them, to one server that is started for them."""
    scratch.mkdir(parents=True, exist_ok=True)
    server = served(files, scratch)
    try:
        for name, body in _bodies().items():
            act = lambda _, __, body=body: _judged(server, _posted(server, body))  # noqa: E731
            yield Trial(group="study server", name=f"answer: {name}", act=act)
        for name, data in _raw().items():
            act = lambda _, __, data=data, name=name: _judged(server, _sent(server, data), bare="http" in name.lower())  # noqa: E731
            yield Trial(group="study server", name=f"wire: {name}", act=act)
    finally:
        forked.end_group(server.child)


Answer = tuple[int, dict[str, str], bytes]


def _posted(server: Served, body: bytes) -> Answer:
    head = "POST /api/answer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return _sent(server, head.encode() + body)


def _sent(server: Served, data: bytes) -> Answer:
    """(status, headers, body); status 0 where the connection was closed without a word."""
    with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as wire:
        wire.settimeout(PATIENCE)
        try:
            with contextlib.suppress(OSError):  # refused before all was sent
                wire.sendall(data)
            got = http.client.HTTPResponse(wire)
            got.begin()
            return got.status, {name.lower(): value for name, value in got.getheaders()}, got.read(100_000)
        except (OSError, http.client.HTTPException):
            return 0, {}, b""


def _judged(server: Served, answer: Answer, *, bare: bool = False) -> list[str]:
    status, headers, body = answer
    faults = [f"wrong: status {status}"] if status >= 500 else []
    if status == 200 and (b"root:" in body or b'"schedule"' in body):
        faults.append("wrong: a file that is not the study's to give")
    if status and "server" in headers and status != 400:  # 400 of the protocol itself comes before the study
        faults += [f"wrong: no {name}" for name in SECURED if name not in headers]
    if len(body) > 20_000 and status >= 400:
        faults.append(f"wrong: {len(body)} bytes are sent back")
    time.sleep(0.05)  # for what it logs of a connection that was closed
    log = server.err.read_text(errors="replace")
    server.heard, new = len(log), log[server.heard :]
    if "Traceback" in new:
        faults.append("traceback: in the server's log")
    with closing(sqlite3.connect(server.answers)) as stored:
        (count,) = stored.execute("SELECT count(*) FROM answers").fetchone()
        known = {name for (name,) in stored.execute("SELECT name FROM participants")}
    if count > 1 or any(not re.fullmatch(r"[A-Za-z0-9._@-]+", name) for name in known):
        faults.append(f"wrong: {count} answers of {sorted(known)} are kept")
    status, _, body = _sent(server, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    if status != 200 or b"<html" not in body.lower():
        faults.append(f"wrong: the page is answered with {status} afterwards")
    return faults
