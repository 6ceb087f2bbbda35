"""The model that each job of a command is drawn with, where nobody names one."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from parasol.apps.paths import STDIN

if TYPE_CHECKING:
    from parasol.apps.jobs import Job

    Of = Callable[[Job], str]
    """(a job) -> the model that draws it."""

T = TypeVar("T")


def say_photograph() -> None:
    """Say that a photograph has decided."""
    from parasol.choice import PHOTOGRAPHS

    print(f"parasol: a photograph, so --model {PHOTOGRAPHS}", file=sys.stderr)


def say_doubt(model: str) -> None:
    """Say that a picture may be a photograph or a drawing, and how to have the other model."""
    from parasol.bundle import DEFAULT_MODEL
    from parasol.choice import PHOTOGRAPHS

    meant = "drawings" if model == PHOTOGRAPHS else "photographs and paintings"
    other = DEFAULT_MODEL if model == PHOTOGRAPHS else PHOTOGRAPHS
    print(f"parasol: perhaps a photograph, drawn with --model {model}; --model {other} is for {meant}", file=sys.stderr)


def of_each(model: str | None, read: Callable[[str], Any]) -> "Of":
    """The model for every job by itself, the one that is named or else that of `model_for`.

    `read` opens standard input. That photographs are met is said once, and so is each doubt.
    """
    from parasol.choice import model_for

    say_once, doubt_once = cache(say_photograph), cache(say_doubt)

    @cache
    def model_of(content: str, styles: tuple[str, ...]) -> str:
        contents = [read(content)] if content else []
        return model_for(contents, map(read, styles), photograph=say_once, doubt=doubt_once)

    def of(job: "Job") -> str:
        if model is not None:
            return model
        files = (like.source for like in job.styles if not like.spoken)
        return model_of(job.content, tuple(file for file in files if file == STDIN or file.lower().endswith(".json")))

    return of


def by_model(jobs: "Sequence[Job]", of: "Of") -> "Iterator[tuple[str, Iterator[Job]]]":
    """Each model once, with its jobs: those of the first job's model as they come, then those of the next.

    The jobs of one model have to be gone through before the next model is asked for.
    """
    left = [*jobs]
    while left:
        name, later = of(left[0]), list["Job"]()
        yield name, _sifted(left, lambda job, name=name: of(job) == name, later)
        left = later


def _sifted(items: Iterable[T], wanted: Callable[[T], bool], others: list[T]) -> Iterator[T]:
    """Those that are wanted, one by one; the others are put aside."""
    for item in items:
        if wanted(item):
            yield item
        else:
            others.append(item)
