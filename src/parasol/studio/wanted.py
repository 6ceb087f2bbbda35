"""What may be asked of the studio, and how much of it at once."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, create_model, model_validator

from parasol.dials import Dials, asked
from parasol.errors import ParasolError
from parasol.pipeline import SMALLEST_SIZE
from parasol.strict import Strict

LARGEST_SIZE = 1024  # px, longer side
MOST_STEPS = 200
MOST_PICTURES = 16
MOST_REFERENCES = 8
MOST_WORK = 40_000  # steps of 128 x 128 px in one job

PictureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Spoken = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


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
    """A picture, words, or the style that the recipe in a PNG keeps, and a signed weight."""

    picture: PictureId | None = None
    words: Spoken | None = None
    recipe: PictureId | None = None
    weight: Annotated[float, Field(ge=-10.0, le=10.0)] = 1.0

    @model_validator(mode="after")
    def _one(self) -> "Reference":
        if sum(given is not None for given in (self.picture, self.words, self.recipe)) != 1:
            raise ParasolError("a reference is one of picture, words and recipe: give one")
        return self


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

    def pictures(self) -> set[str]:
        """The pictures that it names."""
        named = [self.content, *(name for one in (*self.shows, *self.styles) for name in (one.picture, one.recipe))]
        return {name for name in named if name is not None}
