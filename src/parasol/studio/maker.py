"""From what is asked for to pictures: the very calls of the command line, with what they share kept between them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, final

from parasol.bundle import available_models
from parasol.cards import StyleCard
from parasol.conditions import Style
from parasol.dials import Dials
from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.pipeline import Parasol
from parasol.recipe import Recipe, RecipeError
from parasol.studio.store import Store, thumbnail
from parasol.studio.wanted import LARGEST_SIZE, MOST_STEPS, MOST_WORK, Reference, Wanted

STYLES = 256  # described styles that are kept; some 20 kB each
WORK_SIDE = 128  # px

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A picture that was drawn: the very file that the command line would write, a small WebP, and what it is of."""

    png: bytes
    thumb: bytes
    recipe: str
    wanted: str
    seconds: float


@final
class Maker:
    """The models of a studio, loaded when they are first asked for. Usable from several threads."""

    def __init__(self, store: Store, model: str | Path | None = None, threads: int = 0) -> None:
        """One model, a bundled one or a folder, or all that are bundled; `threads` as of `Parasol.load`."""
        self._store, self._threads = store, threads
        self._lock = Lock()
        self._models: dict[str, Parasol] = {}
        self._styles: OrderedDict[Any, Style] = OrderedDict()
        if model is None:
            self.names: tuple[str, ...] = tuple(reversed(available_models()))  # pictogram first
        else:
            loaded = Parasol.load(model, threads=threads)
            self._models = {loaded.bundle.manifest.name: loaded}
            self.names = tuple(self._models)

    def model(self, name: str) -> Parasol:
        """A model by name. Raises ValueError where the studio has no such."""
        if name not in self.names:
            raise ParasolError(f"there is no model {name[:40]!r} in this studio: use one of {', '.join(self.names)}")
        with self._lock:
            if name not in self._models:
                self._models[name] = Parasol.load(name, threads=self._threads)
            return self._models[name]

    def check(self, wanted: Wanted) -> int:
        """The steps that a job will take, all its pictures together; refuses early what `draw` would refuse.

        Raises:
            ValueError: a dial is out of range, a picture is not there, or it is more than one job may be.
        """
        model = self.model(wanted.model)
        dials = self._dials(wanted)
        if wanted.content is None and not wanted.shows:
            raise ParasolError("there is nothing to draw: give a content picture, or say what to show")
        for name in sorted(wanted.pictures()):
            if self._store.picture(name) is None:
                raise ParasolError(f"the picture {name[:12]} is not here any more: give it again")
        if dials.steps > MOST_STEPS:
            raise ParasolError(f"steps is {dials.steps} and the studio takes {MOST_STEPS} at most: ask for fewer")
        side = min(wanted.size or model.bundle.manifest.default_size, LARGEST_SIZE)
        steps = dials.steps * wanted.count
        if steps * (side / WORK_SIDE) ** 2 > MOST_WORK:
            raise ParasolError(
                f"{wanted.count} pictures of {side} px in {dials.steps} steps are more than one job may be: ask for "
                "fewer pictures or steps, or a smaller size"
            )
        return steps

    def draw(self, wanted: Wanted, progress: Progress) -> Iterator[Made]:
        """Every picture of a job, a seed each.

        Raises:
            ValueError: something cannot be read, or makes no sense together.
        """
        model, dials = self.model(wanted.model), self._dials(wanted)
        started = time.perf_counter()
        first = self.recipe(wanted)
        for number in range(wanted.count):
            recipe = first.varied(seed=dials.seed + number)
            before = number * dials.steps
            result = model.paint(recipe, progress=lambda done, _, before=before: progress(before + done, 0))
            png = result.encoded(".png")
            alone = wanted.model_copy(
                update={
                    "count": 1,
                    "dials": wanted.dials.model_copy(update={"seed": recipe.dials.seed, "fresh": recipe.dials.fresh}),
                }
            )
            yield Made(
                png=png,
                thumb=thumbnail(result.pixels),
                recipe=recipe.text(),
                wanted=alone.model_dump_json(),
                seconds=time.perf_counter() - started,
            )
            started = time.perf_counter()

    def recipe(self, wanted: Wanted) -> Recipe:
        """The recipe of a job's first picture. Raises ValueError as `draw` does."""
        model = self.model(wanted.model)
        manifest = model.bundle.manifest
        small = min(wanted.size or manifest.default_size, manifest.size)
        return model.recipe(
            None if wanted.content is None else self._store.given(wanted.content),
            self.style(model, wanted.styles),
            self._dials(wanted),
            shows=[(self._shown(one), one.weight) for one in wanted.shows] or None,
            size=small if wanted.preview else wanted.size,
        )

    def style(self, model: Parasol, references: Sequence[Reference]) -> Style:
        """The style that references are together, described once. Raises ValueError."""
        key = (model.bundle.hash, tuple(references))
        with self._lock:
            known = self._styles.get(key)
            if known is not None:
                self._styles.move_to_end(key)
                return known
        kept = [self._kept(model, one) for one in references if one.recipe is not None]
        if len(references) == 1 and kept and references[0].weight > 0.0:
            style = kept[0]  # to the bit: a mix of one would round once more
        else:
            cards = iter([StyleCard.write(style, model.bundle.manifest, []) for style in kept])
            parts = [(self._shown(one) if one.recipe is None else next(cards), one.weight) for one in references]
            style = model.style(parts)
        with self._lock:
            self._styles[key] = style
            while len(self._styles) > STYLES:
                self._styles.popitem(last=False)
        return style

    def _dials(self, wanted: Wanted) -> Dials:
        given = wanted.dials.model_dump()
        dials = self.model(wanted.model).dials(**given | {"fresh": given["fresh"] or wanted.count > 1})
        return dials.quick() if wanted.preview else dials

    def _kept(self, model: Parasol, one: Reference) -> Style:
        recipe = Recipe.read(self._store.given(str(one.recipe)))
        if not model.bundle.goes_by(recipe.model.hash):
            raise RecipeError(
                f"the style is kept for the model {recipe.model.name!r} of another edition, or for another model, than "
                f"{model.bundle.manifest.name!r}: choose that model, or give the style as a picture"
            )
        manifest = model.bundle.manifest
        return recipe.style_parts(manifest.style.dimension, manifest.latent_channels)

    def _shown(self, one: Reference) -> Any:
        return Words(one.words) if one.words is not None else self._store.given(str(one.picture or one.recipe))
