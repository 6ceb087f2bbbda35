"""The studio under load and ill treatment: python -m lab studio --out DIR [--only PART] [--seconds N] [--fuzzer FILE]

Every studio is a process of its own on this machine, of the model `pictogram`, and everything is asked over HTTP on the
loopback. What each part finds goes into lab/results/studio.json, which docs/studio.md shows:

start    processor time and time from Python's start to the page, and to all that it asks for; what it weighs compressed
dials    in the browser: from a moved dial to the quick look, and from the end of the move to the picture
commands in turns, `parasol style` alone and handed over to the studio: seconds and processor time, of both models
clients  eight clients that keep the queue full: accepted jobs that failed, and memory
kills    kill -9 at 20 moments: accepted jobs that were lost, the file of the history, and an index beside it
uploads  files that are none, at every door that takes files: what was refused, and what was written
guards   other sites, other hosts, no token, paths that lead out: what was let through
fuzz     schemathesis (a program of its own, `--fuzzer`) over the OpenAPI: answers of 500 and above
search   20,000 indexed pictures, eight clients, against a bare matrix product of that size in the same run
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.browser import browser
from lab.hostile import small
from lab.hostile.given import rasters, saved
from lab.speed.machine import as_installed, run_python
from parasol.apps.start import NO_SERVER
from parasol.images import write_atomic
from parasol.index.store import FORMAT, Encoders, Entry, Index, Manifest
from parasol.maths.distances import unit
from parasol.pipeline import Parasol
from parasol.studio.pages import pages
from parasol.studio.store import FILE, Store

RESULT = Path(__file__).parent / "results" / "studio.json"
EXAMPLES = Path(__file__).parents[1] / "examples"
START = "import sys; from parasol.apps.start import main; sys.exit(main())"
CLI = "import sys; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"
MODEL = "pictogram"
MOVES = 8
CLIENTS, KILLS, ROWS, SEARCHES = 8, 20, 20_000, 40
WARM = 60.0  # seconds, after which memory must stay
PATIENCE = 240.0  # seconds for an answer: other programs may hold the machine
JSON, FILED = "application/json", "application/octet-stream"


@dataclass
class Served:
    """A studio in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    host: str
    token: str

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = FILED, **headers: str
    ) -> tuple[int, bytes]:
        """(status, body) of an answer; a header's name has _ for -."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            fields |= {"content-type": kind}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, body, fields)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """(status, answer) of an order."""
        status, data = self.ask("POST", path, json.dumps(body).encode(), JSON)
        return status, json.loads(data or b"null")

    def give(self, data: bytes) -> str:
        """The name of a picture that is given."""
        return json.loads(self.ask("POST", "/api/pictures", data)[1])["id"]

    def order(self, content: str, style: str, **dials: Any) -> tuple[int, Any]:
        """A small picture."""
        wanted = {"model": MODEL, "content": content, "styles": [{"picture": style}], "dials": {"steps": 4, **dials}}
        return self.post("/api/jobs", {"wanted": wanted})

    def cpu(self) -> float:
        """Processor seconds of it so far."""
        return cpu_of(self.process.pid)

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(keep: Path, *more: str, host: str = "127.0.0.1", page: bool = False) -> Iterator[Served]:
    """A studio that keeps its things there; it is ended as Ctrl-C ends it, if it still runs."""
    words = ["studio", "--no-browser"] if page else ["serve"]
    words += [*more, "--keep", str(keep), "--port", "0", "--model", MODEL, *(["--host", host] if page else [])]
    process = subprocess.Popen(
        [sys.executable, "-c", CLI, *words], stdout=subprocess.PIPE, text=True, cwd=keep.parent, env=as_installed()
    )
    assert process.stdout is not None
    try:
        match = re.search(r"http://([^:]+):(\d+)/(?:\?token=(\S+))?", process.stdout.readline())
        if match is None:
            raise RuntimeError("the studio did not start")
        yield Served(process, int(match[2]), match[1], match[3] or "")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        process.stdout.close()


def pictures(many: int) -> list[bytes]:
    """Small icons, each another."""
    return [saved(small.icon(seed, 64), "PNG") for seed in range(many)]


def start(out: Path) -> dict[str, Any]:
    """Four starts, the least of them told: the first compiles, and the machine does other things too."""
    times = []
    for number in range(4):
        begun = time.monotonic()
        with served(out / f"start-{number}", page=True) as studio:
            _, body = studio.ask("GET", "/")
            parts = re.findall(r'(?:src|href)="\.(/assets/[^"]+)"', body.decode())
            if not parts:
                raise RuntimeError("the page names no script and no style sheet")
            for path in parts:
                studio.ask("GET", path)
            shown, first = time.monotonic() - begun, studio.cpu()
            for path in ("/api/dials", "/api/library"):
                status, _ = studio.ask("GET", path)
                if status != 200:
                    raise RuntimeError(f"{path} is answered with {status}")
            times.append((first, shown, studio.cpu(), time.monotonic() - begun))
    files = pages()
    drawn = sum(len(file.packed) for name, file in files.items() if name.endswith(".webp"))
    first, shown, cpu, page = (min(column) for column in zip(*times, strict=True))
    return {
        "shown_cpu": first, "shown": shown, "cpu": cpu, "page": page, "load": os.getloadavg()[0],
        "weight": sum(len(file.packed) for file in files.values()), "miniatures": drawn, "files": len(files),
    }  # fmt: skip


TIMED = """(async (look, act) => {
    const result = document.querySelector('#result');
    const made = () => look ? result.src : document.querySelector('#download')?.getAttribute('href');
    const before = made(), begun = performance.now();
    act(document.querySelector('#dial-style_scale'));
    while (made() === before || !made() || !result.complete || look !== result.classList.contains('look'))
        await new Promise(done => setTimeout(done, 4));
    return (performance.now() - begun) / 1000;
})"""


def dials(out: Path) -> dict[str, Any]:
    """Seconds in the page, medians; a quarter of a second that a hand has to rest is part of the picture's."""
    looks, finals = list[float](), list[float]()
    with served(out / "kept", page=True) as studio, browser(out / "profile") as page:

        def timed(act: str, *, look: bool = False) -> float:
            return page.ask(f"{TIMED}({json.dumps(look)}, dial => {{ {act} }})")

        page.resize(1360, 900)
        page.go(f"http://127.0.0.1:{studio.port}/")
        page.wait("document.body?.dataset.ready && !!document.querySelector('#download')", PATIENCE)
        for place in range(MOVES + 1):
            move = f"dial.value = '{1 + place / 5}'; dial.dispatchEvent(new Event('input', {{bubbles: true}}))"
            looks.append(timed(move, look=True))
            finals.append(timed("dial.dispatchEvent(new Event('change', {bubbles: true}))"))
    return {
        "look": float(np.median(looks[1:])), "final": float(np.median(finals[1:])), "load": os.getloadavg()[0],
    }  # fmt: skip


def commands(out: Path) -> dict[str, Any]:
    """Medians of three rounds after a first one that opens the models."""
    meeting = tempfile.mkdtemp(prefix="rt")  # a short path, for a socket takes no long one
    os.environ["XDG_RUNTIME_DIR"] = meeting
    inputs = {"pictogram": ("content.png", "style.png"), "painting": ("photograph.jpg", "painting.jpg")}
    rounds: dict[str, dict[str, list[tuple[float, float]]]] = {name: {"alone": [], "handed": []} for name in inputs}
    with served(out / "kept"):
        place = _met(Path(meeting))
        for number in range(4):
            for model, (content, style) in inputs.items():
                words = ["style", str(EXAMPLES / content), "--like", str(EXAMPLES / style), "--model", model]
                for how, more in (("handed", []), ("alone", [NO_SERVER])):
                    before, file = cpu_of(place), str(out / f"{model}-{number}-{how}.png")
                    more = [*more, "--seed", str(number), "-o", file]
                    run = run_python("-c", START, *words, *more, what="parasol style")
                    rounds[model][how].append((run.seconds, run.cpu_seconds + cpu_of(place) - before))
            pairs = [(out / f"{model}-{number}-{how}.png" for how in ("handed", "alone")) for model in inputs]
            if any(handed.read_bytes() != alone.read_bytes() for handed, alone in pairs):
                raise RuntimeError("what was handed over was drawn otherwise")
    shutil.rmtree(meeting)
    medians = {
        model: {how: [float(value) for value in np.median(runs[1:], axis=0)] for how, runs in ways.items()}
        for model, ways in rounds.items()
    }
    return {**medians, "load": os.getloadavg()[0]}


def _met(folder: Path) -> int:
    """The process that listens there, once it does."""
    for _ in range(300):
        for place in folder.rglob("*.socket"):
            with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
                line.connect(str(place))
                process, *_ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
                return process
        time.sleep(0.1)
    raise RuntimeError("the studio keeps no resident process")


def cpu_of(process: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def clients(out: Path, seconds: float) -> dict[str, Any]:
    """Each client hands in the next order as soon as one is taken, and waits a little where none is."""
    statuses: Counter[int] = Counter()
    accepted: list[str] = []
    memory: list[tuple[float, int]] = []
    with served(out / "clients") as studio:
        given = [studio.give(data) for data in pictures(8)]
        begun = time.monotonic()

        def run_client(client: int) -> None:
            number = 0
            while time.monotonic() - begun < seconds:
                number += 1
                status, answer = studio.order(given[number % 8], given[client], seed=number * CLIENTS + client)
                statuses[status] += 1
                if status == 202:
                    accepted.append(answer["job"])
                else:
                    time.sleep(0.25)

        threads = [threading.Thread(target=run_client, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            memory.append((time.monotonic() - begun, studio.memory()))
            time.sleep(1)
        while json.loads(studio.ask("GET", f"/api/jobs/{accepted[-1]}")[1])["state"] in ("waiting", "drawing"):
            time.sleep(0.2)
    with closing(Store(out / "clients")) as store:
        drawn = {job for (job,) in store.rows("SELECT job FROM history")}
        waiting = len(store.waiting())
    settled = [size for at, size in memory if at > min(WARM, seconds / 2)]
    return {
        "clients": CLIENTS, "seconds": seconds, "accepted": len(accepted), "drawn": len(drawn & {*accepted}),
        "waiting": waiting, "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "least": min(settled), "most": max(settled), "load": os.getloadavg()[0],
    }  # fmt: skip


def kills(out: Path) -> dict[str, Any]:
    """One folder through all of it: each studio goes on with what the one before left."""
    keep, index = out / "kills", large_index(out / "kills.index", 64)
    before, moments = hashes(index), np.random.default_rng(26).uniform(0.0, 4.0, KILLS)
    accepted: set[str] = set()
    intact = 0
    for number, moment in enumerate([*moments, None]):
        with served(keep, str(index)) as studio:
            content, style = (studio.give(data) for data in pictures(2))
            for seed in range(3 if moment is not None else 0):
                status, answer = studio.order(content, style, seed=10 * number + seed, steps=10)
                if status == 202:
                    accepted.add(answer["job"])
            if moment is not None:
                # The search writes descriptors of what was made while the jobs draw.
                threading.Thread(target=_searched, args=(studio, style), daemon=True).start()
                time.sleep(moment)
                studio.process.kill()
                studio.process.wait()
            else:
                while any(_lasts(studio, job) for job in accepted):
                    time.sleep(0.2)
                _searched(studio, style)
        with closing(sqlite3.connect(keep / FILE)) as file:
            whole = file.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        with closing(Store(keep)) as store:
            drawn = {job for (job,) in store.rows("SELECT job FROM history")}
            known = {job for job, _ in store.waiting()} | drawn
        intact += moment is not None and whole and accepted <= known and hashes(index) == before
    return {"kills": KILLS, "intact": intact, "accepted": len(accepted), "drawn": len(accepted & drawn)}


def _lasts(studio: Served, job: str) -> bool:
    status, data = studio.ask("GET", f"/api/jobs/{job}")
    return status == 200 and json.loads(data)["state"] in ("waiting", "drawing")


def _searched(studio: Served, style: str) -> None:
    try:
        studio.post("/api/search", {"style": [{"picture": style}]})
    except (OSError, http.client.HTTPException):
        return  # it was killed


def hashes(folder: Path) -> dict[str, str]:
    """What every file below a folder is."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def large_index(folder: Path, rows: int) -> Path:
    """An index of so many pictures that are not there: unit descriptors of the model's encoders, by chance."""
    encoders = Encoders.of(Parasol.load(MODEL).bundle.manifest)
    manifest = Manifest(format=FORMAT, pictures=str(folder), encoders=encoders, finished=False, shards=())
    index, random = Index(folder=folder, manifest=manifest), np.random.default_rng(0)
    parts = [random.normal(size=(rows, len(range(*part.indices(encoders.dimension))))) for part in columns(encoders)]
    vectors = np.concatenate([unit(part.astype(np.float32)) for part in parts], axis=1).astype(np.float16)
    entries = [Entry(path=f"{number // 100:03}/{number:05}.png", size=1000, modified=1) for number in range(rows)]
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    index.with_shards([index.write(entries, vectors)], finished=True).save()
    return folder


def columns(encoders: Encoders) -> list[slice]:
    """Where style and content lie in a row."""
    return sorted((encoders.style_columns, encoders.content_columns), key=lambda part: part.start or 0)


def hostile_files(scratch: Path) -> dict[str, bytes]:
    """What is no picture, by what it is."""
    files = {}
    for number, (name, (file, make)) in enumerate(rasters()[1].items()):
        (scratch / str(number)).mkdir()
        at = scratch / str(number) / file
        make(at)
        if at.is_file() and not at.is_symlink():
            files[name] = at.read_bytes()
    reach = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><image href='{}' width='9' height='9'/></svg>"
    deep = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>" + "<g>" * 30_000 + "</g>" * 30_000 + "</svg>"
    entity = "<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>"
    return files | {
        "a drawing that reads a file": reach.format("file:///etc/passwd").encode(),
        "a drawing that asks the network": reach.format("http://127.0.0.1:1/x.png").encode(),
        "a drawing in 30,000 groups": deep.encode(),
        "an entity": entity.encode(),
        "a script": b"#!/bin/sh\ntouch outside\n",
        "a path": b"../../../outside.png",
        "packed noise": b"\x1f\x8b\x08" + bytes(range(200)),
        "an archive that reaches out": b"PK\x03\x04" + bytes(26) + b"../../../outside",
        "a program": b"\x7fELF" + bytes(200),
        "400 million pixels": b"P6 20000 20000 255\n" + bytes(64),
    }


def uploads(out: Path) -> dict[str, Any]:
    """Each file at each door; refused is a 4xx in one line, with the store and all around it as before."""
    scratch = out / "uploads"
    scratch.mkdir(parents=True)
    files = hostile_files(scratch)
    let, tried = [], 0
    with served(scratch / "kept") as studio:
        for name, data in files.items():
            for door in ("pictures", "recall", "cards/file?name=..%2F..%2Foutside"):
                before = listed(scratch)
                status, answer = studio.ask("POST", f"/api/{door}", data)
                tried += 1
                fine = 400 <= status < 500 and len(json.loads(answer)["detail"].splitlines()) == 1
                if not fine or listed(scratch) != before:
                    let.append(f"{name} at {door}: {status}")
    return {"tried": tried, "files": len(files), "let": let}


def listed(folder: Path) -> list[str]:
    """Every file, the database's own left-overs aside."""
    return sorted(str(file) for file in folder.rglob("*") if not file.name.startswith(f"{FILE}-"))


def guards(out: Path) -> dict[str, Any]:
    """What a page of another site, another name of this machine and a stranger ask."""
    let, tried = [], 0

    def want(status: set[int], got: tuple[int, bytes], what: str) -> None:
        nonlocal tried
        tried += 1
        if got[0] not in status:
            let.append(f"{what}: {got[0]}")

    order = json.dumps({"wanted": {}}).encode()
    with served(out / "guards", page=True) as studio:
        own = f"127.0.0.1:{studio.port}"
        for origin in ("http://evil.example", "null", f"https://{own}.evil.example", "http://127.0.0.1:9"):
            for path in ("/api/pictures", "/api/jobs", "/api/recall", "/api/cards", "/api/search", "/api/jobs/teach"):
                want({403}, studio.ask("POST", path, order, JSON, origin=origin), f"POST {path} from {origin}")
        for site in ("cross-site", "same-site"):
            for path in ("/api/history", "/api/dials", "/api/library"):
                want({403}, studio.ask("GET", path, sec_fetch_site=site), f"GET {path}, {site}")
        for host in ("evil.example", f"{own}.evil.example", "10.0.0.7", "localhost.evil.example", "[::2]"):
            want({421}, studio.ask("GET", "/", host=host), f"host {host}")
        for path in (
            "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", f"/{FILE}",
            "//etc/passwd", "/assets/../../store.py", "/api/pictures/..%2f..%2fetc%2fpasswd",
            "/api/library/..%2f..%2fetc%2fpasswd", "/api/jobs/..%2f..%2fetc%2fpasswd", "/api/cards/%2e%2e%2fcards",
            "/api/sets/..%2f..%2fx/zip", "/%00", "/api/library/%00", "/api/history/..%2f1", "/index.html%00.png",
            "/static/index.html",
        ):  # fmt: skip
            want({400, 404, 422}, studio.ask("GET", path), f"GET {path}")
    with served(out / "guards-token", page=True, host="127.0.0.2") as studio:
        for path in ("/", "/api/dials", "/api/history", "/?token=wrong", "/api/openapi.json"):
            want({401}, studio.ask("GET", path), f"no token: GET {path}")
        for bearer in ("", "Bearer", "Bearer wrong", "Basic wrong", f"Bearer {studio.token}x"):
            want({401}, studio.ask("GET", "/api/dials", authorization=bearer), f"token {bearer.partition(' ')[0]!r}")
        want({401}, studio.ask("POST", "/api/jobs", order, JSON), "no token: POST")
        want({200}, studio.ask("GET", "/api/dials", authorization=f"Bearer {studio.token}"), "the token itself")
    return {"tried": tried, "let": let}


def fuzz(out: Path, fuzzer: str, examples: int) -> dict[str, Any]:
    """Schemathesis over all that the OpenAPI names; its own summary is kept beside what the studio answered."""
    with served(out / "fuzz") as studio:
        given = [studio.give(data) for data in pictures(2)]
        studio.order(*given)
        words = [fuzzer, "run", f"http://127.0.0.1:{studio.port}/api/openapi.json", "--max-examples", str(examples)]
        words += ["--checks", "not_a_server_error", "--seed", "26", "--no-color", "--request-timeout", str(PATIENCE)]
        done = subprocess.run(words, capture_output=True, text=True, cwd=out, check=False)
        (out / "fuzz.txt").write_text(done.stdout + done.stderr)
        alive = studio.ask("GET", "/api/dials")[0] == 200
    match = re.search(r"Operations:\s+(\d+) selected / (\d+)", done.stdout)
    faults = len(re.findall(r"Server error|\[5\d\d\]", done.stdout))
    return {
        "examples": examples, "exit": done.returncode, "faults": faults, "alive": alive,
        "operations": int(match[1]) if match else 0,
    }  # fmt: skip


def search(out: Path) -> dict[str, Any]:
    """The time of each answer as eight clients see it, and of the product by eight threads, one after the other."""
    index = large_index(out / "search.index", ROWS)
    table = Index.open(index).table
    matrix = np.concatenate([np.asarray(part, np.float32) for part in table.parts])
    vector = unit(np.random.default_rng(1).normal(size=matrix.shape[1]).astype(np.float32))

    def product() -> None:
        scores = matrix @ vector
        np.argpartition(-scores, 60)[:60]

    def all_at_once(act: Callable[[], object]) -> list[float]:
        times: list[float] = []

        def worker() -> None:
            for _ in range(SEARCHES):
                begun = time.perf_counter()
                act()
                times.append(time.perf_counter() - begun)

        threads = [threading.Thread(target=worker) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return times

    with served(out / "search", str(index)) as studio:
        given = [studio.give(data) for data in pictures(2)]
        query = {"style": [{"picture": given[1]}], "content": [{"picture": given[0]}], "top": 60}

        def ask() -> None:
            status, answer = studio.post("/api/search", query)
            if status != 200 or len(answer["hits"]) != 60:
                raise RuntimeError(f"a search is answered with {status}")

        ask()
        begun = time.process_time()
        bare = all_at_once(product)
        alone, before = (time.process_time() - begun) / len(bare), studio.cpu()
        seconds = all_at_once(ask)
        cpu = (studio.cpu() - before) / len(seconds)
    return {
        "rows": ROWS, "clients": CLIENTS, "searches": len(seconds), "cpu": cpu, "bare_cpu": alone,
        "median": float(np.median(seconds)), "p95": float(np.percentile(seconds, 95)),
        "bare_median": float(np.median(bare)), "bare_p95": float(np.percentile(bare, 95)), "load": os.getloadavg()[0],
    }  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0; what was found wrong stands in the result."""
    parser = argparse.ArgumentParser(prog="python -m lab studio", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for what studios keep meanwhile")
    parser.add_argument("--only", default="", metavar="PART", help="one part alone")
    parser.add_argument("--seconds", type=float, default=300.0, metavar="N", help="of the eight clients")
    parser.add_argument("--fuzzer", default="schemathesis", metavar="FILE", help="the program schemathesis")
    parser.add_argument("--examples", type=int, default=40, metavar="N", help="requests of the fuzzer an operation")
    given = parser.parse_args(words)
    parts: dict[str, Callable[[Path], dict[str, Any]]] = {
        "start": start, "dials": dials, "commands": commands, "clients": lambda out: clients(out, given.seconds),
        "kills": kills, "uploads": uploads, "guards": guards,
        "fuzz": lambda out: fuzz(out, given.fuzzer, given.examples), "search": search,
    }  # fmt: skip
    for name in [given.only] if given.only else parts:
        given.out.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=given.out.resolve()))
        result = parts[name](scratch)
        shutil.rmtree(scratch)
        print(name, json.dumps(result), flush=True)
        results = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
        write_atomic(RESULT, f"{json.dumps(results | {name: result}, indent=1)}\n".encode())
    return 0
