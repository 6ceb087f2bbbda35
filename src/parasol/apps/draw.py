"""Work through the jobs of `parasol style`: one failure stops nothing, and what is made already is kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from parasol.apps.jobs import STDIN, Job
from parasol.apps.progress import Progress
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.apps.words import Like
    from parasol.dials import Dials
    from parasol.pipeline import Parasol
    from parasol.recipe import Recipe
    from parasol.result import Result
    from parasol.vector import Palette

STYLES = 1024  # described styles that are kept; some 20 kB each


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all pictures of one command share beside their dials.

    The longer side in px (as `Parasol.stylize` takes it), the two masks' files, the ground, the colours and the finish
    as the options name them, and the endings of files that are written beside the one that a job names.
    """

    size: 'int | Literal["content"] | None'
    mask: str | None
    protect: str | None
    ground: str = "keep"
    palette: "Palette | None" = None
    colors: int | None = None
    finish: str = "auto"
    also: tuple[str, ...] = ()
    lean: Mapping[str, float] = field(default_factory=dict)

    def files(self, out: str) -> list[str]:
        """All files of one picture, the named one first."""
        if out == STDIN:
            return [out]
        path = Path(out)
        return list(dict.fromkeys([out, *(str(path.with_name(path.stem + ending)) for ending in self.also)]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of one picture: drawn (a result), kept from an earlier run (neither), or failed (a reason)."""

    job: Job
    out: str
    result: "Result | None" = None
    error: str = ""


@dataclass(kw_only=True)
class Tally:
    """How many pictures of a command are behind us, and how many are left."""

    left: int
    painted: int = 0


def draw(
    model: "Parasol",
    jobs: Iterable[Job],
    dials: "Dials",
    frame: Frame,
    *,
    read: Callable[[str], Any],
    count: int,
    tally: Tally,
    progress: Progress,
    preview: str | None = None,
) -> Iterator[Outcome]:
    """Draw every job, `count` seeds each. Of several pictures, those that exist with the very same recipe are kept.

    `read` is the jobs' `reader`. `tally` is of all models that the command draws with. `preview` is a file for a look
    at each one, drawn before it in few steps, at most at the model's own size.
    """
    described = _describer(model, dials, frame, read)
    many = tally.left + tally.painted > 1
    for job in jobs:
        if preview is not None:
            yield _look(model, replace(job, out=preview), dials, frame, read=read, described=described)
        try:
            first = _recipe(model, job, dials, frame, read=read, described=described)
        except ParasolError as error:
            tally.left -= count
            yield Outcome(job=job, out=job.out, error=str(error))
            continue
        for number in range(count):
            recipe = first.varied(seed=dials.seed + number)
            out = _place(model, job if count == 1 else job.numbered(recipe.dials.seed), recipe)
            missing = [file for file in frame.files(out) if not (many and _is_made(model, file, recipe))]
            if not missing:
                tally.left -= 1
                yield Outcome(job=job, out=out)
                continue
            try:
                result = model.paint(recipe, progress=progress.part(tally.painted, tally.painted + tally.left))
            except ParasolError as error:
                yield Outcome(job=job, out=out, error=str(error))
            else:
                yield from (_saved(job, result, file) for file in missing)
            tally.painted, tally.left = tally.painted + 1, tally.left - 1


def _saved(job: Job, result: "Result", out: str) -> Outcome:
    try:
        result.save(out)
    except ParasolError as error:
        return Outcome(job=job, out=out, error=str(error))
    return Outcome(job=job, out=out, result=result)


Described = Callable[[Any], Any]
"""(the likes of a job) -> the style that they are together, and the finish that goes with it."""


def _look(
    model: "Parasol", job: Job, dials: "Dials", frame: Frame, *, read: Callable[[str], Any], described: Described
) -> Outcome:
    manifest = model.bundle.manifest
    side = manifest.size if frame.size == "content" else frame.size or manifest.default_size
    small = min(side, manifest.size)
    try:
        recipe = _recipe(model, job, dials.quick(), replace(frame, size=small), read=read, described=described)
        result = model.paint(recipe)
        result.save(job.out)
    except ParasolError as error:
        return Outcome(job=job, out=job.out, error=str(error))
    return Outcome(job=job, out=job.out, result=result)


def _recipe(
    model: "Parasol", job: Job, dials: "Dials", frame: Frame, *, read: Callable[[str], Any], described: Described
) -> "Recipe":
    content = read(job.content) if job.content else None
    style, finish = described(job.styles)
    return model.recipe(
        content,
        style,
        dials,
        shows=_sources(job.shows, read) or None,
        size=frame.size,
        mask=frame.mask,
        protect=frame.protect,
        ground=frame.ground,
        finish=finish,
    )


def _describer(model: "Parasol", dials: "Dials", frame: Frame, read: Callable[[str], Any]) -> Described:
    """What describes the styles of a job, each mix once for all jobs, while networks that draw are opened."""

    @lru_cache(maxsize=STYLES)
    def described(likes: Any) -> Any:
        model.painter.prepare(dials)
        sources = _sources(likes, read)
        finish = model.finish(sources, lean=frame.lean, palette=frame.palette, colors=frame.colors, finish=frame.finish)
        return model.style(sources, lean=frame.lean), finish

    return described


def _sources(likes: "Sequence[Like]", read: Callable[[str], Any]) -> list[tuple[Any, float]]:
    from parasol.encoders.text import Words

    return [(Words(like.source) if like.spoken else read(like.source), like.weight) for like in likes]


def reader(jobs: Sequence[Job]) -> "Callable[[str], Any]":
    """Sources as they are, except that standard input, a picture or a card, is read once for all jobs."""
    from parasol.cards import open_style
    from parasol.images import load_rgba

    opened = None
    if any(job.content == STDIN for job in jobs):
        opened = load_rgba(STDIN)
    elif any(like.source == STDIN and not like.spoken for job in jobs for like in (*job.styles, *job.shows)):
        opened = open_style(STDIN)
    return lambda source: opened if source == STDIN and opened is not None else source


def check_endings(frame: Frame, jobs: Sequence[Job], model: str | None, read: Callable[[str], Any]) -> None:
    """Refuse an SVG of what is sure to be none, and a JPEG of what is to be transparent, before anything is drawn.

    Raises ParasolError.
    """
    from parasol.choice import PHOTOGRAPHS
    from parasol.images import is_photograph, load
    from parasol.images.endings import DRAWING

    endings = {Path(file).suffix.lower() for job in jobs for file in frame.files(job.out)}
    if frame.ground == "transparent" and endings & {".jpg", ".jpeg"}:
        raise ParasolError("--ground transparent is asked for and a JPEG is not: name a .png or .webp instead")
    if DRAWING not in endings:
        return
    no_drawing = "photographs and paintings have too many regions to be traced: name a .png, .webp or .jpg instead"
    if model == PHOTOGRAPHS:
        raise ParasolError(f"an SVG is asked for and the model is {model!r}: {no_drawing}")
    if len(jobs) > 1 or not jobs[0].content:
        return  # each is told of by itself
    try:
        photograph = is_photograph(load(read(jobs[0].content)))
    except ParasolError:
        return  # told of where it is read
    if photograph:
        raise ParasolError(f"an SVG is asked for and {jobs[0].content!r} is a photograph: {no_drawing}")


def _place(model: "Parasol", job: Job, recipe: "Recipe") -> str:
    """Where the picture is, or is to be: a file that it had in an earlier plan keeps it."""
    return next((file for file in job.before if _is_made(model, file, recipe)), job.out)


def _is_made(model: "Parasol", out: str, recipe: "Recipe") -> bool:
    from parasol.recipe import Recipe

    try:
        return Recipe.read(out).repeats(recipe, model.bundle)
    except ParasolError:  # not there, not whole, or not ours
        return False
