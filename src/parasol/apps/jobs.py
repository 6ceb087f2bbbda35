"""From the words of `parasol style` to the pictures that it is to make: which content, which styles, which file."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parasol.apps.words import Like
from parasol.images import SUFFIXES, check_target
from parasol.images.endings import ENDINGS

STDIN = "-"
CARD_SUFFIX = ".style.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One content in one style (or one mix), and the file for it ("-" is standard output).

    `content` is a picture, "" where there is none; `shows` is what is shown instead of what that shows, if anything.
    """

    content: str
    shows: tuple[Like, ...]
    styles: tuple[Like, ...]
    out: str

    def numbered(self, seed: int) -> str:
        """The file for one of several seeds."""
        path = Path(self.out)
        return str(path.with_name(f"{path.stem}-{seed}{path.suffix}"))


def plan(content: str, likes: Sequence[Like], out: str | None, shows: Sequence[Like] = ()) -> list[Job]:
    """The jobs of one command, every one checked before any is begun.

    A folder, as content or as the only style, stands for each of its pictures; `out` is then a folder too. Without
    `out`, files and folders are named after what goes in. Raises ValueError.
    """
    if [content, *_files(likes), *_files(shows)].count(STDIN) > 1:
        raise ValueError("standard input (-) is named twice and can be read once: save one of the pictures to a file")
    if not content and not shows:
        raise ValueError(
            "no content is named: give a picture as CONTENT, or say what to show with --show or --content-text"
        )
    contents, looks = pictures(content) if content else [""], _looks(likes)
    title = f"{_subject(content, shows)}-as-{'-'.join(map(name, likes))}"
    if not any(Path(source).is_dir() for source in (content or STDIN, *_files(likes))):
        target = out if out is not None else f"{title}.png"
        if target != STDIN and (Path(target).is_dir() or target.endswith("/")):
            target = str(Path(target) / f"{title}.png")
        jobs = [Job(content=content, shows=tuple(shows), styles=tuple(likes), out=target)]
    else:
        jobs = list(_batch(contents, looks, Path(title if out is None else out), shows))
    _check(jobs)
    return jobs


def _batch(
    contents: Sequence[str], looks: Sequence[tuple[Like, ...]], folder: Path, shows: Sequence[Like]
) -> Iterator[Job]:
    if str(folder) == STDIN:
        raise ValueError("many pictures do not fit on standard output: name a folder with -o")
    content_names = _distinct_names(contents) if contents != [""] else [_subject("", shows)]
    style_names = _distinct_names([look[0].source for look in looks]) if len(looks) > 1 else [""]
    for content, content_name in zip(contents, content_names, strict=True):  # what is known of it serves all styles
        for look, style_name in zip(looks, style_names, strict=True):
            title = f"{content_name}-as-{style_name}" if len(looks) > 1 else content_name
            yield Job(content=content, shows=tuple(shows), styles=look, out=str(folder / f"{title}.png"))


def _files(likes: Sequence[Like]) -> list[str]:
    return [like.source for like in likes if not like.spoken]


def _subject(content: str, shows: Sequence[Like]) -> str:
    return "-".join([*([stem(content)] if content else []), *map(name, shows)])


def name(like: Like) -> str:
    """What files and sheets call a style."""
    return _spelt(like.source) if like.spoken else stem(like.source)


def _spelt(words: str) -> str:
    """Words as part of a file name: letters and digits of any script, joined by hyphens, 40 characters at most."""
    return re.sub(r"\W+", "-", words.lower()).strip("-")[:40]


def _looks(likes: Sequence[Like]) -> list[tuple[Like, ...]]:
    if not any(Path(source).is_dir() for source in _files(likes)):
        return [tuple(likes)]
    if len(likes) > 1:
        raise ValueError("a folder of styles stands for each of its pictures and cannot be mixed: name single pictures")
    return [(Like(source=source, weight=likes[0].weight),) for source in styles(likes[0].source)]


def pictures(source: str) -> list[str]:
    """The source itself, or the pictures in a folder by name."""
    return _listed(source, SUFFIXES)


def styles(source: str) -> list[str]:
    """The source itself, or the pictures and style cards in a folder by name."""
    return _listed(source, SUFFIXES | {CARD_SUFFIX})


def _listed(source: str, suffixes: frozenset[str]) -> list[str]:
    folder = Path(source)
    if source == STDIN or not folder.is_dir():
        return [source]
    try:
        files = sorted(path for path in folder.iterdir() if _ends(path, suffixes) and path.name[0] != ".")
    except OSError as error:
        raise ValueError(
            f"the folder {source!r} may not be listed ({error.strerror}): change its permissions"
        ) from error
    if not files:
        raise ValueError(f"the folder {source!r} holds no picture: put {', '.join(sorted(suffixes))} files there")
    return [str(path) for path in files]


def _ends(path: Path, suffixes: frozenset[str]) -> bool:
    return path.name.lower().endswith(tuple(suffixes))


def _check(jobs: Sequence[Job]) -> None:
    inputs = {
        Path(source).resolve()
        for job in jobs
        for source in (job.content, *_files(job.styles), *_files(job.shows))
        if source
    }
    for job in jobs:
        check_target(job.out, ENDINGS)
        if job.out != STDIN and Path(job.out).resolve() in inputs:
            raise ValueError(f"{job.out!r} would overwrite one of the pictures that go in: choose another -o")


def _distinct_names(paths: Sequence[str]) -> list[str]:
    """Stems, or whole file names where two stems are the same."""
    stems = Counter(map(stem, paths))
    return [stem(path) if stems[stem(path)] == 1 else Path(path).name for path in paths]


def stem(source: str) -> str:
    """What files and sheets call a source: the file's name without its ending."""
    if source == STDIN:
        return "stdin"
    if source.endswith(CARD_SUFFIX):
        return Path(source).name.removesuffix(CARD_SUFFIX)
    return Path(source).stem or Path(source).resolve().name
