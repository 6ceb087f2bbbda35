"""The store of answers: kept once, in order, and never changed."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from parasol.study.answers import Answer, Choice, Store


def answer(trial: int, *, id: str | None = None, choice: Choice = "left") -> Answer:
    return Answer(id=id or f"answer-{trial}", trial=trial, choice=choice, milliseconds=900)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture
def store(path: Path):
    with closing(Store(path, "study")) as opened:
        yield opened


def test_participants_are_numbered_as_they_come_and_known_again(store: Store) -> None:
    assert [store.arrive(name) for name in ("eve", "adam", "eve", "cain")] == [0, 1, 0, 2]


def test_an_answer_is_kept_once(store: Store) -> None:
    store.arrive("eve")
    assert store.add(0, answer(0))
    assert not store.add(0, answer(0))  # sent again
    assert not store.add(0, answer(1, id="answer-0"))  # the id was used
    assert not store.add(0, answer(0, id="another", choice="right"))  # the trial was answered in another window
    assert [(each.participant, each.trial, each.choice, each.id) for each in store.all()] == [
        ("eve", 0, "left", "answer-0")
    ]
    assert store.answered(0) == 1


def test_trials_are_answered_in_order(store: Store) -> None:
    store.arrive("eve")
    with pytest.raises(ValueError, match="0 is next"):
        store.add(0, answer(1))
    assert store.all() == []
    assert store.add(0, answer(0))


def test_it_goes_on_after_it_was_closed(path: Path) -> None:
    for trial in range(3):
        with closing(Store(path, "study")) as store:
            assert store.answered(store.arrive("eve")) == trial
            store.add(0, answer(trial))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answers SET choice = 'right'",
        "DELETE FROM answers",
        "DELETE FROM participants",
        "UPDATE study SET digest = 1",
    ],
)
def test_nothing_can_be_changed(path: Path, store: Store, statement: str) -> None:
    store.arrive("eve")
    store.add(0, answer(0))
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)


def test_what_is_returned_from_is_durable(store: Store) -> None:
    pragma = store._connection.execute
    assert pragma("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert pragma("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_threads_of_two_stores_do_not_get_in_each_others_way(path: Path) -> None:
    def answer_all(store: Store, name: str) -> None:
        number = store.arrive(name)
        for trial in range(10):
            assert store.add(number, answer(trial, id=f"{name}-{trial}"))

    with closing(Store(path, "study")) as one, closing(Store(path, "study")) as other:
        threads = [
            threading.Thread(target=answer_all, args=(store, f"{name}{index}"))
            for store, name in ((one, "p"), (other, "q"))
            for index in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(one.all()) == 80
        assert sorted({each.number for each in other.all()}) == list(range(8))


def test_answers_to_another_study_are_refused(path: Path, store: Store) -> None:
    with pytest.raises(ValueError, match=r"another study\.json"):
        Store(path, "other")


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_bytes(b"what is this? " * 100)
    with pytest.raises(ValueError, match="cannot be used"):
        Store(path, "study")
