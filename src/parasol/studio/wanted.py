"""What may be asked of the studio, and how much of it at once."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, create_model, model_validator

from parasol.dials import Dials, asked
from parasol.errors import ParasolError
from parasol.pipeline import SMALLEST_SIZE
from parasol.strict import Strict

LARGEST_SIZE = 1024  # px, longer side
MOST_STEPS = 200
MOST_PICTURES = 16
MOST_REFERENCES = 8
MOST_WORK = 40_000  # steps of 128 x 128 px in one job
MOST_ICONS = 200
MOST_CELLS = 64
MOST_LESSONS = 2000  # steps of teaching

PictureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Spoken = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Colours = Annotated[int | None, Field(ge=2, le=32)]
PaletteText = Annotated[str | None, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}(,#[0-9a-fA-F]{6}){1,31}$")]
Ground = Annotated[str, StringConstraints(pattern=r"^(keep|transparent|white|#[0-9a-fA-F]{6})$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=80)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Lean = Annotated[dict[ModelName, Annotated[float, Field(ge=-1.0, le=1.0)]], Field(max_length=12)]


def asked_dials(record: type[Dials] = Dials) -> Any:
    """The record of the dials as they are sent; what is None is the model's own, or else the default of all."""
    fields: dict[str, Any] = {}
    for dial in asked(record):
        # Told here, refused by the record itself, in words that are the same everywhere.
        rule: Any = {"enum": [*dial.choices]} if dial.choices else {}
        if dial.sort in (int, float):
            rule = {"minimum": dial.dial.low, "maximum": dial.dial.high}
        default = None if dial.dial.own is not None else dial.default
        fields[dial.name] = (dial.sort | None, Field(default, description=dial.explained(), json_schema_extra=rule))
    return create_model("AskedDials", __base__=Strict, **fields)


AskedDials: Any = asked_dials()


class Reference(Strict):
    """A picture, words, the style that the recipe in a file of ours keeps, or a saved card, and a signed weight."""

    picture: PictureId | None = None
    words: Spoken | None = None
    recipe: PictureId | None = None
    card: PictureId | None = None
    weight: Annotated[float, Field(ge=-10.0, le=10.0)] = 1.0

    @model_validator(mode="after")
    def _one(self) -> "Reference":
        if sum(given is not None for given in (self.picture, self.words, self.recipe, self.card)) != 1:
            raise ParasolError("a reference is one of picture, words, recipe and card: give one")
        return self


class Icon(Strict):
    """One icon of a set: its picture, and the name of its files, without an ending."""

    picture: PictureId
    name: Annotated[str, StringConstraints(pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,99}$")]


class IconSet(Strict):
    """Icons to be drawn in one look: what `parasol set` is told beside dials and references."""

    icons: tuple[Icon, ...] = Field(min_length=1, max_length=MOST_ICONS)
    colors: Colours = None
    palette: PaletteText = None
    flat: bool = True
    ground: Ground = "transparent"

    @model_validator(mode="after")
    def _each_once(self) -> "IconSet":
        names = [icon.name.lower() for icon in self.icons]
        twice = [name for place, name in enumerate(names) if name in names[:place]]
        if twice:
            raise ParasolError(f"two icons are called {twice[0][:40]!r} and would go into the same files: rename one")
        if self.colors is not None and self.palette is not None:
            raise ParasolError("palette and colors both say which colours there are: give one of them")
        return self


class Cell(Strict):
    """One picture of a sheet: dials that are set otherwise, and the weights of the styles, where those are."""

    dials: AskedDials = AskedDials()  # pyright: ignore[reportInvalidTypeForm]
    lean: Lean | None = None
    weights: Annotated[
        tuple[Annotated[float, Field(ge=-10.0, le=10.0)], ...] | None, Field(max_length=MOST_REFERENCES)
    ] = None


class Again(Strict):
    """A file of ours, to be drawn once more and compared: a quick look at where both differ."""

    picture: PictureId
    preview: Literal[True] = True


class Lesson(Strict):
    """Pictures of one set that a model is to be taught, into a card of that name: what `parasol teach` does."""

    teach: ModelName
    name: Title
    pictures: Annotated[tuple[PictureId, ...], Field(min_length=8, max_length=200)]
    steps: Annotated[int, Field(ge=1, le=MOST_LESSONS)] = 600
    preview: Literal[False] = False

    def pictures_named(self) -> set[str]:
        """The pictures that it names."""
        return {*self.pictures}


class Wanted(Strict):
    """What a job is to draw, as `Parasol.stylize` takes it."""

    model: ModelName
    content: PictureId | None = None
    shows: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    styles: tuple[Reference, ...] = Field(min_length=1, max_length=MOST_REFERENCES)
    dials: AskedDials = AskedDials()  # pyright: ignore[reportInvalidTypeForm]
    size: Annotated[int | None, Field(ge=SMALLEST_SIZE, le=LARGEST_SIZE)] = None
    count: Annotated[int, Field(ge=1, le=MOST_PICTURES)] = 1
    """Pictures from the seed on, one seed each; more than one start from new noise."""

    preview: bool = False
    """A quick look: few steps, at most the model's own size, kept nowhere."""

    lean: Lean = Field(default_factory=dict)
    """How far the style is moved along named directions."""

    finish: Literal["none", "auto", "flat"] = "auto"
    colors: Colours = None
    palette: PaletteText = None
    ground: Ground = "keep"
    """As of `parasol style`. A set has its own."""

    mask: PictureId | None = None
    protect: PictureId | None = None
    """As of `Parasol.stylize`: white where the style goes, and where structure is kept."""

    icons: IconSet | None = None
    """A set, in place of a content picture."""

    cells: Annotated[tuple[Cell, ...], Field(max_length=MOST_CELLS)] = ()
    """A sheet of quick looks, kept nowhere, in place of one picture."""

    def pictures_named(self) -> set[str]:
        """The pictures that it names."""
        icons = () if self.icons is None else self.icons.icons
        masks = [self.content, self.mask, self.protect, *(icon.picture for icon in icons)]
        named = [*masks, *(name for source in (*self.shows, *self.styles) for name in (source.picture, source.recipe))]
        return {name for name in named if name is not None}


ORDERS: TypeAdapter[Wanted | Lesson] = TypeAdapter(Wanted | Lesson)
"""What may wait for the next studio."""
