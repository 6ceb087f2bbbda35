"""Every view of the studio as a picture: python -m lab screens --out docs/studio

Each view is filled first: a picture of the examples, a set, a sheet of looks, what a search finds. Then it is taken on
a desk and on a phone, in light and in dark colours, as `VIEW-SCREEN-COLOURS.webp`.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from lab.browser import Browser, browser
from lab.studio import served

SCREENS = {"desk": (1360, 900, False), "phone": (390, 844, True)}
COLOURS = ("light", "dark")
PATIENCE = 600.0  # seconds for what is drawn: other programs may hold the machine
BUSY = "document.querySelector('main:not([hidden]) .progress.running')"
FILLED = {
    "make": ("", f"document.querySelector('#download') && !{BUSY}"),
    "sets": ("#draw-set", f"document.querySelector('#score') && !{BUSY}"),
    "explore": ("#draw-sheet", "document.querySelectorAll('.grid img').length === 20"),
    "search": ("#from-make", "document.querySelectorAll('main:not([hidden]) .hits li').length >= 1"),
}
"""By view: what is pressed, and what is true once it is filled."""
QUALITY = 60


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab screens", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    given = parser.parse_args(words)
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with served(folder / "kept", page=True) as studio, browser(folder / "profile") as page:
            page.resize(1360, 900)
            page.go(f"http://127.0.0.1:{studio.port}/")
            page.wait("document.body?.dataset.ready", PATIENCE)
            for view, (pressed, filled) in FILLED.items():
                page.ask(f"document.querySelector('#view-{view}').click()")
                if pressed:
                    page.wait(f"document.querySelector({pressed!r}) && !document.querySelector({pressed!r}).disabled")
                    page.ask(f"document.querySelector({pressed!r}).click()")
                page.wait(filled, PATIENCE)
                for screen, (width, height, phone) in SCREENS.items():
                    page.resize(width, height, phone=phone)
                    for colours in COLOURS:
                        taken(page, colours, given.out / f"{view}-{screen}-{colours}.webp", folder)
                page.resize(1360, 900)
    return 0


def taken(page: Browser, colours: str, out: Path, scratch: Path) -> None:
    """One picture, with its widest side at most 1360 px."""
    page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": colours}])
    page.ask("scrollTo(0, 0); new Promise(done => setTimeout(done, 400))")
    page.screenshot(scratch / "shot.png")
    picture = Image.open(scratch / "shot.png").convert("RGB")
    picture.thumbnail((1360, 1360))
    picture.save(out, quality=QUALITY, method=6)
