"""Every dial, once: options, keywords of Python, HTTP, recipes, models' own values and the pages come from this record.

To add a dial, add a field to `Dials` and use it where `painting` paints; `python -m lab dials` writes the keywords and
the pages anew. Fields stay in their order, for that is the order inside of every recipe.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from math import isfinite
from operator import index
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints

from parasol.errors import ParasolError

QUICK_STEPS = 5  # of dpm, for a look at what is to come
SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True, kw_only=True)
class Dial:
    """What is to be known of a dial beside its name, type and default."""

    help: str
    """One sentence, for every place where the dial is shown."""

    more: str = ""
    """What the page of all dials says beyond that."""

    choices: tuple[str, ...] = ()
    """The words that it takes, where it takes words."""

    low: float = 0.0
    high: float = 1.0
    """The range of a number, both ends included."""

    ends: tuple[str, str] = ("", "")
    """What the two ends of the range mean."""

    usual: tuple[float, float] | None = None
    """The range that is of use, where that is less: what a slider shows."""

    step: float = 0.05
    """Of a slider."""

    unit: str = "share"
    hint: str = ""
    """What an error says beyond the range."""

    own: float | bool | str | None = None
    """Value of a new model that says nothing, which is the paper's; None where a dial has one default in all models."""


@dataclass(frozen=True, kw_only=True)
class Dials:
    """Every choice that a caller has once content, style and size are fixed.

    Raises:
        ParasolError: a dial is outside the range that its field states.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    style_scale: Annotated[  # g_s
        float,
        Dial(
            help="Pull of the style: 0 ignores it, 1 is plain, 5 is strong.",
            more="Less than 0 is the opposite; above 2 the result comes nearer to the style more slowly.",
            low=-100.0, high=100.0, usual=(0.0, 5.0), step=0.1, unit="times", own=5.0,
            hint=", usually 0 (ignored) to 10",
        ),
    ]  # fmt: skip
    content_scale: Annotated[  # g_y
        float,
        Dial(
            help="The same pull for what the content shows.",
            low=-100.0, high=100.0, usual=(0.0, 5.0), step=0.1, unit="times", own=5.0,
            hint=", usually 0 (ignored) to 10",
        ),
    ]  # fmt: skip
    structure: Annotated[  # lambda / T
        float,
        Dial(
            help="Share of the steps that keep to the content picture's layout: 0 is free, 1 the picture itself.",
            ends=("free", "the content picture itself"), step=0.02, own=0.4,
        ),
    ]  # fmt: skip
    steps: Annotated[
        int,
        Dial(
            help="Sampling steps.",
            more="10 of `dpm` come close to 50 of `ddim`.",
            low=1, high=1000, step=1, unit="steps", own=50,
            hint=", usually 10 of dpm or 50 of ddim",
        ),
    ]  # fmt: skip
    seed: Annotated[
        int,
        Dial(
            help="Of the noise; one seed, one picture.",
            low=0, high=2**63 - 1, step=1, unit="",
        ),
    ] = 0  # fmt: skip
    fresh: Annotated[
        bool,
        Dial(
            help="Start from new noise: the content's meaning is kept, its layout is not.",
            more="Without a content picture, and for several pictures at once (`--count`), it is so anyway.",
        ),
    ] = False
    color: Annotated[
        str,
        Dial(
            choices=("off", "match", "keep"),
            help="Give the colours of the style (match) or those that the content has in the same place (keep).",
            more="Of flat art, match gives each part one of the style's colours, as its `auto` finish does. "
            "From new noise, where no place is what it was, `keep` does what `match` does, with the content's.",
        ),
    ] = "off"
    content_map: Annotated[
        bool,
        Dial(
            help="Say where things are in the content picture, beside what it shows.",
            more="Spatial content tokens (not in the paper); `--no-content-map` keeps to the meaning alone.",
            own=False,
        ),
    ] = False
    sampler: Annotated[
        str,
        Dial(
            choices=("ddim", "dpm"),
            help="How steps are taken: dpm, of which few suffice, or ddim as in the paper.",
            more="Where a model's own is dpm, ddim takes 50 steps unless `--steps` says otherwise.",
            own="ddim",
            hint=": ddim for 50 steps, dpm for 10",
        ),
    ] = "ddim"
    guidance: Annotated[
        str,
        Dial(
            choices=("apart", "joint"),
            help="Whether the scales weigh style and content apart, as in the paper, or jointly what both share.",
            more="What both share asks for this content in this style.",
            own="apart", hint=": apart is the paper's",
        ),
    ] = "apart"  # fmt: skip
    color_strength: Annotated[
        float,
        Dial(
            help="Share of the way that the colour step goes: 0 changes nothing, 1 is all of it.",
            ends=("no colour step", "all of it"),
        ),
    ] = 1.0
    texture: Annotated[
        float,
        Dial(
            help="How far to go to the touch of the style picture itself, beside its descriptor.",
            more="Paint, grain, colours of its small parts (not in the paper). Effective strength is "
            "texture * min(style_scale, 5) * (1 - structure)^2.",
            ends=("by the descriptor alone", "all of it"), own=0.0,
        ),
    ] = 0.0  # fmt: skip
    neutral: Annotated[
        float,
        Dial(
            help="Share of the content picture's colours to leave out, so that the style can bring its own.",
            more="What inversion is given is greyer by neutral * (1 - structure) (not in the paper, which keeps all "
            "colours); what is protected keeps its own.",
            ends=("all colours stay", "grey"), own=0.0,
        ),
    ] = 0.0  # fmt: skip
    guidance_interval: Annotated[
        float,
        Dial(
            help="Share of the noise levels, from pure noise on, at which scales above 1 push; below they count as 1.",
            more="Late pushes cost as much as early ones and move little; what is saved is saved with joint guidance. "
            "1 pushes at every level, as in the paper.",
            ends=("scales of 1", "at every level"), own=1.0,
        ),
    ] = 1.0  # fmt: skip
    distilled: Annotated[
        bool,
        Dial(
            help="Guide in one pass of the network instead of up to three, where the model has learned to.",
            more="A small guide says what the other passes would predict (not in the paper). `--no-distilled` takes "
            "them all, as do guidance apart, a scale of 0 or less, no content map, and a style that was taught.",
            own=False,
        ),
    ] = False
    gradual: Annotated[
        bool,
        Dial(
            help="Let structure end within a step, so that it goes evenly however few the steps are.",
            more="Of the step in which it ends a share is kept (the paper keeps whole steps: of five, six values).",
            own=False,
        ),
    ] = False

    flat_steps: Annotated[
        int,
        Dial(
            help="Sampling steps, at most, where a flat finish follows, which asks the drawing for its colours alone.",
            more="Two of `dpm` tell them as well as five. `--steps` alone sets both, and `ddim` takes all of its own.",
            low=1, high=1000, usual=(1, 5), step=1, unit="steps",
        ),
    ] = 2  # fmt: skip

    def __post_init__(self) -> None:
        for dial in named(type(self)):
            dial.check(getattr(self, dial.name))

    def quick(self) -> "Dials":
        """The same in few steps, for a look at what is to come."""
        return self if self.steps <= QUICK_STEPS else replace(self, steps=QUICK_STEPS, sampler="dpm")

    def flat(self) -> "Dials":
        """The same in no more steps than a flat finish needs."""
        return replace(self, steps=min(self.steps, self.flat_steps)) if self.sampler == "dpm" else self


@dataclass(frozen=True, kw_only=True)
class Shortcuts:
    """Dials that stand for others, which recipes hold in their place."""

    strength: Annotated[
        float | None,
        Dial(
            help="Style scale and structure in one, in about even steps: 0 is the content, 1 all of the style.",
            more="Of calibrated models. It is given in place of those two.",
            ends=("the content picture", "all of the style"),
        ),
    ] = None
    paper: Annotated[
        bool,
        Dial(
            help="The paper's own dials in place of the model's: 50 steps of ddim, scales of 5, apart, structure 0.4.",
            more="Neither content map nor texture; `--color match` makes it PARASOL+. Dials given beside it stand.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class NamedDial:
    """A dial as a record has it."""

    name: str
    sort: type
    """float, int, bool, or str for one of the choices."""

    default: Any = field(compare=False)
    """Where neither caller nor model says; None for the shortcuts."""

    required: bool
    """Whether a model must say it."""

    dial: Dial

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it takes, where it takes words."""
        return self.dial.choices

    @property
    def annotation(self) -> Any:
        """Its type, with the words that it takes."""
        return Literal[self.choices] if self.choices else self.sort

    @property
    def option(self) -> str:
        """Its name on the command line, without the dashes before it."""
        return self.name.replace("_", "-")

    @property
    def otherwise(self) -> str:
        """What it is where it is left out, in words; "" for switches that are off and for what is not there."""
        if self.dial.own is not None:
            return "the model's own"
        return "" if self.default is None or self.default is False else self.written(self.default)

    @property
    def takes(self) -> str:
        """What may be given, in short; "" for switches."""
        if self.choices or self.sort is bool:
            return "|".join(self.choices)
        low, high = self.dial.low, self.dial.high
        return "NUMBER" if self.dial.usual or high > 1e6 else f"{_short(low)}..{_short(high)}"

    def check(self, value: Any) -> None:
        """Raises ParasolError where a value is out of range."""
        if self.choices and value not in self.choices:
            raise ParasolError(f"{self.name} is {value!r}; it must be one of {', '.join(self.choices)}{self.dial.hint}")
        if self.sort in (int, float) and not self.dial.low <= value <= self.dial.high:
            ends = zip((self.dial.low, self.dial.high), self.dial.ends, strict=True)
            limits = " to ".join(f"{_short(end)} ({word})" if word else _short(end) for end, word in ends)
            raise ParasolError(f"{self.name} is {value}; it must lie in {limits}{self.dial.hint}")

    def taken(self, value: Any) -> Any:
        """A caller's value in the type of the record. Raises ParasolError where it has none."""
        try:
            return index(value) if self.sort is int else self.sort(value)
        except (TypeError, ValueError) as error:
            whole = "a whole number" if self.sort is int else "a number"
            raise ParasolError(f"{self.name} is {value!r}; it must be {whole}") from error

    def read(self, word: str) -> Any:
        """The value that a word of the command line names.

        Raises:
            ParasolError: it names none; the rest of a sentence that begins with the words.
        """
        if self.choices or self.sort is bool:
            known = {name: name for name in self.choices} or SWITCHES
            if word.strip() not in known:
                raise ParasolError(f"has no list of {', '.join(known)}")
            return known[word.strip()]
        try:
            number = float(word)
        except ValueError as error:
            raise ParasolError("has no list of numbers") from error
        if not isfinite(number):
            raise ParasolError("gives no value that can be drawn")
        if self.sort is int and number != int(number):
            raise ParasolError(f"has fractions and {self.option} takes whole numbers")
        return int(word) if self.sort is int and word.strip().isdigit() else self.sort(number)

    def written(self, value: Any) -> str:
        """A value as `read` reads it, short."""
        if self.sort is bool:
            return "on" if value else "off"
        return f"{value:.3g}" if self.sort is float else str(value)

    def explained(self) -> str:
        """What it does, and what it is where it is left out."""
        return self.dial.help if not self.otherwise else f"{self.dial.help[:-1]}; {self.otherwise} if left out."


@cache
def named(record: type = Dials) -> tuple[NamedDial, ...]:
    """The dials of a record, in its order."""
    hints = get_type_hints(record, include_extras=True)
    return tuple(_named(entry.name, hints[entry.name], entry.default) for entry in fields(record))


def _named(name: str, annotation: Any, default: Any) -> NamedDial:
    hint, dial = get_args(annotation)
    sort = next((part for part in get_args(hint) if part is not type(None)), hint)
    return NamedDial(
        name=name,
        sort=sort,
        default=dial.own if default is MISSING else default,
        required=default is MISSING,
        dial=dial,
    )


STRENGTH, PAPER = named(Shortcuts)


def _short(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


def asked(record: type = Dials) -> tuple[NamedDial, ...]:
    """Every dial that a caller may name: the shortcuts, then those of the record."""
    return (*named(Shortcuts), *named(record))


def chosen(given: Mapping[str, Any], own: Mapping[str, Any], record: type[Dials] = Dials) -> Dials:
    """The dials that are given (not None), and for the others a model's own or else the default of all.

    Raises:
        ParasolError: one is out of range.
        TypeError: there is no dial of a name.
    """
    known = named(record)
    unknown = given.keys() - {dial.name for dial in known}
    if unknown:
        raise TypeError(f"there is no dial {min(unknown)!r}: choose among {', '.join(dial.name for dial in known)}")
    values = {dial.name: given.get(dial.name) for dial in known}
    return record(
        **{
            dial.name: own.get(dial.name, dial.default) if values[dial.name] is None else dial.taken(values[dial.name])
            for dial in known
        }
    )


__all__ = ["PAPER", "QUICK_STEPS", "STRENGTH", "Dial", "Dials", "NamedDial", "Shortcuts", "asked", "chosen", "named"]
