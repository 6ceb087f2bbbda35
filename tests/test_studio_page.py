"""The studio's page in headless Chromium: from examples to a picture, dials, history, recall, cancel, search, build."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn

from browser import CHROMIUM, Browser, browser
from parasol import Parasol
from parasol.apps.studio import explained
from parasol.bundle import Bundle
from parasol.index.build import build
from parasol.index.describe import Describer
from parasol.recipe import Recipe
from parasol.studio.opening import opened
from parasol.studio.pages import STATIC, pages
from parasol.studio.server import make_app
from parasol.studio.store import Store
from small_model import drawing

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
SOURCES = Path(__file__).parents[1] / "studio" / "src"
READY = "document.body?.dataset.ready"
MADE = "document.querySelector('#download')?.getAttribute('href')"
RUNS = "document.querySelector('.progress.running') || document.querySelector('#told').textContent.includes('…')"
IDLE = f"{MADE} && !({RUNS})"


@contextmanager
def served(folder: Path, bundle: Bundle, source: Path | None = None) -> Iterator[str]:
    """The address of a studio with the small model."""
    with opened(folder, source=source, model=str(bundle.folder), threads=1, words=explained()) as studio:
        server = uvicorn.Server(
            uvicorn.Config(make_app(studio), port=0, log_level="error", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def address(tmp_path: Path, bundle: Bundle) -> Iterator[str]:
    with served(tmp_path / "kept", bundle) as here:
        yield here


def start(page: Browser, address: str) -> None:
    """Open the page with dials that are soon done, and wait for its first picture."""
    page.go(address)
    page.wait(READY)
    page.ask("localStorage.setItem('live', 'on')")
    page.wait(IDLE)


def move(page: Browser, name: str, value: object) -> None:
    """Move a slider as a hand does: input, then change."""
    page.ask(
        f"(dial => {{ dial.value = {str(value)!r};"
        "['input', 'change'].forEach(kind => dial.dispatchEvent(new Event(kind, {bubbles: true}))); })"
        f"(document.getElementById({f'dial-{name}'!r}))"
    )


def recipe(kept: Path, number: int) -> Recipe:
    with closing(Store(kept)) as store:
        return Recipe.read(store.drawn(number) or b"")


@needs_browser
def test_examples_to_picture_dials_history_and_recall(tmp_path: Path, address: str) -> None:
    with browser(tmp_path / "profile") as page:
        page.resize(1280, 900)
        start(page, address)
        assert page.ask(MADE) == "/api/history/1"
        assert recipe(tmp_path / "kept", 1).dials.structure == 0.4  # the model's own
        move(page, "structure", 0.8)
        page.wait(f"{MADE} === '/api/history/2' && {IDLE}")
        assert recipe(tmp_path / "kept", 2).dials.structure == 0.8
        page.ask("document.querySelector('#pad').focus()")
        page.press("ArrowRight")
        page.wait(f"{MADE} === '/api/history/3' && {IDLE}")
        third = recipe(tmp_path / "kept", 3).dials
        assert (third.style_scale, third.structure) == (5.0, 0.8)  # the pad ends at 5
        # A PNG of ours, dropped on the page: its settings are back, and nothing new is left to draw but the same.
        page.ask(
            "fetch('/api/history/1').then(reply => reply.blob()).then(blob => {"
            "const data = new DataTransfer(); data.items.add(new File([blob], 'a.png', {type: 'image/png'}));"
            "document.body.dispatchEvent(new DragEvent('drop', {bubbles: true, dataTransfer: data})); })"
        )
        page.wait("document.getElementById('dial-structure').value === '0.4'")
        page.wait(f"{MADE} === '/api/history/4' && {IDLE}")
        assert recipe(tmp_path / "kept", 4) == recipe(tmp_path / "kept", 1)
        page.wait("document.querySelectorAll('.history li').length === 4")
        page.ask("document.querySelector('.history li:nth-child(3) .use').click()")
        page.wait("document.getElementById('dial-structure').value === '0.8'")
        assert page.ask(MADE) == "/api/history/2"
        assert page.errors == []


@needs_browser
def test_a_long_job_is_cancelled_and_undone(tmp_path: Path, address: str) -> None:
    with browser(tmp_path / "profile") as page:
        start(page, address)
        page.ask("document.querySelector('#live').click()")
        move(page, "steps", 200)
        move(page, "size", 512)
        page.ask("document.querySelector('#draw').click()")
        page.wait("document.querySelector('.progress.running') && !document.querySelector('#cancel').hidden")
        page.ask("document.querySelector('#cancel').click()")
        page.wait("document.querySelector('#told').textContent === 'Cancelled'")
        assert page.ask("fetch('/api/history').then(r => r.json()).then(found => found.drawn.length)") == 1
        page.ask(
            "document.querySelector('[aria-label=Undo]').click(); document.querySelector('[aria-label=Undo]').click()"
        )
        assert page.ask("document.getElementById('dial-steps').value") == "10"
        assert page.errors == []


@needs_browser
def test_a_hit_of_the_search_becomes_the_style(tmp_path: Path, bundle: Bundle, model: Parasol) -> None:
    (tmp_path / "pictures").mkdir()
    for seed in range(8):
        drawing(seed).save(tmp_path / "pictures" / f"{seed}.png")
    build(tmp_path / "pictures", tmp_path / "index", Describer.of(model.components), workers=1)
    with served(tmp_path / "kept", bundle, tmp_path / "index") as address, browser(tmp_path / "profile") as page:
        start(page, address)
        page.ask("document.querySelector('#view-search').click()")
        page.ask("document.querySelector('#from-make').click()")
        page.wait("document.querySelectorAll('.hits li').length === 8")
        page.ask("document.querySelector('.hits .tools button:nth-child(2)').click()")
        page.wait(f"{MADE} === '/api/history/2' && {IDLE}")
        assert not page.ask("document.querySelector('main.make').hidden")
        assert page.errors == []


@needs_browser
@pytest.mark.parametrize(("width", "phone"), [(1360, False), (900, False), (390, True)])
def test_everything_is_named_and_nothing_overflows(tmp_path: Path, address: str, width: int, phone: bool) -> None:
    with browser(tmp_path / "profile") as page:
        page.resize(width, 844, phone=phone)
        start(page, address)
        page.ask("document.querySelector('details').open = true")
        assert page.ask("document.documentElement.scrollWidth") <= width
        unnamed = page.ask(
            "[...document.querySelectorAll('button, a, input, select, [role=slider]')].filter(one => !("
            "one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length ||"
            "[...one.querySelectorAll('img')].some(img => img.alt))).map(one => one.outerHTML)"
        )
        assert unnamed == []
        outside = page.ask("performance.getEntriesByType('resource').map(one => new URL(one.name).host)")
        assert {*outside} == {page.ask("location.host")}


def test_the_page_weighs_little_and_holds_nothing_inline() -> None:
    files = pages()
    assert sum(len(file.packed) for file in files.values()) <= 150_000
    start_page = files[""].body.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:|data:", start_page)
    assert {*re.findall(r'(?:src|href)="/([^"]+)"', start_page)} <= {*files}
    assert not re.search(rb"https?://(?!www\.w3\.org)", b"".join(file.body for file in files.values()))


def test_the_build_is_of_these_sources() -> None:
    """Cheap, and no proof: every word that the page says in the sources is in the build."""
    built = "".join(file.read_text("utf-8") for file in STATIC.rglob("*.js"))
    plain = built.encode().decode("unicode_escape", errors="ignore") if "\\u" in built else built
    texts = (SOURCES / "texts.ts").read_text("utf-8")
    said = re.findall(r'^  \w+: "([^"\\]{3,})"', texts, re.MULTILINE)
    assert len(said) > 100
    assert [text for text in said if text not in built and text not in plain] == []
