"""The studio over HTTP: its page, and the jobs, pictures and dials behind it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from threading import Semaphore
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field
from starlette.requests import ClientDisconnect

from parasol.errors import ParasolError
from parasol.images import load_shown
from parasol.recipe import Recipe
from parasol.strict import Strict
from parasol.studio.desk import Desk, Full
from parasol.studio.dials import LIMITS, told_dials, told_model
from parasol.studio.front import Front
from parasol.studio.guard import App, Guard
from parasol.studio.kept_routes import BODY, JobName, Name, cards_routes, file_response, history_routes, sets_routes
from parasol.studio.lessons import MISSING, can_teach
from parasol.studio.library import examples
from parasol.studio.opening import Studio
from parasol.studio.pages import pages
from parasol.studio.recall import recall
from parasol.studio.store import StoreFull, thumbnail
from parasol.studio.wanted import MOST_CELLS, MOST_REFERENCES, Again, Lesson, ModelName, PictureId, Reference, Wanted
from parasol.version import __version__

BEAT = 0.06  # seconds between two looks at a job whose events are followed
SILENCE = 200  # beats after which a follower hears that nothing has changed
DECODERS = Semaphore(2)  # pictures that are read at the same time: each may take 400 MB
MOST_HITS = 200
LARGE = 768  # px, of a picture that is looked at


class Order(Strict):
    """A job, and the page that hands it in."""

    wanted: Wanted
    client: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{0,64}$")] = ""


class Sought(Strict):
    """A search: a style, a content, or both."""

    style: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    content: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()
    style_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    top: Annotated[int, Field(ge=1, le=MOST_HITS)] = 48


class Suited(Strict):
    """What a model is to be chosen for."""

    model: ModelName | None = None
    """One that is chosen already."""

    content: PictureId | None = None
    styles: Annotated[tuple[Reference, ...], Field(max_length=MOST_REFERENCES)] = ()

    def pictures_named(self) -> set[str]:
        """The pictures that it names."""
        named = [self.content, *(style.picture or style.recipe for style in self.styles)]
        return {name for name in named if name is not None}


def make_app(studio: Studio, *, token: str = "") -> Guard:
    """The studio with its page as an ASGI application, behind its guard."""
    behind: Future[App] = Future()
    behind.set_result(make_api(studio))
    return Guard(Front(pages(), behind), token=token)


def make_api(studio: Studio) -> App:
    """The HTTP interface alone, without a guard."""
    app = FastAPI(
        title="Parasol studio", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ParasolError, _refused)
    app.add_exception_handler(Full, _refused)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.include_router(_pictures_routes(studio))
    app.include_router(_jobs_routes(studio))
    app.include_router(history_routes(studio))
    app.include_router(sets_routes(studio))
    app.include_router(cards_routes(studio))
    return app


async def _invalid(request: Request, error: Any) -> Response:
    first = error.errors()[0]  # never what was sent
    place = ".".join(str(part)[:40] for part in first["loc"] if part != "body")
    return JSONResponse({"detail": f"{place}: {first['msg'][:200]}".removeprefix(": ")}, 422)


async def _refused(request: Request, error: Exception) -> Response:
    status = 429 if isinstance(error, Full) else 507 if isinstance(error, StoreFull) else 422
    headers = {"retry-after": "5"} if status == 429 else None
    return JSONResponse({"detail": " ".join(str(error).split())[:500]}, status, headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # to nobody: who sent the body has hung up


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
            "teaching": "" if can_teach() else MISSING,
        }

    @api.post("/pictures", openapi_extra=BODY)
    async def add(request: Request) -> dict[str, Any]:
        """Give a picture: the body is its file. The answer has the name by which jobs call it."""
        data = await request.body()
        return (await run_in_threadpool(read, lambda: studio.store.add_picture(data)))._asdict()

    @api.get("/pictures/{name}")
    def thumb(name: Name) -> Response:
        """A picture that was given, as a small WebP."""
        return file_response(studio.store.thumb(name), "image/webp", forever=True)

    @api.get("/pictures/{name}/about")
    def about(name: Name) -> dict[str, Any]:
        """A picture's size and sort."""
        picture = studio.store.picture(name)
        if picture is None:
            raise HTTPException(404, "there is no such picture")
        return picture._asdict()

    @api.get("/pictures/{name}/large")
    def large(name: Name) -> Response:
        """A picture that was given, as a WebP of at most 768 px."""
        data = studio.store.data(name)
        return file_response(data and read(lambda: thumbnail(load_shown(data), LARGE)), "image/webp", forever=True)

    @api.post("/recall", openapi_extra=BODY)
    async def recalled(request: Request) -> dict[str, Any]:
        """What a file that Parasol wrote was made from: the body is its file."""
        data = await request.body()
        return await run_in_threadpool(read, lambda: recall(data, studio.store, studio.maker))

    @api.get("/library")
    def library() -> dict[str, Any]:
        """Pictures that lie at hand: examples, and those of the studio's folder."""
        files = [{"name": studio.library.put(file), "file": file.name} for file in studio.folder]
        return {**examples(studio.store), "folder": files}

    @api.get("/library/{name}")
    def lying(name: Name) -> Response:
        """A file of the folder or of the index, as a small WebP."""
        return file_response(read(lambda: studio.library.thumb(name)), "image/webp")

    @api.post("/library/{name}")
    def taken(name: Name) -> dict[str, Any]:
        """Make such a file a picture that jobs can name."""
        picture = read(lambda: studio.library.take(name))
        if picture is None:
            raise HTTPException(404, "there is no such picture")
        return picture

    @api.post("/suited")
    def suited(asked: Suited) -> dict[str, Any]:
        """The model that `parasol style` would take for a content picture and styles, and whether the style lies far
        from what that one, or the one that is chosen, was trained on."""
        studio.maker.require(asked.pictures_named())
        model = studio.maker.suited(asked.content, asked.styles)
        return {"model": model, "far": studio.maker.far(asked.model or model, asked.styles)}

    @api.post("/search")
    def search(sought: Sought) -> dict[str, Any]:
        """The nearest pictures of the index, and of all that was made here, best first."""
        options = sought.model_dump(include={"style_weight", "top"})
        hits = studio.finder.find(studio.library, style=sought.style, content=sought.content, **options)
        return {"hits": hits}

    return api


def _jobs_routes(studio: Studio) -> APIRouter:
    api = APIRouter(prefix="/api/jobs")

    def desk_of(job: str) -> Desk:
        desk = studio.desk_of(job)
        if desk is None:
            raise HTTPException(404, "there is no such job, or it was over long ago: see the history")
        return desk

    def known(job: str) -> dict[str, Any]:
        return desk_of(job).status(job) or {}

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
        return StreamingResponse(_events(desk_of(job), job, request), media_type="text/event-stream")

    @api.get("/{job}/look")
    def look(job: JobName, place: Annotated[int, Query(ge=0, lt=MOST_CELLS)] = 0) -> Response:
        """The PNG of a quick look, or of one cell of a sheet, that is done."""
        return file_response(studio.desk.look(job, place), "image/png")

    @api.post("/again", status_code=202)
    def again(again: Again) -> dict[str, Any]:
        """Draw a file of ours again; the job tells how many pixels differ, its look shows which."""
        studio.maker.require({again.picture})
        steps = Recipe.read(studio.store.given(again.picture)).dials.steps
        return known(studio.desk.submit(again, steps, client=secrets.token_hex(8)).name)

    @api.post("/teach", status_code=202)
    def teach(lesson: Lesson) -> dict[str, Any]:
        """Teach a model the pictures of a set, into a saved card. Needs the train extra."""
        return studio.teach(lesson)

    @api.delete("/{job}")
    def cancel(job: JobName) -> dict[str, Any]:
        """Stop a job, waiting or being drawn. What it has drawn stays in the history."""
        desk_of(job).cancel(job)
        return known(job)

    return api


async def _events(desk: Desk, job: str, request: Request) -> AsyncIterator[str]:
    last, silent = "", 0
    while (status := desk.status(job)) is not None:
        text = json.dumps({**status, "seconds": 0} if status["state"] == "waiting" else status)
        moved = json.dumps({**status, "seconds": 0, "left": 0})
        if moved != last or silent >= SILENCE:
            last, silent = moved, 0
            yield f"data: {text}\n\n"
        if status["state"] in ("done", "failed", "cancelled") or await request.is_disconnected():
            return
        silent += 1
        await asyncio.sleep(BEAT)
