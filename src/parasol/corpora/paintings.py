"""The recipe of the photographs and paintings: every picture whole, and square crops of it at several scales."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from parasol.corpora.building import Progress, check_size, claim
from parasol.corpora.cutting import Build
from parasol.corpora.debian import DebianPackage, fetch, unpacked
from parasol.corpora.drafts import Draft, read_gcompris, read_landscapes, read_wallpapers
from parasol.errors import ParasolError

MOST_OVERLAP = 0.9


@dataclass(frozen=True, kw_only=True)
class Source:
    """A package, and what reads the pictures out of its files."""

    package: DebianPackage
    read: Callable[[Path], Iterator[Draft]]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a corpus is made of. `name` carries a version: another number means that other crops may come out."""

    name: str
    sources: tuple[Source, ...]


PAINTINGS = Recipe(
    name="paintings-1",
    sources=(
        Source(
            package=DebianPackage(
                name="endless-sky-data",
                version="0.9.8-1.2",
                integrity="e45835e05a11e84bb1a890a0ded390246a53b8318f21a25925aa70fa54f80c13",
            ),
            read=read_landscapes,
        ),
        Source(
            package=DebianPackage(
                name="gcompris-qt-data",
                version="3.1-2",
                integrity="e9cf06ab2105529068df73085784e835d2ff03f870d2a8091f09125d40abac9f",
            ),
            read=read_gcompris,
        ),
        Source(
            package=DebianPackage(
                name="lomiri-wallpapers-16.04",
                version="20.04.0-2",
                integrity="a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab",
            ),
            read=read_wallpapers,
        ),
        Source(
            package=DebianPackage(
                name="lomiri-wallpapers-20.04",
                version="20.04.0-2",
                integrity="d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709",
            ),
            read=read_wallpapers,
        ),
    ),
)


def build(
    out: Path,
    *,
    size: int = 128,
    overlap: float = 0.25,
    packages: Path | None = None,
    recipe: Recipe = PAINTINGS,
) -> Iterator[Progress]:
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    Crops are `size` pixels square; of one scale, two of them share at most `overlap` of a side. `packages` is the
    folder that keeps the downloaded archives (by default `out/packages`). A picture that is broken, smaller than a
    crop, a double of another, or not openly licensed, and a crop that shows nothing, is listed in skipped.jsonl and
    left out. Raises ValueError for settings out of range, for packages that can't be had, when `out` holds a corpus
    built with other settings, and when it can't be written.
    """
    check_size(size)
    if not 0 <= overlap <= MOST_OVERLAP:
        raise ParasolError(f"overlap {overlap} is out of range; it must be 0 to {MOST_OVERLAP}")
    settings = {
        "recipe": recipe.name,
        "size": size,
        "overlap": overlap,
        "packages": {source.package.name: source.package.integrity for source in recipe.sources},
    }
    claim(out, settings)
    archives = packages or out / "packages"
    for number, source in enumerate(recipe.sources):
        note = f"{source.package.name} {source.package.version}"
        yield Progress(stage="fetch", done=number, total=len(recipe.sources), note=note)
        fetch(source.package, archives)
    work = Build(out=out, size=size, overlap=overlap)
    with ExitStack() as stack:
        drafts = [
            (source.package, draft)
            for source in recipe.sources
            for draft in source.read(stack.enter_context(unpacked(archives / source.package.archive)))
        ]
        for number, (package, draft) in enumerate(drafts):
            yield Progress(stage="look", done=number, total=len(drafts), skipped=len(work.skipped), note=draft.id)
            work.look(package, draft)
    yield from work.draw()
    work.finish(settings)
    done, skipped = len(work.crops), len(work.skipped)
    yield Progress(stage="done", done=done, total=done + skipped, skipped=skipped)
