"""The ComfyUI nodes in ComfyUI itself: python -m lab comfy --host DIR [--python FILE]

DIR is a checkout of ComfyUI, FILE a Python that has what its requirements.txt names and Parasol (this one, if left
out). The host runs as its users run it, on the CPU and without a page: the pack lies in its folder of custom nodes, the
example workflow comes over HTTP. Its pictures are to be those of Python and of the command line to the pixel, a dial
out of range is to be refused before anything is drawn, and an interrupted run is to end within a step or two.
"""

import argparse
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image

from lab.icon_sets import PROGRAM
from lab.scale import OUT
from parasol import Parasol
from parasol.images import write_atomic
from parasol.maths.colour import colour_statistics, match_colours
from parasol.recipe import Recipe
from parasol.types import Record

ROOT = Path(__file__).parents[1]
PACK, EXAMPLES = ROOT / "integrations" / "comfyui", ROOT / "examples"
PATIENCE = 300.0  # seconds that the host may take to start, or a run to end
ASIDE = ("6", "9", "10")
"""In the example: the node that draws; and beside it what saves its picture, and what shows its recipe."""


class Host:
    """A host that runs, by its address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, way: str, body: Any = None) -> bytes:
        """What it answers. Raises HTTPError where it refuses."""
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.address + way, data, {"Content-Type": "application/json"}), timeout=60.0) as answer:
            return answer.read()

    def answer(self, way: str, body: Any = None) -> Any:
        """The same as JSON."""
        return json.loads(self.ask(way, body))

    def begin(self, workflow: Record) -> str:
        """The number of a run that waits now."""
        return self.answer("/prompt", {"prompt": workflow})["prompt_id"]

    def end(self, run: str) -> Record:
        """What it says of a run that has come to its end."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if history := self.answer(f"/history/{run}"):
                return history[run]
            time.sleep(0.1)
        raise TimeoutError(f"run {run} has not ended in {PATIENCE:.0f} s")

    def picture(self, saved: Record) -> np.ndarray:
        """The pixels of a picture that it has saved."""
        with Image.open(io.BytesIO(self.ask(f"/view?{urlencode(saved)}"))) as image:
            return np.asarray(image.convert("RGB"))


@contextmanager
def started(host: Path, python: str, folder: Path) -> Iterator[Host]:
    """The host with the pack and the example's pictures, and nothing else of its own; it is ended afterwards."""
    shutil.copytree(PACK, folder / "custom_nodes" / "parasol", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("input", "user", "page"):
        (folder / name).mkdir()
    for name in ("content.png", "style.png"):
        shutil.copy(EXAMPLES / name, folder / "input")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--cpu", "--listen", "127.0.0.1", "--port", str(port), "--base-directory", str(folder)]
    words += ["--front-end-root", str(folder / "page"), "--database-url", "sqlite:///:memory:", "--disable-api-nodes"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "main.py", *words], cwd=host, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path}
        )
        try:
            yield _answering(Host(f"http://127.0.0.1:{port}"), process, folder / "log")
        finally:
            process.terminate()
            process.wait(60)


def measured(host: Host) -> Record:
    """What is to be shown of a host that runs; raises AssertionError for what it does not."""
    system = host.answer("/system_stats")["system"]
    nodes = {name: node for name, node in host.answer("/object_info").items() if name.startswith("Parasol")}
    workflow = json.loads((PACK / "example" / "stylize.json").read_text("utf-8"))
    drawing, saving, showing = ASIDE
    workflow[saving] = {"class_type": "SaveImage", "inputs": {"images": [drawing, 0], "filename_prefix": "drawn"}}
    workflow[showing] = {"class_type": "PreviewAny", "inputs": {"source": [drawing, 1]}}
    begun = time.monotonic()
    ended = host.end(host.begin(workflow))
    seconds = time.monotonic() - begun
    if not ended["status"]["completed"]:
        raise AssertionError(f"the example failed: {ended['status']['messages'][-1]}")
    made = ended["outputs"]
    coloured, drawn = (host.picture(made[key]["images"][0]) for key in ("8", saving))
    recipe = Recipe.parse(made[showing]["text"][0])
    dials = workflow["5"]["inputs"] | {"seed": workflow["6"]["inputs"]["seed"]}
    plain, matched = by_python({name: value for name, value in dials.items() if value != -1.0})
    return {
        "host": system["comfyui_version"],
        "nodes": len(nodes),
        "seconds": seconds,
        "pixels apart from Python": apart(drawn, plain),
        "pixels apart from Python, colours matched": apart(coloured, matched),
        "pixels apart from the command line": apart(drawn, by_command(dials)),
        "pixels apart from the recipe, painted again": apart(drawn, pixels(Parasol.of(recipe.model).paint(recipe))),
        "a dial out of range": refused(host, workflow),
        "seconds after an interrupt": interrupted(host, workflow),
        "torch": system["pytorch_version"],
    }


def by_python(dials: Record) -> tuple[np.ndarray, np.ndarray]:
    """The example's picture without the host, and the same with its colours brought over half-way."""
    content, style = (on_white(EXAMPLES / f"{name}.png") for name in ("content", "style"))
    drawn = pixels(Parasol.load("pictogram").stylize(content, style, size=128, **dials))
    colours = colour_statistics(np.asarray(style, np.float32) / 255.0)
    matched = match_colours(drawn.astype(np.float32) / 255.0, colours, strength=0.5).pixels
    return drawn, np.rint(matched * 255.0).astype(np.uint8)


def by_command(dials: Record) -> np.ndarray:
    """The example's picture as `parasol style` writes it, from pictures on white and with the same finish: none."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"{stem}.png" for stem in ("content", "style", "out")]
        for file in files[:2]:
            on_white(EXAMPLES / file.name).save(file)
        words = [files[0], "--like", files[1], "-o", files[2], "--model", "pictogram", "--finish", "none"]
        words += ["--size", 128]
        for dial in ("structure", "steps", "sampler", "color", "seed"):
            words += [f"--{dial}", dials[dial]]
        subprocess.run([*PROGRAM, "style", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
        return np.asarray(Image.open(files[2]).convert("RGB"))


def refused(host: Host, workflow: Record) -> str:
    """What the host says to a structure of 2."""
    wrong = deepcopy(workflow)
    wrong["5"]["inputs"]["structure"] = 2.0
    try:
        host.begin(wrong)
    except HTTPError as error:
        return json.loads(error.read())["node_errors"]["5"]["errors"][0]["message"]
    raise AssertionError("a structure of 2 was not refused")


def interrupted(host: Host, workflow: Record) -> float:
    """Seconds from an interrupt, two seconds into a run of a minute or more, to its end."""
    long = deepcopy(workflow)
    long["5"]["inputs"] |= {"structure": 0.0, "steps": 1000}
    run = host.begin(long)
    time.sleep(2.0)
    begun = time.monotonic()
    host.ask("/interrupt", {"prompt_id": run})
    messages = [name for name, _ in host.end(run)["status"]["messages"]]
    if messages[-1] != "execution_interrupted":
        raise AssertionError(f"an interrupted run ended as {messages[-1]}")
    return time.monotonic() - begun


def on_white(file: Path) -> Image.Image:
    """A picture as the host hands it over: colours and mask apart, and white below by the pack."""
    rgba = np.asarray(Image.open(file).convert("RGBA"), np.float32) / 255.0
    clear = 1.0 - rgba[..., 3:]
    laid = rgba[..., :3] + (1.0 - rgba[..., :3]) * clear
    return Image.fromarray(np.rint(laid * 255.0).astype(np.uint8))


def pixels(result: Any) -> np.ndarray:
    """Of a result, as its file has them."""
    return np.asarray(result.image.convert("RGB"))


def apart(picture: np.ndarray, other: np.ndarray) -> int:
    """How many pixels differ."""
    return int((picture != other).any(axis=-1).sum())


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab comfy", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--host", type=Path, required=True, help="a checkout of ComfyUI")
    parser.add_argument("--python", default=sys.executable, help="a Python that has its requirements, and Parasol")
    parser.add_argument("--keep", type=Path, help="a new folder for the host's pictures and its log")
    parser.add_argument("--out", type=Path, default=OUT, help="file of results")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep.resolve() if given.keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with started(given.host.resolve(), given.python, folder) as host:
            result = measured(host)
    record: Record = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    write_atomic(given.out, f"{json.dumps({**record, 'comfy': result}, indent=1)}\n".encode())
    print(json.dumps(result, indent=1))
    return 0


def _answering(host: Host, process: subprocess.Popen[bytes], log: Path) -> Host:
    """The host, once it answers. Raises RuntimeError with the end of its log where it does not start."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            host.ask("/system_stats")
        except OSError:
            time.sleep(0.5)
        else:
            return host
    raise RuntimeError(f"the host has not started:\n{log.read_text('utf-8', 'replace')[-3000:]}")
