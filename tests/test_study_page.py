"""The page in headless Chromium: keys, clicks, double clicks, reloads, a killed browser and a killed server."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lab.browser import CHROMIUM, Browser, browser
from lab.study_simulation import choose
from parasol.study.analysis import report
from parasol.study.answers import Store, Stored
from parasol.study.folder import ANSWERS, Study
from small_study import Server, small_study

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

SETTLED = "!document.querySelector('#trial').hidden && ready && performance.now() - since > SETTLE"
# Chooses in the moment in which the fourth trial is shown, as a late second click would; true if that was ignored.
AT_ONCE = """new Promise((done) => {
  const look = () => (ready && state.done === 3 ? (choose("left"), done(ready)) : setTimeout(look, 1));
  look();
})"""
WELCOME = "document.readyState === 'complete' && !document.querySelector('#welcome').hidden"
END = "!document.querySelector('#end').hidden"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return small_study(tmp_path, ties=True)


@pytest.fixture
def server(tmp_path: Path, study: Study):
    running = Server(tmp_path / "study")
    yield running
    running.kill()


def stored(tmp_path: Path, study: Study) -> list[Stored]:
    with closing(Store(tmp_path / "study" / ANSWERS, study.digest)) as store:
        return store.all()


def start(page: Browser, server: Server, query: str) -> None:
    page.go(server.address + query)
    page.wait(WELCOME)
    page.press("Enter") if "participant" in query else page.click("#start")
    page.wait(SETTLED)


def answer(page: Browser, trial: int) -> None:
    """Wait until the trial is shown, and choose the right-hand picture."""
    page.wait(f"{SETTLED} && state.trial.number === {trial}")
    page.press("ArrowRight")


def test_keys_clicks_and_double_clicks(tmp_path: Path, study: Study, server: Server) -> None:
    with browser(tmp_path / "profile") as page:
        start(page, server, "?PROLIFIC_PID=5f3a&STUDY_ID=1&SESSION_ID=2")
        page.press("ArrowLeft")
        page.wait(f"{SETTLED} && state.done === 1")
        page.press("0")
        page.wait(f"{SETTLED} && state.done === 2")
        page.click("#right", times=2)
        assert page.ask(AT_ONCE)
        page.wait(f"{SETTLED} && state.done === 3")
        page.click("#left")
        page.press("ArrowRight")  # at once: the trial has been answered
        for trial in range(4, len(study.schedule[0])):
            answer(page, trial)
        page.wait(END)
        assert page.errors == []
    given = stored(tmp_path, study)
    assert {each.participant for each in given} == {"5f3a"}
    assert [each.choice for each in given] == ["left", "tie", "right", "left", "right", "right", "right", "right"]
    assert all(each.milliseconds >= 300 for each in given)


@pytest.mark.slow
def test_a_killed_browser_and_a_killed_server_lose_nothing(tmp_path: Path, study: Study, server: Server) -> None:
    with browser(tmp_path / "profile") as page:
        start(page, server, "?participant=eve")
        answer(page, 0)
        page.wait(f"{SETTLED} && state.done === 1")
        page("Page.reload")
        page.wait(f"typeof ready !== 'undefined' && {SETTLED} && state.trial.number === 1")
        server.kill()
        page.press("ArrowLeft")
        page.wait("document.querySelector('#status').textContent.startsWith('No connection')")
        server.process = Server(tmp_path / "study", server.port).process
        page.wait(f"{SETTLED} && state.trial.number === 2")  # sent again by itself
        server.kill()
        page.press("ArrowLeft")
        page.wait("localStorage.getItem(PENDING)")
        page.go("about:blank")  # the page is closed before its answer was acknowledged
        server.process = Server(tmp_path / "study", server.port).process
        page.go(server.address + "?participant=eve")
        page.wait(f"typeof ready !== 'undefined' && {SETTLED} && state.trial.number === 3")
    with browser(tmp_path / "profile") as page:  # the first one was killed
        page.go(server.address + "?participant=eve")
        for trial in range(3, len(study.schedule[0])):
            page.wait("typeof ready !== 'undefined'")
            answer(page, trial)
        page.wait(END)
    given = stored(tmp_path, study)
    assert [each.trial for each in given] == list(range(len(study.schedule[0])))
    assert [each.choice for each in given] == ["right", "left", "left", *["right"] * 5]


@pytest.mark.parametrize(("width", "height", "phone"), [(1280, 800, False), (390, 844, True), (844, 390, True)])
def test_the_two_pictures_are_in_sight(
    tmp_path: Path, study: Study, server: Server, width: int, height: int, phone: bool
) -> None:
    with browser(tmp_path / "profile") as page:
        page.resize(width, height, phone=phone)
        start(page, server, "?participant=eve")
        assert page.ask("document.documentElement.scrollWidth") <= width
        for picture in ("#left-picture", "#right-picture"):
            box = f"document.querySelector('{picture}').getBoundingClientRect()"
            assert page.ask(f"{box}.bottom") <= height
            assert page.ask(f"Math.min({box}.width, {box}.height)") >= 0.35 * min(width, height)


def test_who_has_no_id_gets_one_and_keeps_it(tmp_path: Path, study: Study, server: Server) -> None:
    with browser(tmp_path / "profile") as page:
        start(page, server, "")
        answer(page, 0)
        page.wait(f"{SETTLED} && state.done === 1")
        page.go(server.address)
        page.wait(f"typeof ready !== 'undefined' && {SETTLED} && state.trial.number === 1")
        assert page.ask("new URL(location.href).searchParams.get('participant')").startswith("anonymous-")


@pytest.mark.slow
def test_people_of_known_preference_are_found_out(tmp_path: Path, study: Study, server: Server) -> None:
    """They choose on the page, by the strengths planted in them; the analysis puts the methods in their order."""
    generator, log = np.random.default_rng(7), np.array([1.6, 0.0, -1.6])
    with browser(tmp_path / "profile") as page:
        for number, trials in enumerate(study.schedule):
            start(page, server, f"?participant=p{number}")
            for place, trial in enumerate(trials):
                choice = choose(trial, study.methods, log, 0.1, generator)
                page.wait(f"{SETTLED} && state.trial.number === {place}")
                page.press({"left": "ArrowLeft", "right": "ArrowRight", "tie": "0"}[choice])
            page.wait(END)
    found = report(study, stored(tmp_path, study), draws=200)
    assert found["finished"] == len(study.schedule)
    assert found["checks"]["catches"]["rate"] == 1
    for question in study.questions:
        strengths = found["questions"][question]["strengths"]
        assert strengths is not None, "nobody always won, so strengths are finite"
        assert [row["method"] for row in strengths] == list(study.methods)
