"""The model that a command takes where nobody names one."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from parasol.apps.jobs import Job
    from parasol.cards import StyleCard

    Of = Callable[[Job], str]
    """(a job) -> the model that draws it."""

T = TypeVar("T")

OF_PHOTOGRAPHS = "painting"


def suited(model: str | None, contents: Iterable[Any], looks: Iterable[Any]) -> str:
    """The model that is named; where none is, `painting` if the first content picture is a photograph, which is told.

    A style card goes with one model alone, so that the first card among `looks` decides where there is one. What cannot
    be read is passed over: it is told of where it is needed. Contents and looks are sources, as `Parasol` takes them.
    """
    from parasol.bundle import DEFAULT_MODEL
    from parasol.images import is_photograph, load

    if model is not None:
        return model
    card = next(_cards(looks), None)
    if card is not None:
        return _model_of(card)
    for content in contents:
        try:
            photograph = is_photograph(load(content))
        except ValueError:
            continue
        if photograph:
            print(f"parasol: a photograph, so --model {OF_PHOTOGRAPHS}", file=sys.stderr)
        return OF_PHOTOGRAPHS if photograph else DEFAULT_MODEL
    return DEFAULT_MODEL


def suited_to_each(model: str | None, read: Callable[[str], Any]) -> "Of":
    """The model for every job by itself, as `suited` finds it from the job's own picture and styles.

    `read` opens standard input. That photographs are met is told once.
    """
    from parasol.bundle import DEFAULT_MODEL
    from parasol.images import is_photograph, load

    @cache
    def by_card(look: str) -> str | None:
        card = next(_cards([read(look)]), None)
        return None if card is None else _model_of(card)

    @cache
    def by_picture(content: str) -> str:
        try:
            return OF_PHOTOGRAPHS if is_photograph(load(read(content))) else DEFAULT_MODEL
        except ValueError:  # told of where it is needed
            return DEFAULT_MODEL

    @cache
    def tell() -> None:
        print(f"parasol: a photograph, so --model {OF_PHOTOGRAPHS}", file=sys.stderr)

    def of(job: "Job") -> str:
        if model is not None:
            return model
        for look in job.styles:
            if not look.spoken and (name := by_card(look.source)):
                return name
        found = by_picture(job.content) if job.content else DEFAULT_MODEL
        if found == OF_PHOTOGRAPHS:
            tell()
        return found

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


def _cards(looks: Iterable[Any]) -> "Iterator[StyleCard]":
    from parasol.cards import StyleCard
    from parasol.images import read_bytes

    for look in looks:
        if isinstance(look, StyleCard):
            yield look
        elif isinstance(look, str) and Path(look).suffix.lower() == ".json":
            try:
                yield StyleCard.parse(read_bytes(look))
            except ValueError:
                continue


def _model_of(card: "StyleCard") -> str:
    """The installed model with a card's style encoder; where there is none the default, which then refuses the card."""
    from parasol.bundle import DEFAULT_MODEL, MODELS, installed

    for bundle in installed():
        own = bundle.manifest.style
        if (own.name, own.version) == (card.encoder.name, card.encoder.version):
            return bundle.folder.name if bundle.folder.parent == MODELS else str(bundle.folder)
    return DEFAULT_MODEL
