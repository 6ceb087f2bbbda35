"""From what is asked for to pictures: the very calls of the command line, with what they share kept between them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, final

import numpy as np

from parasol.bundle import available_models
from parasol.cards import StyleCard
from parasol.conditions import Style
from parasol.dials import Dials
from parasol.directions import check_lean, leaned, space_of
from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.finishing import FinishPart
from parasol.images import encode_png, load_rgba
from parasol.pipeline import Parasol
from parasol.recipe import Recipe, RecipeError
from parasol.runtime.onnx import available_cores
from parasol.sets import side_by_side
from parasol.studio.icons import draw_set
from parasol.studio.kept_cards import card, taught_of
from parasol.studio.made import Made, Progress, part_of
from parasol.studio.once import Once
from parasol.studio.store import Store, thumbnail
from parasol.studio.wanted import LARGEST_SIZE, MOST_STEPS, MOST_WORK, Again, Cell, Reference, Wanted

KNOWN = 256  # described styles and their finishes that are kept; some 20 kB each
WORK_SIDE = 128  # px
NO_LEAN: Mapping[str, float] = {}


@final
class Maker:
    """The models of a studio, loaded when they are first asked for. Usable from several threads."""

    def __init__(self, store: Store, model: str | Path | None = None, threads: int = 0) -> None:
        """One model, a bundled one or a folder, or all that are bundled; `threads` as of `Parasol.load`."""
        self._store, self._threads = store, threads
        self._lock = Lock()
        self._models: dict[str, Parasol] = {}
        self._once = Once(KNOWN)
        if model is None:
            self.names: tuple[str, ...] = tuple(reversed(available_models()))  # pictogram first
        else:
            loaded = Parasol.load(model, threads=threads)
            self._models = {loaded.bundle.manifest.name: self._learned(loaded)}
            self.names = tuple(self._models)

    def model(self, name: str) -> Parasol:
        """A model by name. Raises ValueError where the studio has no such."""
        if name not in self.names:
            raise ParasolError(f"there is no model {name[:40]!r} in this studio: use one of {', '.join(self.names)}")
        with self._lock:
            if name not in self._models:
                self._models[name] = self._learned(Parasol.load(name, threads=self._threads))
            return self._models[name]

    def suited(self, content: str | None, styles: Sequence[Reference], *given: StyleCard) -> str:
        """The model that goes with a content picture, styles and cards, as `Parasol.suited` says; the first where the
        studio does not have that one."""
        recipes = [Recipe.read(self._store.given(style.recipe)).model.name for style in styles if style.recipe]
        cards = [*given, *(card(self._store, style.card) for style in styles if style.card)]
        picture = None if content is None else self._store.given(content)
        name = recipes[0] if recipes else Parasol.suited(picture, cards or None)
        return name if name in self.names else self.names[0]

    def check(self, wanted: Wanted) -> int:
        """The steps that a job will take, all its pictures together; refuses early what `draw` would refuse.

        Raises:
            ValueError: a dial is out of range, a picture is not there, or it is more than one job may be.
        """
        model = self.model(wanted.model)
        dials = self.dials(wanted)
        if wanted.content is None and not wanted.shows and wanted.icons is None:
            raise ParasolError("there is nothing to draw: give a content picture, or say what to show")
        if wanted.icons is not None and (wanted.cells or wanted.count > 1):
            raise ParasolError("a set is drawn once, as it is: leave cells and count out")
        if wanted.icons is not None and not any(style.picture and style.weight > 0 for style in wanted.styles):
            raise ParasolError("a set needs icons to be like: give at least one reference picture")
        self.require(wanted.pictures_named())
        for lean in (wanted.lean, *(cell.lean or {} for cell in wanted.cells)):
            check_lean(model.bundle.manifest, lean)
        for style in wanted.styles:
            if style.card is not None:
                card(self._store, style.card)
        if dials.steps > MOST_STEPS:
            raise ParasolError(f"steps is {dials.steps} and the studio takes {MOST_STEPS} at most: ask for fewer")
        if wanted.cells and not wanted.preview:
            raise ParasolError("a sheet is of quick looks: set preview too")
        side = min(wanted.size or model.bundle.manifest.default_size, LARGEST_SIZE)
        for cell in wanted.cells:
            self.recipe_dials(wanted, cell)
            if cell.weights is not None and len(cell.weights) != len(wanted.styles):
                raise ParasolError(
                    f"a cell has {len(cell.weights)} weights for {len(wanted.styles)} styles: give one each"
                )
        steps = dials.steps * (len(wanted.icons.icons) if wanted.icons else len(wanted.cells) or wanted.count)
        if steps * (side / WORK_SIDE) ** 2 > MOST_WORK:
            raise ParasolError(
                f"{wanted.count} pictures of {side} px in {dials.steps} steps are more than one job may be: ask for "
                "fewer pictures or steps, or a smaller size"
            )
        return steps

    def far(self, model: str, styles: Sequence[Reference]) -> bool:
        """Whether a style lies far from what a model was trained on, or is a photograph where those were none."""
        loaded = self.model(model)
        if space_of(loaded.bundle.manifest) is None or not styles:
            return False
        known = [self._store.picture(style.picture) for style in styles if style.picture and style.weight > 0]
        return any(image is not None and image.photograph for image in known) or loaded.far(self.style(loaded, styles))

    def require(self, pictures: set[str]) -> None:
        """Raises ValueError where a picture is not there."""
        for name in sorted(pictures):
            if self._store.picture(name) is None:
                raise ParasolError(f"the picture {name[:12]} is not here any more: give it again")

    def draw(self, wanted: Wanted | Again, progress: Progress) -> Iterator[Made]:
        """Every picture of a job.

        Raises:
            ValueError: something cannot be read, or makes no sense together.
        """
        if isinstance(wanted, Again):
            yield self._again(wanted, progress)
        elif wanted.icons is not None:
            model, dials = self.model(wanted.model), self.dials(wanted)
            cards = [ref for ref in wanted.styles if ref.card]  # which draw, as --card does, what pictures look like
            style = self.style(model, cards or wanted.styles, wanted.lean)
            workers, threads = side_by_side(len(wanted.icons.icons), self._threads or available_cores())
            if workers > 1:  # of its own, for one that is open has all threads for each of them
                model = self._learned(Parasol.load(model.bundle.folder, threads=threads))
            yield from draw_set(model, wanted, style, dials, self._store.given, progress, workers)
        else:
            yield from self._cells(wanted, progress) if wanted.cells else self._seeds(wanted, progress)

    def _seeds(self, wanted: Wanted, progress: Progress) -> Iterator[Made]:
        model, dials = self.model(wanted.model), self.dials(wanted)
        started = time.perf_counter()
        first = self.recipe(wanted)
        for number in range(wanted.count):
            recipe = first.varied(seed=dials.seed + number)
            result = model.paint(recipe, progress=part_of(progress, number * dials.steps, dials.steps))
            alone = wanted.model_copy(
                update={
                    "count": 1,
                    "dials": wanted.dials.model_copy(update={"seed": recipe.dials.seed, "fresh": recipe.dials.fresh}),
                }
            )
            yield Made(
                png=result.encoded(".png"),
                thumb=thumbnail(result.visible),
                recipe=recipe.text(),
                wanted=alone.model_dump_json(),
                seconds=time.perf_counter() - started,
            )
            started = time.perf_counter()

    def _cells(self, wanted: Wanted, progress: Progress) -> Iterator[Made]:
        """One content in several settings; what they share is kept from one to the next by the painter."""
        model, first, done = self.model(wanted.model), self.recipe(wanted), 0
        for cell in wanted.cells:
            dials = self.recipe_dials(wanted, cell)
            recipe = first.varied(**vars(dials.flat() if first.dials == first.dials.flat() else dials))
            if cell.weights is not None or cell.lean is not None:
                pairs = zip(wanted.styles, cell.weights or [style.weight for style in wanted.styles], strict=True)
                styles = [style.model_copy(update={"weight": weight}) for style, weight in pairs if weight]
                lean = wanted.lean if cell.lean is None else cell.lean
                recipe = recipe.changed(style=self.style(model, styles, lean))
            result = model.paint(recipe, progress=part_of(progress, done, dials.steps))
            done += dials.steps
            yield Made(png=result.encoded(".png"), thumb=b"")

    def _again(self, wanted: Again, progress: Progress) -> Made:
        """A file drawn again here, and the pixels that differ, white on black."""
        data = self._store.given(wanted.picture)
        recipe = Recipe.read(data)
        name = recipe.model.name
        if name not in self.names or not self.model(name).bundle.goes_by(recipe.model.hash):
            raise RecipeError(f"it is of the model {name[:40]!r} in an edition that this studio does not have")
        made, same = self.model(name).paint(recipe, progress=progress).again(data)
        first, second = (load_rgba(png) for png in (data, made))
        differs = np.ones(first.shape[:2], bool) if first.shape != second.shape else (first != second).any(axis=2)
        shown = np.repeat(differs.astype(np.float32)[..., None], 3, axis=2)
        return Made(png=encode_png(shown), thumb=b"", differs=0 if same else max(1, int(differs.sum())))

    def recipe(self, wanted: Wanted) -> Recipe:
        """The recipe of a job's first picture. Raises ValueError as `draw` does."""
        model = self.model(wanted.model)
        manifest = model.bundle.manifest
        small = min(wanted.size or manifest.default_size, manifest.size)
        return model.recipe(
            None if wanted.content is None else self._store.given(wanted.content),
            self.style(model, wanted.styles, wanted.lean),
            self.dials(wanted),
            mask=None if wanted.mask is None else self._store.given(wanted.mask),
            protect=None if wanted.protect is None else self._store.given(wanted.protect),
            shows=[(self._shown(source), source.weight) for source in wanted.shows] or None,
            size=small if wanted.preview else wanted.size,
            ground=wanted.ground,
            finish=self._finish(model, wanted),
        )

    def style(self, model: Parasol, references: Sequence[Reference], lean: Mapping[str, float] = NO_LEAN) -> Style:
        """The style that references are together, described once, and moved along directions. Raises ValueError."""
        style = self._once((model.bundle.hash, tuple(references)), lambda: self._style(model, references))
        return leaned(style, model.bundle.manifest, lean)

    def _style(self, model: Parasol, references: Sequence[Reference]) -> Style:
        if len(references) == 1 and references[0].recipe and references[0].weight > 0.0:
            return self._remembered(model, references[0].recipe)  # to the bit: a mix of one would round once more
        return model.style(self._sources(model, references))

    def look(self, model: Parasol, references: Sequence[Reference]) -> FinishPart | None:
        """The finish of flat art that references ask for, if they do."""
        return model.finish(self._sources(model, references), finish="auto")

    def _finish(self, model: Parasol, wanted: Wanted) -> FinishPart | None:
        lean = next((given for given in (wanted.lean, *(cell.lean for cell in wanted.cells)) if given), None)
        few: dict[str, Any] = {"palette": wanted.palette, "colors": wanted.colors, "finish": wanted.finish}
        key = ("finish", wanted.model, bool(lean), *few.values(), wanted.styles)
        return self._once(key, lambda: model.finish(self._sources(model, wanted.styles), lean=lean, **few))

    def dials(self, wanted: Wanted) -> Dials:
        """The dials of a job. Raises ValueError where one is out of range."""
        given = wanted.dials.model_dump()
        dials = self.model(wanted.model).dials(**given | {"fresh": given["fresh"] or wanted.count > 1})
        return dials.quick() if wanted.preview or wanted.icons is not None else dials

    def recipe_dials(self, wanted: Wanted, cell: Cell) -> Dials:
        """The dials of one cell of a sheet. Raises ValueError as `dials` does."""
        moved = cell.dials.model_dump(exclude_unset=True)
        return self.dials(wanted.model_copy(update={"dials": wanted.dials.model_copy(update=moved)}))

    def _sources(self, model: Parasol, references: Sequence[Reference]) -> list[tuple[Any, float]]:
        """References as `Parasol` takes them."""

        def opened(source: Reference) -> Any:
            if source.card is not None:
                return card(self._store, source.card)
            if source.recipe is None:
                return self._shown(source)
            return StyleCard.write(self._remembered(model, source.recipe), model.bundle.manifest, [])

        return [(opened(source), source.weight) for source in references]

    def _learned(self, model: Parasol) -> Parasol:
        """A model that knows what saved cards have taught it, which recipes name."""
        for taught in taught_of(self._store, model.bundle.identity):
            model.style(taught)
        return model

    def _remembered(self, model: Parasol, picture: str) -> Style:
        """The style that the recipe in a file of ours keeps, and what it was taught."""
        recipe = Recipe.read(self._store.given(picture))
        if not model.bundle.goes_by(recipe.model.hash):
            raise RecipeError(
                f"the style is kept for the model {recipe.model.name!r} of another edition, or for another model, than "
                f"{model.bundle.manifest.name!r}: choose that model, or give the style as a picture"
            )
        manifest = model.bundle.manifest
        style = recipe.style_parts(manifest.style.dimension, manifest.latent_channels)
        return replace(style, taught=model.taught(recipe))

    def _shown(self, ref: Reference) -> Any:
        return Words(ref.words) if ref.words is not None else self._store.given(str(ref.picture or ref.recipe))
