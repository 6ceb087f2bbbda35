"""The studio over HTTP: its page, and the jobs, pictures and dials behind it."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from threading import Semaphore
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field

from parasol.cards import Part, StyleCard
from parasol.codes import code_of, style_of
from parasol.images import load_shown
from parasol.recipe import Recipe
from parasol.studio.desk import Desk, Full
from parasol.studio.dials import LIMITS, told_dials, told_model
from parasol.studio.guard import LOOPBACK, Guard
from parasol.studio.icons import all_sets, archive, told
from parasol.studio.kept_cards import all_cards, card, keep_card, mosaic
from parasol.studio.opening import Studio
from parasol.studio.pages import FOREVER, pages
from parasol.studio.recall import recall
from parasol.studio.shelf import examples
from parasol.studio.store import StoreFull, thumbnail
from parasol.studio.wanted import MOST_CELLS, MOST_REFERENCES, Again, ModelName, Reference, Wanted
from parasol.version import __version__

BEAT = 0.06  # seconds between two looks at a job whose events are followed
SILENCE = 200  # beats after which a follower hears that nothing has changed
DECODERS = Semaphore(2)  # pictures that are read at the same time: each may take 400 MB
MOST_HITS = 200
LARGE = 768  # px, of a picture that is looked at
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

Name = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
JobName = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Number = Annotated[int, Field(ge=1, lt=2**63)]


class Order(Part):
    """A job, and the page that hands it in."""

    wanted: Wanted
    client: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{0,64}$")] = ""


class Sought(Part):
    """A search: a style, a content, or both."""

    style: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    content: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    style_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    top: Annotated[int, Field(ge=1, le=MOST_HITS)] = 48


class NewCard(Part):
    """A style to be saved under a name."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    model: ModelName
    styles: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    code: Annotated[str, Field(max_length=60)] = ""
    """A style code, in place of styles."""

    def pictures(self) -> set[str]:
        """The pictures that it names."""
        return {name for one in self.styles for name in (one.picture, one.recipe) if name}


def make_app(studio: Studio, *, token: str = "", page: bool = True) -> Any:
    """The studio as an ASGI application, behind its guard; without the page it is the HTTP interface alone."""
    app = FastAPI(
        title="Parasol studio", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValueError, _refused)
    app.add_exception_handler(Full, _refused)
    app.include_router(_pictures_routes(studio))
    app.include_router(_jobs_routes(studio))
    app.include_router(_history_routes(studio))
    app.include_router(_sets_routes(studio))
    app.include_router(_cards_routes(studio))
    if page:
        app.include_router(_page_routes())
    return Guard(app, token=token)


async def _invalid(request: Request, error: Any) -> Response:
    first = error.errors()[0]  # never what was sent
    place = ".".join(str(part)[:40] for part in first["loc"] if part != "body")
    return JSONResponse({"detail": f"{place}: {first['msg'][:200]}".removeprefix(": ")}, 422)


async def _refused(request: Request, error: Exception) -> Response:
    status = 429 if isinstance(error, Full) else 507 if isinstance(error, StoreFull) else 422
    headers = {"retry-after": "5"} if status == 429 else None
    return JSONResponse({"detail": " ".join(str(error).split())[:500]}, status, headers)


def _found(body: bytes | None, kind: str, *, forever: bool = False, name: str = "") -> Response:
    if body is None:
        raise HTTPException(404, "there is no such picture")
    headers = {"cache-control": FOREVER.replace("public", "private")} if forever else {}
    if name:
        headers["content-disposition"] = f'inline; filename="{name}"'
    return Response(body, media_type=kind, headers=headers)


def _pictures_routes(studio: Studio) -> APIRouter:
    api = APIRouter(prefix="/api")

    def read(work: Callable[[], Any]) -> Any:
        with DECODERS:
            return work()

    @api.get("/dials")
    def dials() -> dict[str, Any]:
        """Every dial with its range and explanation, and every model's own values."""
        return {
            "version": __version__,
            "dials": told_dials(studio.words),
            "models": [told_model(studio.maker.model(name)) for name in studio.maker.names],
            "limits": LIMITS,
            "search": len(studio.finder),
        }

    @api.post("/pictures", openapi_extra=BODY)
    async def add(request: Request) -> dict[str, Any]:
        """Give a picture: the body is its file. The answer has the name by which jobs call it."""
        data = await request.body()
        return (await run_in_threadpool(read, lambda: studio.store.add_picture(data)))._asdict()

    @api.get("/pictures/{name}")
    def thumb(name: Name) -> Response:
        """A picture that was given, as a small WebP."""
        return _found(studio.store.thumb(name), "image/webp", forever=True)

    @api.get("/pictures/{name}/about")
    def about(name: Name) -> dict[str, Any]:
        """A picture's size and sort."""
        found = studio.store.picture(name)
        if found is None:
            raise HTTPException(404, "there is no such picture")
        return found._asdict()

    @api.get("/pictures/{name}/large")
    def large(name: Name) -> Response:
        """A picture that was given, as a WebP of at most 768 px."""
        data = studio.store.data(name)
        return _found(data and read(lambda: thumbnail(load_shown(data), LARGE)), "image/webp", forever=True)

    @api.post("/recall", openapi_extra=BODY)
    async def recalled(request: Request) -> dict[str, Any]:
        """What a file that Parasol wrote was made from: the body is its file."""
        data = await request.body()
        return await run_in_threadpool(read, lambda: recall(data, studio.store, studio.maker))

    @api.get("/shelf")
    def shelf() -> dict[str, Any]:
        """Pictures that lie at hand: examples, and those of the studio's folder."""
        files = [{"name": studio.shelf.put(file), "file": file.name} for file in studio.folder]
        return {**examples(studio.store), "folder": files}

    @api.get("/shelf/{name}")
    def lying(name: Name) -> Response:
        """A file of the folder or of the index, as a small WebP."""
        return _found(read(lambda: studio.shelf.thumb(name)), "image/webp")

    @api.post("/shelf/{name}")
    def taken(name: Name) -> dict[str, Any]:
        """Make such a file a picture that jobs can name."""
        found = read(lambda: studio.shelf.take(name))
        if found is None:
            raise HTTPException(404, "there is no such picture")
        return found

    @api.post("/search")
    def search(sought: Sought) -> dict[str, Any]:
        """The nearest pictures of the index, and of all that was made here, best first."""
        asked = sought.model_dump(include={"style_weight", "top"})
        hits = studio.finder.find(studio.shelf, style=sought.style, content=sought.content, **asked)
        return {"hits": hits}

    return api


def _jobs_routes(studio: Studio) -> APIRouter:
    api, desk = APIRouter(prefix="/api/jobs"), studio.desk

    def known(name: str) -> dict[str, Any]:
        told = desk.told(name)
        if told is None:
            raise HTTPException(404, "there is no such job, or it was over long ago: see the history")
        return told

    @api.post("", status_code=202)
    def order(order: Order) -> dict[str, Any]:
        """Hand in a job. 429 where too many wait."""
        return studio.order(order.wanted, order.client)

    @api.get("/{job}")
    def state(job: JobName) -> dict[str, Any]:
        """How far a job is."""
        return known(job)

    @api.get("/{job}/events")
    async def events(job: JobName, request: Request) -> Response:
        """The same as server-sent events, until the job is over."""
        known(job)
        return StreamingResponse(_events(desk, job, request), media_type="text/event-stream")

    @api.get("/{job}/look")
    def look(job: JobName, place: Annotated[int, Query(ge=0, lt=MOST_CELLS)] = 0) -> Response:
        """The PNG of a quick look, or of one cell of a sheet, that is done."""
        return _found(desk.look(job, place), "image/png")

    @api.post("/again", status_code=202)
    def again(again: Again) -> dict[str, Any]:
        """Draw a file of ours again; the job tells how many pixels differ, its look shows which."""
        studio.maker.require({again.picture})
        steps = Recipe.read(studio.store.given(again.picture)).dials.steps
        return known(desk.submit(again, steps, client=secrets.token_hex(8)).name)

    @api.delete("/{job}")
    def cancel(job: JobName) -> dict[str, Any]:
        """Stop a job, waiting or being drawn. What it has drawn stays in the history."""
        known(job)
        desk.cancel(job)
        return known(job)

    return api


async def _events(desk: Desk, job: str, request: Request) -> AsyncIterator[str]:
    last, silent = "", 0
    while (told := desk.told(job)) is not None:
        text = json.dumps({**told, "seconds": 0} if told["state"] == "waiting" else told)
        moved = json.dumps({**told, "seconds": 0, "left": 0})
        if moved != last or silent >= SILENCE:
            last, silent = moved, 0
            yield f"data: {text}\n\n"
        if told["state"] in ("done", "failed", "cancelled") or await request.is_disconnected():
            return
        silent += 1
        await asyncio.sleep(BEAT)


def _history_routes(studio: Studio) -> APIRouter:
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
        return _found(store.drawn(number), "image/png", forever=True, name=f"parasol-{number}.png")

    @api.get("/{number}/thumb")
    def thumb(number: Number) -> Response:
        """The same as a small WebP."""
        return _found(store.drawn(number, thumb=True), "image/webp", forever=True)

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
        found = store.lineage(number)
        if found is None:
            raise HTTPException(404, "there is no such picture")
        return found

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


def _sets_routes(studio: Studio) -> APIRouter:
    api = APIRouter(prefix="/api/sets")

    @api.get("")
    def sets() -> dict[str, Any]:
        """Every set, latest first. A set is a job with `icons`."""
        return {"sets": all_sets(studio.store)}

    @api.get("/{job}")
    def one(job: JobName) -> dict[str, Any]:
        """A set as far as it is drawn: icons, palette, consistency and outliers."""
        found = told(studio.store, job)
        if found is None:
            raise HTTPException(404, "there is no such set")
        return found

    @api.get("/{job}/zip")
    def files(job: JobName) -> Response:
        """Its files: svg/, png/ with recipes, set.json."""
        return _found(archive(studio.store, job), "application/zip", name=f"set-{job[:8]}.zip")

    return api


def _cards_routes(studio: Studio) -> APIRouter:
    api, store = APIRouter(prefix="/api/cards"), studio.store

    @api.get("")
    def cards() -> dict[str, Any]:
        """Every saved card, latest first."""
        return {"cards": all_cards(store)}

    @api.post("")
    def save(given: NewCard) -> dict[str, Any]:
        """Save a style, a mix, or what a style code means, as a card; references name it by its id."""
        model = studio.maker.model(given.model)
        studio.maker.require(given.pictures())
        if given.code:
            style, parts = style_of(given.code, model.bundle.manifest), [(given.code, 1.0)]
        else:
            style = studio.maker.style(model, given.styles)
            parts = [(one.words or given.name, one.weight) for one in given.styles]
        faces = [store.thumb(name) for name in (one.picture or one.recipe for one in given.styles) if name]
        written = StyleCard.write(style, model.bundle.manifest, parts)
        return {"id": keep_card(store, given.name, written, (faces or [None])[0] or mosaic(style)), "name": given.name}

    @api.post("/code")
    def code(given: NewCard) -> dict[str, Any]:
        """The style code of a style or a mix, and the cosine of the style that it means to the style itself."""
        model = studio.maker.model(given.model)
        studio.maker.require(given.pictures())
        style = studio.maker.style(model, given.styles)
        found = code_of(style, model.bundle.manifest)
        again = style_of(found, model.bundle.manifest)
        return {"code": found, "cosine": round(float(again.descriptor @ style.descriptor), 4)}

    @api.get("/{name}")
    def file(name: Name) -> Response:
        """The file of a card, which stands wherever a style picture does."""
        return _found(card(store, name).text().encode(), "application/json", name=f"{name[:12]}.style.json")

    @api.get("/{name}/thumb")
    def face(name: Name) -> Response:
        """What a card was made from first, as a small WebP."""
        found = store.rows("SELECT thumb FROM cards WHERE id = ?", name)
        return _found(found[0][0] or None if found else None, "image/webp")

    @api.delete("/{name}", status_code=204)
    def delete(name: Name) -> None:
        """Delete a card."""
        if not store.write("DELETE FROM cards WHERE id = ?", name):
            raise HTTPException(404, "there is no such card")

    return api


def _page_routes() -> APIRouter:
    router, files = APIRouter(include_in_schema=False), pages()

    @router.get("/{path:path}")
    def page(path: str, request: Request) -> Response:
        file = files.get(path)
        if file is None:
            raise HTTPException(404, "there is no such page")
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, headers={**file.headers, "content-encoding": "gzip"})
        return Response(file.body, headers=file.headers)

    return router


def serve(studio: Studio, host: str, port: int, *, page: bool = True, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `ready` is told the address. Addresses beyond this machine get a token.

    Raises:
        ValueError: the address cannot be had.
    """
    token = "" if host in LOOPBACK else secrets.token_urlsafe(24)
    listener = _listen(host, port)
    at = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    ready(f"{at}?token={token}" if token else at)
    config = uvicorn.Config(
        make_app(studio, token=token, page=page), log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise ValueError(f"port {port} of {host} cannot be had ({error}): choose another --port, 0 for any") from error
