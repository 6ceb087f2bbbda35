"""The server: what it tells, what it refuses, and that no acknowledged answer is lost when it is killed."""

import asyncio
import json
import secrets
import threading
import time
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parasol.study.answers import Store
from parasol.study.folder import ANSWERS, MANIFEST, PICTURES, Study
from parasol.study.server import make_app
from small_study import METHODS, PAIRS, Server, small_study

PEOPLE = 8


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return small_study(tmp_path)


@pytest.fixture
def store(tmp_path: Path, study: Study):
    with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as opened:
        yield opened


@pytest.fixture
def client(tmp_path: Path, study: Study, store: Store) -> TestClient:
    return TestClient(make_app(study, tmp_path / "study", store))


def begin(client: TestClient, participant: str = "eve") -> dict[str, Any]:
    return client.post("/api/begin", json={"participant": participant}).json()


def given(trial: int, **changed: Any) -> dict[str, Any]:
    answer = {"participant": "eve", "id": f"answer-{trial}", "trial": trial, "choice": "left", "milliseconds": 900}
    return {**answer, **changed}


def test_a_participant_goes_through_the_own_list(client: TestClient, study: Study, store: Store) -> None:
    state, own = begin(client), study.schedule[0]
    assert (state["done"], state["total"]) == (0, len(own))
    for number, trial in enumerate(own):
        shown = state["trial"]
        assert shown["number"] == number
        assert shown["question"] == study.questions[trial.question]
        assert (shown["left"], shown["right"]) == (study.picture(trial, "left"), study.picture(trial, "right"))
        labels = [reference["label"] for reference in shown["references"]]
        assert labels == {"overall": ["content", "style"], "style": ["style"]}[trial.question]
        state = client.post("/api/answer", json=given(number)).json()
        assert begin(client) == state  # a reload
    assert state["trial"] is None
    assert [answer.trial for answer in store.all()] == list(range(len(own)))


def test_nothing_tells_the_method_the_kind_or_the_pair(client: TestClient, study: Study) -> None:
    told = json.dumps([begin(client)] + [client.post("/api/answer", json=given(n)).json() for n in range(8)])
    assert not [word for word in (*METHODS, *PAIRS, "catch", "repeat", "main", "wrong") if word in told]


def test_every_picture_is_served_and_nothing_else(client: TestClient, study: Study, tmp_path: Path) -> None:
    for name in study.pictures:
        reply = client.get(f"/pictures/{name}")
        assert reply.content == (tmp_path / "study" / PICTURES / name).read_bytes()
        assert reply.headers["content-type"] == "image/png"
        assert "immutable" in reply.headers["cache-control"]
    for path in (
        "pictures/none.png",
        f"pictures/..%2F{MANIFEST}",
        MANIFEST,
        ANSWERS,
        "page.py",
        "docs",
        "openapi.json",
    ):
        assert client.get(f"/{path}").status_code == 404


def test_the_page_comes_from_here_alone(client: TestClient) -> None:
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        reply = client.get(path)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(kind)
        assert reply.headers["cache-control"] == "no-store"
        assert "//" not in reply.text.replace("// ", "")
        assert "default-src 'self'" in reply.headers["content-security-policy"]


def test_a_double_click_counts_once(client: TestClient, store: Store) -> None:
    first = client.post("/api/answer", json=given(0))
    again = client.post("/api/answer", json=given(0))
    other = client.post("/api/answer", json=given(0, id="other-window", choice="right"))
    assert first.json() == again.json() == other.json()
    assert [(answer.id, answer.choice) for answer in store.all()] == [("answer-0", "left")]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"trial": 1}, 409),
        ({"trial": 100}, 422),
        ({"trial": -1}, 422),
        ({"choice": "tie"}, 422),
        ({"choice": "both"}, 422),
        ({"participant": ""}, 422),
        ({"participant": "=1+1"}, 422),
        ({"participant": "e" * 129}, 422),
        ({"id": "short"}, 422),
        ({"milliseconds": -5}, 422),
        ({"more": 1}, 422),
    ],
)
def test_what_is_no_answer_is_refused(client: TestClient, store: Store, wrong: dict[str, Any], status: int) -> None:
    assert client.post("/api/answer", json={**given(0), **wrong}).status_code == status
    assert store.all() == []


def test_a_body_that_breaks_off_is_no_fault_of_ours(tmp_path: Path, study: Study, store: Store) -> None:
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"500"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/begin", "query_string": b"", "headers": headers}
    told = iter([{"type": "http.request", "body": b'{"par', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(told)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(make_app(study, tmp_path / "study", store)(scope, receive, send))
    assert sent[0]["status"] == 400


def test_ties_are_taken_where_they_are_allowed(tmp_path: Path) -> None:
    study = small_study(tmp_path, ties=True)
    with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as store:
        client = TestClient(make_app(study, tmp_path / "study", store))
        assert client.post("/api/answer", json=given(0, choice="tie")).json()["done"] == 1


def test_who_comes_late_gets_a_list_too(client: TestClient, study: Study) -> None:
    shown = [begin(client, f"p{index}")["trial"] for index in range(len(study.schedule) + 1)]
    assert shown[-1] == shown[0]


class Person(threading.Thread):
    """Answers as fast as the server can, sends again what was not acknowledged, and remembers what was."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(daemon=True)
        self.server, self.participant, self.acknowledged = server, name, {}
        self.failures = 0

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                return self.server.post(path, body)
            except (OSError, HTTPException):
                self.failures += 1
                time.sleep(0.02)

    def run(self) -> None:
        state = self.post("api/begin", {"participant": self.participant})
        while (trial := state["trial"]) is not None:
            choice = secrets.choice(["left", "right"])
            answer = {"id": secrets.token_hex(8), "trial": trial["number"], "choice": choice, "milliseconds": 500}
            state = self.post("api/answer", {"participant": self.participant, **answer})
            self.acknowledged[answer["id"]] = (self.participant, trial["number"], choice)


def test_no_acknowledged_answer_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """Eight people at once; the server is killed (SIGKILL) three times in the middle of their answers."""
    study = small_study(tmp_path, people=PEOPLE, trials=24)
    server = Server(tmp_path / "study")
    people = [Person(server, f"p{index}") for index in range(PEOPLE)]
    try:
        for person in people:
            person.start()
        for kills in range(1, 4):
            while sum(len(person.acknowledged) for person in people) < 40 * kills:
                assert all(person.is_alive() for person in people)
                time.sleep(0.001)
            server.kill()
            told = {id: what for person in people for id, what in list(person.acknowledged.items())}
            with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as store:
                kept = {answer.id: (answer.participant, answer.trial, answer.choice) for answer in store.all()}
            assert told.items() <= kept.items()
            again = Server(tmp_path / "study", server.port)
            server.process = again.process
        for person in people:
            person.join(60)
            assert not person.is_alive()
    finally:
        server.kill()
    with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as store:
        kept = {answer.id: (answer.participant, answer.trial, answer.choice) for answer in store.all()}
    assert kept == {id: what for person in people for id, what in person.acknowledged.items()}
    assert len(kept) == PEOPLE * len(study.schedule[0])
    assert sum(person.failures for person in people) > 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"participant": NaN}', 400),
        (b'{"participant": Infinity}', 400),
        (b'{"participant": "\\ud800"}', 400),
        (b"[" * 4000, 400),
        (b'{"participant": "' + b"a" * 10_000_000 + b'"}', 413),
        (b'{"participant": "' + b"b" * 500 + b'"}', 422),
    ],
)
def test_what_no_page_sends_is_refused_and_not_echoed(client: TestClient, body: bytes, status: int) -> None:
    reply = client.post("/api/begin", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == status
    assert len(reply.content) < 500
    policy = reply.headers["Content-Security-Policy"]
    assert all(rule in policy for rule in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"))


def test_another_host_is_refused(tmp_path: Path, study: Study, store: Store) -> None:
    local = TestClient(make_app(study, tmp_path / "study", store, local=True))
    assert local.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert local.get("/", headers={"Host": "[::1]:80"}).status_code == 200
    assert local.get("/", headers={"Host": "127.0.0.1:8000"}).status_code == 200
