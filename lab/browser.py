"""Headless Chromium, driven over a pipe by its DevTools protocol: no port, and nothing to install beside it."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run",
    "--no-default-browser-check", "--remote-debugging-pipe",
)  # fmt: skip
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "0": 48, "Enter": 13, " ": 32, "Tab": 9}
PATIENCE = 30.0  # seconds


class Browser:
    """One browser with one page."""

    def __init__(self, profile: Path) -> None:
        """Start it; the profile keeps what pages store."""
        assert CHROMIUM is not None
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        ends = [os.dup(read_there), os.dup(write_there)]  # both above 4, whatever was free

        def take_places() -> None:
            first, second = os.dup(ends[0]), os.dup(ends[1])
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, *SWITCHES, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=take_places,
            pass_fds=(3, 4),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (read_there, write_there, *ends):
            os.close(end)
        self._in, self._out, self._next = os.fdopen(read_here, "rb"), os.fdopen(write_here, "wb"), 0
        self._buffer = b""
        self._session: str | None = None
        self.errors: list[str] = []
        target = next(each for each in self("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        self._next += 1
        message: dict[str, Any] = {"id": self._next, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            while b"\0" not in self._buffer:
                data = os.read(self._in.fileno(), 1 << 20)
                if not data:
                    raise RuntimeError("the browser has gone")
                self._buffer += data
            text, _, self._buffer = self._buffer.partition(b"\0")
            reply = json.loads(text)
            if reply.get("id") == self._next:
                assert "error" not in reply, reply
                return reply["result"]
            if reply.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(reply["params"]["exceptionDetails"])[:2000])
            if reply.get("method") == "Log.entryAdded" and reply["params"]["entry"]["level"] == "error":
                self.errors.append(f"{reply['params']['entry']['text']} {reply['params']['entry'].get('url', '')}")

    def go(self, address: str) -> None:
        """Open a page."""
        self("Page.navigate", url=address)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, patience: float = PATIENCE) -> Any:
        """The value once it is true, within so many seconds."""
        return until(lambda: self.ask(expression), expression, patience)

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": "\r"} if key == "Enter" else {}  # without it no button is pressed
        for kind, more in (("keyDown", text), ("keyUp", {})):
            self("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key], **more)

    def click(self, selector: str, times: int = 1) -> None:
        """Click, or double-click, the middle of an element."""
        box = f"document.querySelector({selector!r}).getBoundingClientRect()"
        x, y = self.ask(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({box})")
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the page a size, as on a screen with a mouse or on a phone."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self("Emulation.setTouchEmulationEnabled", enabled=phone)

    def screenshot(self, file: Path) -> None:
        """What is to be seen, as a PNG."""
        file.write_bytes(base64.b64decode(self("Page.captureScreenshot", format="png")["data"]))

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()
        for end in (self._in, self._out):
            with contextlib.suppress(OSError):
                end.close()


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser for as long as it is needed."""
    opened = Browser(profile)
    try:
        yield opened
    finally:
        opened.kill()


def until(wanted: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of `wanted()`, within so many seconds."""
    end = time.monotonic() + patience
    while not (value := wanted()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return value
