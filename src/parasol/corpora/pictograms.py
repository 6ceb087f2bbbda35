"""The recipe of the pictogram corpus: 13 styles x 1,949 contents, each cell one PNG."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from PIL import ImageColor

from parasol.corpora.attribution import CAPTIONS_CREDIT, attribution
from parasol.corpora.building import Grid, Plan, Progress, check_size, claim
from parasol.corpora.corpus import Cell
from parasol.corpora.drawings import DrawnSet, read_set
from parasol.corpora.packages import Package, fetch
from parasol.corpora.pictogram_sets import SETS, IconSet
from parasol.corpora.render import cell_png
from parasol.corpora.split import split_of
from parasol.corpora.vocabulary import EMOJIBASE, Content, read_captions, read_vocabulary
from parasol.errors import ParasolError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a corpus is made of. `name` carries a version: another number means that other cells may come out."""

    name: str
    sets: tuple[IconSet, ...]
    words: Package

    @property
    def packages(self) -> list[Package]:
        """Everything to fetch: the words first, since the sets are read with them."""
        return [self.words, *(icon_set.package for icon_set in self.sets)]


PICTOGRAMS = Recipe(name="pictograms-1", sets=SETS, words=EMOJIBASE)


def build(
    out: Path,
    *,
    size: int = 128,
    background: str = "alpha",
    packages: Path | None = None,
    recipe: Recipe = PICTOGRAMS,
) -> Iterator[Progress]:
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    `size` is the side of every picture in pixels. `background` is a colour (`white`, `#aabbcc`) that the pictures are
    laid on, or `alpha` to keep them clear. `packages` is the folder that keeps the downloaded archives (by default
    `out/packages`). A drawing that can't be rendered or shows nothing is listed in skipped.jsonl and left out.
    Raises ValueError for settings out of range, for packages that can't be had, when `out` holds a corpus built with
    other settings, and when it can't be written.
    """
    settings = _settings(size, background, recipe)
    claim(out, settings)
    archives = packages or out / "packages"
    for number, package in enumerate(recipe.packages):
        note = f"{package.name} {package.version}"
        yield Progress(stage="fetch", done=number, total=len(recipe.packages), note=note)
        fetch(package, archives)
    words = archives / recipe.words.archive
    vocabulary = read_vocabulary(words)
    drawn_sets = [read_set(icon_set, archives / icon_set.package.archive, vocabulary) for icon_set in recipe.sets]
    plans = [
        Plan(
            cell=_cell(drawn, vocabulary.contents[name]), draw=partial(cell_png, drawing, size, settings["background"])
        )
        for drawn in drawn_sets
        for name, drawing in drawn.drawings.items()
    ]
    grid = Grid(out)
    yield from grid.draw(plans, len(plans))
    labels = {cell.codepoint: cell.label for cell in grid.cells}
    captions = read_captions(words)
    credits = [drawn.credit for drawn in drawn_sets]
    yield grid.finish(
        settings,
        {"contents": len(labels), "credits": [asdict(credit) for credit in credits]},
        sets=[credit.set for credit in credits],
        words=[{"codepoint": name, "label": labels[name], "words": captions[name]} for name in sorted(labels)],
        attribution=attribution(credits, closing=CAPTIONS_CREDIT),
    )


def _settings(size: int, background: str, recipe: Recipe) -> dict:
    check_size(size)
    if background != "alpha":
        try:
            red, green, blue = ImageColor.getrgb(background)[:3]
        except ValueError as error:
            raise ParasolError(f"background {background!r} is no colour; use alpha, a name or #rrggbb") from error
        background = f"#{red:02x}{green:02x}{blue:02x}"
    packages = {package.name: package.integrity for package in recipe.packages}
    return {"recipe": recipe.name, "size": size, "background": background, "packages": packages}


def _cell(drawn: DrawnSet, content: Content) -> Cell:
    icon_set = drawn.icon_set
    return Cell(
        set=icon_set.name,
        family=icon_set.family,
        codepoint=content.codepoint,
        base=content.base,
        label=content.label,
        subgroup=content.subgroup,
        split=split_of(content.base, set_name=icon_set.name, family=icon_set.family),
        licence=drawn.credit.licence,
        file=f"cells/{icon_set.name}/{content.codepoint}.png",
        sha256="",
    )
