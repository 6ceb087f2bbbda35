"""The studio's export: what is written, what is refused, and that the page alone draws what the core draws."""

import base64
import functools
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lab.browser import CHROMIUM, browser, until
from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.studio import explained
from parasol.bundle import Bundle
from parasol.images import load_rgba
from parasol.recipe import Recipe
from parasol.studio import export as exporting
from parasol.studio.library import EXAMPLES

RUNTIME = Path(os.environ.get("PARASOL_RUNTIME", Path(__file__).parents[1] / ".runtime" / "package"))
needs_both = pytest.mark.skipif(
    CHROMIUM is None or not RUNTIME.is_dir(), reason="needs Chromium and onnxruntime-web (.ci/run gets both)"
)
MADE = "document.querySelector('#download')?.getAttribute('href')"
KEPT = {"model": "small", "content": None, "styles": [], "dials": {
    "steps": 3, "texture": 0.3, "color": "match", "content_map": True, "guidance": "joint", "style_scale": 2,
    "content_scale": 1.5, "structure": 0.5, "gradual": True,
}}  # fmt: skip
HOOK = """
window.blobs = new Map();
(make => URL.createObjectURL = blob => { const url = make(blob); blobs.set(url, blob); return url; })(
    URL.createObjectURL.bind(URL));
"""
READ = (
    f"blobs.get({MADE}).arrayBuffer().then(data => {{ let text = ''; new Uint8Array(data).forEach(byte => "
    "text += String.fromCharCode(byte)); return btoa(text); })"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def handed_out(folder: Path) -> Iterator[str]:
    """The address of a folder, as Python's own server hands it out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()


@needs_both
def test_the_page_alone_draws_what_the_core_draws(tmp_path: Path, distilled: Bundle) -> None:
    exporting.export(tmp_path / "site", explained(), model=distilled.folder, runtime=RUNTIME)
    with handed_out(tmp_path / "site") as address, browser(tmp_path / "profile") as page:
        page.resize(1280, 900)
        page("Page.addScriptToEvaluateOnNewDocument", source=HOOK)
        page.go(f"{address}icon.svg")  # for the origin alone
        page.wait("location.pathname === '/icon.svg'")
        page.ask(f"localStorage.setItem('settings', JSON.stringify({json.dumps(KEPT)}))")
        page.go(address)
        until(lambda: page.ask(MADE), "a picture", patience=240)  # of which most is the runtime's start
        png = base64.b64decode(page.ask(READ))
        # The core makes the same recipe of the same pictures, and the same picture of the recipe.
        model, recipe = Parasol.load(distilled.folder, threads=1), Recipe.read(png)
        content, style = (str(EXAMPLES / name) for name in ("house.png", "crab.png"))
        finish = model.finish(style, finish="auto")
        own = model.recipe(content, model.style(style), model.dials(**KEPT["dials"]), finish=finish)
        assert np.array_equal(recipe.picture(), own.picture())
        assert (recipe.dials, recipe.model, recipe.finish) == (own.dials, own.model, own.finish)
        assert recipe.ground is not None
        assert own.ground is not None
        assert np.array_equal(load_rgba(recipe.ground.alpha or b""), load_rgba(own.ground.alpha or b""))
        assert recipe.guide == own.guide == distilled.guide, "the model's guide takes part"
        assert recipe.dials.gradual
        assert recipe.dials.structure * recipe.dials.steps % 1.0, "structure ends within a step"
        manifest = distilled.manifest
        sizes = manifest.style.dimension, manifest.latent_channels
        here, there = (each.style_parts(*sizes) for each in (recipe, own))
        assert here.texture and there.texture and here.colours and there.colours  # noqa: PT018 (for the types)
        assert np.abs(here.descriptor - there.descriptor).max() < 1e-4
        assert np.abs(here.texture.latents - there.texture.latents).max() < 0.01
        assert np.allclose(here.colours.covariance, there.colours.covariance, atol=1e-6)
        again = np.asarray(model.paint(recipe).image).astype(int)
        # A network of chance is loud: what is trained differs by one level (`python -m lab alone`).
        assert np.abs(again - np.rint(255 * load_rgba(png))[..., : again.shape[2]]).max() <= 3
        # What would need a server is not there; a file of ours is drawn again alike; a job can be cancelled.
        assert page.ask("document.querySelectorAll('nav button').length") == 1
        assert page.ask("!document.querySelector('#teach, #save-card, #style-code')")
        page.ask("document.querySelector('#draw-again').click()")
        page.wait("document.querySelector('#badge').classList.contains('same')")
        page.ask("document.querySelector('#live').click()")
        dial = "document.getElementById('dial-steps')"
        page.ask(f"(dial => {{ dial.value = '150'; dial.dispatchEvent(new Event('change')); }})({dial})")
        page.ask("document.querySelector('#draw').click()")
        page.wait("!!document.querySelector('main.make .progress.running')")
        page.ask("document.querySelector('#cancel').click()")
        page.wait("document.querySelector('#told').textContent === 'Cancelled'")
        assert page.errors == []


def test_an_export_is_whole_or_not_there(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = tmp_path / "npm" / "node_modules" / "onnxruntime-web"
    (runtime / "dist").mkdir(parents=True)
    (runtime / "package.json").write_text(json.dumps({"version": exporting.VERSION}))
    for name in exporting.RUNTIME:
        (runtime / "dist" / name).write_bytes(b"runtime")
    words = ["studio", "--model", str(bundle.folder), "--runtime", str(tmp_path / "npm"), "--export"]

    def refused(*given: str, says: str) -> None:
        assert main([*given]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert says in line, line

    site, other = tmp_path / "site", tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    refused(*words, str(other), says="other things in it")
    (runtime / "package.json").write_text(json.dumps({"version": "1.2.3"}))
    refused(*words, str(site), says="holds onnxruntime-web 1.2.3 and version 1.30.0 is needed: run npm install")
    (runtime / "package.json").write_text(json.dumps({"version": exporting.VERSION}))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda _: None)
        refused("studio", "--model", str(bundle.folder), "--export", str(site), says="there is no npm to get it")
    refused("studio", "--runtime", str(tmp_path), says="goes with --export")
    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_examples", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        refused(*words, str(site), says="the disk is full")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["npm", "other"]  # nothing half-written
    assert main([*words, str(site)]) == 0
    assert {path.name for path in site.iterdir()} == {
        "index.html", "icon.svg", "favicon.ico", "alone.json", "assets", "examples", "model", "runtime"
    }  # fmt: skip
    assert not [path for path in site.rglob("*") if path.name.startswith(".")]
    (site / "CNAME").write_text("mine")  # what is beside an earlier export stays
    stale = site / "model" / "stale"
    stale.write_text("of before")
    assert main([*words, str(site)]) == 0
    assert (site / "CNAME").read_text() == "mine"
    assert not stale.exists()
    assert "wasm-unsafe-eval" in (site / "index.html").read_text()
