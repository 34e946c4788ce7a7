"""A request's head in, whether it is from a page of ours out; and the headers that keep a page from doing more."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

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
    ("sandbox allow-popups", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'")
)
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def wrong_origin(request: Request, hosts: frozenset[str]) -> tuple[int, str, str] | None:
    """Status, message and hint where Host or Origin is not ours, None where both are."""
    host = _name(f"//{request.headers.get('host', '')}")
    if host not in hosts:
        shown = one_line(request.headers.get("host", ""))[:80]
        message = f"This board does not answer to the host '{shown}'."
        return 421, message, "open the printed address, or start the board with --hostname."
    origin = request.headers.get("origin")
    changes = request.method not in ("GET", "HEAD")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        return 403, "This request comes from another page.", "send it from a page of the board."
    site = request.headers.get("sec-fetch-site", "same-origin")
    if changes and site not in ("same-origin", "none"):
        return 403, "This request comes from another site.", "send it from a page of the board."
    return None


def secured(response: Response) -> Response:
    """The response with the headers that every answer of the board has."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
