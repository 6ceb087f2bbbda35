"""The page and its two questions to the server: which trial is next, and please keep this answer."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import Field, StringConstraints
from starlette.requests import ClientDisconnect

from parasol.serving import listen
from parasol.strict import Strict
from parasol.study.answers import Answer, Choice, Store
from parasol.study.folder import ANSWERS, PICTURES, Study, load_study

PAGE = Path(__file__).parent / "page"
FILES = {"": "index.html", "page.css": "page.css", "page.js": "page.js"}
AHEAD = 2  # trials whose pictures the browser fetches early
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LARGEST_BODY = 4096  # bytes; an answer has 200
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
FOREVER = "public, max-age=31536000, immutable"
NEVER = "no-store"

# Letters, digits and . _ @ - alone: no spreadsheet takes such an id for a formula.
Participant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$")]
LONGEST = 10**9  # ms


class Arrival(Strict):
    """Somebody opens the page, for the first time or again."""

    participant: Participant


class Given(Strict):
    """An answer as the page sends it."""

    participant: Participant
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    trial: int = Field(ge=0)
    choice: Choice
    milliseconds: int = Field(ge=0, le=LONGEST)


def make_app(study: Study, folder: Path, store: Store, *, local: bool = False) -> FastAPI:
    """The study as a web application. Nothing that it sends tells methods, kinds of trials or pairs.

    `local`: this machine alone is served, so that a page elsewhere whose name leads here (DNS rebinding) is refused.
    """
    app = FastAPI(title=study.title, docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: Any) -> Response:
        refusal = await _refusal(request, local)
        response = await call_next(request) if refusal is None else refusal
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", NEVER)
        return response

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> Response:
        errors = [{"loc": each["loc"], "msg": each["msg"][:200]} for each in error.errors()[:4]]  # never what was sent
        return JSONResponse({"detail": errors}, 422)

    @app.get("/pictures/{name}")
    def picture(name: str) -> Response:
        if name not in study.pictures:
            raise HTTPException(404, "there is no such picture")
        return FileResponse(folder / PICTURES / name, headers={"Cache-Control": FOREVER})

    @app.post("/api/begin")
    def begin(arrival: Arrival) -> dict[str, Any]:
        return _state(study, store, store.arrive(arrival.participant))

    @app.post("/api/answer")
    def answer(given: Given) -> dict[str, Any]:
        number = store.arrive(given.participant)
        if given.choice == "tie" and not study.ties:
            raise HTTPException(422, "this study takes no ties: choose a side")
        if given.trial >= len(_trials(study, number)):
            raise HTTPException(422, "there is no such trial: reload the page")
        stored = Answer(id=given.id, trial=given.trial, choice=given.choice, milliseconds=given.milliseconds)
        try:
            store.add(number, stored)
        except ValueError as error:
            raise HTTPException(409, str(error)) from error
        return _state(study, store, number)

    @app.get("/{name}")
    def page(name: str) -> Response:
        if name not in FILES:
            raise HTTPException(404, "there is no such page")
        return FileResponse(PAGE / FILES[name])

    @app.get("/")
    def start() -> Response:
        return page("")

    return app


async def _refusal(request: Request, local: bool) -> Response | None:
    """What is answered to a request that no page of ours makes."""
    named = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]").lower()
    if local and named not in LOOPBACK:
        return JSONResponse({"detail": "this study is served to this machine alone"}, 421)
    if request.method != "POST":
        return None
    length = request.headers.get("content-length", "")
    if not re.fullmatch(r"[0-9]{1,9}", length):
        return JSONResponse({"detail": "the length of the body must be told"}, 411)
    if int(length) > LARGEST_BODY:
        return JSONResponse({"detail": f"a body may have {LARGEST_BODY} bytes"}, 413)
    try:
        json.dumps(json.loads(await request.body()), allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return JSONResponse({"detail": "the body is no JSON of numbers and text"}, 400)
    except ClientDisconnect:  # nobody is there to read it
        return JSONResponse({"detail": "the body breaks off"}, 400)
    return None


def _trials(study: Study, number: int) -> Any:
    """Whoever comes after the last list gets the first one again."""
    return study.schedule[number % len(study.schedule)]


def _state(study: Study, store: Store, number: int) -> dict[str, Any]:
    """What the page shows now."""
    trials, done = _trials(study, number), store.answered(number)
    shown = [
        {
            "number": place,
            "question": study.questions[trial.question],
            "references": study.references(trial),
            "left": study.picture(trial, "left"),
            "right": study.picture(trial, "right"),
        }
        for place, trial in enumerate(trials[done : done + 1 + AHEAD], done)
    ]
    return {
        "study": study.digest[:16],
        "title": study.title,
        "ties": study.ties,
        "done": done,
        "total": len(trials),
        "trial": shown[0] if shown else None,
        "next": [name for each in shown[1:] for name in (each["left"], each["right"])],
        "completion": study.completion if not shown else None,
    }


def serve(folder: Path, host: str, port: int) -> None:
    """Serve a study until Ctrl-C.

    Raises:
        ValueError: there is no study, its answers belong to another, or the address cannot be had.
    """
    study = load_study(folder)
    store = Store(folder / ANSWERS, study.digest)
    try:
        listener = listen(host, port)
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
        print(f"{study.title!r} for {len(study.schedule)} participants is at {address}?participant=ID", flush=True)
        print(f"answers go to {folder / ANSWERS}; Ctrl-C stops, the same command goes on", flush=True)
        config = uvicorn.Config(
            make_app(study, folder, store, local=host in LOOPBACK), log_level="warning", access_log=False
        )
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()
