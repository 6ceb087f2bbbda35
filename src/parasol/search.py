"""Generative search (paper, "Generative search"): search, make a picture of what is found, and search with that.

A session is a log of steps. A step has a query in both spaces and its hits; where it has made a picture first, the
query is that picture's own descriptors. The log holds descriptors and recipes, not the names of pictures alone, so
that it can be replayed when the pictures it began with are gone.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from jaxtyping import Float
from PIL import Image
from pydantic import Base64Bytes, ValidationError

from parasol.bundle import first_fault
from parasol.cards import StyleCard, StyleSource, float32_bytes, read_float32, title, weighted
from parasol.dials import Dials
from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.images import read_bytes, to_uint8, write_atomic
from parasol.index.locks import locked
from parasol.index.search import Hit, Query, search
from parasol.index.store import Encoders, Index
from parasol.pipeline import Parasol, Progress, Result
from parasol.recipe import ModelPart, Recipe
from parasol.strict import Strict
from parasol.types import Picture
from parasol.version import __version__

FORMAT = 1
STYLE_WEIGHT = 0.5
TOP = 12
START_ANEW = "start a new session"


class SessionError(ParasolError):
    """A session that is broken, of another model or index, or without what is picked. One line, with the way out."""


class Pick(Strict):
    """A picture of the session: what a step has found, or made."""

    step: int
    """From 1."""

    rank: int = 0
    """Of the hit, from 1, the best; 0 is the picture that the step has made."""


Given = StyleSource | Pick
"""A picture, words, a picture of the session, or (as a style) a card."""

Givens = Given | Sequence[Given | tuple[Given, float]]
"""One, several, or several with signed weights: a style of a weight below 0 is one to be pushed away from."""


class Chosen(Strict):
    """Who has which role in a step, for the reader: the file's name, or the words, and the weight, signed for styles.

    A content is what is looked for or, of a picture that is made, its layout; `shows` is what is shown instead.
    """

    role: Literal["content", "shows", "style"]
    source: str
    weight: float
    pick: Pick | None = None


class Asked(Strict):
    """A query as it is kept: descriptors in little-endian float32, and how many pictures were to be found."""

    style: Base64Bytes | None
    content: Base64Bytes | None
    style_weight: float
    top: int

    @classmethod
    def of(cls, query: Query, top: int) -> "Asked":
        """What is kept of a query."""
        return cls(style=_kept(query.style), content=_kept(query.content), style_weight=query.style_weight, top=top)

    def query(self, encoders: Encoders) -> Query:
        """Inverse of `of`, for descriptors of those encoders. Raises SessionError where one is damaged."""
        return Query(
            style=_read(self.style, encoders.style.dimension, "style"),
            content=_read(self.content, encoders.content.dimension, "content"),
            style_weight=self.style_weight,
        )


class Made(Strict):
    """A picture that was synthesised: its recipe, and the SHA-256 of its pixels in 8 bits, row by row."""

    recipe: Recipe
    pixels: str


class Step(Strict):
    """One step: what was chosen, the picture that was made of it, if any, the query, and the hits, best first."""

    number: int
    """From 1."""

    chosen: tuple[Chosen, ...]
    made: Made | None
    query: Asked
    hits: tuple[Hit, ...]


class Log(Strict):
    """The content of a session's file: every step, and the model and the index (by its version) that they are of."""

    format: int
    version: str
    """Of Parasol, for the record."""

    model: ModelPart
    index: str
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, path: str | Path) -> "Log":
        """Inverse of `save`.

        Raises:
            PictureError: the file cannot be read.
            SessionError: it is no session, or one of a format that this version does not read.
        """
        name = repr(str(path))
        try:
            log = cls.model_validate_json(read_bytes(path))
        except RecursionError as error:
            raise SessionError(f"{name} is no whole session: it is nested too deep: {START_ANEW}") from error
        except ValidationError as error:
            raise SessionError(f"{name} is no whole session: wrong at {first_fault(error)}: {START_ANEW}") from error
        if log.format != FORMAT:
            raise SessionError(
                f"{name} has format {log.format} and this version reads format {FORMAT}: update parasol-style, "
                f"or {START_ANEW}"
            )
        if [step.number for step in log.steps] != [*range(1, len(log.steps) + 1)]:
            raise SessionError(f"{name} is no whole session: its steps are not numbered from 1: {START_ANEW}")
        return log

    def save(self, path: str | Path) -> None:
        """Write the log, whole or not at all. Raises ValueError."""
        check_session_target(path)
        write_atomic(path, f"{self.model_dump_json(indent=1)}\n".encode())

    def add_to(self, path: str | Path, known: int) -> Path:
        """Write the log, of which the first `known` steps were in the file before; returns the file that holds it.

        Steps that another search has added to the file meanwhile come first, and ours are numbered after them. Where
        the file is another session by now, that one stays and ours goes into a new file beside it.

        Raises:
            ValueError: the file cannot be written.
        """
        check_session_target(path)
        target = Path(path)
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        with locked(target.absolute().parent, wait=True):
            if not target.exists():
                self.save(target)
                return target
            try:
                joined = self._after(Log.read(target), known)
            except SessionError:
                beside = (target.with_name(f"{target.stem}-{number}.json") for number in count(2))
                target, joined = next(file for file in beside if not file.exists()), self
            joined.save(target)
            return target

    def _after(self, others: "Log", known: int) -> "Log":
        """Our steps behind those of others. Raises SessionError where both do not belong together."""
        if others.steps[:known] != self.steps[:known] or (others.model, others.index) != (self.model, self.index):
            raise SessionError(f"the session has changed meanwhile: {START_ANEW}")
        further = len(others.steps) - known
        ours = [_moved(step, known, further) for step in self.steps[known:]]
        return self.model_copy(update={"steps": (*others.steps, *ours)})


@final
class Session:
    """Searching and making by turns. Every step is added to `log`, which is all that a session is."""

    def __init__(self, model: Parasol, index: Index, log: Log | None = None) -> None:
        """A new session, or one that goes on where its log ends.

        Raises:
            ValueError: the index is of other encoders; the log is of another model, or of an index with other pictures.
        """
        manifest = model.bundle.manifest
        index.require(Encoders.of(manifest))
        new = Log(format=FORMAT, version=__version__, model=ModelPart.of(model.bundle), index=index.version, steps=())
        if log is not None:
            _require_same(log, new, model, index.folder)
        self.log = new if log is None else log
        self._model, self._index = model, index
        self._results: dict[int, Result] = {}

    def search(
        self,
        *,
        style: Givens | None = None,
        content: Givens | None = None,
        style_weight: float = STYLE_WEIGHT,
        top: int = TOP,
    ) -> Step:
        """Look for a style, a content, or both; `Query` has the score. Several of one kind mix by signed weights.

        Raises:
            ValueError: nothing is asked for, or what is asked for cannot be had.
        """
        styles, style_parts = self._opened("style", style)
        contents, content_parts = self._opened("content", content)
        query = Query(
            style=self._model.style(styles).descriptor if styles else None,
            content=self._model.shown(contents) if contents else None,
            style_weight=style_weight,
        )
        return self._add([*style_parts, *content_parts], query, top)

    def make(
        self,
        content: Given | None,
        style: Givens,
        *,
        shows: Givens | None = None,
        dials: Dials | None = None,
        size: int | None = None,
        finish: str = "none",
        style_weight: float = STYLE_WEIGHT,
        top: int = TOP,
        progress: Progress | None = None,
    ) -> Step:
        """Make a picture as `Parasol.stylize` does, and look for pictures like it, in both spaces.

        `dials` are the model's own where they are left out; `finish` is as there. `result` has the picture.

        Raises:
            ValueError: something chosen cannot be had, or makes no sense together.
        """
        pictures, content_parts = self._opened("content", content)
        shown, shown_parts = self._opened("shows", shows)
        styles, style_parts = self._opened("style", style)
        recipe = self._model.recipe(
            pictures[0][0] if pictures else None,
            styles,
            self._model.dials() if dials is None else dials,
            shows=shown or None,
            size=size,
            finish=self._model.finish(styles, finish=finish),
        )
        return self._make([*content_parts, *shown_parts, *style_parts], recipe, style_weight, top, progress)

    def answer(
        self,
        *,
        style: Givens | None = None,
        content: Givens | None = None,
        style_weight: float = STYLE_WEIGHT,
        top: int = TOP,
        dials: Dials | None = None,
        size: int | None = None,
        finish: str = "none",
        progress: Progress | None = None,
    ) -> tuple[Step, Step]:
        """One whole turn: search, make what was asked for, and search with that. Returns both searches.

        The layout is that of the first content picture, and the contents together are what is shown. Words have no
        layout: the picture that is nearest to them in content gives it, and is shown. The style is the one asked for.
        What is not asked for at all, a content or a style, is that of the best hit that is still there.

        Raises:
            ValueError: as `search` and `make` do.
        """
        searched = self.search(style=style, content=content, style_weight=style_weight, top=top)
        best = self._best(searched)
        styles, contents = _listed(style), _listed(content)
        pictures = [source for source, weight in contents if weight > 0.0 and not isinstance(source, Words)]
        if pictures:
            layout = pictures[0]
        elif styles and contents:  # the best hit of both together need not be the best in content
            layout = self._best(self.search(content=contents, top=top))
        else:
            layout = best
        made = self.make(
            layout,
            styles or best,
            shows=contents if pictures and len(contents) > 1 else None,
            dials=dials,
            size=size,
            finish=finish,
            style_weight=style_weight,
            top=top,
            progress=progress,
        )
        return searched, made

    def result(self, step: int) -> Result:
        """The picture that a step has made; painted again, from its recipe, where the log was read from a file.

        Raises:
            ValueError: there is no such step, or it has made none.
        """
        made = self._step(step).made
        if made is None:
            raise SessionError(f"step {step} has made no picture, it only searched: pick one of its hits by rank")
        if step not in self._results:
            self._results[step] = self._model.paint(made.recipe)
        return self._results[step]

    def replay(self) -> "Session":
        """Every step once more, from the queries and recipes of the log alone: the same hits and the same pixels.

        The new session's log equals this one's if they are, as on the same machine they are.

        Raises:
            ValueError: a descriptor or a recipe of the log is damaged.
        """
        again = Session(self._model, self._index, self.log.model_copy(update={"steps": ()}))
        for step in self.log.steps:
            query = step.query
            if step.made is None:
                again._add(step.chosen, query.query(self._index.manifest.encoders), query.top)
            else:
                again._make(step.chosen, step.made.recipe, query.style_weight, query.top)
        return again

    def _make(
        self, chosen: Sequence[Chosen], recipe: Recipe, style_weight: float, top: int, progress: Progress | None = None
    ) -> Step:
        result = self._model.paint(recipe, progress=progress)
        visible = result.visible
        style, content = self._model.embed_style(visible), self._model.embed_content(visible)
        query = Query(style=style, content=content, style_weight=style_weight)
        step = self._add(chosen, query, top, Made(recipe=recipe, pixels=_pixel_hash(visible)))
        self._results[step.number] = result
        return step

    def _add(self, chosen: Sequence[Chosen], query: Query, top: int, made: Made | None = None) -> Step:
        hits = tuple(search(self._index, query, top))
        number = len(self.log.steps) + 1
        step = Step(number=number, chosen=tuple(chosen), made=made, query=Asked.of(query, top), hits=hits)
        self.log = self.log.model_copy(update={"steps": (*self.log.steps, step)})
        return step

    def _opened(self, role: Any, given: Givens | None) -> tuple[list[tuple[Any, float]], list[Chosen]]:
        """What the model takes, with its weights, and what the log keeps of it."""
        sources, chosen = [], []
        for source, weight in _listed(given):
            if role != "style" and isinstance(source, StyleCard):
                raise SessionError(f"a style card is given as {role} and shows nothing: give a picture or words")
            pick = source if isinstance(source, Pick) else None
            opened: Any = source if pick is None else self._picked(pick)
            name = made_in(pick.step) if pick and not pick.rank else title(opened)
            sources.append((opened, weight))
            chosen.append(Chosen(role=role, source=name, weight=float(weight), pick=pick))
        return sources, chosen

    def _best(self, step: Step) -> Pick:
        """The best hit whose picture is still there; the best of all where none is, which tells what is wrong."""
        there = (rank for rank, hit in enumerate(step.hits, start=1) if hit.file.is_file())
        return Pick(step=step.number, rank=next(there, 1))

    def _picked(self, pick: Pick) -> Path | Image.Image:
        if pick.rank == 0:
            return self.result(pick.step).image
        hits = self._step(pick.step).hits
        if not 1 <= pick.rank <= len(hits):
            raise SessionError(
                f"rank {pick.rank} of step {pick.step} is picked and its hits have the ranks 1 to {len(hits)}: "
                "pick one of them, or rank 0, the picture that the step has made"
            )
        file = hits[pick.rank - 1].file
        if not file.is_file():
            raise SessionError(f"{str(file)!r}, rank {pick.rank} of step {pick.step}, is gone by now: pick another")
        return file

    def _step(self, number: int) -> Step:
        steps = self.log.steps
        if not 1 <= number <= len(steps):
            had = f"the steps 1 to {len(steps)}" if steps else "no step yet"
            raise SessionError(f"step {number} is picked and the session has {had}: pick one of these, or search first")
        return steps[number - 1]


def _moved(step: Step, known: int, further: int) -> Step:
    """A step numbered `further` on, and its picks of steps after the first `known` with it."""
    chosen = []
    for choice in step.chosen:
        pick = choice.pick
        if pick is not None and pick.step > known:
            pick = pick.model_copy(update={"step": pick.step + further})
            source = made_in(pick.step) if pick.rank == 0 else choice.source
            choice = choice.model_copy(update={"pick": pick, "source": source})
        chosen.append(choice)
    return step.model_copy(update={"number": step.number + further, "chosen": tuple(chosen)})


def made_in(step: int) -> str:
    """What the log calls a picture that a step has made."""
    return f"made in step {step}"


def check_session_target(path: str | Path) -> None:
    """Refuse early a file name that a session does not go by. Raises SessionError."""
    if Path(path).suffix.lower() != ".json":
        raise SessionError(f"{str(path)!r} does not end in .json, as the file of a session must: rename it")


def _require_same(log: Log, own: Log, model: Parasol, folder: Path) -> None:
    if not model.bundle.goes_by(log.model.hash):
        raise SessionError(f"the session is of the model {log.model.another(model.bundle)}, or {START_ANEW}")
    if log.index != own.index:
        raise SessionError(
            f"the session is of an index of version {log.index[:12]} and {str(folder)!r} has the version "
            f"{own.index[:12]}, another one or other pictures by now: name that index, or {START_ANEW}"
        )


def _listed(given: Givens | None) -> list[tuple[Any, float]]:
    return [] if given is None else weighted(given)


def _pixel_hash(pixels: Picture) -> str:
    return hashlib.sha256(to_uint8(pixels).tobytes()).hexdigest()


def _kept(descriptor: Float[np.ndarray, " d"] | None) -> bytes | None:
    return None if descriptor is None else b64encode(float32_bytes(descriptor))


def _read(data: bytes | None, dimension: int, space: str) -> Float[np.ndarray, " d"] | None:
    try:
        return None if data is None else read_float32(data, dimension, f"{space} descriptor")
    except ValueError as error:
        raise SessionError(f"the session's {error}: {START_ANEW}") from error
