"""Sets in the studio: every icon drawn in one look, what is told of the whole, and its files in one archive."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from parasol.conditions import Style
from parasol.dials import Dials
from parasol.images import load_rgba
from parasol.pipeline import Parasol
from parasol.sets import Look, Step, drawn_at_once, icon_recipe, icon_svg, look_of, told_set
from parasol.studio.made import Made, Progress
from parasol.studio.store import Store, thumbnail
from parasol.studio.wanted import IconSet, Reference, Wanted
from parasol.vector import Measures, measure, named_palette

MEASURES = TypeAdapter(Measures)


def draw_set(
    model: Parasol,
    wanted: Wanted,
    style: Style,
    dials: Dials,
    data: Callable[[str], bytes],
    progress: Progress,
    workers: int = 1,
) -> Iterator[Made]:
    """Every icon of a set, as `parasol set` draws it, so many at once; one that cannot be drawn is handed on with its
    error. `progress` is called from several threads, and what it raises ends the set."""
    part = wanted.icons
    assert part is not None
    look = _look(wanted.styles, part.palette, part.colors, part.flat, data)
    model.painter.prepare(dials)
    steps = [0] * len(part.icons)  # done, of each

    def draw(place: int, step: Step) -> Made:
        def stepped(done: int, count: int) -> None:
            step(done, count)
            steps[place] = done * dials.steps // count
            progress(sum(steps), 0)

        icon, started = part.icons[place], time.perf_counter()
        changes = {"colors": part.colors, "palette": part.palette, "ground": part.ground}
        alone = wanted.model_copy(
            update=changes | {"content": icon.picture, "icons": None, "finish": "flat" if part.flat else "none"}
        )
        recorded = alone.model_copy(update={"dials": alone.dials.model_copy(update=vars(dials))})
        made = Made(png=b"", thumb=b"", icon=True, wanted=recorded.model_dump_json())
        try:
            recipe = icon_recipe(model, data(icon.picture), look, style, dials, part.ground)
            result = model.paint(recipe, progress=stepped)
            svg = icon_svg(result, look.shown)
            return replace(
                made,
                png=result.encoded(".png"),
                thumb=thumbnail(result.visible),
                recipe=result.recipe.text(),
                svg=svg,
                measures=json.dumps(asdict(measure(load_rgba(svg.encode())))),
                seconds=time.perf_counter() - started,
            )
        except ValueError as error:
            return replace(made, error=" ".join(str(error).split())[:500])
        finally:
            steps[place] = dials.steps

    with closing(drawn_at_once(draw, range(len(part.icons)), workers)) as drawn:
        yield from drawn


def add_icon(store: Store, job: str, place: int, number: int, made: Made) -> None:
    """Keep what a set has of one icon beside its picture in the history, whose number is 0 where there is none."""
    row = (job, place, number or None, made.svg.encode(), made.measures or None, made.error)
    store.write("INSERT OR IGNORE INTO icons VALUES (?, ?, ?, ?, ?, ?)", *row)


def all_sets(store: Store) -> list[dict[str, Any]]:
    """Every set that was asked for, latest first: its job, when that was, and how many icons it has."""
    orders = store.rows("SELECT job, wanted, at FROM sets ORDER BY at DESC, rowid DESC LIMIT 100")
    return [{"job": job, "at": at, "icons": len(_part(_wanted(text)).icons)} for job, text, at in orders]


def set_record(store: Store, job: str) -> dict[str, Any] | None:
    """A set as far as it is drawn: each icon, and palette, consistency and outliers as `parasol set` tells them."""
    orders = store.rows("SELECT wanted FROM sets WHERE job = ?", job)
    if not orders:
        return None
    wanted = _wanted(orders[0][0])
    rows = {
        place: (number, measures, error)
        for place, number, measures, error in store.rows(
            "SELECT place, number, measures, error FROM icons WHERE job = ?", job
        )
    }
    part, icons, measured = _part(wanted), [], dict[str, Measures]()
    for place, icon in enumerate(part.icons):
        number, measures, error = rows.get(place, (None, None, ""))
        icons.append({"name": icon.name, "picture": icon.picture, "number": number, "error": error})
        if measures is not None:
            measured[icon.name] = MEASURES.validate_json(measures)
    look = _look(wanted.styles, part.palette, part.colors, part.flat, store.given)
    return {"job": job, "wanted": wanted.model_dump(mode="json"), "icons": icons, **told_set(measured, look)}


def archive(store: Store, job: str) -> bytes | None:
    """A ZIP of svg/NAME.svg, png/NAME.png with recipes, and set.json; None where there is no such set."""
    record = set_record(store, job)
    if record is None:
        return None
    svgs = dict(store.rows("SELECT place, svg FROM icons WHERE job = ?", job))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, icon in enumerate(record["icons"]):
            png = None if icon["number"] is None else store.drawn(icon["number"])
            if png is not None:
                packed.writestr(f"svg/{icon['name']}.svg", svgs[place])
                packed.writestr(zipfile.ZipInfo(f"png/{icon['name']}.png"), png)
        packed.writestr("set.json", json.dumps({name: record[name] for name in record if name != "wanted"}, indent=1))
    return file.getvalue()


@lru_cache(maxsize=16)  # the page asks after every icon
def _look(
    styles: tuple[Reference, ...], palette: str | None, colours: int | None, flat: bool, data: Callable[[str], bytes]
) -> Look:
    references = [data(style.picture) for style in styles if style.picture is not None and style.weight > 0]
    given = None if palette is None else named_palette(palette.split(","))
    return look_of(references, given, colours, flat=flat)


@lru_cache(maxsize=128)
def _wanted(text: str) -> Wanted:
    return Wanted.model_validate_json(text)


def _part(wanted: Wanted) -> IconSet:
    assert wanted.icons is not None
    return wanted.icons
