"""An application in, the same application out for requests of its own pages alone; each answer has the same headers."""

from __future__ import annotations

import logging
import traceback
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from milo_bench.core.text import one_line

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# A page of a package has its style inside. It runs nothing, sends nothing, and is in an origin of its own.
PACKAGE_CSP: Final = "; ".join(
    (
        "sandbox allow-popups",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_NO_CHANGE: Final = ("GET", "HEAD")
_OWN_SITES: Final = ("same-origin", "none")  # none: typed by a person, or from a bookmark


class Guarded:
    """Refuses what is not from a page of this board, whichever address it asks for, before any view sees it.

    A fault of the application is answered, and logged as the places of the code: its message could have a text in it.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        begun = False

        async def send_secured(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        wrong = wrong_origin(scope["method"], Headers(scope=scope), self._hosts)
        try:
            if wrong is not None:
                status, message, hint = wrong
                refused = JSONResponse({"error": {"message": message, "hint": hint}}, status)
                await refused(scope, receive, send_secured)
            else:
                await self._app(scope, receive, send_secured)
        except Exception as error:
            places = "".join(traceback.format_tb(error.__traceback__))
            logging.getLogger(__name__).error("the board failed (%s):\n%s", type(error).__name__, places)
            if not begun:
                failed = {"error": {"message": f"The board could not do this ({type(error).__name__}).", "hint": ""}}
                await JSONResponse(failed, 500)(scope, receive, send_secured)


def wrong_origin(method: str, headers: Headers, hosts: frozenset[str]) -> tuple[int, str, str] | None:
    """Status, message and hint where Host or Origin is not ours, None where both are."""
    named = headers.getlist("host")
    host = named[0] if len(named) == 1 else ""
    if not _is_host(host) or _name(f"//{host}") not in hosts:
        message = f"This board does not answer to the host '{one_line(', '.join(named))[:80]}'."
        return 421, message, "open the printed address, or start the board with --hostname."
    origins = headers.getlist("origin")
    if any(_netloc(origin) != host.lower() for origin in origins):
        return 403, "This request comes from another page.", "send it from a page of the board."
    site = headers.get("sec-fetch-site", "same-origin")
    # A link on another page may lead here. What that page would load or send is not ours.
    follows = method in _NO_CHANGE and headers.get("sec-fetch-mode", "navigate") == "navigate"
    if site not in _OWN_SITES and not (follows and headers.get("sec-fetch-dest", "document") == "document"):
        return 403, "This request comes from another site.", "send it from a page of the board."
    return None


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a link on another site was followed."""
    return headers.get("sec-fetch-site", "none") not in _OWN_SITES


def _is_host(host: str) -> bool:
    return host.isascii() and not any(char in host for char in "@/?#\\, \t")


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
