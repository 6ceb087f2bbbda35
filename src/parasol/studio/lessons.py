"""Lessons: what `parasol teach` does, as a job beside those that draw."""

import hashlib
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import final

from parasol.errors import ParasolError
from parasol.studio.made import Made, Progress
from parasol.studio.maker import Maker
from parasol.studio.store import Store
from parasol.studio.wanted import Lesson

MISSING = "teaching needs torch: install it with  pip install parasol-style-train  and start the studio again"
LONGEST = 4 * 3600.0  # seconds that a lesson may take


def can_teach() -> bool:
    """Whether what trains is installed, and torch."""
    return find_spec("torch") is not None and find_spec("parasol.teaching") is not None


@final
class Teacher:
    """Teaches in a folder of its own, which holds pictures and state while a lesson lasts."""

    def __init__(self, store: Store, maker: Maker, folder: Path) -> None:
        self._store, self._maker, self._folder = store, maker, folder

    def check(self, lesson: Lesson) -> int:
        """How many steps are counted: a picture that is looked at is one. Raises ParasolError where it can't be."""
        if not can_teach():
            raise ParasolError(MISSING)
        self._maker.model(lesson.teach)
        self._maker.require(lesson.pictures_named())
        return len(lesson.pictures) + lesson.steps

    def teach(self, lesson: Lesson, progress: Progress) -> Iterator[Made]:
        """The card. What was begun before a kill goes on."""
        from parasol.teaching import finished
        from parasol.training.teach import Teaching

        def tell(done: float, count: float, note: str) -> None:
            looked = note.startswith("looking")
            progress(int(done) if looked else len(lesson.pictures) + lesson.steps - int(count - done), 0)

        place = self._place(lesson)
        place.mkdir(parents=True, exist_ok=True)
        files = [place / f"{number:03}" for number in range(len(lesson.pictures))]
        for file, picture in zip(files, lesson.pictures, strict=True):
            file.write_bytes(self._store.given(picture))
        model, out = self._maker.model(lesson.teach), place / "taught.style.json"
        card = finished(model, [*map(str, files)], out, Teaching(steps=lesson.steps), tell=tell)
        model.style(card)  # which makes what it teaches known
        shutil.rmtree(place)
        yield Made(png=b"", thumb=self._store.thumb(lesson.pictures[0]) or b"", card=card, name=lesson.name)

    def forget(self, waiting: list[Lesson]) -> None:
        """Let go of what no lesson that waits has begun."""
        kept = {self._place(lesson) for lesson in waiting}
        for place in self._folder.glob("*"):
            if place not in kept:
                shutil.rmtree(place, ignore_errors=True)

    def _place(self, lesson: Lesson) -> Path:
        return self._folder / hashlib.sha256(lesson.model_dump_json().encode()).hexdigest()[:32]
