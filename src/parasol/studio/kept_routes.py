"""What the studio keeps, over HTTP: history, sets and cards."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from parasol.cards import StyleCard
from parasol.codes import code_of, style_of
from parasol.strict import Strict
from parasol.studio.icons import all_sets, archive, set_record
from parasol.studio.kept_cards import all_cards, card, keep_card, mosaic
from parasol.studio.opening import Studio
from parasol.studio.pages import FOREVER
from parasol.studio.wanted import MOST_REFERENCES, ModelName, Reference, Title

Name = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
JobName = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Number = Annotated[int, Field(ge=1, lt=2**63)]


class NewCard(Strict):
    """A style to be saved under a name."""

    name: Title
    model: ModelName
    styles: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    code: Annotated[str, Field(max_length=60)] = ""
    """A style code, in place of styles."""

    def pictures_named(self) -> set[str]:
        """The pictures that it names."""
        return {name for style in self.styles for name in (style.picture, style.recipe) if name}


def file_response(body: bytes | None, kind: str, *, forever: bool = False, name: str = "") -> Response:
    """A body, or that there is none."""
    if body is None:
        raise HTTPException(404, "there is no such picture")
    headers = {"cache-control": FOREVER.replace("public", "private")} if forever else {}
    if name:
        headers["content-disposition"] = f'inline; filename="{name}"'
    return Response(body, media_type=kind, headers=headers)


def history_routes(studio: Studio) -> APIRouter:
    """Everything that was drawn."""
    api, store = APIRouter(prefix="/api/history"), studio.store

    @api.get("")
    def history(
        before: Annotated[int, Query(ge=1, lt=2**63)] = 2**62,
        most: Annotated[int, Query(ge=1, le=200)] = 60,
        find: Annotated[str, Query(max_length=200)] = "",
        favourite: bool = False,
    ) -> dict[str, Any]:
        """What was drawn, latest first, each with what was asked for; `find` words, such as seed:7, or favourites."""
        rows = store.history(before, most, find, favourite=favourite)
        return {"drawn": [{**row._asdict(), "wanted": json.loads(row.wanted)} for row in rows]}

    @api.get("/{number}")
    def drawn(number: Number) -> Response:
        """The PNG of a picture, with its recipe in it."""
        return file_response(store.drawn(number), "image/png", forever=True, name=f"parasol-{number}.png")

    @api.get("/{number}/thumb")
    def thumb(number: Number) -> Response:
        """The same as a small WebP."""
        return file_response(store.drawn(number, thumb=True), "image/webp", forever=True)

    @api.post("/{number}/picture")
    def taken(number: Number) -> dict[str, Any]:
        """Make it a picture that jobs can name."""
        png = store.drawn(number)
        if png is None:
            raise HTTPException(404, "there is no such picture")
        return store.add_picture(png)._asdict()

    @api.get("/{number}/lineage")
    def lineage(number: Number) -> dict[str, Any]:
        """The pictures of the history that it was made from, and those that were made from it."""
        family = store.lineage(number)
        if family is None:
            raise HTTPException(404, "there is no such picture")
        return family

    @api.post("/{number}/favourite", status_code=204)
    def favourite(number: Number) -> None:
        """Mark it as a favourite."""
        if store.drawn(number, thumb=True) is None:
            raise HTTPException(404, "there is no such picture")
        store.write("INSERT OR IGNORE INTO favourites VALUES (?)", number)

    @api.delete("/{number}/favourite", status_code=204)
    def no_favourite(number: Number) -> None:
        """Take the mark away."""
        store.write("DELETE FROM favourites WHERE number = ?", number)

    @api.delete("/{number}", status_code=204)
    def delete(number: Number) -> None:
        """Delete a picture of the history."""
        if not store.delete(number):
            raise HTTPException(404, "there is no such picture")

    return api


def sets_routes(studio: Studio) -> APIRouter:
    """Sets of icons."""
    api = APIRouter(prefix="/api/sets")

    @api.get("")
    def sets() -> dict[str, Any]:
        """Every set, latest first. A set is a job with `icons`."""
        return {"sets": all_sets(studio.store)}

    @api.get("/{job}")
    def icon_set(job: JobName) -> dict[str, Any]:
        """A set as far as it is drawn: icons, palette, consistency and outliers."""
        record = set_record(studio.store, job)
        if record is None:
            raise HTTPException(404, "there is no such set")
        return record

    @api.get("/{job}/zip")
    def files(job: JobName) -> Response:
        """Its files: svg/, png/ with recipes, set.json."""
        return file_response(archive(studio.store, job), "application/zip", name=f"set-{job[:8]}.zip")

    return api


def cards_routes(studio: Studio) -> APIRouter:
    """Saved cards and style codes."""
    api, store = APIRouter(prefix="/api/cards"), studio.store

    @api.get("")
    def cards() -> dict[str, Any]:
        """Every saved card, latest first."""
        return {"cards": all_cards(store)}

    @api.post("")
    def save(given: NewCard) -> dict[str, Any]:
        """Save a style, a mix, or what a style code means, as a card; references name it by its id."""
        model = studio.maker.model(given.model)
        studio.maker.require(given.pictures_named())
        if given.code:
            style, parts, look = style_of(given.code, model.bundle.manifest), [(given.code, 1.0)], None
        else:
            style, look = studio.maker.style(model, given.styles), studio.maker.look(model, given.styles)
            parts = [(style.words or given.name, style.weight) for style in given.styles]
        faces = [store.thumb(name) for name in (style.picture or style.recipe for style in given.styles) if name]
        written = StyleCard.write(style, model.bundle.manifest, parts, look)
        return {"id": keep_card(store, given.name, written, (faces or [None])[0] or mosaic(style)), "name": given.name}

    @api.post("/file", openapi_extra=BODY)
    async def given(request: Request, name: Annotated[str, Query(min_length=1, max_length=80)]) -> dict[str, Any]:
        """Take a card's file, a *.style.json, among the saved cards: the body is its file."""
        data = await request.body()

        def taken() -> dict[str, Any]:
            given = StyleCard.parse(data)
            model = studio.maker.model(studio.maker.suited(None, [], given))
            style = model.style(given)  # refuses what is of no model here
            return {"id": keep_card(store, name, given, mosaic(style)), "name": name}

        return await run_in_threadpool(taken)

    @api.post("/code")
    def code(given: NewCard) -> dict[str, Any]:
        """The style code of a style or a mix, and the cosine of the style that it means to the style itself."""
        model = studio.maker.model(given.model)
        studio.maker.require(given.pictures_named())
        style = studio.maker.style(model, given.styles)
        written = code_of(style, model.bundle.manifest)
        again = style_of(written, model.bundle.manifest)
        return {"code": written, "cosine": round(float(again.descriptor @ style.descriptor), 4)}

    @api.get("/{name}")
    def file(name: Name) -> Response:
        """The file of a card, which stands wherever a style picture does."""
        return file_response(card(store, name).text().encode(), "application/json", name=f"{name[:12]}.style.json")

    @api.get("/{name}/thumb")
    def face(name: Name) -> Response:
        """What a card was made from first, as a small WebP."""
        rows = store.rows("SELECT thumb FROM cards WHERE id = ?", name)
        return file_response(rows[0][0] or None if rows else None, "image/webp")

    @api.delete("/{name}", status_code=204)
    def delete(name: Name) -> None:
        """Delete a card."""
        if not store.write("DELETE FROM cards WHERE id = ?", name):
            raise HTTPException(404, "there is no such card")

    return api
