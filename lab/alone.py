"""The studio's export against the core: python -m lab alone --out DIR [--runtime DIR] [--only PART]

Headless Chromium opens a page of ours beside the exported one, which has the exported worker draw; everything goes over
the loopback. What each part finds goes into lab/results/alone.json, which docs/studio.md shows:

recipes  30 recipes of random settings, drawn by the core and by the worker: the largest difference in levels of each
speed    bytes and time until a picture can be asked for, and a picture of the model's own dials, on one thread
"""

import argparse
import functools
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
from PIL import Image

from lab.browser import CHROMIUM
from parasol.dials import named
from parasol.errors import ParasolError
from parasol.images import write_atomic
from parasol.pipeline import Parasol
from parasol.recipe import Recipe
from parasol.result import Result
from parasol.studio.export import MARK, export
from parasol.studio.library import AS_CONTENT, AS_STYLE, EXAMPLES

RESULT = Path(__file__).parent / "results" / "alone.json"
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip
RECIPES, PICTURES = 30, 3
PATIENCE = 1200.0  # seconds for one picture: other programs may hold the machine
FINISHES: tuple[dict[str, Any], ...] = (
    {"finish": "none"}, {"finish": "none"}, {"finish": "auto"}, {"finish": "flat"}, {"finish": "none", "colors": 5},
)  # fmt: skip
PAGE = "<!doctype html><script type=module src=lab.js></script>"
SCRIPT = """
const facts = await (await fetch('alone.json')).json();
const worker = new Worker(facts.worker, {type: 'module'});
const waiting = new Map(); let calls = 0;
worker.onmessage = ({data}) => waiting.get(data.id)?.(data);
const ask = (call, ...asked) => new Promise(go => {
    waiting.set(++calls, go);
    worker.postMessage({id: calls, call, asked});
});
const post = (name, body) => fetch(name, {method: 'POST', body});
const begun = performance.now();
await ask('open', new URL('.', location).href, 1, facts.facts);
const ready = await ask('ready');
await post('made/ready', ready.wrong ?? String(performance.now() - begun));
for (const text of await (await fetch('recipes.json')).json()) {
    const started = performance.now();
    const {answer, wrong} = await ask('paint', text);
    await post('made/' + (performance.now() - started), wrong ?? answer.png);
}
"""


class Handler(SimpleHTTPRequestHandler):
    """The exported files, and what the page hands back."""

    def __init__(self, *args: Any, back: "Queue[tuple[str, bytes]]", **more: Any) -> None:
        self._back = back
        self.extensions_map = {**self.extensions_map, ".mjs": "text/javascript", ".wasm": "application/wasm"}
        super().__init__(*args, **more)

    def do_POST(self) -> None:
        """Take something that was made: its name, and its bytes."""
        self._back.put((self.path.rpartition("/")[2], self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def worked(site: Path, profile: Path, recipes: Sequence[str]) -> Iterator[tuple[Callable[[], tuple[str, bytes]], int]]:
    """What the exported worker makes of recipes, one after another, "ready" first; and the browser's session."""
    if CHROMIUM is None:
        raise ParasolError("there is no Chromium to draw in: install it")
    facts = json.loads((site / MARK).read_text())
    facts["worker"] = next((site / "assets").glob("worker-*.js")).relative_to(site).as_posix()
    (site / MARK).write_text(json.dumps(facts))
    (site / "lab.html").write_text(PAGE)
    (site / "lab.js").write_text(SCRIPT)
    (site / "recipes.json").write_text(json.dumps(recipes))
    back: Queue[tuple[str, bytes]] = Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site), back=back))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/lab.html"
    browser = subprocess.Popen(
        [CHROMIUM, *SWITCHES, f"--user-data-dir={profile}", address],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield functools.partial(back.get, timeout=PATIENCE), browser.pid
    finally:
        browser.kill()
        browser.wait()
        server.shutdown()


def cpu(session: int) -> float:
    """Processor seconds so far of all processes of a session."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def random_recipes(model: Parasol, count: int) -> Iterator[tuple[dict[str, Any], Recipe]]:
    """What is asked for, and the recipe: 1 to 3 styles with signed weights, every dial, 64 to 160 px, 2 to 6 steps."""
    random = np.random.default_rng(26)
    styles = [name for name in AS_STYLE if not name.endswith("jpg")]
    number = 0
    while number < count:
        chosen = random.choice(styles, int(random.integers(1, 4)), replace=False)
        weights = [1.0, *random.uniform(-1, 1, len(chosen) - 1)]
        drawn: dict[str, Any] = {dial.name: _drawn(random, dial) for dial in named()} | {
            "steps": int(random.integers(2, 7))
        }
        finish = FINISHES[number % len(FINISHES)]
        asked = {
            "content": str(random.choice(AS_CONTENT)), "dials": drawn, "size": int(random.choice([64, 96, 128, 160])),
            "styles": [*zip(map(str, chosen), map(float, weights), strict=True)],
            "ground": str(random.choice(["keep", "transparent", "white"])), **finish,
        }  # fmt: skip
        style = [(str(EXAMPLES / name), weight) for name, weight in asked["styles"]]
        try:
            recipe = model.recipe(
                str(EXAMPLES / asked["content"]), style, model.dials(**drawn), size=asked["size"],
                ground=asked["ground"], finish=model.finish(style, **finish),
            )  # fmt: skip
        except ParasolError:  # such as the ground of a photograph
            continue
        number += 1
        yield asked, recipe


def _drawn(random: np.random.Generator, dial: Any) -> Any:
    """A value of a dial: numbers over the range that is of use, every other one that may be 0 is 0."""
    if dial.choices:
        return str(random.choice(dial.choices))
    if dial.sort is bool:
        return bool(random.random() < 0.3)
    if dial.sort is int:
        return int(random.integers(0, 2**40))
    low, high = dial.dial.usual or (dial.dial.low, dial.dial.high)
    return float(random.uniform(low, high)) if low or random.random() < 0.6 else float(dial.dial.own or 0.0)


def difference(made: Result, png: bytes) -> tuple[int, int, int]:
    """Largest difference in levels, values that differ by more than one, values in all; 255 where the shapes differ."""
    with Image.open(io.BytesIO(png)) as picture:
        there = np.asarray(picture).astype(int)
    own = np.asarray(made.image).astype(int)
    if own.shape != there.shape:
        return 255, own.size, own.size
    off = np.abs(own - there)
    return int(off.max()), int((off > 1).sum()), own.size


def recipes(out: Path, site: Path) -> dict[str, Any]:
    """Drawn by the core first, so that both never hold the machine at once."""
    model = Parasol.load(threads=1)
    asked, made = [], []
    for wanted, recipe in random_recipes(model, RECIPES):
        asked.append(wanted)
        made.append(model.paint(recipe))
    rows = []
    with worked(site, out / "profile", [result.recipe.text() for result in made]) as (next_made, _):
        next_made()
        for number, (wanted, result) in enumerate(zip(asked, made, strict=True)):
            _, png = next_made()
            most, over, values = difference(result, png)
            write_atomic(out / f"{number}.png", png)
            rows.append({**wanted, "finished": result.recipe.finish is not None, "most": most, "over": over,
                         "values": values})  # fmt: skip
            print(number, most, over, values, flush=True)
    return {"rows": rows}


def speed(out: Path, site: Path) -> dict[str, Any]:
    """Three pictures of the model's own dials, each of another content."""
    model = Parasol.load(threads=1)
    style = model.style(str(EXAMPLES / "crab.png"))
    wanted = [model.recipe(str(EXAMPLES / name), style, model.dials()) for name in ("house.png", "cup.png", "key.png")]
    begun = time.process_time()
    for recipe in wanted:
        model.paint(recipe)
    own = (time.process_time() - begun) / PICTURES
    with worked(site, out / "profile", [recipe.text() for recipe in wanted]) as (next_made, session):
        _, ready = next_made()
        loaded = cpu(session)
        seconds = [float(next_made()[0]) / 1000 for _ in wanted]
        drawn = (cpu(session) - loaded) / PICTURES
    files = {name: sum(file.stat().st_size for file in (site / name).rglob("*")) for name in ("model", "runtime")}
    return {
        "bytes": files, "ready": float(ready) / 1000, "ready_cpu": loaded, "seconds": seconds, "cpu": drawn,
        "core_cpu": own, "load": os.getloadavg()[0],
    }  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0; what was found wrong stands in the result."""
    parser = argparse.ArgumentParser(prog="python -m lab alone", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the export and its pictures")
    parser.add_argument("--runtime", type=Path, metavar="DIR", help="as of parasol studio --export")
    parser.add_argument("--only", default="", metavar="PART", help="one part alone")
    given = parser.parse_args(words)
    parts = {"recipes": recipes, "speed": speed}
    for name in [given.only] if given.only else parts:
        scratch = given.out.resolve() / name
        shutil.rmtree(scratch, ignore_errors=True)
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site"
            export(site, {}, runtime=given.runtime)
            scratch.mkdir(parents=True)
            result = parts[name](scratch, site)
        shutil.rmtree(scratch / "profile", ignore_errors=True)
        print(name, json.dumps(result)[:400], flush=True)
        results = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
        write_atomic(RESULT, f"{json.dumps(results | {name: result}, indent=1)}\n".encode())
    return 0
