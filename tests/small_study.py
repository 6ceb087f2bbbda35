"""Pictures of a small study, a study made from them, and its server."""

import json
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from parasol.images import save_png
from parasol.study.folder import Study, create
from parasol.study.trials import Plan

METHODS = ("best", "middling", "worst")
PAIRS = ("apple", "boat", "cat", "dog")


def draw_pictures(folder: Path, *, size: int = 64) -> Path:
    """DIR/<method>/<pair>.png, content/ and style/: a disc on a ground, in different colours."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    disc = (rows**2 + columns**2 < 0.1)[..., None]
    for place in (*METHODS, "content", "style"):
        for pair in PAIRS:
            ground, ink = generator.random((2, 3), dtype=np.float32)
            picture = np.where(disc, ink, ground).astype(np.float32)
            save_png(folder / place / f"{pair}.png", picture, text={"parasol": f"made by {place}"})
    return folder


def small_study(folder: Path, *, people: int = 4, trials: int = 6, ties: bool = False) -> Study:
    """A study in `folder`/study."""
    plan = Plan(participants=people, trials=trials, repeats=1, catches=1, seed=3)
    pictures = draw_pictures(folder / "pictures")
    return create(pictures, folder / "study", plan, ["overall", "style"], title="A test", ties=ties)


class Server:
    """`parasol study serve` in a process of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        code = "import sys; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "study", "serve", str(folder), "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.hello = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.hello)
        assert found, self.hello
        self.port = int(found[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request. Raises OSError or HTTPException where there is none."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", f"/{path}", json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        assert reply.status == 200, text
        return json.loads(text)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
