"""Who may ask: a layer before the application that lets nothing through which no page of ours sends."""

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any, final
from urllib.parse import parse_qs

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "parasol_studio"
LARGEST_BODY = 65_536  # bytes of JSON
LARGEST_PICTURE = 40_000_000  # bytes
PICTURES = ("/api/pictures", "/api/recall", "/api/cards/file")
"""Where the body is a picture's file."""

HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

App = Callable[[Any, Any, Any], Awaitable[None]]


@final
class Guard:
    """An ASGI application around another."""

    def __init__(self, app: App, *, token: str = "") -> None:
        """Without a token this machine alone is served: a page whose name leads here (DNS rebinding) is refused.

        With one, whoever brings it: as `?token=` once, which leaves a cookie, or as a bearer.
        """
        self._app, self._token = app, token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], scope["path"], headers)

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = [(name, value) for name, value in message.get("headers", ())]
                if all(name.lower() != b"cache-control" for name, _ in given):
                    given.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*given, *HEADERS]}
            await send(message)

        if refusal is not None:
            await _answer(with_headers, *refusal)
        elif self._token and not self._known(headers):
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if scope["method"] == "GET" and scope["path"] == "/" and self._same(token):
                cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
                await _answer(with_headers, 303, "", ((b"location", b"/"), (b"set-cookie", cookie.encode())))
            else:
                await _answer(with_headers, 401, "a token is needed: open the address that the studio printed")
        else:
            await self._app(scope, receive, with_headers)

    def _refusal(self, method: str, path: str, headers: dict[bytes, str]) -> tuple[int, str] | None:
        host = headers.get(b"host", "")
        named = re.sub(r":\d+$", "", host).strip("[]").lower()
        if not self._token and named not in LOOPBACK:
            return 421, "this studio is served to this machine alone: open it by the address that it printed"
        origin = headers.get(b"origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return 403, "another site's page asks, which no site may: use the studio's own page"
        if headers.get(b"sec-fetch-site", "none") not in ("none", "same-origin") and path.startswith("/api"):
            return 403, "another site's page asks, which no site may: use the studio's own page"
        if method in ("GET", "HEAD", "DELETE"):
            return None
        length = headers.get(b"content-length", "")
        if not re.fullmatch(r"[0-9]{1,10}", length):
            return 411, "the length of the body must be told"
        most = LARGEST_PICTURE if path in PICTURES else LARGEST_BODY
        if int(length) > most:
            return 413, f"the body has {length} bytes and {most} are the limit: send a smaller picture"
        return None

    def _known(self, headers: dict[bytes, str]) -> bool:
        scheme, _, bearer = headers.get(b"authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._same(bearer.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get(b"cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self._same(cookie.value)

    def _same(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())


async def _answer(send: Any, status: int, detail: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    body = json.dumps({"detail": detail}).encode() if detail else b""
    given = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})
