"""The page is there before the studio behind it is open: a browser starts while that is imported."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from threading import Thread
from typing import Any, final

import uvicorn

from parasol.serving import listen
from parasol.studio.guard import LOOPBACK, App, Guard
from parasol.studio.pages import Page, pages


@final
class Front:
    """An ASGI application: the page's files at once, and all else by another one as soon as it is there."""

    def __init__(self, files: Mapping[str, Page], behind: "Future[App]") -> None:
        """`behind` is running or done, so that a client that hangs up does not cancel it."""
        self._files, self._behind = files, behind

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        asks = scope["type"] == "http" and scope["method"] == "GET"
        file = self._files.get(scope["path"].removeprefix("/")) if asks else None
        if file is not None:
            packed = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
            headers = file.headers | ({"content-encoding": "gzip"} if packed else {})
            return await _answer(send, 200, file.packed if packed else file.body, headers)
        try:
            app = await asyncio.wrap_future(self._behind)
        except Exception:  # the one who opens it says why
            return await _answer(send, 503, b"", {})
        return await app(scope, receive, send)


async def _answer(send: Any, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    named = {"content-length": f"{len(body)}", **headers}
    given = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})


def serve(
    opening: AbstractContextManager[App], host: str, port: int, *, page: bool = True, ready: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C what `opening` opens in a thread meanwhile; `ready` is told the address at once. Addresses
    beyond this machine get a token.

    Raises:
        ValueError: the address cannot be had. And what `opening` raises.
    """
    token = "" if host in LOOPBACK else secrets.token_urlsafe(24)
    listener = listen(host, port)
    behind: Future[App] = Future()
    behind.set_running_or_notify_cancel()
    front = Guard(Front(pages() if page else {}, behind), token=token)
    server = uvicorn.Server(
        uvicorn.Config(front, log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="off")
    )

    def open_it() -> None:
        try:
            behind.set_result(stack.enter_context(opening))
        except BaseException as error:
            behind.set_exception(error)
            server.should_exit = True

    with ExitStack() as stack:
        thread = Thread(target=open_it, name="opening")
        thread.start()
        try:
            at = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
            ready(f"{at}?token={token}" if token else at)
            server.run(sockets=[listener])
        finally:
            thread.join()
        behind.result()
