"""The Host and Origin of a request to a server on loopback in, whether a web page from elsewhere sent it out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

REFUSAL: Final = "this address takes requests from programs and pages of this machine alone"


def is_foreign(host: str, origin: str) -> bool:
    """Whether the headers show a page that is not this machine's.

    A page reaches a server on loopback by a form or a script, and then its ``Origin`` names it, or by a name of its own
    that resolves to 127.0.0.1, and then that name is in ``Host``. Both are "" where a client sends none.
    """
    return not _is_of_this_machine(f"//{host}") or bool(origin and not _is_of_this_machine(origin))


def _is_of_this_machine(address: str) -> bool:
    if address == "//":
        return True  # HTTP/1.0 has no Host, and no browser speaks it
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
