"""The studio's page in headless Chromium: dials, history, recall, cancel, search, sets, sheets, masks, build."""

import base64
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn

from lab.browser import CHROMIUM, Browser, browser
from parasol import Parasol
from parasol.apps.studio import explained
from parasol.bundle import Bundle
from parasol.dials import asked
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
RUNS = (
    "document.querySelector('main.make .progress.running') || document.querySelector('#told').textContent.includes('…')"
)
QUICK = {"model": "pictogram", "content": None, "styles": [], "dials": {"steps": 2, "sampler": "dpm"}}
IDLE = f"{MADE} && !({RUNS})"
# Answers in an order that a slow network may bring: a first quick look, held until the picture is ordered, is followed
# by a second, and only then comes the answer to the order of the picture.
HELD = """
(ask => { window.looks = window.orders = 0;
    const rest = () => new Promise(go => setTimeout(go, 20));
    const until = async told => { for (let rests = 0; !told() && rests < 250; rests++) await rest(); };
    window.fetch = async (address, how) => {
        const answer = await ask(address, how);
        if (address !== '/api/jobs') return answer;
        if (!JSON.parse(how.body).wanted.preview) { window.orders += 1; await until(() => window.looks >= 2); }
        else { window.looks += 1; await until(() => window.orders >= 1); }
        return answer; }; })(window.fetch)
"""


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
    """Open the page, and wait for its first picture."""
    page.go(address)
    page.wait(READY)
    page.ask("localStorage.setItem('live', 'on')")
    page.wait(IDLE)


def settings(page: Browser, address: str, kept: dict[str, object]) -> None:
    """What an earlier visit would have left."""
    page.go(f"{address}icon.svg")  # for the origin alone
    page.wait("location.pathname === '/icon.svg'")
    page.ask(f"localStorage.setItem('settings', JSON.stringify({json.dumps(kept)}))")


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
def test_examples_to_picture_dials_history_recall_cancel_and_undo(tmp_path: Path, address: str) -> None:
    with browser(tmp_path / "profile") as page:
        page.resize(1280, 900)
        # Long enough for the second quick look to wait for the picture.
        settings(page, address, {**QUICK, "model": "small", "dials": {"steps": 30, "size": 256}})
        start(page, address)
        page.wait(f"{MADE} === '/api/history/1' && {IDLE}")
        assert recipe(tmp_path / "kept", 1).dials.structure == 0.4  # the model's own
        page.ask(HELD)
        move(page, "structure", 0.8)
        page.wait(f"{MADE} === '/api/history/2' && {IDLE}")
        page.wait("window.looks === 2")
        page.wait(IDLE)  # the quick look that came after the picture says nothing any more
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
        # A long job is cancelled, and its dials are undone.
        page.ask("document.querySelector('#live').click()")
        before = page.ask("document.getElementById('dial-steps').value")
        move(page, "steps", 200)
        move(page, "size", 512)
        page.ask("document.querySelector('#draw').click()")
        page.wait("document.querySelector('.progress.running') && !document.querySelector('#cancel').hidden")
        page.ask("document.querySelector('#cancel').click()")
        page.wait("document.querySelector('#told').textContent === 'Cancelled'")
        assert page.ask("fetch('/api/history').then(r => r.json()).then(found => found.drawn.length)") == 4
        for _ in range(2):
            page.ask("document.querySelector('[aria-label=Undo]').click()")
        assert page.ask("document.getElementById('dial-steps').value") == before
        assert page.errors == []


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """A studio of the pictogram model with an index of eight drawings, opened in Make with two steps a picture."""
    model = Parasol.load("pictogram", threads=1)
    (tmp_path / "pictures").mkdir()
    for seed in range(8):
        drawing(seed).save(tmp_path / "pictures" / f"{seed}.png")
    build(tmp_path / "pictures", tmp_path / "index", Describer.of(model.components), workers=1)
    index = tmp_path / "index"
    with served(tmp_path / "kept", model.bundle, index) as address, browser(tmp_path / "profile") as page:
        page.resize(1360, 900)
        settings(page, address, QUICK)
        page.go(address)
        page.wait(f"{READY} && {IDLE}")
        yield page


def view(page: Browser, name: str) -> None:
    page.ask(f"document.querySelector('#view-{name}').click()")


def press(page: Browser, selector: str) -> None:
    page.wait(f"document.querySelector({selector!r}) && !document.querySelector({selector!r}).disabled")
    page.ask(f"document.querySelector({selector!r}).click()")


@needs_browser
def test_search_make_and_found_again_sets_sheets_masks_and_every_view(page: Browser, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    # A content from one hit, a style from another: what is made of them is found again, among what was made here.
    view(page, "search")
    press(page, "#from-make")
    page.wait("document.querySelectorAll('main:not([hidden]) .hits li').length >= 8")
    press(page, ".hits li:not(:has(.mine)) .tools button:nth-child(1)")
    page.wait("document.body.dataset.view === 'make'")
    view(page, "search")
    press(page, ".hits li:not(:has(.mine)):nth-last-child(2) .tools button:nth-child(2)")
    page.wait(f"document.body.dataset.view === 'make' && {IDLE}")
    press(page, "#draw")
    page.wait(f"{IDLE} && document.querySelectorAll('.history li').length > 1")
    number = int(page.ask(MADE).rpartition("/")[2])
    view(page, "search")
    press(page, "#from-make")
    page.wait(
        f"document.querySelector('.hits .mine') && !!document.querySelector('.hits img[src*=\"history/{number}/\"]')"
    )
    # Drawn again here, it is the same; a favourite; found by its seed.
    view(page, "make")
    press(page, "#draw-again")
    page.wait("!!document.querySelector('#badge.same')")
    press(page, ".history li:first-child .star")
    page.wait("!!document.querySelector('.history li:first-child .star[aria-pressed=true]')")
    press(page, "#only-favourites")
    page.wait("document.querySelectorAll('.history li').length === 1")
    press(page, "#only-favourites")
    page.wait("document.querySelectorAll('.history li').length > 1")
    # A mask, painted by keyboard.
    press(page, "#mask")
    page.wait("document.activeElement.matches('dialog canvas')")
    for key in ("ArrowLeft", " ", "ArrowRight", " "):
        page.press(key)
    press(page, "#brush-done")
    page.wait(f"document.querySelector('#mask[aria-pressed=true]') && {MADE} !== '/api/history/{number}' && {IDLE}")
    region = recipe(kept, int(page.ask(MADE).rpartition("/")[2])).mask()
    assert region is not None
    assert 0.0 < region.mean() < 0.5
    # A sheet of dials: a press takes the settings of a cell.
    view(page, "explore")
    for name in ("columns", "rows"):
        found = f"document.querySelector('#{name}')"
        page.ask(f"(one => {{ one.value = '2'; one.dispatchEvent(new Event('change')); }})({found})")
    press(page, "#draw-sheet")
    page.wait("document.querySelectorAll('.grid img').length === 4")
    press(page, ".grid [data-place='0']")
    page.wait(f"document.getElementById('dial-structure').value === '0.8' && {IDLE}")
    # A set of the examples: the sheet, its score, and its files.
    # One's own file takes the place of the examples at once, and nothing is drawn while it is read.
    view(page, "sets")
    page.wait("document.querySelectorAll('.sheet li').length === 12")
    page.ask(
        "const given = new DataTransfer(); given.items.add(new File(["
        "`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M1 1h5v7z'/></svg>`], 'own.svg',"
        "{type: 'image/svg+xml'})); document.querySelector('[data-drop=icons]')"
        ".dispatchEvent(new DragEvent('drop', {bubbles: true, dataTransfer: given}))"
    )
    page.wait("document.querySelectorAll('.sheet li').length === 0 && document.querySelector('#draw-set').disabled")
    page.wait("document.querySelectorAll('.sheet li').length === 1 && !document.querySelector('#draw-set').disabled")
    press(page, "#set-examples")
    page.wait("document.querySelectorAll('.sheet li').length === 12")
    # Nine pictures of one's own take the place of the example that was pressed, and the ninth is told to be left out.
    page.ask(
        "const own = new DataTransfer(); for (let shade = 1; shade < 10; shade++) own.items.add(new File(["
        "`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path fill='#0${shade}0' d='M1 1h5v7z'/></svg>`], "
        "`${shade}.svg`, {type: 'image/svg+xml'})); document.querySelector('[data-drop=references]')"
        ".dispatchEvent(new DragEvent('drop', {bubbles: true, dataTransfer: own}))"
    )
    page.wait("document.querySelector('#said').textContent === '1 left out: a style takes 8 pictures.'")
    taken = "[data-drop=references] .tiles:not([role=group]) .tile"
    assert page.ask(f"document.querySelectorAll({taken!r}).length") == 8
    page.ask("document.querySelector('[data-drop=references] [data-picture]').click()")
    page.ask("for (let more = 0; more < 9; more++) document.querySelector('.sheet .tile').click()")
    press(page, "#draw-set")
    page.wait("document.querySelector('#score') && !document.querySelector('main:not([hidden]) .progress.running')")
    archive = page.ask(
        "fetch(document.querySelector('#set-zip').href).then(reply => reply.arrayBuffer()).then(data => "
        "btoa(Array.from(new Uint8Array(data), one => String.fromCharCode(one)).join('')))"
    )
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(archive))) as files:
        assert {name.partition("/")[0] for name in files.namelist()} == {"png", "svg", "set.json"}
    everything_is_named_and_nothing_overflows(page)
    assert page.errors == []


AXE = SOURCES.parent / "node_modules" / "axe-core" / "axe.min.js"
DIALOGS = ("content", "add-style", "mask", "teach", "save-card", "style-code")
CONTROLS = "button:not(:disabled), a[href], input:not(:disabled), select, summary, [tabindex='0']"


def everything_is_named_and_nothing_overflows(page: Browser) -> None:
    """Every view as it is filled now on three screens, and in Korean; by axe-core too, where npm has brought it."""
    for language in ("en", "ko"):
        if language == "ko":
            page.ask("localStorage.setItem('language', 'ko')")
            page("Page.reload")
            page.wait(f"{READY} && document.documentElement.lang === 'ko'")
        page.ask("document.querySelector('details').open = true")
        for name in ("make", "sets", "explore", "search"):
            view(page, name)
            for width, phone in ((1360, False), (900, False), (390, True)):
                page.resize(width, 844, phone=phone)
                beyond = (
                    f"[...document.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > {width})"
                    ".map(one => one.outerHTML.slice(0, 90))"
                )
                assert page.ask("document.documentElement.scrollWidth") <= width, (name, language, page.ask(beyond))
            unnamed = page.ask(
                "[...document.querySelectorAll('button, a, input, select, [role=slider]')].filter(one => !("
                "one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length ||"
                "[...one.querySelectorAll('img')].some(img => img.alt))).map(one => one.outerHTML)"
            )
            assert unnamed == []
            if language == "en":
                every_control_is_reached_by_tab(page, name)
                nothing_hinders(page, name)
    outside = page.ask("performance.getEntriesByType('resource').map(one => new URL(one.name).host)")
    assert {*outside} == {page.ask("location.host")}


def every_control_is_reached_by_tab(page: Browser, name: str) -> None:
    """One of each group of radio buttons, as browsers have it."""
    seen = f"[...document.querySelectorAll({CONTROLS!r})].filter(one => one.checkVisibility())"
    page.ask(f"{seen}.forEach((one, at) => one.dataset.at = at); document.activeElement.blur(); scrollTo(0, 0)")
    keys = f"{seen}.map(one => one.type === 'radio' ? one.name : one.dataset.at)"
    wanted, reached = {*page.ask(keys)}, set[str]()
    for _ in range(len(wanted) + 5):
        page.press("Tab")
        reached.add(page.ask("(one => one.type === 'radio' ? one.name : one.dataset.at)(document.activeElement)"))
    assert wanted <= reached, (name, wanted - reached)


def nothing_hinders(page: Browser, name: str) -> None:
    """What axe-core finds in a view and in the dialogs of Make, light and dark."""
    if not AXE.is_file():
        return
    page.ask(f"{AXE.read_text('utf-8')}; true")
    for colours in ("light", "dark"):
        wanted = {"prefers-color-scheme": colours, "prefers-reduced-motion": "reduce"}  # no colour is on its way
        page(
            "Emulation.setEmulatedMedia",
            features=[{"name": feature, "value": value} for feature, value in wanted.items()],
        )
        for dialog in ("", *(DIALOGS if name == "make" else ())):
            if dialog:
                press(page, f"#{dialog}")
                page.wait("!!document.querySelector('dialog[open]')")
            found = page.ask(
                "axe.run().then(found => found.violations.map(one => [one.id, one.impact, one.nodes[0].html]))"
            )
            assert found == [], (name, dialog, colours)
            page.ask("document.querySelector('dialog[open]')?.close()")


def test_the_page_weighs_little_and_holds_nothing_inline() -> None:
    files = pages()
    assert files.pop("favicon.ico") == files["icon.svg"]  # what a browser asks for beside a lone picture
    assert sum(len(file.packed) for file in files.values()) <= 150_000
    start_page = files[""].body.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:|data:", start_page)
    assert {*re.findall(r'(?:src|href)="\./([^"]+)"', start_page)} <= {*files}
    assert not re.search(rb"https?://(?!www\.w3\.org)", b"".join(file.body for file in files.values()))


def test_every_dial_of_the_page_has_a_miniature() -> None:
    """`python -m lab miniatures` draws them; the model has none, and the seed's and the finish's rows are their own."""
    strips = {file.stem: file.stat().st_size for file in (SOURCES / "miniatures").glob("*.webp")}
    lists = re.findall(r"^const (?:FIRST|MORE) = \[(.*)\];", (SOURCES / "dials.ts").read_text("utf-8"), re.MULTILINE)
    shown = {*re.findall(r'"(\w+)"', " ".join(lists)), "color_strength", "finish", "seed"}
    assert shown == {*strips}
    assert shown >= {dial.name for dial in asked()} - {"paper"}
    assert sum(strips.values()) <= 60_000


def test_the_build_is_of_these_sources() -> None:
    """Cheap, and no proof: every word that the page says in the sources is in the build."""
    built = "".join(file.read_text("utf-8") for file in STATIC.rglob("*.js"))
    plain = built.encode().decode("unicode_escape", errors="ignore") if "\\u" in built else built
    texts = (SOURCES / "texts.ts").read_text("utf-8")
    said = re.findall(r'^  \w+: "([^"\\]{3,})"', texts, re.MULTILINE)
    assert len(said) > 100
    assert [text for text in said if text not in built and text not in plain] == []
