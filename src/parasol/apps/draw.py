"""Work through the jobs of `parasol style`: one failure stops nothing, and what is made already is kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from parasol.apps.jobs import STDIN, Job
from parasol.apps.progress import Progress

if TYPE_CHECKING:
    from parasol.apps.words import Like
    from parasol.pipeline import Parasol, Result
    from parasol.recipe import Dials, Recipe

STYLES = 1024  # described styles that are kept; some 20 kB each


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all pictures of one command share beside their dials: the longer side in px, and the two masks' files."""

    size: int | None
    mask: str | None
    protect: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of one picture: drawn (a result), kept from an earlier run (neither), or failed (a reason)."""

    job: Job
    out: str
    result: "Result | None" = None
    error: str = ""


def draw(
    model: "Parasol",
    jobs: Sequence[Job],
    dials: "Dials",
    frame: Frame,
    *,
    read: Callable[[str], Any],
    count: int,
    progress: Progress,
    preview: str | None = None,
) -> Iterator[Outcome]:
    """Draw every job, `count` seeds each. Of several pictures, those that exist with the very same recipe are kept.

    `read` is the jobs' `reader`. `preview` is a file for the first one, drawn before all others in few steps, at most
    at the model's own size.
    """
    described = _describer(model, dials, read)
    if preview is not None:
        yield _look(model, replace(jobs[0], out=preview), dials, frame, read=read, described=described)
    painted, left = 0, len(jobs) * count
    many = left > 1
    for job in jobs:
        try:
            first = _recipe(model, job, dials, frame, read=read, described=described)
        except ValueError as error:
            left -= count
            yield Outcome(job=job, out=job.out, error=str(error))
            continue
        for number in range(count):
            recipe = first.varied(seed=dials.seed + number)
            out = job.out if count == 1 else job.numbered(recipe.dials.seed)
            if many and _is_made(out, recipe):
                left -= 1
                yield Outcome(job=job, out=out)
                continue
            try:
                result = model.paint(recipe, progress=progress.part(painted, painted + left))
                result.save(out)
            except ValueError as error:
                yield Outcome(job=job, out=out, error=str(error))
            else:
                yield Outcome(job=job, out=out, result=result)
            painted, left = painted + 1, left - 1


Described = Callable[[Any], Any]
"""(the likes of a job) -> the style that they are together."""


def _look(
    model: "Parasol", job: Job, dials: "Dials", frame: Frame, *, read: Callable[[str], Any], described: Described
) -> Outcome:
    manifest = model.bundle.manifest
    small = min(frame.size or manifest.default_size, manifest.size)
    try:
        recipe = _recipe(model, job, dials.quick(), replace(frame, size=small), read=read, described=described)
        result = model.paint(recipe)
        result.save(job.out)
    except ValueError as error:
        return Outcome(job=job, out=job.out, error=str(error))
    return Outcome(job=job, out=job.out, result=result)


def _recipe(
    model: "Parasol", job: Job, dials: "Dials", frame: Frame, *, read: Callable[[str], Any], described: Described
) -> "Recipe":
    content = read(job.content) if job.content else None
    return model.recipe(
        content,
        described(job.styles),
        dials,
        shows=_sources(job.shows, read) or None,
        size=frame.size,
        mask=frame.mask,
        protect=frame.protect,
    )


def _describer(model: "Parasol", dials: "Dials", read: Callable[[str], Any]) -> Described:
    """What describes the styles of a job, each mix once for all jobs, while networks that draw are opened."""

    @lru_cache(maxsize=STYLES)
    def described(likes: Any) -> Any:
        model.painter.prepare(dials)
        return model.style(_sources(likes, read))

    return described


def _sources(likes: "Sequence[Like]", read: Callable[[str], Any]) -> list[tuple[Any, float]]:
    from parasol.encoders.text import Words

    return [(Words(like.source) if like.spoken else read(like.source), like.weight) for like in likes]


def reader(jobs: Sequence[Job]) -> "Callable[[str], Any]":
    """Sources as they are, except that standard input, a picture or a card, is read once for all jobs."""
    from parasol.cards import open_style
    from parasol.images import load

    opened = None
    if any(job.content == STDIN for job in jobs):
        opened = load(STDIN)
    elif any(like.source == STDIN and not like.spoken for job in jobs for like in (*job.styles, *job.shows)):
        opened = open_style(STDIN)
    return lambda source: opened if source == STDIN and opened is not None else source


def _is_made(out: str, recipe: "Recipe") -> bool:
    from parasol.recipe import Recipe

    try:
        return Recipe.read(out) == recipe
    except ValueError:  # not there, not whole, or not ours
        return False
