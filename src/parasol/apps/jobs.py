"""From the words of `parasol style` to the pictures that it is to make: which content, which styles, which file."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from parasol.apps.paths import STDIN, alike, is_result, marks
from parasol.apps.words import Like
from parasol.errors import ParasolError

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

    before: tuple[str, ...] = ()
    """Files that it had in an earlier plan of fewer pictures, when its name was nobody else's."""

    def numbered(self, seed: int) -> "Job":
        """The same with the files for one of several seeds."""
        paths = map(Path, (self.out, *self.before))
        out, *before = (str(path.with_name(f"{path.stem}-{seed}{path.suffix}")) for path in paths)
        return replace(self, out=out, before=tuple(before))


def plan(content: str, likes: Sequence[Like], out: str | None, shows: Sequence[Like] = ()) -> list[Job]:
    """The jobs of one command, every one's file checked before any is begun (`paths.Plan` says what of them is lost).

    A folder, as content or as the only style, stands for each of its pictures; `out` is then a folder too. Without
    `out`, files and folders are named after what goes in. Raises ValueError.
    """
    from parasol.images import check_target
    from parasol.images.endings import ENDINGS

    if [content, *_files(likes), *_files(shows)].count(STDIN) > 1:
        raise ParasolError("standard input (-) is named twice and can be read once: save one of the pictures to a file")
    if not content and not shows:
        raise ParasolError(
            "no content is named: give a picture as CONTENT, or say what to show with --show or --content-text"
        )
    if out == "":
        raise ParasolError("-o '' names no file and no folder: name one, or leave -o out")
    title = f"{_subject(content, shows)}-as-{'-'.join(map(name, likes))}"
    if not any(Path(source).is_dir() for source in (content or STDIN, *_files(likes))):
        target = out if out is not None else f"{title}.png"
        if target != STDIN and (Path(target).is_dir() or target.endswith("/")):
            target = str(Path(target) / f"{title}.png")
        jobs = [Job(content=content, shows=tuple(shows), styles=tuple(likes), out=target)]
    else:
        folder = Path(title if out is None else out)
        if out and not folder.is_dir() and folder.suffix.lower() in ENDINGS:
            raise ParasolError(f"{out!r} is to hold the results of a folder: name a folder, without {folder.suffix}")
        contents = without_results(content, pictures(content), folder) if content else [""]
        jobs = list(_batch(contents, _looks(likes, folder), folder, shows))
    for job in jobs:
        check_target(job.out, ENDINGS)
    return jobs


def _batch(
    contents: Sequence[str], looks: Sequence[tuple[Like, ...]], folder: Path, shows: Sequence[Like]
) -> Iterator[Job]:
    if str(folder) == STDIN:
        raise ParasolError("many pictures do not fit on standard output: name a folder with -o")
    pairs = [(content, look) for content in contents for look in looks]  # what is known of a content serves all styles
    many = len(looks) > 1
    subject = "" if contents != [""] else _subject("", shows)
    alone = [subject or stem(content) for content, _ in pairs]
    short = [_title(first, name(look[0]), many) for first, (_, look) in zip(alone, pairs, strict=True)]
    whole = [_title(subject or Path(content).name, Path(look[0].source).name, many) for content, look in pairs]
    titles = distinct(short, whole)
    for (content, look), title, *others in zip(pairs, titles, alone, short, strict=True):
        out, *before = (str(folder / f"{name}.png") for name in (title, *({*others} - {*titles})))
        yield Job(content=content, shows=tuple(shows), styles=look, out=out, before=tuple(sorted(before)))


def _title(content: str, style: str, many: bool) -> str:
    return f"{content}-as-{style}" if many else content


def distinct(short: Sequence[str], whole: Sequence[str]) -> list[str]:
    """A title for each job: its short one where no other has that, else its whole one, else a numbered one.

    Those that `alike` makes one are one file on many disks.
    """
    titles = [*short]
    while True:
        counts = Counter(map(alike, titles))
        longer = [full if counts[alike(title)] > 1 else title for title, full in zip(titles, whole, strict=True)]
        if longer == titles:
            break
        titles = longer
    taken, used = {*map(alike, titles)}, set[str]()
    for place, title in enumerate(titles):  # files whose names look like the titles of others
        if alike(title) in used:
            titles[place] = next(numbered for n in count(2) if alike(numbered := f"{title}-{n}") not in taken | used)
        used.add(alike(titles[place]))
    return titles


def without_results(source: str, paths: Sequence[str], folder: Path) -> list[str]:
    """The pictures found in a folder; where it is the folder of the results too, those are left out, and told.

    Raises ValueError where nothing is left.
    """
    if not Path(source).is_dir() or not marks(source) & marks(folder):
        return [*paths]
    left = [path for path in paths if not is_result(Path(path))]
    if not left:
        raise ParasolError(
            f"the folder {source!r} holds results of Parasol alone: choose another -o to draw from those"
        )
    if len(left) < len(paths):
        print(f"parasol: {len(paths) - len(left)} results in {source!r} are not drawn anew", file=sys.stderr)
    return left


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


def _looks(likes: Sequence[Like], folder: Path) -> list[tuple[Like, ...]]:
    if not any(Path(source).is_dir() for source in _files(likes)):
        return [tuple(likes)]
    if len(likes) > 1:
        raise ParasolError(
            "a folder of styles stands for each of its pictures and cannot be mixed: name single pictures"
        )
    paths = without_results(likes[0].source, styles(likes[0].source), folder)
    return [(Like(source=source, weight=likes[0].weight),) for source in paths]


def pictures(source: str) -> list[str]:
    """The source itself, or the pictures in a folder by name."""
    from parasol.images import SUFFIXES

    return _listed(source, SUFFIXES)


def styles(source: str) -> list[str]:
    """The source itself, or the pictures and style cards in a folder by name."""
    from parasol.images import SUFFIXES

    return _listed(source, SUFFIXES | {CARD_SUFFIX})


def _listed(source: str, suffixes: frozenset[str]) -> list[str]:
    if not source:
        raise ParasolError("'' names no picture and no folder: name one")
    folder = Path(source)
    if source == STDIN or not folder.is_dir():
        return [source]
    try:
        entries = [path for path in folder.iterdir() if path.name[0] != "."]
    except OSError as error:
        raise ParasolError(
            f"the folder {source!r} may not be listed ({error.strerror}): change its permissions"
        ) from error
    files = sorted(path for path in entries if _ends(path, suffixes) and not path.is_dir())
    inner = sorted(path.name for path in entries if path.is_dir())
    if inner:
        of = f"the folder {inner[0]!r}" if len(inner) == 1 else f"{len(inner)} folders ({inner[0]!r} ...)"
        print(f"parasol: {of} in {source!r} left out: name a folder by itself", file=sys.stderr)
    if not files:
        raise ParasolError(f"the folder {source!r} holds no picture: put {', '.join(sorted(suffixes))} files there")
    return [str(path) for path in files]


def _ends(path: Path, suffixes: frozenset[str]) -> bool:
    return path.name.lower().endswith(tuple(suffixes))


def sources(jobs: Sequence[Job]) -> list[str]:
    """Every file that goes into some jobs."""
    named = (source for job in jobs for source in (job.content, *_files(job.styles), *_files(job.shows)))
    return list(dict.fromkeys(named))


def outputs(jobs: Sequence[Job], seeds: Sequence[int]) -> list[str]:
    """Every file that some jobs make, with a number each where there are several seeds."""
    return [(job if len(seeds) == 1 else job.numbered(seed)).out for job in jobs for seed in seeds]


def stem(source: str) -> str:
    """What files and sheets call a source: the file's name without its ending."""
    if source == STDIN:
        return "stdin"
    if source.endswith(CARD_SUFFIX):
        return Path(source).name.removesuffix(CARD_SUFFIX)
    return Path(source).stem or Path(source).resolve().name
