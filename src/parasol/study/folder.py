"""A study on disk, and how it is made.

study.json                 everything that is fixed: pictures, questions, and each participant's trials
pictures/<hash>.png        every picture, re-encoded, so that neither name nor metadata tells the method
answers.sqlite             the answers, once it has been served
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, ValidationError, model_validator

from parasol.bundle import first_fault
from parasol.errors import ParasolError
from parasol.images import encode_png, load, write_atomic
from parasol.strict import Strict
from parasol.study.sources import SHOWN, Source, read_sources
from parasol.study.trials import WRONG, Plan, Question, Trial, make_schedule

FORMAT = "parasol-study-1"
MANIFEST, PICTURES, ANSWERS = "study.json", "pictures", "answers.sqlite"
NAME_DIGITS = 20  # of a hash, in file names
NOISE_CELL = 8  # px; coarse enough to survive a small screen

WORDING: Mapping[Question, str] = {
    "overall": "Which picture better shows the content picture in the style of the style picture?",
    "style": "Which picture is closer in style to the style picture?",
    "content": "Which picture better keeps what the content picture shows?",
    "interpolation": "Which strip changes more smoothly from one end to the other?",
}


Name = Annotated[str, Field(pattern=r"^[0-9a-f]{20}\.png$")]
"""Of a picture's file; none leads out of the study."""


class Pair(Strict):
    """The pictures of a pair, by file name."""

    content: Name | None
    style: Name | None
    wrong: Name
    results: dict[str, Name] = Field(description="by method")


class Study(Strict):
    """Everything about a study that is fixed before the first answer."""

    format: Literal["parasol-study-1"] = FORMAT
    title: str
    ties: bool = Field(description="whether 'no difference' may be answered")
    completion: str | None = Field(description="address that finished participants are sent to")
    plan: Plan
    methods: tuple[str, ...]
    questions: dict[Question, str] = Field(description="in the words that people read")
    pairs: dict[str, Pair]
    schedule: tuple[tuple[Trial, ...], ...] = Field(min_length=1, description="a list of trials for each participant")

    @model_validator(mode="after")
    def _asks_what_is_there(self) -> "Study":
        for trials in self.schedule:
            for place, trial in enumerate(trials):
                shown = {*self.pairs[trial.pair].results, WRONG} if trial.pair in self.pairs else ()
                known = trial.left in shown and trial.right in shown and trial.question in self.questions
                if not known or not 0 <= (trial.repeats or 0) <= place:
                    raise ParasolError(f"a trial asks for what is not there: {trial}"[:200])
        return self

    @cached_property
    def pictures(self) -> frozenset[str]:
        """Names of all picture files."""
        pairs = self.pairs.values()
        own = {name for pair in pairs for name in (pair.content, pair.style, pair.wrong) if name}
        return frozenset(own | {name for pair in pairs for name in pair.results.values()})

    def picture(self, trial: Trial, side: Literal["left", "right"]) -> str:
        """File name of what stands on a side."""
        method, pair = getattr(trial, side), self.pairs[trial.pair]
        return pair.wrong if method == WRONG else pair.results[method]

    def references(self, trial: Trial) -> list[dict[str, str | None]]:
        """What stands above the two pictures: label and file name."""
        pair = self.pairs[trial.pair]
        return [{"label": name, "picture": getattr(pair, name)} for name in SHOWN[trial.question]]

    @cached_property
    def digest(self) -> str:
        """Hash of the whole manifest, which the answers are tied to."""
        return hashlib.sha256(_as_json(self)).hexdigest()


def create(
    place: Path,
    out: Path,
    plan: Plan,
    questions: Sequence[Question],
    *,
    title: str = "Which picture?",
    ties: bool = False,
    completion: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Study:
    """Make a study folder from a folder or JSON file of pictures.

    Raises:
        ValueError: `out` is a study already, pictures are missing or cannot be read, or the plan does not fit.
    """
    if (out / MANIFEST).exists():
        raise ParasolError(f"{out} is a study already, and its answers would be lost: name another folder")
    if completion is not None and not completion.startswith(("https://", "http://")):
        raise ParasolError(
            f"the address {completion!r} must begin with https:// or http://: participants are sent there"
        )
    sources = read_sources(place, questions)
    methods = sorted(sources[0].results)
    by_question: dict[Question, list[str]] = {
        question: [source.name for source in sources if source.asked(question)] for question in questions
    }
    schedule = make_schedule(plan, methods, by_question)  # before the pictures: what does not fit is told at once
    pairs = {}
    for number, source in enumerate(sources):
        progress(number, len(sources))
        pairs[source.name] = _copied(source, out / PICTURES, plan.seed)
    study = Study(
        title=title,
        ties=ties,
        completion=completion,
        plan=plan,
        methods=tuple(methods),
        questions={question: WORDING[question] for question in questions},
        pairs=pairs,
        schedule=schedule,
    )
    write_atomic(out / MANIFEST, _as_json(study))
    return study


def load_study(folder: Path) -> Study:
    """A study as it was made. Raises ValueError where there is none, or a picture has gone."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ParasolError(f"{folder} is no study ({MANIFEST} is missing): make one with `parasol study create`")
    try:
        study = Study.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ParasolError(f"{path} cannot be read, see {first_fault(error)}: create the study anew") from error
    missing = sorted(name for name in study.pictures if not (folder / PICTURES / name).is_file())
    if missing:
        raise ParasolError(f"{folder / PICTURES / missing[0]} is missing: copy the whole folder of the study again")
    return study


def _as_json(study: Study) -> bytes:
    record: dict[str, Any] = study.model_dump(mode="json")
    record["schedule"] = [[trial.model_dump(exclude_none=True) for trial in trials] for trials in study.schedule]
    return f"{json.dumps(record, indent=1)}\n".encode()


def _copied(source: Source, folder: Path, seed: int) -> Pair:
    """The pictures of a pair, written under opaque names."""
    results = {method: load(file) for method, file in sorted(source.results.items())}
    wrong = load(source.wrong) if source.wrong else _noise(next(iter(results.values())), seed)
    return Pair(
        content=_write(load(source.content), folder) if source.content else None,
        style=_write(load(source.style), folder) if source.style else None,
        wrong=_write(wrong, folder),
        results={method: _write(picture, folder) for method, picture in results.items()},
    )


def _write(picture: Float[np.ndarray, "H W 3"], folder: Path) -> str:
    data = encode_png(picture)
    name = f"{hashlib.sha256(data).hexdigest()[:NAME_DIGITS]}.png"
    if not (folder / name).exists():
        write_atomic(folder / name, data)
    return name


def _noise(like: Float[np.ndarray, "H W 3"], seed: int) -> Float[np.ndarray, "H W 3"]:
    """Random colours in small squares, in the shape of a picture: nobody's idea of a good result."""
    height, width = like.shape[:2]
    cells = (-(-height // NOISE_CELL), -(-width // NOISE_CELL), 3)
    drawn = np.random.default_rng([seed, height, width]).random(cells, dtype=np.float32)
    return np.kron(drawn, np.ones((NOISE_CELL, NOISE_CELL, 1), np.float32))[:height, :width]
