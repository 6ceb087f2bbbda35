"""What the report shows: sections of pictures in rows and columns, each with the dials that it turns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from parasol.blend import between, mesh
from parasol.corpora import Cell
from parasol.encoders.text import Words
from parasol.held_out import Pair, Subject
from parasol.recipe import Recipe

STRUCTURES = tuple(round(k / 9, 4) for k in range(10))
SCALES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0)
SEEDS = 8
CROSSED_STRUCTURES = (0.0, 0.2, 0.4, 0.6, 0.8)
CROSSED_SCALES = (0.0, 1.0, 2.5, 5.0, 7.5, 10.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
STYLE_WORDS = ("thick black outline, flat colours", "glossy 3D with soft shadows", "black and white line drawing")
CONTENT_WORDS = ("red apple", "house", "sailing boat")
PLACELESS: dict[str, Any] = {"fresh": True, "content_map": False}  # the content descriptor alone, from new noise


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a result is measured against: a style, what is shown, and the picture whose edges it may keep."""

    style: Cell | Words
    content: Cell | Words
    layout: Cell


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture of the report."""

    name: str
    """Names the picture among all that any report of this model on this corpus draws."""
    recipe: Callable[[], Recipe]
    goal: Goal


@dataclass(frozen=True, kw_only=True)
class Dial:
    """What is turned: its name and values. Those of a dial that is `ordered` mean more and less; seeds do not."""

    name: str
    values: tuple[float, ...]
    ordered: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """Pictures that go in (with no label or one each), then one shot for each value of the dial across."""

    label: str
    inputs: tuple[Cell, ...]
    shots: tuple[Shot, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One sheet. Where a dial goes down as well, there is one row for each of its values."""

    name: str
    title: str
    text: str
    """What is seen and what it is measured against, in one paragraph."""
    input_labels: tuple[str, ...]
    across: Dial
    rows: tuple[Row, ...]
    down: Dial | None = None


def sections(subject: Subject, steps: int) -> list[Section]:
    """Every section, for 2 pairs at least. `steps` are those of each picture; all else is the model's own, seed 0."""
    draw = _Drawing(subject, steps)
    listed = [
        draw.sweep(
            "structure", Dial(name="structure", values=STRUCTURES), "Structure: lambda at ten values",
            "Share of the steps that rebuild the content picture before the style takes over: 0 is free, 1 is the "
            "content picture itself.",
        ),
        draw.sweep(
            "style-scale", Dial(name="style_scale", values=SCALES), "Style scale: rows of g_s",
            "Pull of the style picture: 0 ignores it, 1 is plain conditional, more is emphasis.",
        ),
        draw.sweep(
            "content-scale", Dial(name="content_scale", values=SCALES), "Content scale: rows of g_y",
            "Pull of what the content picture shows: 0 ignores it, 1 is plain conditional, more is emphasis.",
        ),
        draw.crossed(),
        draw.meshed(),
    ]  # fmt: skip
    if (words := subject.model.bundle.manifest.words) and words.style:
        listed += [draw.style_words(), draw.content_words()]
    diversity = draw.sweep(
        "diversity", Dial(name="seed", values=tuple(map(float, range(SEEDS))), ordered=False),
        "Diversity with constant semantics: one content descriptor, several seeds",
        "Each picture starts from noise of its own; of the content picture its one descriptor is kept, and no layout.",
        **PLACELESS,
    )  # fmt: skip
    return [*listed, diversity]


def shots(of: Sequence[Section]) -> Iterator[Shot]:
    """All pictures, section by section."""
    for section in of:
        for row in section.rows:
            yield from row.shots


class _Drawing:
    """Makes sections; nothing is opened or drawn before a shot's recipe is asked for."""

    def __init__(self, subject: Subject, steps: int) -> None:
        self._subject, self._steps = subject, steps

    def sweep(self, name: str, dial: Dial, title: str, text: str, **fixed: Any) -> Section:
        """One dial across, a pair a row; measured against the row's content and style picture."""
        rows = tuple(
            Row(
                label=pair.content.label,
                inputs=(pair.content, pair.style),
                shots=tuple(self._turned(name, pair, **{**fixed, dial.name: value}) for value in dial.values),
            )
            for pair in self._subject.pairs
        )
        return Section(name=name, title=title, text=text, input_labels=("content", "style"), across=dial, rows=rows)

    def crossed(self) -> Section:
        """lambda x g_s on the first pair."""
        pair = self._subject.pairs[0]
        down = Dial(name="structure", values=CROSSED_STRUCTURES)
        rows = tuple(
            Row(
                label=f"structure {structure:g}",
                inputs=(pair.content, pair.style),
                shots=tuple(
                    self._turned("crossed", pair, structure=structure, style_scale=scale) for scale in CROSSED_SCALES
                ),
            )
            for structure in CROSSED_STRUCTURES
        )
        return Section(
            name="crossed", title="Structure x style scale: the lambda x g_s sheet",
            text="The first pair under both dials: style scale across, structure down.",
            input_labels=("content", "style"), across=Dial(name="style_scale", values=CROSSED_SCALES), rows=rows,
            down=down,
        )  # fmt: skip

    def meshed(self) -> Section:
        """Two contents x two styles at the corners, and what lies between."""
        first, second = self._subject.pairs[:2]

        @cache
        def recipes() -> list[list[Recipe]]:
            corners = [
                [self._recipe(Pair(content=content, style=style), **PLACELESS) for style in (first.style, second.style)]
                for content in (first.content, second.content)
            ]
            return mesh(self._subject.model, corners, len(SHARES))

        goal = Goal(style=second.style, content=second.content, layout=second.content)
        corners, last = f"{first.name}, {second.name}", len(SHARES) - 1

        def at(i: int, j: int) -> Recipe:
            return recipes()[i][j]

        rows = tuple(
            Row(
                label=f"content {down:g}",
                inputs={0: (first.content, first.style), last: (second.content, second.style)}.get(i, ()),
                shots=tuple(
                    Shot(name=f"mesh {corners}, {down:g} {across:g}", recipe=partial(at, i, j), goal=goal)
                    for j, across in enumerate(SHARES)
                ),
            )
            for i, down in enumerate(SHARES)
        )
        return Section(
            name="mesh", title="Interpolation: a 2 x 2 mesh between two contents and two styles",
            text="Descriptors go along great circles from the first pair's content to the second's, down, and from the "
            "first style to the second, across; all pictures start from the same new noise. Measured against the "
            "second content and the second style.",
            input_labels=("content", "style"), across=Dial(name="share of the second style", values=SHARES), rows=rows,
            down=Dial(name="share of the second content", values=SHARES),
        )  # fmt: skip

    def style_words(self) -> Section:
        """From each pair's style picture to a style in words."""
        return self._spoken(
            "style-words", "Words for the style", "From the style picture (0) to the words at the left (1), by their "
            "descriptors; measured against the words.", STYLE_WORDS, style=True,
        )  # fmt: skip

    def content_words(self) -> Section:
        """From what each pair's content picture shows to words."""
        return self._spoken(
            "content-words", "Words for the content", "From what the content picture shows (0) to the words at the left"
            " (1), by their descriptors, from new noise; measured against the words.", CONTENT_WORDS, style=False,
            **PLACELESS,
        )  # fmt: skip

    def _spoken(
        self, name: str, title: str, text: str, phrases: Sequence[str], *, style: bool, **fixed: Any
    ) -> Section:
        rows = []
        for place, pair in enumerate(self._subject.pairs):
            words = Words(phrases[place % len(phrases)])
            goal = Goal(
                style=words if style else pair.style, content=pair.content if style else words, layout=pair.content
            )
            changes = {"look": words} if style else {"shows": words}
            shots = tuple(
                Shot(
                    name=f"{name} {pair.name} to {words.text}, {share:g}",
                    recipe=partial(self._between, pair, share, changes, fixed),
                    goal=goal,
                )
                for share in SHARES
            )
            rows.append(Row(label=words.text.partition(",")[0], inputs=(pair.content, pair.style), shots=shots))
        dial = Dial(name="share of the words", values=SHARES)
        return Section(
            name=name, title=title, text=text, input_labels=("content", "style"), across=dial, rows=tuple(rows)
        )

    def _turned(self, section: str, pair: Pair, **dials: Any) -> Shot:
        goal = Goal(style=pair.style, content=pair.content, layout=pair.content)
        words = ", ".join(f"{dial} {value:g}" for dial, value in dials.items())
        whole = {dial: int(value) if dial == "seed" else value for dial, value in dials.items()}
        return Shot(name=f"{section} {pair.name}, {words}", recipe=partial(self._recipe, pair, **whole), goal=goal)

    def _between(self, pair: Pair, share: float, changes: dict[str, Words], fixed: dict[str, Any]) -> Recipe:
        return between(self._subject.model, self._recipe(pair, **fixed), self._recipe(pair, **fixed, **changes), share)

    def _recipe(self, pair: Pair, look: Words | None = None, shows: Words | None = None, **dials: Any) -> Recipe:
        subject = self._subject
        chosen = subject.dials(steps=self._steps, **dials)
        style = look or subject.file(pair.style)
        return subject.model.recipe(subject.file(pair.content), style, chosen, shows=shows, size=subject.side)
