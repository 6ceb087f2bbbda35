"""The pictures that a study is made from: a folder, or a JSON file that names them.

    DIR/<method>/<pair>.png     what each of two or more methods made of the pair; interpolations as one strip a pair
    DIR/content/<pair>.png      the content picture, shown for the questions "overall" and "content"
    DIR/style/<pair>.png        the style picture, shown for "overall" and "style"
    DIR/wrong/<pair>.png        optional: what catch trials show; colour noise where it is missing

Any suffix that Parasol reads will do. The JSON file says the same, its paths relative to itself, and may ask some
questions of some pairs alone:

    {"pairs": [{"name": "cat", "content": "cat.png", "style": "ink.png", "questions": ["overall", "style"],
                "results": {"ours": "ours/cat.png", "theirs": "theirs/cat.png"}}]}
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from parasol.bundle import first_fault
from parasol.errors import ParasolError
from parasol.images import SUFFIXES, read_bytes
from parasol.strict import Strict
from parasol.study.trials import WRONG, Question

CONTENT, STYLE, WRONG_FOLDER = "content", "style", "wrong"
SHOWN: Mapping[Question, tuple[str, ...]] = {
    "overall": (CONTENT, STYLE),
    "style": (STYLE,),
    "content": (CONTENT,),
    "interpolation": (),
}
"""The references that stand above the two pictures: those that the question is about."""


class Source(Strict):
    """A pair and what the methods made of it, as files."""

    name: str
    results: dict[str, Path] = Field(description="file of each method")
    content: Path | None = None
    style: Path | None = None
    wrong: Path | None = None
    questions: tuple[Question, ...] | None = Field(default=None, description="all of the study's if left out")

    def asked(self, question: Question) -> bool:
        """Whether the question is one for this pair."""
        return self.questions is None or question in self.questions


class _List(Strict):
    pairs: tuple[Source, ...]


def read_sources(place: Path, questions: Sequence[Question]) -> tuple[Source, ...]:
    """The pairs of a folder or a JSON file, in order of their names. Every method must have every pair.

    Raises:
        ValueError: there are too few, something is missing, or a name cannot stand for a method.
    """
    if not place.exists():
        raise ParasolError(f"{place} does not exist: give a folder of pictures, or a JSON file that names them")
    sources = sorted(_folder(place) if place.is_dir() else _json(place), key=lambda source: source.name)
    names, methods = [source.name for source in sources], sorted({name for each in sources for name in each.results})
    if not sources or len(methods) < 2:
        raise ParasolError(
            f"{place} holds {len(sources)} pairs by {len(methods)} methods and at least 1 by 2 is needed: put the "
            "pictures of each method in a folder of its own, DIR/<method>/<pair>.png"
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ParasolError(f"{place} has two pictures for the pair {doubled[0]!r}: keep one")
    if WRONG in methods:
        raise ParasolError(f"{WRONG!r} cannot be the name of a method, it stands for catch pictures: rename it")
    for source in sources:
        _check(source, methods, questions)
    unasked = [question for question in questions if not any(source.asked(question) for source in sources)]
    if unasked:
        raise ParasolError(f"no pair is there for the question {unasked[0]!r}: leave the question out, or add pairs")
    return tuple(sources)


def _check(source: Source, methods: Sequence[str], questions: Sequence[Question]) -> None:
    missing = [method for method in methods if method not in source.results]
    if missing:
        raise ParasolError(
            f"the method {missing[0]!r} has no picture for the pair {source.name!r}: add it, or drop the pair"
        )
    files = {CONTENT: source.content, STYLE: source.style}
    for question in questions:
        lacking = [reference for reference in SHOWN[question] if source.asked(question) and not files[reference]]
        if lacking:
            raise ParasolError(
                f"the question {question!r} shows the {lacking[0]} picture and the pair {source.name!r} has none: "
                f"add {lacking[0]}/{source.name}.png, or ask other questions"
            )


def _folder(folder: Path) -> list[Source]:
    by_name: dict[str, dict[str, Path]] = {}
    for each in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for file in sorted(each.iterdir()):
            if file.suffix.lower() not in SUFFIXES or file.name.startswith("."):
                continue
            files = by_name.setdefault(file.stem, {})
            if each.name in files:
                raise ParasolError(f"{each} has two pictures for the pair {file.stem!r}: keep one")
            files[each.name] = file
    references = (CONTENT, STYLE, WRONG_FOLDER)
    return [
        Source(
            name=pair,
            results={method: file for method, file in files.items() if method not in references},
            content=files.get(CONTENT),
            style=files.get(STYLE),
            wrong=files.get(WRONG_FOLDER),
        )
        for pair, files in by_name.items()
    ]


def _json(file: Path) -> list[Source]:
    try:
        pairs = _List.model_validate_json(read_bytes(file)).pairs
    except ValidationError as error:
        raise ParasolError(
            f'{file} is no list of pairs, see {first_fault(error)}: {{"pairs": [...]}} is needed'
        ) from error

    def beside(path: Path | None) -> Path | None:
        return None if path is None else file.parent / path

    return [
        Source(
            name=pair.name,
            results={method: file.parent / path for method, path in pair.results.items()},
            content=beside(pair.content),
            style=beside(pair.style),
            wrong=beside(pair.wrong),
            questions=pair.questions,
        )
        for pair in pairs
    ]
