"""A studio, from the folder that it keeps to the thread that draws."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parasol.errors import ParasolError
from parasol.index.locks import locked
from parasol.studio.desk import Desk, Full
from parasol.studio.icons import add_icon
from parasol.studio.kept_cards import keep_card
from parasol.studio.lessons import LONGEST, Teacher
from parasol.studio.library import Finder, Library, folder_pictures, is_index
from parasol.studio.made import Made
from parasol.studio.maker import Maker
from parasol.studio.store import Store
from parasol.studio.wanted import ORDERS, Lesson, Wanted


@dataclass(frozen=True, kw_only=True)
class Studio:
    """Everything behind the page."""

    store: Store
    maker: Maker
    desk: Desk
    teacher: Teacher
    lessons: Desk
    """Beside the other, for a lesson takes minutes."""

    library: Library
    finder: Finder
    folder: tuple[Path, ...]
    words: Mapping[str, str]
    """What each dial does, by name."""

    def order(self, wanted: Wanted, client: str = "") -> dict[str, Any]:
        """Hand in a job, which is on the disk before it is accepted; what is told of it.

        Raises:
            ValueError: something in it cannot be drawn, or makes no sense together. Full: too many wait.
        """
        total, text = self.maker.check(wanted), wanted.model_dump_json()

        def accept(job: str) -> None:
            if not wanted.preview:
                self.store.wait(job, text, a_set=wanted.icons is not None)

        job = self.desk.submit(wanted, total, client=client, accept=accept)
        return self.desk.status(job.name) or job.status(0)

    def teach(self, lesson: Lesson) -> dict[str, Any]:
        """As `order`, for a lesson."""
        total, text = self.teacher.check(lesson), lesson.model_dump_json()
        job = self.lessons.submit(lesson, total, accept=lambda job: self.store.wait(job, text))
        return self.lessons.status(job.name) or job.status(0)

    def desk_of(self, job: str) -> Desk | None:
        """Where a job is known."""
        return next((desk for desk in (self.desk, self.lessons) if desk.status(job) is not None), None)


@contextmanager
def opened(
    keep: Path,
    *,
    source: Path | None = None,
    model: str | None = None,
    threads: int = 0,
    words: Mapping[str, str] | None = None,
) -> Iterator[Studio]:
    """A studio that keeps what it makes in the folder `keep`; what an earlier one left undone is drawn first.

    Raises:
        ValueError: `keep` cannot be used, `source` is neither an index nor a folder of pictures, there is no model.
    """
    try:
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ParasolError(f"{str(keep)!r} cannot be used ({error.strerror}): choose another --keep") from error
    with locked(keep, wait=False), closing(Store(keep)) as store:
        store.drop_unused({name for text in store.all_wanted() for name in _pictures(text)})
        maker = Maker(store, model, threads)
        index, folder = source if source is not None and is_index(source) else None, ()
        finder = Finder(index, [maker.model(name) for name in maker.names[: None if index else 1]], store)
        if source is not None and index is None:
            folder = tuple(folder_pictures(source))

        def kept(job: str, place: int, made: Made) -> int:
            number = 0
            if made.png:
                number = store.add_drawn(job, place, made.recipe, made.wanted, made.png, made.thumb, made.seconds)
            if made.icon:
                add_icon(store, job, place, number, made)
            return number

        def learned(job: str, place: int, made: Made) -> int:
            assert made.card is not None
            keep_card(store, made.name, made.card, made.thumb)
            return 0

        teacher = Teacher(store, maker, keep / "lessons")
        with (
            closing(Desk(maker.draw, kept, store.finish)) as desk,
            closing(Desk(teacher.teach, learned, store.finish, LONGEST)) as lessons,
        ):
            studio = Studio(
                store=store, maker=maker, desk=desk, teacher=teacher, lessons=lessons, library=Library(store),
                finder=finder, folder=folder, words=words or {},
            )  # fmt: skip
            _go_on(studio)
            yield studio


def _pictures(text: str) -> set[str]:
    try:
        return ORDERS.validate_json(text).pictures_named()
    except ValueError:  # written by a version that knew more
        return set()


def _go_on(studio: Studio) -> None:
    """Take up what an earlier studio left undone."""
    lessons = []
    for job, text in studio.store.waiting():
        try:
            order = ORDERS.validate_json(text)
            if isinstance(order, Lesson):
                lessons.append(order)
                studio.lessons.submit(order, studio.teacher.check(order), name=job)
            else:
                studio.desk.submit(order, studio.maker.check(order), name=job)
        except (ValueError, Full):
            studio.store.finish(job)
    studio.teacher.forget(lessons)
